"""Layer normalisation in the styles of many: one node, where mean and deviation are used for nothing else."""

import numpy as np
import pytest

import tinygraph as tg
import viz


def by_steps(x, gain):
    mu = x.mean(axis=-1, keepdims=True)
    sigma = np.sqrt(((x - mu) ** 2).mean(axis=-1, keepdims=True) + 1e-5)
    return gain * (x - mu) / sigma


def by_var(x, gain):
    mean, var = np.mean(x), np.var(x)
    return (x - mean) / np.sqrt(var + 1e-5) * gain


def by_std(v, gain):
    average = v.mean()
    deviation = v.std()
    return gain * ((v - average) / deviation)


def with_centred(x, gain):
    m = x.mean()
    s = np.sqrt(((x - m) * (x - m)).mean())
    return gain * (x - m) / s


def program(norm, result=lambda y: (y * y).sum()):
    W, g = tg.parameter(np.diag([0.5, 0.2, 0.9]), name="W"), tg.parameter(np.ones(3), name="g")
    h = np.zeros(3)
    for x in np.arange(12.0).reshape(4, 3) ** 0.5:
        a = W @ h + x
        n = norm(a, g)
        h = np.tanh(n)
    return result(h)


def drawn(result, fold):
    scene = viz.draw(result, view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    return set(label.values()), {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}


@pytest.mark.parametrize("norm", [by_steps, by_var, by_std, with_centred])
@pytest.mark.parametrize("fold", [False, True])
def test_a_normalisation_is_one_node_between_a_value_and_its_scaled_result(norm, fold):
    labels, edges = drawn(program(norm), fold)
    t = "⁽ᵗ⁾" if fold else "⁽³⁾"
    assert "(a − μ)/σ" in labels
    assert {(f"a{t}", "(a − μ)/σ", ""), ("(a − μ)/σ", f"n{t}", "g")} <= edges
    assert labels.isdisjoint({f"{name}{t}" for name in ("μ", "σ", "mean", "var", "average", "deviation", "m", "s")})


def keeping_the_mean(x, gain):
    mu = x.mean()
    sigma = x.std()
    return gain * (x - mu) / sigma + mu


def by_the_largest(x, gain):
    mu = x.mean()
    sigma = np.max(np.abs(x - mu))
    return gain * (x - mu) / sigma


def by_the_variance(x, gain):
    mu = x.mean()
    sigma = x.var()
    return gain * (x - mu) / sigma


@pytest.mark.parametrize("norm", [keeping_the_mean, by_the_largest, by_the_variance])
def test_what_is_used_otherwise_or_is_no_deviation_is_drawn(norm):
    labels, _ = drawn(program(norm), fold=True)
    assert {"μ⁽ᵗ⁾", "σ⁽ᵗ⁾"} <= labels
    assert not [label for label in labels if label.endswith("− μ)/σ")]


def test_the_weights_of_a_norm_that_comes_by_way_of_a_parameter_are_drawn():
    V = tg.parameter(np.ones(3), name="V")

    def norm(x, gain):
        mu = x.mean()
        sigma = np.sqrt((V * (x - mu) ** 2).mean())
        return gain * (x - mu) / sigma

    labels, edges = drawn(program(norm), fold=True)
    assert "σ⁽ᵗ⁾" in labels
    assert any("V" in text for _, _, text in edges)
