"""What shares a name, an array or a call with others is a node, or a weight, of its own."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.viz.scenes.statements import X, drawn, weights


def decaying():
    (W,), h = weights(1), np.zeros(2)
    decay = tg.parameter(np.ones(2))
    for x in X:
        h = np.exp(-decay * x) * h
        h = np.tanh(W @ h + x)
    return h.sum()


def test_a_variable_that_is_assigned_twice_in_a_step_has_a_prime_before_the_last():
    folded = {(source, target) for source, target, _ in drawn(decaying())[1]}
    assert {("h⁽ᵗ⁾", "h′⁽ᵗ⁾"), ("h′⁽ᵗ⁾", "h⁽ᵗ⁾")} <= folded
    unrolled = {(source, target) for source, target, _ in drawn(decaying(), fold=False)[1]}
    assert {("h⁽¹⁾", "h′⁽²⁾"), ("h′⁽²⁾", "h⁽²⁾")} <= unrolled


def test_halves_of_a_bidirectional_network_are_no_versions_of_each_other():
    cells = weights(2)

    def run(W, xs):
        h, hs = np.zeros(2), []
        for x in xs:
            h = np.tanh(W @ h + x)
            hs.append(h)
        return hs

    forward, backward = run(cells[0], X), run(cells[1], X[::-1])
    loss = sum((h * g).sum() for h, g in zip(forward, backward[::-1], strict=True))
    for fold in (False, True):
        assert not any("′" in label for label in drawn(loss, fold)[0])


def test_an_argument_of_a_call_of_several_arguments_is_not_named_by_another():
    W, w, memory = *weights(2), np.zeros((2, 2))
    h = np.ones(2)
    for x in X:
        h = np.tanh(W @ h + x)
        key = w @ h
        memory = memory + np.outer(key, np.tanh(h))
    names = {node.name for node in tg.graph(memory.sum()).nodes if node.op is not None and str(node.op) == "tanh"}
    assert names == {"h", None}


@pytest.mark.parametrize("parts", [lambda a: np.split(a, 3), lambda a: [a[2 * k : 2 * k + 2] for k in range(3)]])
def test_results_that_are_unpacked_are_nodes_of_their_own(parts):
    W, h = tg.parameter(np.ones((6, 2)) / 5), np.zeros(2)
    for x in X:
        i, f, g = parts(W @ h + 1)
        h = tg.sigmoid(f) * h + tg.sigmoid(i) * np.tanh(g) + x
    assert {"i⁽¹⁾", "f⁽¹⁾", "g⁽¹⁾"} <= set(drawn(h.sum(), fold=False)[0])
    scene = viz.draw(h.sum(), view="variables", fold=True).scene
    assert {"i⁽ᵗ⁾", "f⁽ᵗ⁾", "g⁽ᵗ⁾"} <= {node.label for node in scene.nodes}
    assert {node.scope for node in scene.nodes} <= {"", "× 5"}


def test_a_prediction_is_one_in_the_last_time_step_too():
    F, m = tg.parameter(0.9 * np.eye(2), name="F"), tg.tensor(np.ones(2), name="m")
    errors = 0.0
    for y in np.arange(8.0).reshape(4, 2):
        m = F @ m
        errors = errors + ((y - m) ** 2).sum()
        m = m + 0.5 * (y - m)
    labels = {node.label for node in viz.draw(errors, view="variables").scene.nodes}
    assert {"m′⁽³⁾", "m⁽³⁾", "m′⁽⁴⁾"} <= labels
    assert "m⁽⁴⁾" not in labels


# Elements of a parameter


@pytest.mark.parametrize("fold", [False, True])
def test_rows_of_one_array_are_weights_of_their_own(fold):
    W, peep, h = tg.parameter(np.eye(2)), tg.parameter(np.ones((2, 2))), np.zeros(2)
    for x in X:
        a = tg.sigmoid(W @ x + peep[0] * h)
        h = np.tanh(a + peep[1] * h)
    factors = {
        edge.label.split()[0] for edge in viz.draw(h.sum(), view="variables", fold=fold).scene.edges if edge.label
    }
    assert {"peep₀", "peep₁"} <= factors
    assert "peep" not in factors


def test_rows_that_data_choose_are_no_weights_of_their_own():
    W, E, h = tg.parameter(np.eye(2)), tg.parameter(np.ones((3, 2))), np.zeros(2)
    for word in [0, 2, 1, 2]:
        x = E[word]
        h = np.tanh(W @ h + x)
    for fold in (False, True):
        scene = viz.draw(h.sum(), view="variables", fold=fold).scene
        assert {text for node in scene.nodes for text, _ in node.tags} == {"E"}


def test_an_element_that_data_choose_of_a_vector_used_as_a_whole_is_none_of_its_own():
    start, tag = tg.parameter(np.ones(3)), 0
    scene = viz.draw(np.exp(start).sum() + start[tag] ** 2, view="variables").scene
    assert all("₀" not in text for node in scene.nodes for text, _ in node.tags)
