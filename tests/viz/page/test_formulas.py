"""Templates: with the symbols of a step put in, each is the formula that the trace gives for that step."""

import numpy as np
import pytest

import tinygraph as tg
from tests.viz.page.test_model import PROGRAMS, elman
from tests.viz.page.test_outsiders import PROGRAMS as OUTSIDERS
from tests.viz.page.test_outsiders import recorded
from viz.page.formulas import Templates


def filled_in(text, symbols):
    return "".join(symbols[ord(c) - 0xE000] if "\ue000" <= c <= "\uf8ff" else c for c in text)


def check_templates(trace):
    templates = Templates(trace)
    for k, node in enumerate(trace.nodes):
        values = (node, *node.inputs)
        symbols = [text for value in values for text in (trace.symbols.of(value).bar, str(trace.symbols.of(value)))]
        filled = {
            argument: (filled_in(text, symbols), rule.partition(": ")[2])
            for argument, (text, rule) in templates.of(k).items()
        }
        assert filled == {formula.argument: (formula.text, formula.rule) for formula in trace.formulas(k)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_templates_are_the_formulas(program):
    check_templates(tg.trace(PROGRAMS[program]()))


@pytest.mark.slow
@pytest.mark.parametrize("name", OUTSIDERS)
def test_templates_are_the_formulas_of_programs_of_others(name):
    check_templates(recorded(name))


def names_that_rules_have():
    g, y, exp = tg.parameter([1.0, 2.0], name="g"), tg.parameter([0.5, 0.1], name="y"), tg.parameter(0.3, name="exp")
    return np.sum(np.exp(g * y) ** 2 + exp * np.exp(y))


def shapes_and_static_arguments():
    x, row = tg.parameter(np.ones((3, 2)), name="x"), tg.parameter(np.ones((1, 2)), name="row")
    total = np.sum(x + row) + np.sum(x + x) + np.sum(x, axis=0)[0] + np.mean(x[1] * x[2]) + x[0, 1] ** 2 + x[0, 1] ** 3
    return total + np.sum(x.reshape(2, 3)) + np.sum(x.reshape(6)) + np.sum(np.clip(x, 0, 2) + np.clip(x, 0, 3))


def used_once_and_twice():
    a, b = tg.parameter([1.0, 2.0], name="a"), tg.parameter([3.0, 4.0], name="b")
    return np.sum(a * b) + np.sum(a * np.array([1.0, 2.0]))


def powers_with_and_without_a_time_step():
    w = tg.parameter(0.5, name="w")
    h = w * 1.5
    before = h**3
    for x in (1.0, 2.0, 3.0):
        h = h * w + x
        before = before + h**3
    return before


def one_value_twice_and_two_values():
    a, b = tg.parameter(0.5, name="a"), tg.parameter(0.5, name="b")
    p = [np.exp(a), np.exp(b)]
    return p[0] * p[0] + p[0] * p[1] + p[1]


def the_same_shapes_along_other_axes():
    x = tg.parameter(np.arange(4.0).reshape(2, 2), name="x")
    sums = np.cumsum(x, axis=0) * np.cumsum(x, axis=1) + np.roll(x, 1, axis=0) + np.roll(x, 1, axis=1)
    return np.sum(sums + np.flip(x, axis=0) + np.flip(x, axis=1) + np.sum(x, axis=0) + np.sum(x, axis=1))


@pytest.mark.parametrize(
    "program",
    [
        names_that_rules_have,
        shapes_and_static_arguments,
        used_once_and_twice,
        powers_with_and_without_a_time_step,
        one_value_twice_and_two_values,
        the_same_shapes_along_other_axes,
    ],
)
def test_what_a_formula_depends_on_tells_templates_apart(program):
    check_templates(tg.trace(program()))


def test_a_formula_is_printed_once_for_all_time_steps(monkeypatch):
    printed = []
    formulas = tg.Trace.formulas
    monkeypatch.setattr(tg.Trace, "formulas", lambda trace, k: printed.append(k) or formulas(trace, k))
    counts = []
    for length in (6, 60):
        trace = tg.trace(elman(length, 3))
        templates = Templates(trace)
        assert all(templates.of(k) for k in range(len(trace)))
        counts.append(len(printed))
        printed.clear()
    x = 60 - 6  # x[t] is an array of numbers, so that no formula has an index of its own
    assert counts[1] < counts[0] + x / 2
