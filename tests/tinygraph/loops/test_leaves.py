"""Leaves in time: their time steps, and which of them are initial states."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tests import programs
from tests.programs import Cell, data, weights


def states(graph: tg.Graph) -> list[tuple]:
    """Each initial state: its value, its time step, and of what it precedes the name and the time step."""
    pairs = [(node, graph.timeline.precedes[node.index]) for node in graph.nodes]
    later = [(node, graph.nodes[index]) for node, index in pairs if index is not None]
    return [(node.data.tolist(), node.timestep, state.name, state.timestep) for node, state in later]


ZEROS, ONES = [0.0, 0.0], [1.0, 1.0]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (programs.elman, [(ZEROS, 0, "h", 1)]),
        (programs.elman_with_learned_state, [(ZEROS, None, "h", 1)]),
        (programs.delay_of_two, [(ONES, 0, "h", 1), (ZEROS, -1, "h", 1), (ONES, 0, "h", 1)]),
        (programs.layers_inside_time, [(ZEROS, 0, "x", 1)] * 3),
        (programs.tied_layers, [(ZEROS, 0, "y", 1)] * 2),
        (programs.epochs, [(ZEROS, 0, "h", 1)] * 3),
        (programs.chunks_without_truncation, [(ZEROS, 0, "h", 1)]),
        (programs.recursion, [(ONES, 0, None, 1)]),
        (programs.full_history, [(ONES, 0, "state", 1)]),
        (programs.written_out, []),
    ],
)
def test_initial_states_of_programs(program, expected):
    found = states(tg.graph(program(3)))
    assert [state for state in found if state[0] != 0.0] == expected  # without the 0 that a sum begins with


def test_a_scalar_may_be_a_state():
    w, h = tg.parameter(0.5), 0.25
    for _ in range(3):
        h = np.tanh(w * h)
    assert states(tg.graph(h)) == [(0.25, 0, "h", 1)]


def test_a_state_that_two_layers_share_precedes_the_first():
    A, B, start = *weights(2), tg.tensor(np.ones(2))
    h = g = start
    for _ in range(3):
        h = np.tanh(A @ h)
        g = np.tanh(B @ g + h)
    assert states(tg.graph(g)) == [(ONES, 0, "h", 1)]


def test_a_target_that_is_fed_precedes_the_first_that_is_fed():
    W, V, loss = *weights(2), 0.0
    targets = [tg.tensor(y) for y in data(4)]
    previous = tg.tensor(np.full(2, 7.0))
    for y in targets:
        h = np.tanh(W @ previous)
        loss = loss + ((V @ h - y) ** 2).sum()
        previous = y
    graph = tg.graph(loss)
    (start,) = (node for node in graph.nodes if node.data.tolist() == [7.0, 7.0])
    assert graph.timeline.precedes[start.index] == graph.node_of(targets[0]).index


def test_the_state_of_a_backward_half_stands_after_the_last_step():
    halves = states(tg.graph(programs.bidirectional_in_separate_code(4)))[:2]
    assert [(step, later) for _, step, _, later in halves] == [(0, 1), (5, 4)]


def test_what_a_decoder_takes_from_an_encoder_is_no_initial_state():
    found = states(tg.graph(programs.three_decoders(3)))
    assert [state for state in found if state[0] != 0.0] == [(ZEROS, 0, "h", 1)]


@pytest.mark.parametrize("name", ["s", "start"])
def test_a_state_that_all_steps_read_is_a_state_all_the_same(name):
    W, U = weights(2)
    s = start = tg.tensor(np.ones(2), name=name)
    for x in data(3):
        s = np.tanh(W @ s + U @ (start * x))
    assert states(tg.graph(s)) == [(ONES, 0, "s", 1)]


def test_two_states_given_for_a_delay_of_two():
    W, U = weights(2)
    h = [tg.tensor(np.zeros(2)), tg.tensor(np.ones(2))]
    for _ in range(4):
        h.append(np.tanh(W @ h[-1] + U @ h[-2]))
    graph = tg.graph(h[-1])
    assert [graph.node_of(state).timestep for state in h] == [-1, 0, 1, 2, 3, 4]
    assert len(states(graph)) == 2


def test_a_state_that_is_reset_on_the_way_stands_in_its_step():
    W, h, total = tg.parameter(np.eye(2)), np.ones(2), 0.0
    for t in range(5):
        if t == 2:
            h = np.full(2, 7.0)
        h = np.tanh(W @ h)
        total = total + h.sum()
    graph = tg.graph(total)
    assert [node.timestep for node in graph.nodes if node.kind == "constant" and node.shape] == [0, 3]


def test_what_stands_before_results_of_another_run_is_no_state_of_this_one():
    encoder, W, previous, outputs = Cell(), weights(1)[0], tg.tensor(np.full(2, 7.0)), []
    h = s = np.zeros(2)
    for x in data(4):
        h = encoder(h, x)
        outputs.append(h)
    for output in outputs:
        s = np.tanh(W @ previous + s)
        previous = output
    assert [7.0, 7.0] not in [value for value, *_ in states(tg.graph(s))]


@pytest.mark.parametrize(("turned", "expected"), [(1, [(ONES, 0, "h", 1)]), (-1, [(ONES, 4, "g", 3)])])
def test_what_only_the_name_tells_to_be_a_state(turned, expected):
    """Skips to the initial state; the backward half counts from the end."""
    xs, (A, B, U) = [tg.tensor(x) for x in data(3)], weights(3)
    start = tg.tensor(np.ones(2), name="h" if turned == 1 else "g")
    h = g = np.zeros(2)
    for x in xs:
        h = np.tanh(A @ h + x + (U @ start if turned == 1 else 0))
    for x in xs[::-1]:
        g = np.tanh(B @ g + x + (U @ start if turned == -1 else 0))
    assert [state for state in states(tg.graph(g + h)) if state[0] == ONES] == expected


def test_a_name_that_only_later_steps_give_tells_no_state():
    A, U, start, s = *weights(2), tg.tensor(np.ones(2), name="h"), np.zeros(2)
    for t, x in enumerate(data(3)):
        if t == 0:
            s = np.tanh(A @ s + x + U @ start)
        else:
            h = s = np.tanh(A @ s + x + U @ start)
    assert [state for state in states(tg.graph(h)) if state[0] == ONES] == []


def test_a_learned_state_that_all_steps_read_is_a_parameter():
    W, h0 = tg.parameter(np.eye(2)), tg.parameter(np.ones(2))
    h = h0
    for _ in range(3):
        h = np.tanh(W @ h + h0)
    assert states(tg.graph(h)) == []


def test_one_array_for_two_delays_stands_at_no_step():
    W, U = weights(2)
    start = tg.tensor(np.ones(2))
    h = [start, start]
    for _ in range(4):
        h.append(np.tanh(W @ h[-1] + U @ h[-2]))
    graph = tg.graph(h[-1])
    assert graph.node_of(start).timestep is None
    assert states(graph) == []


@pytest.mark.parametrize("T", [2, 3])
def test_an_input_that_all_steps_read_stands_at_no_step(T):
    W, x, h = tg.parameter(np.eye(2)), tg.tensor(np.ones(2)), np.zeros(2)
    for _ in range(T):
        h = np.tanh(W @ h + x)
    assert tg.graph(h).node_of(x).timestep is None
