"""A window of time steps: what is left out is one step, and no sum differs from the trace's by a bit."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.javascript import ask, engine
from tests.viz.page.test_model import PROGRAMS, elman
from tests.viz.page.test_outsiders import PROGRAMS as OUTSIDERS
from tests.viz.page.test_outsiders import recorded
from viz.page import arrays, excerpt
from viz.page.contents import contents
from viz.page.excerpt import Excerpt, Gap, window_of
from viz.page.export import page_of

pytestmark = pytest.mark.slow


def shown_steps(trace, page):
    """Return the last step of the trace that each step of the page has done, as the page says it."""
    return ask(page, "trace.steps.map((step) => step.last ?? step.number ?? step.k)")


def check_sums(trace, page, every=1):
    """Check the running sums of every parameter, after every so many steps, against the pass, to the last bit."""
    places = ask(page, "trace.parameters")
    for place, node in zip(places, trace.graph.parameters, strict=True):
        for k, done in list(enumerate(shown_steps(trace, page)))[::-every]:
            got = ask(page, f"runningSum(trace, {place}, received(trace, {place}, {k}))")
            expected = trace.running(node, done + 1)
            assert (got is None) == (expected is None)
            if expected is not None:
                np.testing.assert_array_equal(got, np.ravel(expected))
        if trace.gradient(node) is not None:
            assert ask(page, f"agreement(trace, {place})") == "exact"
            total = ask(page, f"contributions(trace, {place}, trace.values[{place}].writes.length)")
            assert total == len(trace.writes(node))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("timesteps", [1, slice(2, 4), [3]], ids=str)
def test_no_sum_differs(program, timesteps):
    trace = tg.trace(PROGRAMS[program]())
    check_sums(trace, engine(page_of(trace, timesteps=timesteps)))


@pytest.mark.parametrize("name", OUTSIDERS)
def test_no_sum_of_programs_of_others_differs(name):
    trace = recorded(name)
    times = trace.graph.timesteps
    if not times:
        with pytest.raises(ValueError, match="leaves nothing"):
            page_of(trace, timesteps=1)
        return
    check_sums(trace, engine(page_of(trace, timesteps=times[len(times) // 2 :][:1])), every=9)


def test_the_steps_and_gaps_together_are_the_pass():
    trace = tg.trace(elman(9, 3))
    part = Excerpt(trace, window_of(trace, [2, 3, 7]))
    steps = [k for step in part.steps for k in (range(step.first, step.last + 1) if isinstance(step, Gap) else [step])]
    assert steps == list(range(len(trace)))
    assert sum(isinstance(step, Gap) for step in part.steps) == 3
    for place, step in enumerate(part.steps):
        for k in range(step.first, step.last + 1) if isinstance(step, Gap) else [step]:
            assert part.place_of_step(k) == place
            assert (trace.nodes[k].timestep in (2, 3, 7, None)) == (not isinstance(step, Gap))


def test_what_is_in_the_window_is_as_on_the_whole_page():
    trace = tg.trace(elman(8, 3))
    page = engine(page_of(trace, timesteps=slice(3, 5)))
    for k, step in enumerate(ask(page, "trace.steps.map(({ number, last }) => [number, last])")):
        number, last = step
        if last is not None:
            continue
        for formula in trace.formulas(number):
            term = f"trace.steps[{k}].terms.find((term) => term.argument === {formula.argument})"
            assert ask(page, f"formulaText(trace, nodeOf(trace, {k}), {term}.formula)") == formula.text
        terms = [term for term in trace.pull(number) if term is not None]
        for got, term in zip(ask(page, f"snapshot(trace, {k}).terms.map(({{ array }}) => array)"), terms, strict=True):
            np.testing.assert_array_equal(ask(page, f"trace.arrays.values({got})"), np.ravel(term))


def test_by_default_only_the_ends_of_a_long_pass_are_shown(monkeypatch):
    trace = tg.trace(elman(40, 2))
    assert window_of(trace, None) is None
    assert window_of(trace, slice(None)) is None
    monkeypatch.setattr(excerpt, "MOST_STEPS", len(trace) - 1)
    monkeypatch.setattr(excerpt, "ENDS", 5)
    assert window_of(trace, None) == {1, 2, 3, 4, 5, 36, 37, 38, 39, 40}
    monkeypatch.setattr(excerpt, "MOST_STEPS", len(trace) // 10)
    assert window_of(trace, None) == {1, 2, 39, 40}
    assert window_of(trace, slice(None)) is None
    data = contents(trace, "long").data
    assert "Time steps 1 to 2 and 39 to 40 of 40." in data["window"]
    assert "timesteps=slice(21, " in data["window"]
    assert "window" not in contents(trace, "whole", timesteps=40).data


def test_each_loop_keeps_its_own_ends(monkeypatch):
    monkeypatch.setattr(excerpt, "MOST_STEPS", 10)
    monkeypatch.setattr(excerpt, "ENDS", 1)
    W, V, h = tg.parameter(np.eye(2) / 2), tg.parameter(np.eye(2) / 3), tg.tensor(np.ones(2))
    for x in np.arange(30.0):
        h = np.tanh(W @ h + x)
    for x in np.arange(12.0):
        h = np.tanh(V @ h - x)
    trace = tg.trace(h.sum())
    assert window_of(trace, None) == {1, 12, 30}
    check_sums(trace, engine(page_of(trace)))


def test_a_stop_in_a_gap_leads_to_the_gap():
    trace = tg.trace(elman(8, 3))
    page = engine(page_of(trace, [("h[5]", "a"), ("h[8]", "b"), ("", "c")], timesteps=1))
    gap, own, beginning = ask(page, "trace.tour.map((stop) => stop.step)")
    assert ask(page, f"nodeOf(trace, {gap}).kind") == "gap"
    assert ask(page, f"symbolText(nodeOf(trace, {own}))") == "h⁽⁸⁾"
    assert beginning == -1


def test_the_timeline_goes_on_over_a_gap_with_the_largest_norms(monkeypatch):
    monkeypatch.setattr(excerpt, "MOST_POINTS", 4)
    trace = tg.trace(elman(20, 3))
    page = engine(page_of(trace, timesteps=2))
    (line,) = ask(page, "series(trace)")
    states = [node for node in trace.graph.nodes if node.name == "h" and node.kind == "op"]
    norms = {node.timestep: np.linalg.norm(trace.gradient(node)) for node in states}
    inside = {t: norm for t, norm in norms.items() if 3 <= t <= 18}
    stretches = [list(inside)[at : at + 4] for at in range(0, 16, 4)]
    largest = {max(stretch, key=inside.get) for stretch in stretches}
    points = {point["t"]: point["norm"] for point in line["points"]}
    assert largest | {1, 2, 19, 20} <= set(points) <= largest | {1, 2, 18, 19, 20}  # 18: the window reads it
    for t, norm in points.items():
        assert norm == pytest.approx(norms[t], rel=1e-5)


def test_time_steps_that_are_none_are_told():
    trace = tg.trace(elman(4, 2))
    with pytest.raises(ValueError, match="the time steps recorded are 1 to 4"):
        page_of(trace, timesteps=[7])
    with pytest.raises(TypeError, match="timesteps must be a slice"):
        page_of(trace, timesteps="1:3")


def test_the_largest_arrays_are_described_where_all_together_are_too_many(monkeypatch):
    trace = tg.trace(elman(400, 24))
    everything = engine(page_of(trace))
    monkeypatch.setattr(arrays, "MOST_BYTES", 100_000)
    page = engine(page_of(trace))
    assert "described" not in ask(everything, "trace.rounded")
    assert "Arrays of more than 3 numbers are described by their norm and extremes." in ask(page, "trace.rounded")
    for node in trace.graph.nodes[:: len(trace.graph.nodes) // 50]:
        value = ask(page, f"trace.arrays.values(trace.values[{node.index}].array)")
        assert (value is None) == (node.data.size > 3)
        norm = ask(page, f"trace.arrays.norm(trace.values[{node.index}].array)")
        assert norm == pytest.approx(np.linalg.norm(node.data), rel=1e-5)
    W = trace.graph.parameters[0]
    assert ask(page, f"agreement(trace, {W.index})") is None
    received = ask(page, f"receivedNorm(trace, {W.index}, trace.steps.length)")
    assert received == pytest.approx(np.linalg.norm(trace.gradient(W)), rel=1e-5)
