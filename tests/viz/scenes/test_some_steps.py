"""What a folded drawing says of parts that are not there in all time steps, and of recursions that do not fold."""

import numpy as np
import pytest

import tinygraph as tg
import viz

T = 5
X = np.sin(np.arange(2.0 * T)).reshape(T, 2)


def weights(count):
    return [tg.parameter(np.eye(2) / (k + 2)) for k in range(count)]


# What is not there in all time steps


def details(result):
    scene = viz.draw(result, view="variables", fold=True).scene
    return {node.label: node.detail for node in scene.nodes if node.detail}


def test_what_happens_in_some_time_steps_says_in_which():
    (W, V), h, slow, loss = weights(2), np.zeros(2), np.zeros(2), 0.0
    for t, x in enumerate(np.concatenate([X, X])):
        h = np.tanh(W @ h + x)
        if t % 3 == 1:
            slow = np.tanh(V @ slow + h)
        if t >= 4:
            y = V @ (h + slow)
            loss = loss + (y * y).sum()
    assert details(loss) == {"slow⁽ᵗ⁾": "t = 2, 5, 8", "y⁽ᵗ⁾": "t = 5 … 10", "loss⁽ᵗ⁾": "t = 5 … 10"}


def test_runs_of_different_lengths_say_what_they_begin_with():
    (W,), total = weights(1), 0.0
    for length in (3, 5, 4):
        for t, x in enumerate(X[:length]):
            if t == 0:
                best = np.tanh(W[0] + x)
            else:
                best = np.tanh(W @ best + x)
        total = total + best.sum()
    assert details(total) == {"bestᵢ⁽ᵗ⁾": "t = 2 …"}


def test_what_nothing_reads_in_the_last_step_is_no_exception():
    W, V, h, c = *weights(2), np.zeros(2), np.zeros(2)
    for x in X:
        h = np.tanh(W @ h + c)
        c = np.tanh(V @ c + x)
    assert details(h.sum()) == {}


# Recursions that have no one delay


def edit_distance(a, b):
    """A soft distance of two sequences, cell by cell of a grid."""
    cost = tg.parameter(np.ones(2) / 2)
    rows = {}
    for i in range(len(a)):
        for j in range(len(b)):
            near = [rows[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in rows]
            step = (cost * (a[i] - b[j]) ** 2).sum()
            rows[i, j] = step + sum(near) / len(near) if near else step
    return rows[len(a) - 1, len(b) - 1]


class Tree:
    def __init__(self, *children):
        self.children = children

    def value(self, W, leaf):
        if not self.children:
            return np.tanh(leaf)
        left = self.children[0].value(W, leaf)
        right = self.children[1].value(W, leaf)
        state = np.tanh(W @ np.concatenate([left, right]))
        return state


@pytest.mark.parametrize(
    "program",
    [
        lambda: edit_distance(X[:3], X[1:5]),
        lambda: (
            Tree(Tree(Tree(), Tree(Tree(), Tree())), Tree(Tree(), Tree()))
            .value(tg.parameter(np.ones((2, 4)) / 5), tg.parameter(np.ones(2)))
            .sum()
        ),
    ],
    ids=["a grid", "a tree"],
)
def test_a_recursion_through_a_grid_or_a_tree_is_drawn_one_by_one(program):
    loss = program()
    folded, unrolled = (viz.draw(loss, view="variables", fold=fold).scene for fold in (True, False))
    assert [node.label for node in folded.nodes] == [node.label for node in unrolled.nodes]
    assert not any(edge.kind == "delay" or "varies" in edge.label for edge in folded.edges)
    assert "not folded" in folded.title


def test_a_recurrence_that_is_not_over_time_and_reaches_back_by_one_is_folded():
    z, p = tg.parameter(np.ones(2)), tg.parameter(np.eye(2))
    for _ in range(4):
        z = np.tanh(p @ z)
    scene = viz.draw(z.sum(), view="variables", fold=True).scene
    assert "not folded" not in scene.title


def test_a_recursion_of_very_many_cells_is_drawn_folded():
    loss = edit_distance(np.ones((20, 2)), np.ones((21, 2)))
    assert len(viz.draw(loss, view="variables", fold=True).scene.nodes) < 20


def test_rows_that_read_the_row_before_have_numbers():
    """A grid with a score for each pair of letters, in which each cell reads three others."""
    gap, pairs = tg.parameter(np.array(-0.5)), tg.parameter(np.eye(4))
    rows, columns = [0, 2, 3, 1], [0, 3, 1]
    S = [[0.0] * 4 for _ in range(5)]
    for i, a in enumerate(rows, 1):
        for j, b in enumerate(columns, 1):
            both = S[i - 1][j - 1] + pairs[a, b]
            above, before = S[i - 1][j] + gap, S[i][j - 1] + gap
            S[i][j] = np.logaddexp(both, np.logaddexp(above, before))
    loss = -S[-1][-1]
    scene = viz.draw(loss, view="variables", fold=True).scene
    label = {node.id: node.label for node in scene.nodes}
    edges = {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}
    read = {("bothᵢ⁽ᵗ⁾", "i−1, t−1"), ("aboveᵢ⁽ᵗ⁾", "i−1"), ("beforeᵢ⁽ᵗ⁾", "t−1")}
    assert {("Sᵢ⁽ᵗ⁾", *target) for target in read} <= edges
