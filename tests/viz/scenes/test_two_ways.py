"""A value that reaches another on two ways is drawn with both: residuals, leaky states, Euler's method."""

from dataclasses import dataclass

import numpy as np
import pytest

import tinygraph as tg
import viz

X = np.sin(np.arange(6.0)).reshape(3, 2)


def weights(names):
    return [tg.parameter(np.eye(2) / (k + 2), name=name) for k, name in enumerate(names)]


def arrows(result, **options):
    """Edges as (source's label, target's label, label)."""
    scene = viz.draw(result, view="variables", **options).scene
    label = {node.id: node.label for node in scene.nodes}
    return [(label[edge.source], label[edge.target], edge.label) for edge in scene.edges]


def layer(x, W):
    return np.tanh(W @ x)


def residual_layers():
    x = tg.tensor([1.0, 2.0], name="x")
    for W in weights(["A", "B"]):
        x = x + layer(x, W)
    loss = (x**2).sum()
    return loss


def test_a_residual_layer_shows_the_way_around_it():
    drawn = arrows(residual_layers())
    assert drawn[:3] == [("x", "tanh₁", "A"), ("x", "x₁", ""), ("tanh₁", "x₁", "")]
    assert drawn[3:6] == [("x₁", "tanh₂", "B"), ("x₁", "x₂", ""), ("tanh₂", "x₂", "")]


@dataclass
class Leaky:
    W: tg.Tensor
    a: float = 0.3

    def __call__(self, h, x):
        return (1 - self.a) * h + self.a * np.tanh(self.W @ h + x)


def leaky_state():
    cell, h = Leaky(*weights(["W"])), tg.tensor(np.ones(2), name="h")
    for x in X:
        h = cell(h, x)
    return h.sum()


def euler_by_index():
    (W,), dt = weights(["W"]), 0.1
    h = [tg.tensor(np.ones(2), name="h")]
    for t in range(3):
        state = h[t] + dt * np.tanh(W @ h[t] + X[t])
        h.append(state)
    return h[-1].sum()


def gated_inline():
    W, Z = weights("WZ")
    h = tg.tensor(np.ones(2), name="h")
    for x in X:
        z = tg.sigmoid(Z @ x)
        h = z * h + (1 - z) * np.tanh(W @ h + x)
    return h.sum()


@pytest.mark.parametrize("program", [leaky_state, euler_by_index, gated_inline])
@pytest.mark.parametrize("fold", [False, True])
def test_a_state_that_stays_in_part_shows_both_ways(program, fold):
    drawn = arrows(program(), fold=fold)
    of_weight = [(source, target) for source, target, label in drawn if label.split(" ")[0] == "W"]
    assert of_weight
    assert all(target.startswith("tanh") for _, target in of_weight)
    for source, tanh in of_weight:
        (target,) = [target for other, target, label in drawn if other == tanh]
        assert [label.split(" ")[0] for s, t, label in drawn if (s, t) == (source, target)] in ([""], ["t−1"], ["once"])


def test_two_weights_on_the_same_value_are_two_ways_and_no_product():
    U, W = weights("UW")
    x = tg.tensor([1.0, 2.0], name="x")
    y = (U @ x) * (W @ x)
    assert arrows(y) == [("x", "U x", "U"), ("x", "W x", "W"), ("U x", "y", ""), ("W x", "y", "")]


def test_attention_in_one_expression_shows_queries_keys_and_values():
    Q, K, V = weights("QKV")
    x = tg.tensor(X, name="x")
    y = x + tg.softmax((x @ Q) @ (x @ K).T) @ (x @ V)
    drawn = arrows(y)
    assert {(source, label) for source, _, label in drawn if label} == {("x", "Q"), ("x", "K"), ("x", "V")}
    assert ("x", "y", "") in drawn
    assert len({target for _, target, label in drawn if label}) == 3


def test_what_a_value_is_compared_with_itself_is_one_way():
    (W,) = weights("W")
    x = tg.tensor([1.0, 2.0], name="x")
    h = W @ x
    z = tg.sigmoid(h)
    y = z * h + (1 - z) * x
    assert sorted(arrows(y)) == [("h", "y", ""), ("h", "z", ""), ("x", "h", "W"), ("x", "y", ""), ("z", "y", "")]
    p = np.exp(h) / np.exp(h).sum()
    assert arrows(p) == [("x", "h", "W"), ("h", "p", "")]


@pytest.mark.parametrize("fold", [False, True])
def test_what_is_normalised_is_drawn_as_a_quotient_and_no_sum(fold):
    W, gain, shift = weights("W") + [tg.parameter([1.0, 2.0], name=name) for name in ("gain", "shift")]

    def norm(v):
        v = v - v.mean()
        return gain * v / np.sqrt((v * v).mean() + 1e-6) + shift

    h = np.zeros(2)
    for x in X:
        h = np.tanh(norm(W @ (x + h)))
    drawn = {(s.partition("⁽")[0], t.partition("⁽")[0]) for s, t, _ in arrows(h.sum(), fold=fold)}
    assert {("v′", "v"), ("v", "sqrt"), ("sqrt", "÷"), ("÷", "h")} <= drawn
    assert not {("v", "h"), ("v′", "h")} & drawn
