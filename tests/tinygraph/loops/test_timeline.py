"""The timeline of a graph: slots, runs, directions."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import tinygraph as tg
from tests import programs
from tests.programs import ALL, EXACT, Cell, data, weights


def ops(graph: tg.Graph) -> list[tg.Node]:
    return [node for node in graph.nodes if node.kind == "op"]


def runs(graph: tg.Graph) -> list:
    """The runs in the order in which they were recorded."""
    return list(dict.fromkeys(run for run in graph.timeline.runs if run is not None))


def spans(output) -> list[tuple[int, int, bool]]:
    return [(run.first, run.last, run.backward) for run in runs(tg.graph(output))]


def slots(graph: tg.Graph, expression: str) -> list[int]:
    """The slots of the ops that an expression recorded, one for each."""
    return [graph.timeline.slots[node.index] for node in ops(graph) if node.expression == expression]


# -- slots ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ALL.values(), ids=ALL)
@pytest.mark.parametrize("T", [1, 2, 5])
def test_no_two_ops_of_one_step_of_one_run_share_a_slot(program, T):
    graph = tg.graph(program(T))
    timeline = graph.timeline
    moments = [(timeline.slots[node.index], node.timestep, timeline.runs[node.index]) for node in ops(graph)]
    assert len(set(moments)) == len(moments)


@pytest.mark.parametrize("program", ALL.values(), ids=ALL)
def test_a_slot_is_a_source_and_how_often_it_ran_before_in_the_same_step(program):
    """Told without calls, instructions and loops: from positions in the source text and the order of recording."""
    graph = tg.graph(program(5))
    timeline = graph.timeline
    counts: Counter = Counter()
    of_slot: dict = {}
    of_text: dict = {}
    for node in ops(graph):
        run, slot = timeline.runs[node.index], timeline.slots[node.index]
        if run is not None:
            text = run, str(node.op), node.source.lineno, node.source.column, node.source.expression
            text = *text, counts[text, node.timestep]
            counts[text[:-1], node.timestep] += 1
            assert of_slot.setdefault((run, slot), text) == text
            assert of_text.setdefault(text, slot) == slot


@pytest.mark.parametrize("name", ["elman", "lstm", "gates_in_a_loop", "layers_inside_time", "recursion", "generator"])
def test_there_are_as_many_slots_however_long_it_runs(name):
    assert len({*tg.graph(EXACT[name](3)).timeline.slots}) == len({*tg.graph(EXACT[name](9)).timeline.slots})


def test_a_weight_of_each_step_does_not_divide_a_slot():
    graph = tg.graph(programs.a_weight_for_each_step(4))
    assert len(set(slots(graph, "own @ x"))) == 1
    assert len(graph.timeline.groups.chains) > 4  # though it divides a group


def test_labels_tell_the_steps_also_of_a_loop_that_repeats_no_parameter():
    h = np.ones(2)
    for t, W in enumerate(weights(4)):
        with tg.timestep(10 * t):
            for _ in range(2):
                h = np.tanh(W @ h)
    found = slots(tg.graph(h), "W @ h")
    assert found == found[:2] * 4
    assert found[0] != found[1]


def test_leaves_have_the_slot_of_what_reads_them():
    x, y, W = tg.tensor(np.ones(2)), tg.tensor(np.ones(2)), tg.parameter(np.eye(2))
    h = np.zeros(2)
    for _ in range(3):
        h = np.tanh(W @ h + x.detach()) * y.detach()
    graph = tg.graph(h)
    inputs = [graph.timeline.slots[node.index] for node in graph.nodes if node.kind == "input"]
    assert inputs == inputs[:2] * 3
    assert inputs[0] != inputs[1]
    assert set(inputs).isdisjoint(graph.timeline.slots[node.index] for node in ops(graph))
    alone = tg.graph(x, y).timeline.slots
    assert alone[0] != alone[1]


# -- runs -------------------------------------------------------------------------------------------------------------


def test_each_epoch_is_a_run():
    graph = tg.graph(programs.epochs(4))
    assert [(run.first, run.last, run.backward) for run in runs(graph)] == [(1, 4, False)] * 3
    assert len({run.loop for run in runs(graph)}) == 1
    states = [graph.timeline.runs[node.index] for node in ops(graph) if node.op == "tanh"]
    assert states == [run for run in runs(graph) for _ in range(4)]
    assert {graph.timeline.runs[node.index] for node in ops(graph) if node.op == "add"} > {None}


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (programs.elman, [(1, 5)]),
        (programs.truncated, [(1, 3)] * 5),
        (programs.chunks_without_truncation, [(1, 3)] * 5),
        (programs.sentences_of_words, [(1, 2), (1, 3), (1, 4), (1, 2), (1, 3)]),
        (programs.layers_around_time, [(1, 5)] * 2),
        (programs.three_decoders, [(1, 5)] * 4),
        (programs.elman_with_list_of_losses, [(1, 5)]),
        (programs.generator, [(1, 5)]),
        (programs.written_out, []),
    ],
)
def test_runs_of_programs(program, expected):
    assert spans(program(5)) == [(first, last, False) for first, last in expected]


def test_two_loops_in_one_body_are_two_runs_in_each_iteration():
    first, second, total = Cell(), Cell(), 0.0
    for _ in range(2):
        h = g = np.zeros(2)
        for x in data(3):
            h = first(h, x)
        for x in data(4):
            g = second(g, x)
        total = total + (h + g).sum()
    graph = tg.graph(total)
    assert [(run.first, run.last) for run in runs(graph)] == [(1, 3), (1, 4)] * 2
    assert [run.loop.lineno for run in runs(graph)[:2]] == [run.loop.lineno for run in runs(graph)[2:]]


def test_what_a_sum_adds_up_tells_its_run_and_its_steps():
    graph = tg.graph(programs.elman_with_list_of_losses(4))
    sums = [node for node in ops(graph) if node.op == "add"][-4:]
    assert [node.timestep for node in sums] == [1, 2, 3, 4]
    assert {graph.timeline.runs[node.index] for node in sums} == set(runs(graph))


def test_hand_labels_without_a_loop_are_one_run():
    W, h = tg.parameter(np.eye(2)), np.ones(2)
    with tg.timestep(3):
        h = np.tanh(W @ h)
    with tg.timestep(7):
        h = np.tanh(W @ h)
    graph = tg.graph(h.sum())
    (run,) = runs(graph)
    assert (run.loop, run.first, run.last, run.backward) == (None, 3, 7, False)
    assert graph.timeline.runs[graph.outputs[0].index] is None


def test_hand_labels_in_a_loop_name_the_steps_of_its_run():
    W, h = tg.parameter(np.eye(2)), np.ones(2)
    for t in range(10, 13):
        with tg.timestep(t):
            a = W @ h
        h = np.tanh(a)
    (run,) = runs(tg.graph(h))
    assert (run.first, run.last) == (10, 12)
    assert run.loop.lineno is not None


def test_leaves_are_in_no_run():
    graph = tg.graph(programs.elman(3))
    assert {graph.timeline.runs[node.index] for node in graph.nodes if node.kind != "op"} == {None}


# -- direction --------------------------------------------------------------------------------------------------------


def bidirectional(lengths, summed=lambda gs: gs[-1].sum(), given=tg.tensor):
    """The sum of a forward and a backward pass over sequences of some lengths."""
    forward, backward, total = Cell(), Cell(), 0.0
    for length in lengths:
        xs = [given(x) for x in data(length)]
        h = g = np.zeros(2)
        gs = []
        for x in xs:
            h = forward(h, x)
        for x in xs[::-1]:
            g = backward(g, x)
            gs.append(g)
        total = total + h.sum() + summed(gs)
    return total


@pytest.mark.parametrize(
    "summed",
    [
        lambda gs: gs[-1].sum(),
        lambda gs: sum(g.sum() for g in gs),
        lambda gs: sum(g.sum() for g in reversed(gs)),
        lambda gs: sum(gs).sum(),
        lambda gs: np.sum(np.stack(gs)),
    ],
    ids=["last", "as made", "as read", "whole", "stacked"],
)
def test_a_backward_half_runs_backward_whatever_is_done_with_it(summed):
    assert spans(bidirectional([4], summed=summed)) == [(1, 4, False), (1, 4, True)]


def test_a_sum_over_a_backward_half_goes_along_with_it():
    graph = tg.graph(bidirectional([4], summed=lambda gs: sum(gs).sum()))
    assert [node.timestep for node in ops(graph) if node.op == "add" and node.shape == (2,)][-4:] == [4, 3, 2, 1]


def test_backward_halves_of_unequal_lengths():
    graph = tg.graph(bidirectional([4, 2, 3]))
    assert [(run.last, run.backward) for run in runs(graph)] == [(n, turned) for n in (4, 2, 3) for turned in (0, 1)]
    assert [node.timestep for node in graph.nodes if node.kind == "input"] == [1, 2, 3, 4, 1, 2, 1, 2, 3]
    initial = [node.timestep for node in graph.nodes if node.kind == "constant" and node.shape]
    assert initial == [0, 5, 0, 3, 0, 4]


def test_sequences_that_begin_alike_do_not_hide_the_direction():
    graph = tg.graph(bidirectional([4, 2], given=np.array))
    assert [(run.last, run.backward) for run in runs(graph)] == [(4, False), (4, True), (2, False), (2, True)]


def test_hand_labels_tell_the_direction():
    A, B, h, g = *weights(2), np.ones(2), np.ones(2)
    for t in (1, 2, 3):
        with tg.timestep(t):
            h = np.tanh(A @ h)
    for t in (3, 2, 1):
        with tg.timestep(t):
            g = np.tanh(B @ g)
    assert spans(h + g) == [(1, 3, False), (1, 3, True)]


def test_a_graph_without_ops():
    timeline = tg.graph(tg.parameter(1.0), tg.tensor(2.0)).timeline
    assert (timeline.timesteps, timeline.slots, timeline.runs, timeline.precedes) == (
        [None, None], [0, 1], [None, None], [None, None],
    )  # fmt: skip
