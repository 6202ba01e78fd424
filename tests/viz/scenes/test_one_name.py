"""What has one name in a drawing is one thing, and one thing has one name."""

import numpy as np
import pytest

import tinygraph as tg
from tests.viz.scenes.statements import T, X, drawn, weights


def attention_hops():
    """Three hops over one memory, each with weights of its own."""
    story, question = np.eye(2), np.ones(2)
    keys, u = weights(3), question @ tg.parameter(np.eye(2))
    for hop in range(3):
        m = np.tanh(story @ keys[hop])
        u = u + tg.softmax(m @ u) @ m
    return u.sum()


@pytest.mark.parametrize("fold", [False, True])
def test_data_that_all_iterations_are_given_have_one_name(fold):
    labels, edges = drawn(attention_hops(), fold)
    assert [label for label in labels if label.startswith("story")] == ["story"]
    assert {text for source, _, text in edges if source == "story"} == {"key₀", "key₁", "key₂"}


def test_data_that_each_iteration_is_given_keep_their_numbers():
    W, total = tg.parameter(np.eye(2)), 0.0
    for x in X:
        h = np.zeros(2)
        for kick in (x, 2 * x):
            h = np.tanh(W @ h + kick)
        total = total + h.sum()
    labels, _ = drawn(total, fold=False)
    assert len({label for label in labels if label.startswith("kick")}) == 2 * T


def test_a_local_variable_that_is_called_as_the_data_has_a_prime():
    def layer(W, x):
        x = np.tanh(W @ x)
        return x

    W, h, loss = tg.parameter(np.eye(2)), np.zeros(2), 0.0
    for x in X:
        h = np.tanh(W @ layer(W, h) + x)
        loss = loss + ((layer(W, h) - x) ** 2).sum()
    for fold, time in ((True, "ᵗ"), (False, "²")):
        labels, _ = drawn(loss, fold)
        assert labels.count(f"x⁽{time}⁾") == 1
        assert {f"x′⁽{time}⁾", f"x″⁽{time}⁾"} <= set(labels)


def normalised_twice():
    def squash(a):
        m = np.tanh(a)
        return a / (m * m).sum()

    W, h = tg.parameter(np.eye(2)), np.zeros(2)
    start = squash(W[0])
    for x in X:
        h = np.tanh(W @ h + x)
    return squash(start * h).sum()


def test_values_before_and_after_the_loop_are_told_apart():
    for fold in (False, True):
        labels, _ = drawn(normalised_twice(), fold)
        assert {label for label in labels if label.startswith("m")} == {"m", "m′"}


def test_what_is_computed_before_a_loop_and_is_its_state_is_of_the_time_before():
    W, mu = weights(2)
    state = np.exp(mu @ X[0])
    for x in X:
        state = np.tanh(W @ state + x)
    for fold, first in ((False, "state⁽¹⁾"), (True, "state⁽ᵗ⁾")):
        _, edges = drawn(state.sum(), fold)
        assert any(edge[:2] == ("state⁽⁰⁾", first) for edge in edges)


def test_a_mask_that_is_read_once_less_is_one_node():
    W, V, h, c = *weights(2), np.zeros(2), np.zeros(2)
    for x, m in zip(X, np.arange(2.0 * T).reshape(T, 2) % 3 / 2, strict=True):
        made = np.tanh(V @ c)
        h = m * np.tanh(W @ h + made) + x
        c = m * np.tanh(c + x)
    assert drawn(h.sum())[0].count("m⁽ᵗ⁾") == 1


def both_directions(parameters):
    """A cell that is called once for each direction, its states joined, and another layer above."""
    forward, backward, above = parameters

    def run(W, inputs):
        state, states = np.zeros(2), []
        for x in inputs:
            gate = tg.sigmoid(W @ state)
            state = gate * np.tanh(W @ state + x)
            states.append(state)
        return states

    left, right = run(forward, X), run(backward, X[::-1])[::-1]
    joined = np.concatenate([np.stack(left), np.stack(right)], axis=1)
    top = np.zeros(4)
    for row in joined:
        top = np.tanh(above @ top + row)
    return top.sum()


def test_the_two_directions_of_a_cell_have_arrows():
    parameters = [*weights(2), tg.parameter(np.eye(4))]
    labels, _ = drawn(both_directions(parameters), fold=False)
    assert {"state→⁽¹⁾", "state←⁽¹⁾", "gate→⁽¹⁾", "gate←⁽¹⁾", "top⁽¹⁾", "x⁽¹⁾"} <= set(labels)
    assert {"state→⁽⁰⁾", "state←⁽⁶⁾"} <= set(labels)
    assert len(set(labels)) == len(labels) - T  # x is given to both
    labels, edges = drawn(both_directions(parameters))
    assert {"state→⁽ᵗ⁾", "state←⁽ᵗ⁾", "state→⁽⁰⁾", "state←⁽ᵀ⁺¹⁾"} <= set(labels)
    assert {("state→⁽ᵗ⁾", "row⁽ᵗ⁾", ""), ("state←⁽ᵗ⁾", "row⁽ᵗ⁾", ""), ("row⁽ᵗ⁾", "top⁽ᵗ⁾", "")} <= edges


def test_one_direction_has_no_arrow():
    W, h, loss = tg.parameter(np.eye(2)), np.zeros(2), 0.0
    for x in X[::-1]:
        h = np.tanh(W @ h + x)
        loss = loss + h.sum()
    for fold in (False, True):
        assert not {"→", "←"} & set("".join(drawn(loss, fold)[0]))
