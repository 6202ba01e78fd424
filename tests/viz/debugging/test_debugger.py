"""The debugger: moves, breakpoints, watches and what they say, on a network whose steps are known."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs.labelled import with_losses
from viz.debugging import breakpoints as points
from viz.debugging.expressions import Expression
from viz.debugging.snapshot import take_snapshot


@pytest.fixture
def debugger():
    return viz.Debugger(with_losses())


def test_moves_by_op(debugger):
    assert debugger.next() == (1, "", True)
    assert debugger.next(3).position == 4
    assert debugger.back(2).position == 2
    assert debugger.back(99) == (0, "this is the first step, 0", True)
    assert debugger.next(999) == (debugger.last, f"this is the last step, {debugger.last}", True)
    assert not debugger.next().moved


def test_moves_by_time_step_meet_every_one_and_come_back(debugger):
    timesteps = [debugger.node.timestep]
    while debugger.next_timestep().reason.startswith("time step"):
        timesteps.append(debugger.node.timestep)
    assert timesteps == [4, 3, 2, 1]
    forward = debugger.goto_timestep(2).position
    debugger.goto_timestep(1)
    assert debugger.next_timestep(-1).position == forward


def test_moves_by_cell():
    debugger = viz.Debugger(with_losses(scopes=True))
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
    positions = [debugger.next_write("W").position for _ in steps]
    assert positions == steps
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
    stops = []
    while (stop := debugger.resume()).reason.startswith("breakpoint 1"):
        stops.append(stop.position)
    assert stops == [k for k, node in enumerate(trace.nodes) if k and holds(node)]
    stops_on_the_way_back = []
    while (stop := debugger.resume(-1)).reason.startswith("breakpoint 1"):
        stops_on_the_way_back.append(stop.position)
    assert stops_on_the_way_back == stops[::-1]


def test_a_range_of_time_steps_stops_once_for_each(trace):
    debugger = viz.Debugger(trace)
    debugger.add(points.at_time(trace, 2, 3))
    assert [debugger.resume().reason for _ in range(3)] == [
        "breakpoint 1: enters time step 3",
        "breakpoint 1: enters time step 2, hit 2",
        "the end of the backward pass",
    ]


def test_source_lines_and_scopes(trace):
    source = trace.node("h[1]").source
    debugger = viz.Debugger(trace)
    debugger.add(points.at_line(trace, Path(source.filename).name, source.lineno))
    assert debugger.resume().position == trace.step_of("h[4]")
    scoped = viz.Debugger(with_losses(scopes=True))
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
    for k in range(len(trace)):
        first, second = take_snapshot(trace, k), take_snapshot(trace, k)
        assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)
    snapshot = take_snapshot(trace, trace.step_of("h[3]"))
    assert snapshot["formulas"][0]["text"] == "ā⁽³⁾ = h̄⁽³⁾ ⊙ (1 − h⁽³⁾ ⊙ h⁽³⁾)"
    assert snapshot["source"]["expression"] == "np.tanh(a)"


def test_nothing_to_step_through():
    with pytest.raises(ValueError, match="nothing to step through"):
        viz.Debugger(tg.parameter(1.0))
    with pytest.raises(RuntimeError, match="nothing that requires a gradient"):
        viz.Debugger(tg.tensor(1.0) * 2)
