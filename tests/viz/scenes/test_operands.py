"""Expressions in labels have the time steps of what they are computed from."""

import numpy as np
import pytest

import tinygraph as tg
import viz

r = np.linspace(0.1, 0.9, 5)


def level(theta, phi, mu):
    a, loss = mu, 0.0
    for k in range(1, len(r)):
        a = a - phi * (a - mu) + np.dot(theta, [r[k], r[k - 1]])
        loss = loss + a**2
    return loss


def spring(eps):
    q = np.ones(2)
    for _ in range(3):
        stretch = eps * q
        half = stretch + eps * stretch**3
        stretch = np.tanh(half)
        q = stretch + eps * stretch**3
    return q.sum()


def missing(w):
    h, y = w * 1.0, np.array([1.0, 0.0, 1.0])
    loss = 0.0
    for t in range(3):
        h = np.tanh(w * h)
        loss = loss - y[t] * np.log(h) - (1 - y[t]) * np.log(1 - h)
    return loss


def labels(result, fold):
    return {node.label for node in viz.draw(result, view="variables", fold=fold).scene.nodes}


def test_what_is_read_of_the_time_step_before_says_so():
    theta, phi, mu = (tg.parameter(value, name=name) for value, name in (([1.0, 2.0], "θ"), (0.5, "φ"), (0.1, "μ")))
    assert {"a⁽ᵗ⁻¹⁾ − μ", "[r⁽ᵗ⁾; r⁽ᵗ⁻¹⁾]"} <= labels(level(theta, phi, mu), True)
    assert {"a⁽²⁾ − μ", "[r⁽³⁾; r⁽²⁾]"} <= labels(level(theta, phi, mu), False)


@pytest.mark.parametrize(("fold", "t"), [(True, "⁽ᵗ⁾"), (False, "⁽²⁾")])
def test_an_earlier_value_of_a_name_has_its_prime_in_expressions_too(fold, t):
    shown = labels(spring(tg.parameter(0.1, name="ε")), fold)
    assert {f"(stretch′³){t}", f"(stretch³){t}"} <= shown


@pytest.mark.parametrize(("fold", "t"), [(True, "⁽ᵗ⁾"), (False, "⁽²⁾")])
def test_an_expression_has_the_time_step_of_what_it_is_made_of(fold, t):
    shown = labels(missing(tg.parameter(0.5, name="w")), fold)
    assert "1 − y" not in shown
    assert {label for label in shown if label.startswith("(1 − y)")} >= ({f"(1 − y){t}"} if shown else set())
