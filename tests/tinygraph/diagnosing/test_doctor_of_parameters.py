"""doctor on parameters, cuts and rules: what gets no gradient or the wrong one, and what only looks so."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.tinygraph.diagnosing.networks import classifier, kinds
from tests.tools.ops import unregistered
from tinygraph.diagnosing import doctor
from viz.terminal.session import Session


def test_a_parameter_whose_gradient_is_rounding():
    rng = np.random.default_rng(0)
    w, shared = tg.parameter(rng.normal(size=(5, 3))), tg.parameter(rng.normal(size=(1, 3)))
    loss = 0.0
    for _ in range(5):
        x = rng.normal(size=3)
        o = w @ x + shared @ x
        loss = loss + np.log(np.sum(np.exp(o))) - o[2]  # a softmax does not see what all of its arguments share
    [symptom] = doctor(tg.trace(loss))
    assert symptom.kind == "no gradient"
    assert "0 but for rounding" in symptom.text
    assert symptom.command == "contributions shared"


def test_a_parameter_that_no_gradient_reaches():
    w, dead = tg.parameter([0.5, 1.0]), tg.parameter([1.0, 2.0])
    loss = np.sum(np.tanh(w) * np.sign(dead))
    [symptom] = doctor(tg.trace(loss))
    assert "the gradient of dead is 0" in symptom.text


def test_behind_a_last_layer_that_starts_at_0_gradients_may_be_0():
    W, V = tg.parameter(np.eye(3) / 2), tg.parameter(np.zeros((1, 3)))
    h = np.ones(3)
    for _ in range(5):
        h = np.tanh(W @ h)
    assert kinds(np.sum((V @ h - 1.0) ** 2)) == set()


def test_one_parameter_under_two_names():
    def gated(share):
        rng = np.random.default_rng(0)
        W_i = tg.parameter(rng.normal(size=(3, 3)))
        W_f = W_i if share else tg.parameter(rng.normal(size=(3, 3)))
        h = np.zeros(3)
        for x in rng.normal(size=(5, 3)):
            i = tg.sigmoid(W_i @ h + x)
            f = tg.sigmoid(W_f @ h - x)
            h = f * h + i * np.tanh(x)
        return np.sum(h)

    assert doctor(tg.trace(gated(False))) == []
    trace, first = tg.trace(gated(True)), gated.__code__.co_firstlineno
    [symptom] = doctor(trace)
    where = f", made in line {first + 2}, read in lines {first + 6}, {first + 7}"
    assert symptom.text == f"W_i and W_f are one and the same parameter{where}"
    by_alias, by_name = (Session(viz.Debugger(trace)).run(f"info {name}").data for name in ("W_f", "W_i"))
    assert by_alias == by_name
    assert by_alias["aliases"] == "W_i, W_f"
    assert Session(viz.Debugger(trace)).run("info W_g").kind == "error"


def test_one_cell_in_three_layers():
    class Cell:
        def __init__(self, rng):
            self.W, self.U = (tg.parameter(rng.normal(size=(3, 3)) / 2) for _ in range(2))

        def __call__(self, h, x):
            return np.tanh(self.W @ h + self.U @ x)

    def by_loop(layers, states, x):
        for k, layer in enumerate(layers):
            x = states[k] = layer(states[k], x)
        return x

    def by_index(layers, states, x):
        for k in range(3):
            x = states[k] = functional(layers[k], states[k], x)
        return x

    def functional(cell, h, x):
        return np.tanh(cell.W @ h + cell.U @ x)

    def by_name(layers, states, x):
        [cell, *_] = layers
        for k in range(3):
            x = states[k] = cell(states[k], x)
        return x

    def stacked(share, step):
        rng = np.random.default_rng(0)
        cell = Cell(rng)
        layers = [cell if share else Cell(rng) for _ in range(3)]
        states = [np.zeros(3)] * 3
        for x in rng.normal(size=(5, 3)):
            y = step(layers, states, x)
        return np.sum(y)

    for step in (by_loop, by_index):
        assert doctor(tg.trace(stacked(False, step))) == []
        [symptom] = doctor(tg.trace(stacked(True, step)))
        assert symptom.kind == "shared"
        assert symptom.text.startswith("3 layers, each with a state of its own")
        assert f"called from line {stacked.__code__.co_firstlineno + 2}" in symptom.text  # that made the cell
    assert doctor(tg.trace(stacked(True, by_name))) == []  # one cell by its name: it is meant


def test_where_a_gradient_ends_is_named():
    w = tg.parameter([[0.5, 1.0]])
    loss = np.sum(np.clip(np.tanh(w) + 5.0, -1.0, 1.0) * np.ones((1, 2)))
    [symptom] = doctor(tg.trace(loss))
    assert "the gradient of w is 0 in all elements: it ends in clip, line " in symptom.text


def test_a_bias_that_is_normalised_away_is_no_symptom():
    rng = np.random.default_rng(0)
    W, b = tg.parameter(rng.normal(size=(3, 4))), tg.parameter(np.zeros(4))
    a = rng.normal(size=(16, 3)) @ W + b
    assert doctor(tg.trace(np.sum(np.tanh((a - np.mean(a, axis=0)) / np.std(a, axis=0))))) == []


def test_two_factors_that_both_start_at_0():
    def adapted(first):
        A, B = tg.parameter(first), tg.parameter(np.zeros((2, 4)))
        return np.sum((A @ B @ np.ones(4) - 1.0) ** 2)

    assert kinds(adapted(np.zeros((4, 2)))) == {"no gradient"}
    assert kinds(adapted(np.ones((4, 2)) * [1.0, 2.0])) == set()


def test_a_gate_that_starts_at_0_is_meant():
    W, gate = tg.parameter(np.eye(3)), tg.parameter(0.0)
    h = np.ones(3)
    for _ in range(5):
        h = h + gate * np.tanh(W @ h)
    assert kinds(np.sum(h * h)) == set()


def test_units_that_begin_equal_never_part():
    def network(start):
        W, u = tg.parameter(start), tg.parameter(np.full(5, 0.1))
        h = np.zeros(5)
        for x in np.linspace(-1, 1, 6):
            h = np.tanh(W @ h + u * x)
        return np.sum(h * h)

    assert kinds(network(np.full((5, 5), 0.1))) == {"equal units"}
    assert kinds(network(0.1 * np.eye(5))) == set()


def test_one_cell_in_both_directions():
    def both(share):
        rng = np.random.default_rng(0)
        W = tg.parameter(rng.normal(size=(3, 3)) / 2)
        R = W if share else tg.parameter(rng.normal(size=(3, 3)) / 2)
        xs = rng.normal(size=(5, 3))
        forward, backward, h, g = [], [], np.zeros(3), np.zeros(3)
        for x in xs:
            h = np.tanh(W @ h + x)
            forward.append(h)
        for x in xs[::-1]:
            g = np.tanh(R @ g + x)
            backward.append(g)
        return sum(np.sum(np.tanh(a * b)) for a, b in zip(forward, backward[::-1], strict=True))

    assert doctor(tg.trace(both(False))) == []
    assert any("both forward and backward" in symptom.text for symptom in doctor(tg.trace(both(True))))


def test_a_parameter_that_stands_in_for_another():
    def cell(last):
        def build():
            return {name: tg.parameter(np.zeros(3), name=name) for name in ("b_i", "b_f", "b_o")}

        p, h = build(), np.full(3, 0.3)
        for _ in range(4):
            i = tg.sigmoid(h + p["b_i"])
            f = tg.sigmoid(h - 1.0 + p["b_f"])
            o = tg.sigmoid(h + 1.0 + p[last])
            h = o * np.tanh(i + f * h)
        return tg.trace(np.sum(h)), p

    trace, _kept_alive = cell("b_f")
    [symptom] = doctor(trace)
    assert symptom.kind == "unused"
    assert "b_o nowhere" in symptom.text
    trace, _kept_alive = cell("b_o")
    assert doctor(trace) == []


def test_an_embedding_that_is_the_decoder_too_is_meant():
    rng = np.random.default_rng(0)
    embedding = tg.parameter(rng.normal(size=(5, 4)))
    decoder, h, loss = embedding, np.zeros(4), 0.0
    for token, following in zip([0, 2, 1, 3], [2, 1, 3, 4], strict=True):
        h = np.tanh(h + embedding[token])
        loss = loss + tg.softmax_cross_entropy(decoder @ h, np.array(following))
    assert doctor(tg.trace(loss)) == []


# -- cuts and rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", [lambda h: tg.tensor(h.data), lambda h: h / np.sqrt(np.sum(h * h)).item()])
def test_a_value_that_left_the_graph_and_came_back(leave):
    symptoms = [symptom for symptom in doctor(tg.trace(classifier(leave=leave))) if symptom.kind == "cut"]
    [symptom] = symptoms
    assert "out of the graph" in symptom.text
    assert "no gradient goes back to" in symptom.text
    assert symptom.command == "cuts"


def test_a_state_that_is_detached_in_every_step_and_one_that_is_truncated():
    def detached(every):
        W, h, loss = tg.parameter(np.eye(3) / 2), tg.tensor(np.ones(3)), 0.0
        for t in range(9):
            h = np.tanh(W @ h)
            loss = loss + np.sum(h * h)
            if t % every == every - 1:
                h = h.detach()
        return loss

    assert kinds(detached(1)) == {"cut"}
    assert kinds(detached(3)) == set()


def test_a_state_that_is_detached_where_it_is_read():
    W, h, loss = tg.parameter(np.eye(3) / 2), tg.tensor(np.ones(3)), 0.0
    for _ in range(6):
        h = np.tanh(W @ h.detach())
        loss = loss + np.sum(h)
    assert kinds(loss) == {"cut"}


def test_a_straight_through_estimator_is_meant():
    leave = lambda h: h + (np.sign(h.data) - h).detach()  # not inside assert: pytest writes that anew
    assert kinds(classifier(leave=leave)) == set()


def test_a_value_that_is_only_looked_at_is_no_symptom():
    seen = []
    leave = lambda h: seen.append(float(np.sum(h))) or h
    assert kinds(classifier(leave=leave)) == set()


def test_a_rule_that_is_wrong():
    squash = unregistered(np.tanh, lambda g, y, x: g * (1 - y))
    loss = classifier(squash=squash)
    [symptom] = doctor(tg.trace(loss))
    assert symptom.kind == "rule"
    assert symptom.timesteps == [1, 2, 3, 4, 5, 6]
    assert f"line {squash.rules[0].__code__.co_firstlineno}" in symptom.text
    assert doctor(tg.trace(loss), thorough=False) == []  # opening the debugger runs nothing of the program's
