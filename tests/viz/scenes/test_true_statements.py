"""What a drawing may not say: that something is so in every time step which is so in one only, or the reverse."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.viz.scenes.statements import T, X, drawn, weights

# What happens in one time step only


def concatenating():
    W, h = tg.parameter(np.ones((2, 4)) / 5), np.zeros(2)
    for x in X:
        both = np.concatenate([x, h])
        h = np.tanh(W @ both)
    return h.sum()


def test_what_numpy_alone_computed_in_the_first_step_is_drawn_as_in_all_others():
    labels, edges = drawn(concatenating())
    assert {("x⁽ᵗ⁾", "both⁽ᵗ⁾", ""), ("h⁽⁰⁾", "both⁽ᵗ⁾", "once"), ("both⁽ᵗ⁾", "h⁽ᵗ⁾", "W")} <= edges
    assert sorted(labels) == ["both⁽ᵗ⁾", "h⁽ᵗ⁾", "h⁽⁰⁾", "x⁽ᵗ⁾", "Σ h"]
    labels, edges = drawn(concatenating(), fold=False)
    assert {("x⁽¹⁾", "both⁽¹⁾", ""), ("h⁽⁰⁾", "both⁽¹⁾", ""), ("both⁽¹⁾", "h⁽¹⁾", "W")} <= edges


def test_an_expression_that_numpy_alone_computed_in_the_first_step_is_so_too():
    W, h = tg.parameter(np.ones((2, 4)) / 5), np.zeros(2)
    for x in X:
        h = np.tanh(W @ np.concatenate([x, h]))
    assert sorted(drawn(h.sum())[0]) == ["h⁽ᵗ⁾", "h⁽⁰⁾", "x⁽ᵗ⁾", "Σ h"]


def test_a_value_that_a_branch_gives_in_the_first_step_alone_is_of_that_step():
    W, h = tg.parameter(np.ones((2, 4)) / 5), np.ones(2)
    for t, x in enumerate(X):
        both = np.array([1.0, 2.0, 3.0, 4.0]) if t == 0 else np.concatenate([x, h])
        h = np.tanh(W @ both)
    labels, edges = drawn(h.sum())
    assert {("both⁽¹⁾", "h⁽ᵗ⁾", "W once"), ("both⁽ᵗ⁾", "h⁽ᵗ⁾", "W")} <= edges
    assert "both" not in labels


def test_what_a_branch_makes_in_the_first_step_is_of_that_step():
    start, A = tg.parameter(np.ones(2)), tg.parameter(np.eye(2))
    for t, x in enumerate(X):
        if t == 0:
            score = start + x
        else:
            score = np.tanh(A @ score + x)
    labels, edges = drawn(score.sum())
    assert {"score⁽¹⁾", "score⁽ᵗ⁾"} <= set(labels)
    assert ("score⁽¹⁾", "score⁽ᵗ⁾", "A once") in edges


def test_an_expression_has_its_time_step():
    W, h, mask = tg.parameter(np.eye(2)), np.zeros(2), (np.arange(2 * T) % 3).reshape(T, 2) / 2
    for x, m in zip(X, mask, strict=True):
        h = (1 - m) * np.tanh(W @ h + x)
    assert "(1 − m)⁽ᵗ⁾" in drawn(h.sum())[0]


# What is the same in all time steps


def filtering():
    F, gain, m = np.array([[1.0, 1.0], [0.0, 1.0]]), tg.parameter(np.ones(2)), np.zeros(2)
    for x in X:
        predicted = F @ m + gain
        m = predicted + gain * (x - np.eye(2) @ predicted)
    return m.sum()


@pytest.mark.parametrize("fold", [False, True])
def test_a_fixed_matrix_is_no_sequence(fold):
    labels, _ = drawn(filtering(), fold)
    assert {"F", "I"} <= set(labels)
    assert not any(label.startswith(("F⁽", "I⁽")) for label in labels)
    assert any(label.startswith("x⁽") for label in labels)


def test_a_fixed_matrix_that_two_ops_read_is_one_node():
    F, W, h = np.array([[1.0, 2.0], [0.0, 1.0]]), tg.parameter(np.eye(2)), np.zeros(2)
    for x in X:
        a = np.tanh(W @ h + x)
        h = F @ np.tanh(F @ a)
    assert drawn(h.sum())[0].count("F") == 1


def test_zeros_in_every_step_may_be_data():
    W, h = tg.parameter(np.eye(2)), np.ones(2)
    for x in np.zeros((T, 2)):
        h = np.tanh(W @ h + x)
    assert "x⁽ᵗ⁾" in drawn(h.sum())[0]


# Parameters with which a recurrence begins


def learned_start(seen_again):
    (W,), h0, ys = weights(1), tg.parameter(np.ones(2)), []
    h = h0
    for x in X:
        h = np.tanh(W @ h + x)
        ys.append(h - h0 if seen_again else h)
    return np.stack(ys).sum()


@pytest.mark.parametrize("seen_again", [False, True])
@pytest.mark.parametrize("fold", [False, True])
def test_a_learned_initial_state_is_a_node_and_no_weight(fold, seen_again):
    scene = viz.draw(learned_start(seen_again), view="variables", fold=fold).scene
    (start,) = (node for node in scene.nodes if node.kind == "parameter")
    assert start.label == "h0"
    from_start = {edge.label for edge in scene.edges if edge.source == start.id}
    assert from_start == {"W once" if fold else "W"} | ({""} if seen_again else set())
    assert all("h0" not in edge.label for edge in scene.edges)
    assert all(not node.tags for node in scene.nodes)


def test_a_parameter_that_stands_for_a_result_in_the_first_step_is_no_bias_of_every_step():
    phi, mu = tg.parameter(np.ones(2) / 2), tg.parameter(np.ones(2))
    level, loss = None, 0.0
    for t, x in enumerate(X):
        prior = mu if t == 0 else mu + phi * (level - mu)
        error = x - prior
        level = prior + error / 2
        loss = loss + (error**2).sum()
    _, edges = drawn(loss)
    assert {("μ", "error⁽ᵗ⁾", "once"), ("μ", "prior⁽ᵗ⁾", "")} <= edges


@pytest.mark.parametrize("fold", [False, True])
def test_a_learned_vector_that_matrices_multiply_is_a_node_and_no_bias(fold):
    U, V = tg.parameter(np.eye(2), name="U"), tg.parameter(np.eye(2) / 2, name="V")
    start, b = tg.parameter(np.ones(2), name="start"), tg.parameter(np.zeros(2), name="b")
    h = np.tanh(U @ start + V @ np.ones(2) + b)
    y = np.tanh(V @ start + U @ h)
    scene = viz.draw((y * y).sum(), view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    drawn = {(label[edge.source], edge.label, label[edge.target]) for edge in scene.edges}
    assert {("start", "U", "h"), ("start", "V", "y")} <= drawn
    assert {node.label: [text for text, _ in node.tags] for node in scene.nodes if node.tags} == {"h": ["b"]}


# Which time steps are read


def test_attention_to_all_earlier_states():
    W, K = weights(2)
    hs = [tg.tensor(np.ones(2))]
    for x in X:
        k = np.stack(hs) @ K
        h = np.tanh(W @ hs[-1] + x + k.sum(0))
        hs.append(h)
    assert ("h⁽ᵗ⁾", "k⁽ᵗ⁾", "K 1…t−1") in drawn(h.sum())[1]


def test_time_steps_that_one_op_reads_are_told_together():
    (W,), h, observed = weights(1), np.zeros(2), []
    for t, x in enumerate(X):
        h = np.tanh(W @ h + x)
        if t != 2:
            observed.append(h)
    both = np.stack(observed)
    assert ("h⁽ᵗ⁾", "both", "t=1, 2, 4, 5") in drawn(both.sum())[1]


@pytest.mark.parametrize(("fold", "edges"), [(True, {("h⁽ᵗ⁾", "last", "t=5")}), (False, {("h⁽⁵⁾", "last", "")})])
def test_the_last_of_a_stack_is_read_from_the_last_step_alone(fold, edges):
    (W,), h, hs = weights(1), np.zeros(2), []
    for x in X:
        h = np.tanh(W @ h + x)
        hs.append(h)
    states = np.stack(hs)
    last = states[-1]
    y = np.tanh(last) + states.sum(0)
    assert {edge for edge in drawn(y.sum(), fold)[1] if edge[1] == "last"} == edges


def held(period):
    (W, V), slow, loss = weights(2), np.zeros(2), 0.0
    for t, x in enumerate(np.concatenate([X, X])):
        if t % period == 0:
            slow = np.tanh(W @ slow + x)
        y = V @ slow
        loss = loss + ((y - x) ** 2).sum()
    return loss


@pytest.mark.parametrize(("period", "read"), [(2, "V t or t−1"), (3, "V t…t−2")])
def test_a_state_that_is_held_is_read_where_it_was_made(period, read):
    labels, edges = drawn(held(period))
    assert ("slow⁽ᵗ⁾", "y⁽ᵗ⁾", read) in edges
    assert [label for label in labels if label.startswith("slow")] == ["slow⁽⁰⁾", "slow⁽ᵗ⁾"]
    assert "slow⁽⁰⁾" in drawn(held(period), fold=False)[0]


def modules():
    """Two modules of a clockwork network: each listens to itself and to those after it."""
    listening = [[tg.parameter(np.eye(2) / (i + j + 2)) for j in range(2)] for i in range(2)]
    reading, ys = weights(2), [np.zeros(2)] * 2
    loss = 0.0
    for x in X:
        before = list(ys)
        for i in range(2):
            a = reading[i] @ x
            for j in range(i, 2):
                a = a + listening[i][j] @ before[j]
            ys[i] = np.tanh(a)
        loss = loss + (ys[0] * ys[1]).sum()
    return loss


def test_initial_states_are_numbered_as_what_they_precede():
    for fold in (False, True):
        assert [label for label in drawn(modules(), fold)[0] if label.endswith("⁽⁰⁾")] == ["y₁⁽⁰⁾", "y₂⁽⁰⁾"]


def test_many_time_steps_of_one_reader_are_one_edge_with_a_short_label():
    h, W = tg.tensor([1.0]), tg.parameter([0.5], name="W")
    read = []
    for t in range(136):
        h = np.tanh(W * h)
        if t % 2:
            read.append(h)
    both = np.concatenate(read)
    edges = viz.draw(both.sum(), view="ops", fold=True).scene.edges
    assert [edge.label for edge in edges if "…" in edge.label] == ["t=2, 4, …, 136"]


# Loops that run from the end


def test_a_single_loop_that_is_written_from_the_end_counts_from_there():
    W, h = tg.parameter(np.eye(2)), np.zeros(2)
    for x, _gap in zip(X[::-1], X[::-1], strict=True):
        h = np.tanh(W @ h + x)
    assert {("h⁽ᵗ⁾", "h⁽ᵗ⁾", "W t+1"), ("h⁽ᵀ⁺¹⁾", "h⁽ᵗ⁾", "W once")} <= drawn(h.sum())[1]


def scan(W, xs, order):
    h, hs = np.zeros((2, 2)), {}
    for t in order:
        h = hs[t] = np.tanh(xs[:, t] @ W + h)
    return np.stack([hs[t] for t in range(T)], axis=1)


def test_halves_that_read_elements_along_the_second_axis():
    A, F, B = weights(3)
    below = np.tanh(np.stack([X, X[::-1]]) @ A)
    loss = (scan(F, below, list(range(T))) * scan(B, below, list(range(T - 1, -1, -1)))).sum()
    delays = {edge.label for edge in viz.draw(loss, view="variables", fold=True).scene.edges if edge.kind == "delay"}
    assert delays == {"t−1", "t+1"}


def test_halves_of_which_one_is_given_the_sequence_turned_round_and_a_mask():
    A, F, B, mask = *weights(3), np.repeat([[1.0, 1.0], [1.0, 0.0]], [3, 2], axis=0)

    def half(W, xs, mask):
        h, hs = np.zeros(2), []
        for t in range(T):
            h = mask[t] * np.tanh(xs[t] + W @ h)
            hs.append(h)
        return np.stack(hs)

    below = X @ A
    loss = (half(F, below, mask) * half(B, below[::-1], mask[::-1])[::-1]).sum()
    delays = {
        edge.label[-3:] for edge in viz.draw(loss, view="variables", fold=True).scene.edges if edge.kind == "delay"
    }
    assert delays == {"t−1", "t+1"}


@pytest.mark.parametrize("held_first", [False, True])
def test_a_mask_is_padding_where_the_state_is_held_whichever_way_it_is_written(held_first):
    W, h = tg.parameter(np.eye(2), name="W"), tg.tensor(np.zeros((3, 2)))
    lengths = np.array([4, 3, 1])
    for t in range(4):
        new = np.tanh(h @ W + 1.0)
        pad = (t >= lengths)[:, None]
        h = np.where(pad, h, new) if held_first else np.where(~pad, new, h)
    columns = viz.draw(h.sum(), view="variables").scene.columns
    assert [column.label for column in columns if column.label] == [
        "t = 1",
        "t = 2, 1 of 3 padded",
        "t = 3, 1 of 3 padded",
        "t = 4, 2 of 3 padded",
    ]
