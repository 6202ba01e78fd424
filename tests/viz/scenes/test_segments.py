"""Which loops over time stand side by side, and which after each other."""

import numpy as np

import tinygraph as tg
from viz.scenes.segments import find_segments


def states(xs, start=None):
    """The states of a cell of its own over a sequence."""
    W, h, hs = tg.parameter(np.eye(2)), np.zeros(2) if start is None else start, []
    for x in xs:
        h = np.tanh(W @ h + x)
        hs.append(h)
    return hs


def segments(*values):
    """The segments of values, in the graph that leads to all of them."""
    graph = tg.graph(*values)
    found = find_segments(graph.timeline)
    return [found[graph.node_of(value).index] for value in values]


X = list(np.arange(8.0).reshape(4, 2))


def test_a_layer_over_a_layer_is_one_segment():
    low = states(X)
    high = states(low)
    a, b = segments(low[-1], high[-1])
    assert a is b
    assert (a.first, a.last, a.level) == (1, 4, 0)


def test_a_loop_that_reads_another_in_reverse_shares_its_columns():
    low = states(X)
    high = states(low[::-1])
    a, b = segments(low[-1], high[-1])
    assert a is b


def test_a_decoder_comes_after_the_encoder_whose_last_state_it_reads():
    encoder = states(X)
    decoder = states(X[:3], start=encoder[-1])
    a, b = segments(encoder[-1], decoder[-1])
    assert (a.level, b.level) == (0, 1)
    assert (b.first, b.last) == (1, 3)


def test_what_looks_at_all_time_steps_comes_after_them():
    encoder = states(X)
    decoder = states([sum(encoder) for _ in X])
    a, b = segments(encoder[-1], decoder[-1])
    assert (a.level, b.level) == (0, 1)


def test_loops_that_do_not_read_each_other_are_segments_of_one_level():
    a, b = segments(states(X)[-1], states(X)[-1])
    assert a is not b
    assert (a.level, b.level) == (0, 0)


def test_each_epoch_is_a_segment():
    W, ends = tg.parameter(np.eye(2)), []
    for _ in range(3):
        h = np.zeros(2)
        for x in X:
            h = np.tanh(W @ h + x)
        ends.append(h)
    found = segments(*ends)
    assert len(set(found)) == 3
    assert [(segment.first, segment.last, segment.level) for segment in found] == [(1, 4, 0)] * 3


def test_labels_against_each_other_are_not_turned():
    hs, gs, W, V = [], [], tg.parameter(np.eye(2)), tg.parameter(np.eye(2))
    h = g = np.zeros(2)
    for k in range(4):
        with tg.timestep(k + 1):
            g = np.tanh(V @ g + X[3 - k])
        gs.append(g)
    for t in range(4):
        with tg.timestep(t + 1):
            h = np.tanh(W @ h + gs[3 - t])
        hs.append(h)
    a, b = segments(gs[-1], hs[-1])
    assert (a.level, b.level) == (0, 1)


def test_what_is_written_out_and_labelled_is_told_apart_by_what_it_reads():
    W, V, s, ends = tg.parameter(np.eye(2)), tg.parameter(np.eye(2)), np.ones(2), []
    with tg.timestep(1):
        s = np.tanh(W @ s)
    with tg.timestep(2):
        s = np.tanh(W @ s)
    with tg.timestep(3):
        s = np.tanh(W @ s)
    ends.append(s)
    with tg.timestep(1):
        s = np.exp(V @ s)
    with tg.timestep(2):
        s = np.exp(V @ s)
    ends.append(s)
    a, b = segments(*ends)
    assert [(segment.first, segment.last, segment.level) for segment in (a, b)] == [(1, 3, 0), (1, 2, 1)]


def test_a_graph_without_time_has_no_segments():
    W = tg.parameter(np.eye(2))
    assert find_segments(tg.graph(np.sum(W @ np.ones(2))).timeline) == [None] * 4
