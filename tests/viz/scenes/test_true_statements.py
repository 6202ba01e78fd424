"""What a drawing may not say: that something is so in every time step which is so in one only, or the reverse."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs import drawn as drawn_programs

T = 5
X = np.sin(np.arange(2.0 * T)).reshape(T, 2)


def weights(count):
    return [tg.parameter(np.eye(2) / (k + 2)) for k in range(count)]


def drawn(result, fold=True):
    """The labels of the nodes, and the edges as (source, target, label)."""
    scene = viz.draw(result, view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    return list(label.values()), {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}


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


# Values of one name


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


# Nested loops


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
