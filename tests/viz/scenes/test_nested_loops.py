"""Loops in loops: their letters, numbers, frames, and states before them."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs import drawn as drawn_programs
from tests.viz.scenes.statements import T, X, drawn, weights


def test_loops_in_loops_have_letters_of_their_own():
    W, z = tg.parameter(np.eye(2)), np.ones(2)
    for x in X:
        z = z + x
        for _ in range(3):
            z = z + np.tanh(W @ z) / 3
    labels, edges = drawn(z.sum())
    assert "zᵢ⁽ᵗ⁾" in labels
    assert ("zᵢ⁽ᵗ⁾", "zᵢ⁽ᵗ⁾", "i−1") in edges
    assert ("zᵢ⁽ᵗ⁾", "z⁽ᵗ⁾", "t−1, last i") in edges or ("zᵢ⁽ᵗ⁾", "z′⁽ᵗ⁾", "t−1, last i") in edges


def test_the_frame_of_an_inner_loop_stands_in_that_of_the_time_steps():
    layout = viz.draw(drawn_programs.until_it_settles(), view="variables", fold=True).layout
    outer, inner = sorted((frame.box for frame in layout.frames), key=lambda box: -box.width * box.height)
    assert (
        outer.left < inner.left and inner.right < outer.right and outer.top < inner.top and inner.bottom < outer.bottom
    )
    assert [frame.scope for frame in layout.frames] == ["× 3", "× 3"]


def test_the_element_that_a_loop_takes_of_stacked_weights_has_its_letter():
    _, edges = drawn(drawn_programs.einsum_layers())
    assert ("signalᵢ⁽ᵗ⁾", "driveᵢ⁽ᵗ⁾", "Uᵢ t−1") in edges
    assert ("signalᵢ⁽ᵗ⁾", "driveᵢ⁽ᵗ⁾", "Wᵢ i−1") in edges
    assert ("signal₂⁽¹⁾", "output⁽¹⁾", "readout") in drawn(drawn_programs.einsum_layers(), fold=False)[1]


@pytest.mark.parametrize("fold", [False, True])
def test_one_state_before_a_loop_within_time_has_no_number(fold):
    labels, _ = drawn(drawn_programs.until_it_settles(), fold)
    assert [label for label in labels if label.endswith("⁽⁰⁾")] == ["z⁽⁰⁾"]


def test_a_coroutine_reads_as_the_network_that_it_is():
    labels, edges = drawn(drawn_programs.coroutine_decoder())
    assert set(labels) == {"word⁽ᵗ⁾", "x⁽ᵗ⁾", "h⁽⁰⁾", "h⁽ᵗ⁾", "logits⁽ᵗ⁾", "target⁽ᵗ⁾", "loss⁽ᵗ⁾"}
    assert {
        ("word⁽ᵗ⁾", "x⁽ᵗ⁾", ""),
        ("x⁽ᵗ⁾", "h⁽ᵗ⁾", "W"),
        ("h⁽ᵗ⁾", "h⁽ᵗ⁾", "U t−1"),
        ("h⁽ᵗ⁾", "logits⁽ᵗ⁾", "V"),
    } <= edges


def test_states_kept_in_an_object_and_weights_in_a_list_of_dicts():
    _, edges = drawn(drawn_programs.list_of_dicts())
    assert {("x₁⁽ᵗ⁾", "x₂⁽ᵗ⁾", "W₁"), ("x₂⁽ᵗ⁾", "x₂⁽ᵗ⁾", "R₁ t−1"), ("x₁⁽⁰⁾", "x₁⁽ᵗ⁾", "R₀ once")} <= edges


def test_a_fold_that_begins_with_a_learned_state():
    _, edges = drawn(drawn_programs.reduced_with_partial())
    assert {("h0", "tanh⁽ᵗ⁾", "A once"), ("h⁽ᵗ⁾", "tanh⁽ᵗ⁾", "A t−1"), ("h⁽ᵗ⁾", "h⁽ᵗ⁾", "t−1")} <= edges


def test_two_loops_that_are_not_over_time_are_i_and_j():
    W, total = tg.parameter(np.eye(2)), 0.0
    for x in X:
        for y in X:
            score = np.tanh(x @ W @ y)
            total = total + score
    labels, _ = drawn(total)
    assert not any("ᵢ,ᵢ" in label for label in labels)


def test_a_mask_that_another_loop_reads_is_not_fed_again():
    W, A, h, logits = *weights(2), np.zeros(2), []
    mask = np.array([[1.0, 1], [1, 0], [0, 1], [1, 1], [0, 0]])
    for x, m in zip(X, mask, strict=True):
        h = m * np.tanh(W @ h + x)
        logits.append(h)
    stacked = np.stack(logits)
    z = stacked[0]
    for t in range(1, T):
        z = np.tanh(A @ z + stacked[t]) * mask[t]
    assert not any("⁻¹" in label for label in drawn(z.sum())[0])


def test_gates_from_a_comprehension_over_their_weights_have_no_numbers():
    gates, h = dict(zip("ur", weights(2), strict=True)), np.zeros(2)
    for x in X:
        update, reset = (tg.sigmoid(gates[gate] @ h + x) for gate in "ur")
        h = h + update * (np.tanh(reset * h) - h)
    for fold in (False, True):
        labels = {label.partition("⁽")[0] for label in drawn(h.sum(), fold)[0]}
        assert {"update", "reset"} <= labels
        assert not any(label[-1] in "₁₂" for label in labels)


def test_parts_that_are_joined_are_no_iterations():
    W, V, h = tg.parameter(np.ones((2, 4)) / 5), tg.parameter(np.eye(2)), np.zeros((1, 2))
    for x in X:
        c = np.tanh(x @ V + h)
        h = np.tanh(np.hstack([c, h]) @ W.T)
    assert not any("first" in text or "last" in text for _, _, text in drawn(h.sum())[1])
