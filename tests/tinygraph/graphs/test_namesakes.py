"""What two loops over time make under one name is told apart by a word."""

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.diagnosing.forward_values import forward
from tinygraph.diagnosing.values_by_time import variables

X, Y = np.ones((3, 2)), np.ones((4, 2))


def weights(count=4):
    return [tg.parameter(np.eye(2) / (k + 2)) for k in range(count)]


def cell(x, h, W, U):
    z = tg.sigmoid(W @ x)
    return z * np.tanh(U @ h)


def of_functions():
    W, U, V, R = weights()

    def encode(xs):
        h = np.zeros(2)
        for x in xs:
            h = cell(x, h, W, U)
        return h

    def decode(h, ys):
        for y in ys:
            h = cell(y, h, V, R)
        return h

    return decode(encode(X), Y).sum()


class Encoder:
    def __init__(self):
        self.W, self.U = weights(2)

    def __call__(self, xs):
        h = np.zeros(2)
        for x in xs:
            z = tg.sigmoid(self.W @ x)
            h = z * np.tanh(self.U @ h)
        return h


class StoryDecoder(Encoder):
    def __call__(self, ys, h):
        for y in ys:
            z = tg.sigmoid(self.W @ y)
            h = z * np.tanh(self.U @ h)
        return h


def of_classes():
    return StoryDecoder()(Y, Encoder()(X)).sum()


class Both:
    """One class with two methods that share the names of their variables."""

    def __init__(self):
        self.W, self.U, self.V, self.R = weights()

    def encode(self, xs):
        h = np.zeros(2)
        for x in xs:
            h = cell(x, h, self.W, self.U)
        return h

    def decode(self, h, n):
        for y in Y[:n]:
            h = cell(y, h, self.V, self.R)
        return h


def of_methods():
    net = Both()
    return net.decode(net.encode(X), 4).sum()


def of_weights():
    W_enc, U_enc, W_dec, U_dec = weights()
    h = np.zeros(2)
    for x in X:
        h = cell(x, h, W_enc, U_enc)
    for y in Y:
        h = cell(y, h, W_dec, U_dec)
    return h.sum()


@pytest.mark.parametrize("program", [of_functions, of_classes, of_methods, of_weights])
def test_encoder_and_decoder_are_told_apart_by_where_they_run_or_by_their_weights(program):
    graph = tg.graph(program())
    names = {node.name for node in graph.nodes if node.kind == "op" and node.name}
    assert names == {"z_enc", "h_enc", "z_dec", "h_dec"}
    assert tg.graphs.symbols.Symbols(graph).find("h_dec[3]").timestep == 3


def test_what_is_told_apart_is_found_by_the_programs_own_name_too():
    trace = tg.trace(of_functions())
    assert [trace.node(name).name for name in ("h", "h[2]", "h_enc[2]")] == ["h_dec", "h_dec", "h_enc"]
    assert [(node.name, node.timestep) for node in trace.symbols.all("h")] == [
        *(("h_enc", t) for t in (0, 1, 2, 3)),
        *(("h_dec", t) for t in (1, 2, 3, 4)),
    ]
    assert [str(variable) for variable in variables(trace, "h")] == ["h_enc", "h_dec"]
    assert {row.name for row in forward(trace, "h").values} == {"h_enc", "h_dec"}


def test_what_one_function_makes_twice_is_told_apart_by_what_it_is_assigned_to():
    W, U, *_ = weights()

    def read(xs):
        h = np.zeros(2)
        for x in xs:
            h = np.tanh(W @ x + U @ h)
        return h

    question = read(X)
    story = read(Y)
    names = {node.name for node in tg.graph(question @ story).nodes if node.kind == "op"}
    assert {"h_question", "h_story"} <= names


def test_an_initial_state_of_the_second_loop_has_its_word_too():
    W_enc, W_dec, W_init, _ = weights()
    h = np.zeros(2)
    for x in X:
        h = np.tanh(W_enc @ (x + h))
    s = h
    h = np.tanh(W_init @ s)
    for y in Y:
        h = np.tanh(W_dec @ (y + h))
    graph = tg.graph(h.sum())
    assert [node.name for node in graph.nodes if node.index in graph.timeline.starts] == ["h_dec"]


def test_loops_of_which_nothing_is_known_that_differs_keep_their_names():
    W, U, *_ = weights()
    h = np.zeros(2)
    for x in X:
        h = np.tanh(W @ x + U @ h)
    for _ in range(3):
        h = np.tanh(U @ h)
    assert {node.name for node in tg.graph(h.sum()).nodes if node.kind == "op"} >= {"h"}


def test_both_directions_through_one_sequence_keep_their_name():
    W, U, V, R = weights()

    def run(xs, W, U):
        h, hs = np.zeros(2), []
        for x in xs:
            h = np.tanh(W @ x + U @ h)
            hs.append(h)
        return hs

    both = np.stack(run(X, W, U)) + np.stack(run(X[::-1], V, R)[::-1])
    names = {node.name for node in tg.graph((both**2).sum()).nodes}
    assert "h" in names
    assert not {name for name in names if name and name.startswith("h_")}
