"""The debugger: moves, breakpoints, watches and what they say, on a network whose steps are known."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
import viz
from viz.debugging import breakpoints as points
from viz.debugging.expressions import Expression, ExpressionError
from viz.debugging.names import FUNCTIONS, Moment
from viz.debugging.snapshot import take_snapshot


def network(timesteps=4, scopes=False):
    W = tg.parameter([[0.5, 0.1], [-0.2, 0.3]], name="W")
    V = tg.parameter([[1.0, -1.0]], name="V")
    h = tg.tensor([1.0, -0.5], name="h")
    loss = 0.0
    for t in range(1, timesteps + 1):
        with tg.timestep(t):
            with tg.scope("cell" if scopes else "all"):
                a = W @ h
                h = np.tanh(a)
            with tg.scope("readout" if scopes else "all"):
                o = V @ h
                loss = loss + np.sum(o * o)
    return loss


@pytest.fixture
def debugger():
    return viz.Debugger(network())


@pytest.fixture(scope="module")
def trace():
    return tg.trace(network())


def test_moves_by_op(debugger):
    assert debugger.next() == (1, "", True)
    assert debugger.next(3).position == 4
    assert debugger.back(2).position == 2
    assert debugger.back(99) == (0, "this is the first step, 0", True)
    assert debugger.next(999) == (debugger.last, f"this is the last step, {debugger.last}", True)
    assert not debugger.next().moved


def test_moves_by_time_step_meet_every_one_and_come_back(debugger):
    seen = [debugger.node.timestep]
    while debugger.next_timestep().reason.startswith("time step"):
        seen.append(debugger.node.timestep)
    assert seen == [4, 3, 2, 1]
    forward = debugger.goto_timestep(2).position
    debugger.goto_timestep(1)
    assert debugger.next_timestep(-1).position == forward


def test_moves_by_cell():
    debugger = viz.Debugger(network(scopes=True))
    cells = [(debugger.node.scope, debugger.node.timestep)]
    while debugger.next_cell().reason.startswith(("cell", "readout")) and debugger.position < debugger.last:
        here = (debugger.node.scope, debugger.node.timestep)
        if here == cells[-1]:
            break
        cells.append(here)
    assert cells[:4] == [("readout", 4), ("cell", 4), ("readout", 3), ("cell", 3)]
    debugger.goto_timestep(3)
    assert (debugger.next_cell(-1), debugger.node.scope, debugger.node.timestep)[1:] == ("cell", 4)


def test_goto_a_node_and_what_cannot_be_gone_to(debugger):
    debugger.goto("h[2]")
    assert (debugger.node.op, debugger.node.timestep) == ("tanh", 2)
    assert debugger.goto(3).position == 3
    with pytest.raises(IndexError, match="step 999 is out of range: the steps are 0 to"):
        debugger.goto(999)
    with pytest.raises(LookupError, match="W is a leaf"):
        debugger.goto("W")
    with pytest.raises(LookupError, match="no gradient reaches h⁽⁰⁾"):
        debugger.goto("h[0]")
    with pytest.raises(LookupError, match=r"no time step 9: they are 1 to 4"):
        debugger.goto_timestep(9)


def test_next_and_previous_contribution(debugger):
    steps = [row.step for row in debugger.trace.contributions("W")]
    found = [debugger.next_write("W").position for _ in steps]
    assert found == steps
    assert not debugger.next_write("W").moved
    assert "no later step writes W̄" in debugger.next_write("W").reason
    debugger.goto(debugger.last)
    assert [debugger.next_write("W", -1).position for _ in steps[1:]] == steps[-2::-1]


def test_watch_says_who_wrote_in_both_directions(debugger):
    debugger.watch("V")
    steps = [row.step for row in debugger.trace.contributions("V")]
    stops = [debugger.resume() for _ in steps]
    assert [stop.position for stop in stops] == steps
    assert "V̄ is written, 2 of 4" in stops[1].reason
    assert debugger.resume() == (debugger.last, "the end of the backward pass", True)
    assert debugger.resume(-1).position == steps[-1]


@pytest.mark.parametrize(
    ("make", "holds"),
    [
        (lambda t: points.at_op(t, "tanh"), lambda node: node.op == "tanh"),
        (
            lambda t: points.at_condition(t, Expression('t == 3 and op == "tanh"')),
            lambda n: n.op == "tanh" and n.timestep == 3,
        ),
        (lambda t: points.at_node(t, t.node("h[2]")), lambda node: node.op == "tanh" and node.timestep == 2),
    ],
)
def test_breakpoints_stop_exactly_where_they_say(trace, make, holds):
    debugger = viz.Debugger(trace)
    debugger.add(make(trace))
    found = []
    while (stop := debugger.resume()).reason.startswith("breakpoint 1"):
        found.append(stop.position)
    assert found == [k for k, node in enumerate(trace.nodes) if k and holds(node)]
    again = []
    while (stop := debugger.resume(-1)).reason.startswith("breakpoint 1"):
        again.append(stop.position)
    assert again == found[::-1]


def test_a_range_of_time_steps_stops_once_for_each(trace):
    debugger = viz.Debugger(trace)
    debugger.add(points.at_time(trace, 2, 3))
    assert [debugger.resume().reason for _ in range(3)] == [
        "breakpoint 1: enters time step 3",
        "breakpoint 1: enters time step 2, hit 2",
        "the end of the backward pass",
    ]


def test_source_lines_and_scopes(trace):
    line = trace.node("h[1]").source.lineno
    debugger = viz.Debugger(trace)
    debugger.add(points.at_line(trace, Path(__file__).name, line))
    assert debugger.resume().position == trace.step_of("h[4]")
    scoped = viz.Debugger(network(scopes=True))
    scoped.add(points.at_scope(scoped.trace, "cell"))
    assert scoped.resume().reason == "breakpoint 1: enters scope cell"
    assert scoped.node.op == "tanh"


def test_hit_counts_disabling_and_conditions(trace):
    debugger = viz.Debugger(trace)
    point = debugger.add(points.at_op(trace, "tanh"))
    point.ignore = 2
    assert debugger.resume().reason == "breakpoint 1: op tanh, hit 3"
    assert debugger.node.timestep == 2
    point.condition = Expression("t == 1")
    assert "op tanh and t == 1" in debugger.resume().reason
    debugger.goto(0)
    point.enabled = False
    assert debugger.resume().position == debugger.last


def test_a_condition_that_raises_stops_and_says_so(trace):
    debugger = viz.Debugger(trace)
    debugger.add(points.at_condition(trace, Expression("grad[5] > 0")))
    stop = debugger.resume()
    assert stop.position == 1
    assert "cannot be evaluated here: IndexError" in stop.reason


def test_nan_is_met_where_it_is_born():
    x = tg.parameter([4.0, 0.0], name="x")
    with np.errstate(all="ignore"):
        y = np.sqrt(x * 1.0)
        debugger = viz.Debugger(np.sum(y))
    debugger.add(points.at_nonfinite(debugger.trace))
    stop = debugger.resume()
    assert debugger.node.op == "sqrt"
    assert "is not finite" in stop.reason
    assert debugger.resume().position == debugger.last  # what it spoils further on is no origin


def test_jumps_and_falls():
    W, h = tg.parameter(0.01 * np.eye(2), name="W"), tg.tensor([1.0, 1.0], name="h")
    for t in range(1, 5):
        with tg.timestep(t):
            h = W @ h * (1.0 if t != 2 else 1e6)
    debugger = viz.Debugger(np.sum(h))
    debugger.add(points.at_jump(debugger.trace, 1000))
    assert "jumps by 1e+04" in debugger.resume().reason
    with pytest.raises(ValueError, match="above 1"):
        points.at_jump(debugger.trace, 1.0)


def test_a_snapshot_is_pure_and_holds_only_json(trace):
    import json

    for k in range(len(trace)):
        one, other = take_snapshot(trace, k), take_snapshot(trace, k)
        assert json.dumps(one, allow_nan=False) == json.dumps(other, allow_nan=False)
    seen = take_snapshot(trace, trace.step_of("h[3]"))
    assert seen["formulas"][0]["text"] == "ā⁽³⁾ = h̄⁽³⁾ ⊙ (1 − h⁽³⁾ ⊙ h⁽³⁾)"
    assert seen["source"]["expression"] == "np.tanh(a)"


def test_nothing_to_step_through():
    with pytest.raises(ValueError, match="nothing to step through"):
        viz.Debugger(tg.parameter(1.0))
    with pytest.raises(RuntimeError, match="nothing that requires a gradient"):
        viz.Debugger(tg.tensor(1.0) * 2)


# -- expressions ------------------------------------------------------------------------------------------------------


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
        "(W @ h[2] == a[3]).shape": None,
    }
    for text, expected in cases.items():
        if text.startswith("("):
            continue
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


WORDS = st.sampled_from(
    [
        "t",
        "k",
        "op",
        "grad",
        "value",
        "W",
        "h[3]",
        "W.grad",
        "(",
        ")",
        "[",
        "]",
        "+",
        "-",
        "*",
        "/",
        "**",
        "==",
        "<",
        "and",
        "or",
        "not",
        "if",
        "else",
        "1",
        "2.5",
        "'x'",
        ",",
        ".",
        "norm",
        "any",
        "len",
        "shape",
        ":",
        "lambda",
        "=",
        "@",
        "%",
        "in",
        "is",
        "None",
        "\n",
        "é",
        "0x",
        "__class__",
    ]
)


@pytest.mark.slow
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
