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


# What data choose


def speller(letters):
    E, W, V, h, loss = *(tg.parameter(np.cos(np.arange(16.0)).reshape(4, 4) * k) for k in (1, 2, 3)), np.zeros(4), 0.0
    for letter, following in zip(letters, letters[1:], strict=False):
        h = np.tanh(W @ h + E[letter])
        p = tg.softmax(V @ h)
        loss = loss - np.log(p[following])
    return loss


def test_words_and_classes_are_data_and_a_letter_that_is_read_again_is_that_of_the_step_before():
    _, edges = drawn(speller([2, 0, 3, 1, 1, 0, 2, 3, 0]))
    assert {("following⁽ᵗ⁻¹⁾", "h⁽ᵗ⁾", ""), ("following⁽ᵗ⁾", "loss⁽ᵗ⁾", "")} <= edges
    _, edges = drawn(speller([2, 0, 3, 1, 1, 0, 2, 3, 0]), fold=False)
    assert {("following⁽¹⁾", "h⁽²⁾", ""), ("following⁽²⁾", "loss⁽²⁾", ""), ("following⁽⁰⁾", "h⁽¹⁾", "")} <= edges


def test_few_integers_that_are_equal_by_chance_are_not_one():
    labels, _ = drawn(speller([2, 0, 3]))
    assert {"letter⁽ᵗ⁾", "following⁽ᵗ⁾"} <= set(labels)


def test_a_minibatch_of_classes():
    W, batch = tg.parameter(np.eye(2)), np.ones((4, 2))
    classes = np.array([0, 1, 1, 0])
    log_p = np.log(tg.softmax(batch @ W))
    loss = -log_p[np.arange(4), classes].mean()
    labels, edges = drawn(loss, fold=False)
    assert ("classes", "loss", "") in edges
    assert sorted(labels) == ["batch", "classes", "log_p", "loss"]


def test_the_first_class_is_data_as_those_after_it():
    emission, A, V, path = tg.parameter(np.eye(3)), tg.parameter(np.eye(3)), tg.parameter(np.eye(3)), [2, 0, 1, 1, 2]
    h, score = np.zeros(3), 0.0
    for t, tag in enumerate(path):
        h = np.tanh(V @ h + 1.0)
        if t == 0:
            score = score + (emission @ h)[tag]
        else:
            score = score + A[path[t - 1], tag] + (emission @ h)[tag]
    _, edges = drawn(score, fold=False)
    assert {f"tag⁽{t}⁾" for t in "¹²³⁴⁵"} <= {source for source, target, _ in edges if target.startswith("score")}


def test_positions_that_a_loop_counts_are_no_data():
    W, Z = tg.parameter(np.eye(2)), tg.parameter(np.ones((T, 2)))
    seen, h = np.tanh(Z), np.zeros(2)
    for t in range(T):
        h = np.tanh(W @ h + seen[t])
    for k in reversed(range(T)):
        h = np.tanh(W @ h + seen[k])
    for fold in (False, True):
        assert not {label[0] for label in drawn(h.sum(), fold)[0]} & {"t", "k"}


def test_positions_that_a_function_counts_either_way_are_no_data():
    W, Z = tg.parameter(np.eye(2)), np.tanh(tg.parameter(np.ones((T, 2))))

    def run(steps, h):
        for t in steps:
            h = np.tanh(W @ h + Z[t])
        return h

    loss = np.sum(run(range(T), np.zeros(2)) * run(range(T - 1, -1, -1), np.zeros(2)))
    for fold in (False, True):
        assert not any(label.startswith("t⁽") for label in drawn(loss, fold)[0])


def test_the_word_before_is_not_called_as_that_of_now():
    A, V, tags = tg.parameter(np.eye(3), name="A"), tg.parameter(np.eye(3), name="V"), [2, 0, 1]
    h, score = np.ones(3), 0.0
    for k in range(1, 3):
        h = np.tanh(V @ h)
        score = score + A[tags[k - 1], tags[k]] + h[tags[k]]
    labels, edges = drawn(score, fold=False)
    assert {"tag⁽¹⁾", "tag⁽²⁾", "tag_prev⁽¹⁾", "tag_prev⁽²⁾"} <= set(labels)
    assert ("tag_prev⁽²⁾", "score⁽²⁾", "") in edges


def test_a_file_says_the_same(tmp_path):
    trace = tg.trace(speller([2, 0, 3, 1, 1, 0, 2, 3, 0]))
    trace.save(tmp_path / "letters.trace")
    for fold in (False, True):
        assert drawn(tg.load_trace(tmp_path / "letters.trace"), fold) == drawn(trace, fold)
