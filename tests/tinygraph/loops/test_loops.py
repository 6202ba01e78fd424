"""Loops read back from bytecode, iterations, and time steps."""

from __future__ import annotations

import dis
from functools import reduce

import numpy as np
import pytest

import tinygraph as tg
from tests import programs
from tinygraph.loops.visits import visits
from tinygraph.recording.bytecode import layout


def iterations(graph):
    """For the index of each op, the loops it was recorded in, outermost first, and their iterations from 0."""
    ops = [node for node in graph.nodes if node.kind == "op"]
    pairs = ((op, *visit) for op, visit in zip(ops, visits(graph.timeline.wiring).each(), strict=True))
    return {node.index: tuple(zip(place.loops, vector, strict=True)) for node, place, vector in pairs}


def steps(output, op: str) -> list[int | None]:
    """The time steps of all ops of a name, in recorded order."""
    return [node.timestep for node in tg.graph(output).nodes if node.op == op]


def matrix() -> tg.Tensor:
    return tg.parameter(np.eye(2) * 0.5)


# -- bytecode ---------------------------------------------------------------------------------------------------------


def sample(xs, f):
    for x in xs:
        with f:
            f(x)
        try:
            f(x, 1)
        except ValueError:
            continue
    while f(2):
        if f(3):
            f(4)
            break
    return f(5)


def paths_of_calls() -> list[int]:
    """How many loops are around each call of ``f``, by the number it is given."""
    flow = layout(sample.__code__)
    depths = {}
    for each in dis.get_instructions(sample):
        if each.opname == "CALL" and each.positions is not None:
            depths.setdefault((each.positions.lineno, each.positions.col_offset), len(flow.path(each.offset)) - 1)
    first = sample.__code__.co_firstlineno
    return [depths[key] for key in sorted(depths) if key[0] - first not in (2,)]


def test_code_moved_behind_a_loop_is_in_it_and_code_that_leaves_it_is_not():
    # f(x), f(x, 1), the first f(2) before the rotated while, f(3), f(4) on the way out, f(5)
    assert paths_of_calls() == [1, 1, 0, 1, 0, 0]


def test_an_offset_in_a_cache_belongs_to_its_instruction():
    code = (lambda x: x[0] + x[1]).__code__
    owners = {layout(code).instruction(offset) for offset in range(0, len(code.co_code), 2)}
    shown = {each.offset for each in dis.get_instructions(code) if each.opname != "CACHE"}
    assert owners == shown
    assert all(layout(code).instruction(offset) <= offset for offset in range(0, len(code.co_code), 2))


def test_a_call_is_one_instruction():
    code = (lambda f, x: f(abs(x))).__code__
    owners = {layout(code).instruction(offset) for offset in range(0, len(code.co_code), 2)}
    assert [each.opname for each in dis.get_instructions(code) if each.offset in owners].count("PRECALL") == 0


def test_specialised_bytecode_keeps_its_place():
    W, X, h = matrix(), tg.tensor(np.ones((40, 2))), np.ones(2)
    for t in range(40):  # long enough for the interpreter to specialise
        h = abs(np.tanh(W @ h + X[t]))
    graph = tg.graph(h)
    places = {(node.op, layout(node.call.code).instruction(node.lasti)) for node in graph.nodes if node.kind == "op"}
    assert len(places) == 5
    assert graph.timesteps == list(range(1, 41))


# -- iterations -------------------------------------------------------------------------------------------------------


def test_iterations_of_loops_in_loops():
    W, total = matrix(), 0.0
    for k in range(2):
        h = np.ones(2)
        for _ in range(k + 2):
            h = np.tanh(W @ h)
        total = total + h.sum()
    graph = tg.graph(total)
    loops_of = iterations(graph)
    assert [tuple(at for _, at in loops_of[node.index]) for node in graph.nodes if node.op == "tanh"] == [
        (0, 0), (0, 1), (1, 0), (1, 1), (1, 2),
    ]  # fmt: skip
    assert [tuple(at for _, at in loops_of[node.index]) for node in graph.nodes if node.op == "add"] == [(0,), (1,)]
    (outer, _), (inner, _) = next(loops_of[node.index] for node in graph.nodes if node.op == "tanh")
    assert inner.parent is outer
    assert inner.lineno == outer.lineno + 2


