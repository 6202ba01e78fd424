"""Expressions that a user may ask at a step: what they give, what is refused, and where."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viz.debugging.expressions import Expression, ExpressionError
from viz.debugging.names import FUNCTIONS, Moment


def test_expressions_read_the_state(trace):
    moment = Moment(trace, trace.step_of("h[3]"))
    h3 = trace.node("h[3]").data
    cases = {
        't == 3 and op == "tanh"': True,
        "name": "h",
        "norm(grad)": np.linalg.norm(trace.gradient("h[3]")),
        "max(abs(h[3])) - max(abs(value))": 0.0,
        "h[3][1]": h3[1],
        "h[2].grad": None,
        "W.grad is None or norm(W.grad) > 0": True,
        "1 < t <= 3": True,
        "2**3 + 7 % 4": 11,
        "'tan' in op": True,
        "-1 if t == 3 else 1": -1,
    }
    for text, expected in cases.items():
        value = Expression(text)(moment)
        assert value == pytest.approx(expected) if isinstance(expected, float) else value == expected, text
    np.testing.assert_allclose(Expression("W @ h[2]")(moment), trace.node("a[3]").data)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("norm(grad", "never closed", 4),
        ("nrom(grad) > 1", "unknown function nrom; did you mean norm?", 0),
        ("t == 3 and gard", "unknown name gard; did you mean grad?", 11),
        ("grad.real", r"unknown attribute \.real", 0),
        ("__import__('os')", "unknown function __import__", 0),
        ("().__class__", "unknown attribute .__class__", 0),
        ("[x for x in grad]", "a comprehension cannot be used here", 0),
        ("lambda: 1", "a function cannot be used here", 0),
        ("(t := 3)", "an assignment cannot be used here", 1),
        ("grad.sum()", "unknown attribute .sum|only the functions", 0),
        ("norm(grad, 2)", "norm takes one argument", 0),
        ("1 << 99", "LShift cannot be used here", 0),
        ("", "expected an expression", 0),
        ("norm('x' * 3)", "arithmetic needs numbers", 5),
        ("grad > 0 and t == 3", "neither true nor false: use any", 0),
    ],
)
def test_malformed_expressions_are_marked(trace, text, message, column):
    with pytest.raises(ExpressionError, match=message) as caught:
        Expression(text).holds(Moment(trace, trace.step_of("h[3]")))
    assert caught.value.column == column


def test_no_power_tower_hangs(trace):
    assert math.isinf(Expression("9.0**9**9**9")(Moment(trace, 0)))


NAMES = "t k op grad value W h[3] W.grad norm any len shape __class__"
SIGNS = "( ) [ ] + - * / ** == < , . : = @ %"
OTHERS = "and or not if else in is lambda None 1 2.5 'x' 0x é"
WORDS = st.sampled_from([*NAMES.split(), *SIGNS.split(), *OTHERS.split(), "\n"])


@given(st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=12))
@settings(max_examples=400, deadline=None)
def test_fuzz_any_text_gives_a_value_or_the_one_error(trace, text):
    try:
        value = Expression(text)(Moment(trace, 6))
    except ExpressionError:
        return
    assert not callable(value)  # a value, never something that could be run


def test_every_function_is_told_in_help():
    assert all(told for _, told in FUNCTIONS.values())
