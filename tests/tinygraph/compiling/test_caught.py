"""Exceptions that a program catches, and that are raised for Tensors or for arrays alone; and who looks already."""

import contextlib
import sys
import types
import warnings

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.comparing import X, assert_follows, changing

Y = np.array([1.5, 0.75, -1.0])


def limit(data):
    data[data > 1] = 1.0  # of a Tensor, a TypeError


class Quiet:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return True


def by_an_except(data):
    try:
        limit(data)
    except TypeError:
        return data
    return data


def by_a_group(data):
    try:
        limit(data)
    except* TypeError:
        pass
    return data


def by_suppress(data):
    with contextlib.suppress(TypeError):
        limit(data)
    return data


def by_a_with(data):
    with Quiet():
        limit(data)
    return data


def by_a_finally(data):
    try:
        limit(data)
    finally:
        return data  # as programs do


def of_arrays_alone(data):
    try:
        hash(data)
    except TypeError:
        limited = data.copy()
        limit(limited)
        return limited
    return data


def by_a_default(data):
    partition = getattr(data, "partition", None)
    return data if partition is None else np.minimum(data, 1.0)


def around_a_look(data):
    try:
        return data * float(data[0])
    except TypeError:
        return data


HANDLERS = by_an_except, by_a_group, by_suppress, by_a_with, by_a_finally, of_arrays_alone, by_a_default, around_a_look
SMALL_THEN_LARGE = [lambda scale=scale: (X, scale * Y) for scale in (0.1, 0.1, 0.2, 3.0, 0.1)]


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
def test_what_is_raised_of_tensors_or_arrays_alone_is_noticed(handler):
    assert_follows(lambda: (lambda x, data: np.sum(x * handler(data * 1.0)), SMALL_THEN_LARGE))


def test_what_is_raised_of_both_may_be_caught():
    def program():
        scales = {}

        def function(x):
            try:
                scale = scales["scale"]
            except KeyError:
                scale = 1.0
            return np.sum(x * scale)

        return function, changing(lambda number: scales.update(scale=number) if number > 1 else None)

    assert_follows(program)
    compiled = tg.compile(tg.value_and_grad(program()[0]))
    compiled(X)
    assert "runs eagerly" not in compiled.report()


def test_an_error_of_a_later_call_may_be_caught():
    def logarithm(x, data):
        try:
            return np.sum(x * np.log(data))
        except FloatingPointError:
            return np.sum(x * 0.0)

    def row(x, table, tokens):
        total = 0.0
        for token in tokens:
            try:
                total = total + np.sum(x * table[token])
            except IndexError:
                total = total + 1.0
        return total

    table = np.outer(X, Y)
    tokens = [lambda last=last: (X, table, np.array([0, 1, last])) for last in (2, 1, 0, 3, 2)]
    assert_follows(lambda: (row, tokens))
    data = [lambda first=first: (X, np.array([first, 1.0, 2.0])) for first in (1.0, 2.0, 3.0, 0.0, 1.0)]
    with np.errstate(divide="raise"):
        assert_follows(lambda: (logarithm, data))


@pytest.mark.parametrize("catches", [False, True])
@pytest.mark.parametrize("profiled", [False, True])
def test_nobody_but_a_debugger_looks(profiled, catches):
    module = types.ModuleType("module_of_a_program")
    exec(compile("def scaled(x): return x * SCALE", "cells.py", "exec"), vars(module))

    def scaled(x, data):
        return np.sum(vars(module)["scaled"](x) * (by_an_except(data * 1.0) if catches else data))

    compiled, values, expected = tg.compile(tg.value_and_grad(scaled)), [], []
    before = sys.gettrace(), sys.getprofile()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for module.SCALE in (1.0, 1.0, 2.0, 3.0):
                data = Y * module.SCALE / 2
                sys.settrace(lambda *event: None)
                sys.setprofile((lambda *event: None) if profiled else None)
                values.append(compiled(X, data)[0])
                expected.append(module.SCALE * np.sum(X * (np.minimum(data, 1.0) if catches else data)))
        finally:
            sys.settrace(before[0])
            sys.setprofile(before[1])
    np.testing.assert_allclose(values, expected)
    assert ("runs eagerly" in compiled.report()) == (profiled or catches)
