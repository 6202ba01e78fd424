"""Code to which no name leads, and questions for the kind of a value: followed, refused, or of one answer only."""

import enum
import functools
import sys
import types
import warnings
from typing import NamedTuple

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.comparing import assert_same

X = np.array([0.5, -0.25, 2.0])
SCALE, TABLE = 2.0, np.array([1.0, 2.0, 3.0])


def helper(x):
    return x * SCALE


def hidden():
    """Yield functions, and arguments besides, that run code to which no name in theirs leads."""
    module = types.ModuleType("hidden_code")
    text = f"import {__name__} as tests\ndef scaled(x): return x * tests.SCALE"
    exec(compile(text, "hidden_code.py", "exec"), vars(module))
    sys.modules["hidden_code"] = module

    def imports(x):
        import hidden_code

        return np.sum(hidden_code.scaled(x))

    yield (imports,)
    of_python = np.frompyfunc(lambda value: value * SCALE, 1, 1)
    yield (lambda x: np.sum(x * float(of_python(1.0))),)

    class Kind(enum.Enum):
        LINEAR = 1

        def factor(self):
            return SCALE

    yield (lambda x: np.sum(x * Kind.LINEAR.factor()),)

    class Range(NamedTuple):
        low: float

        def width(self):
            return SCALE - self.low

    yield lambda x, range: np.sum(x * range.width()), Range(0.5)

    class Rate(float):
        def now(self):
            return self * SCALE

    yield lambda x, rate: np.sum(x * rate.now()), Rate(0.5)
    yield (lambda x: np.sum(x * helper.__globals__["SCALE"]),)
    yield (lambda x: np.sum(x * (step for step in (1, 2)).gi_frame.f_globals["SCALE"]),)
    yield (lambda x: np.sum(x * vars(sys.modules[__name__])["SCALE"]),)
    yield (lambda x: np.sum(functools.reduce(lambda total, factor: total * factor, [SCALE, 1.0], x)),)
    yield (lambda x: np.sum(functools.partial(helper)(x)),)


@pytest.mark.parametrize("number", range(10))
def test_code_out_of_sight_is_followed_or_refused(monkeypatch, number):
    function, *more = list(hidden())[number]
    eager = tg.value_and_grad(function)
    compiled = tg.compile(eager)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for scale in (2.0, 7.0):
            monkeypatch.setattr(sys.modules[__name__], "SCALE", scale)
            for _ in range(3):
                assert_same(compiled(X, *more), eager(X, *more))


def test_no_call_is_watched_where_all_code_is_in_sight(monkeypatch):
    def profiled(callback):
        raise AssertionError("somebody waits for this")

    monkeypatch.setattr(sys, "setprofile", profiled)
    for function in (lambda x: np.sum(helper(x)), lambda x: sum(np.tanh(x[k]) * TABLE[k] for k in range(3))):
        assert "runs eagerly" not in recorded_report(function)


def of_an_element(x, data):
    return np.sum(x * (np.clip(data, -1, 1) if isinstance(data[0], np.generic) else data))


def of_one_or_another(x, data):
    return np.sum(x * (np.clip(data, -1, 1) if isinstance(data if x is not None else x, np.ndarray) else data))


def of_a_sum(x, data):
    return np.sum(x * (np.clip(data, -1, 1) if isinstance(data + x[0] * 0, tg.Tensor) else 2 * data))


def of_its_attribute(x, data):
    return np.sum(x * (np.clip(data, -1, 1) if isinstance(data.T, np.ndarray) else data))


def of_another_one_now(x, data):
    data = data * 1.0
    return np.sum(x * (np.clip(data, -1, 1) if type(data) is np.ndarray else data))


def of_its_class(x, data):
    return np.sum(x * (np.clip(data, -1, 1) if data.__class__ is np.ndarray else data))


def of_what_is_in_it(x, pair):
    return np.sum(x * (np.clip(pair[0], -1, 1) if not isinstance(pair[0], tg.Tensor) else pair[0]))


def of_what_it_is_now(x, pair):
    pair = pair[0] * 1.0
    return np.sum(x * (np.clip(pair, -1, 1) if not isinstance(pair, tg.Tensor) else pair))


def of_what_it_matches(x, data):
    match data:
        case tg.Tensor():
            return np.sum(x * data)
    return np.sum(x * np.clip(data, -1, 1))


def in_a_helper(x, data):
    return np.sum(x * limited(data))


def limited(data):
    return np.clip(data, -1, 1) if not hasattr(data, "requires_grad") else data


PAIRS = of_what_is_in_it, of_what_it_is_now
ASKING = of_an_element, of_one_or_another, of_its_attribute, of_another_one_now, of_its_class, of_what_it_matches


@pytest.mark.parametrize("function", [*ASKING, *PAIRS, of_a_sum, in_a_helper], ids=lambda function: function.__name__)
def test_no_question_for_the_kind_of_an_array_passes_unseen(function):
    eager = tg.value_and_grad(function)
    compiled = tg.compile(eager)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in (X / 10, 10 * X):  # the first of which is the same on both sides
            given = (data,) if function in PAIRS else data
            assert_same(compiled(X, given), eager(X, given))
    assert "its arrays are Tensors where it is recorded" in compiled.report()


def test_questions_for_the_kind_of_other_arguments_have_one_answer():
    def rate(state):
        return 2.0 if isinstance(state, (tuple, list)) else 1.0

    def leaves(tree):
        return leaves(tree[0]) + leaves(tree[1]) if type(tree) is tuple else [tree]

    def loss(x, data, tree):
        return np.sum(x * data) * rate(tree) * sum(leaves(tree)) * rate(x)

    eager = tg.value_and_grad(loss)
    compiled = tg.compile(eager)
    for tree in ((1, (2, 3)), 4, ((5, 6), 7)):
        for k in range(3):
            assert_same(compiled(X, k * X, tree), eager(X, k * X, tree))
    assert compiled.plans_made == 3


def recorded_report(function):
    compiled = tg.compile(tg.grad(function))
    compiled(X)
    return compiled.report()