def test_a_branch_does_not_hide_an_iteration():
    A, B, h = matrix(), matrix(), np.ones(2)
    taken = [True, False, False, True, True, False]
    for left in taken:
        if left:
            h = np.tanh(A @ h)
        else:
            h = np.exp(B @ h)
    graph = tg.graph(h)
    loops_of = iterations(graph)
    at = {node.op.name: [] for node in graph.nodes if node.kind == "op"}
    for node in graph.nodes:
        if node.kind == "op":
            at[node.op.name].append(loops_of[node.index][0][1])
    assert at["tanh"] == [0, 3, 4]
    assert at["exp"] == [1, 2, 5]


def test_a_sum_in_a_loop_is_a_loop_of_its_own():
    W, total = matrix(), 0.0
    for _ in range(3):
        parts = [W @ np.ones(2) for _ in range(2)]
        total = total + sum(parts).sum()
    graph = tg.graph(total)
    outermost = [iterations(graph)[node.index][0][1] for node in graph.nodes if node.op == "sum"]
    assert outermost == [0, 1, 2]


# -- time steps -------------------------------------------------------------------------------------------------------


def test_a_plain_loop():
    W, h = matrix(), np.zeros(2)
    for x in programs.data(4):
        h = np.tanh(W @ h + x)
    assert steps(h, "tanh") == [1, 2, 3, 4]


def test_leaves_belong_to_the_time_step_that_uses_them_and_parameters_to_none():
    graph = tg.graph(programs.elman_with_learned_state(3))
    assert [node.timestep for node in graph.nodes if node.kind == "constant"] == [1, 2, 3]
    assert [node.timestep for node in graph.parameters] == [None] * 3
    shared = tg.tensor(np.ones(2))
    cell, h = programs.Cell(), np.zeros(2)
    for _ in range(3):
        h = cell(h, shared)
    graph = tg.graph(h)
    assert graph.node_of(shared).timestep is None


def test_a_loop_in_a_helper():
    assert steps(programs.run(programs.Cell(), programs.data(4))[-1], "tanh") == [1, 2, 3, 4]


def test_time_in_epochs_and_what_stands_outside_of_it():
    cell, total = programs.Cell(), 0.0
    for _ in range(3):
        total = total + programs.run(cell, programs.data(4))[-1].sum()
    assert steps(total, "tanh") == [1, 2, 3, 4] * 3
    assert steps(total, "sum") == [None] * 3


