"""What a program is given is drawn: arrays, numbers that change, words and classes; a number of the formula is not."""

import numpy as np
import pytest

import tinygraph as tg
import viz

T = 5
SPIKES = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
X = np.sin(np.arange(2.0 * T)).reshape(T, 2)


def drawn(result, fold=True):
    """The labels of the nodes, and the edges as (source, target, label)."""
    scene = viz.draw(result, view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    return list(label.values()), {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}


def spiking():
    W, V, h, cost = tg.parameter(np.eye(2)), tg.parameter(np.ones(2)), np.zeros(2), 0.0
    for x, spike in zip(X, SPIKES, strict=True):
        h = np.tanh(W @ h + x)
        guess = tg.sigmoid(V @ h)
        cost = cost + 0.5 * (guess - spike) ** 2
    return cost


@pytest.mark.parametrize(("fold", "time"), [(True, "ᵗ"), (False, "³")])
def test_a_number_that_changes_from_step_to_step_is_data(fold, time):
    labels, edges = drawn(spiking(), fold)
    assert (f"spike⁽{time}⁾", f"cost⁽{time}⁾", "") in edges
    assert not {"0.5", "2"} & set(labels)


def test_an_element_of_a_plain_array_is_called_by_the_array():
    W, h, targets, loss = tg.parameter(np.eye(2)), np.zeros(2), SPIKES.tolist(), 0.0
    for t in range(T):
        h = np.tanh(W @ h + X[t])
        loss = loss + (h.sum() - targets[t]) ** 2
    assert "target⁽ᵗ⁾" in drawn(loss)[0]


def test_the_weights_of_a_loop_that_is_not_over_time():
    p, loss = tg.parameter(np.ones(2)), 0.0
    for share, x in zip((0.5, 0.3, 0.2), X, strict=False):
        loss = loss + share * np.tanh(p @ x)
    assert {label for label in drawn(loss, fold=False)[0] if label.startswith("share")} == {
        "share₁",
        "share₂",
        "share₃",
    }


def test_a_number_that_is_the_same_in_all_steps_is_part_of_the_formula():
    W, h, step = tg.parameter(np.eye(2)), np.zeros(2), 0.1
    for x in X:
        h = h + step * np.tanh(W @ h + x)
    for fold in (False, True):
        assert not any(label.startswith("step") for label in drawn(h.sum(), fold)[0])