def test_one_epoch_of_many():
    cell = programs.Cell()
    for _ in range(3):
        loss = programs.run(cell, programs.data(4))[-1].sum()
        loss.backward()
    assert steps(loss, "tanh") == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("program", "op", "expected"),
    [
        (programs.layers_inside_time, "tanh", [1, 1, 1, 2, 2, 2, 3, 3, 3]),
        (programs.layers_around_time, "tanh", [1, 2, 3, 1, 2, 3]),
        (programs.tied_layers, "tanh", [1, 1, 2, 2, 3, 3]),
        (programs.layers_by_turns, "tanh", [1, 1, 2, 2, 3, 3]),
        (programs.gates_in_a_loop, "tanh", [1, 2, 3]),
        (programs.gates_in_a_helper, "tanh", [1, 1, 2, 2, 3, 3]),
        (programs.gates_from_slices, "getitem", [1] * 4 + [2] * 4 + [3] * 4),
        (programs.comprehension, "tanh", [1, 2, 3]),
        (programs.generator, "tanh", [1, 2, 3]),
        (programs.while_loop, "tanh", [1, 2, 3]),
        (programs.reduced, "tanh", [1, 2, 3]),
        (programs.reduced_lambda, "tanh", [1, 2, 3]),
        (programs.recursion, "tanh", [1, 2, 3]),
        (programs.recursion_on_the_way_back, "tanh", [1, 2, 3]),
        (programs.euler, "subtract", [1, 2, 3]),
        (programs.teacher_forcing, "tanh", [1, 2, 3]),
        (programs.attention, "tanh", [1, 2, 3, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]),
        (programs.three_decoders, "tanh", [1, 2, 3] * 4),
        (programs.minibatch_of_unequal_sequences, "tanh", [1, 2, 1, 2, 3, 1, 2, 3, 4]),
        (programs.sentences_of_words, "tanh", [1, 2, 1, 2, 3, 1, 2, 3, 4]),
        (programs.branch_on_data, "tanh", [1, 2, 3]),
        (programs.bidirectional_in_separate_code, "tanh", [1, 2, 3, 3, 2, 1]),
        (programs.bidirectional_through_a_helper, "tanh", [1, 2, 3, 3, 2, 1]),
        (programs.elman_with_list_of_losses, "sum", [1, 2, 3]),
        (programs.written_out, "tanh", [None] * 3),
    ],
)
def test_time_steps_of_programs(program, op, expected):
    assert steps(program(3), op) == expected


def test_a_sum_over_time_goes_along_with_what_it_adds():
    assert steps(programs.elman_with_list_of_losses(4), "add")[-4:] == [1, 2, 3, 4]


def test_a_loop_over_reversed_data_counts_from_the_end():
    W, g = matrix(), np.zeros(2)
    forward, X = programs.Cell(), programs.data(4)
    h = programs.run(forward, X)[-1]
    for x in X[::-1]:
        g = np.exp(W @ g + x)
    assert steps(h + g, "exp") == [4, 3, 2, 1]


def test_an_initial_state_belongs_to_the_step_before_the_first():
    W, first, g0 = matrix(), tg.tensor(np.ones(2)), tg.tensor(np.full(2, 0.1))
    h, g, X = first, g0, programs.data(4)
    for x in X:
        h = np.tanh(W @ h + x)
    for x in X[::-1]:
        g = np.exp(W @ g + x)
    graph = tg.graph(h + g)
    assert graph.node_of(first).timestep == 0
    assert graph.node_of(g0).timestep == 5
    assert graph.timesteps == [1, 2, 3, 4]
    assert [node.timestep for node in graph.nodes if node.kind == "constant"] == [1, 2, 3, 4, 4, 3, 2, 1]


def test_a_label_renames_the_time_steps_of_its_loop():
    W, h = matrix(), np.zeros(2)
    for t in range(10, 13):
        with tg.timestep(t):
            a = W @ h
        h = np.tanh(a)
    assert steps(h, "matmul") == [10, 11, 12]
    assert steps(h, "tanh") == [10, 11, 12]


def test_a_label_without_a_loop():
    W = matrix()
    with tg.timestep(3):
        h = np.tanh(W @ np.ones(2))
    assert steps(h, "tanh") == [3]


def test_reduce_over_a_method():
    W = matrix()

    class Cell:
        def step(self, h, x):
            return np.tanh(W @ h + x)

    assert steps(reduce(Cell().step, programs.data(5), np.zeros(2)), "tanh") == [1, 2, 3, 4, 5]


def test_no_graph_has_no_time_steps():
    assert tg.graph(tg.parameter(1.0)).timeline.timesteps == [None]


def test_time_steps_may_be_far_apart_but_not_beyond_all_bounds():
    W, h = tg.parameter(np.eye(2)), np.ones(2)
    for t in (-(2**53), 0, 2**53):
        with tg.timestep(t):
            h = np.tanh(W @ h)
    graph = tg.graph(h)
    assert graph.timesteps == [-(2**53), 0, 2**53]
    assert graph.timeline.precedes and graph.timeline.subscripts
    with pytest.raises(ValueError, match="at most 9007199254740992, got"):
        tg.timestep(2**53 + 1)
