"""The cells of a grid have the numbers of both loops, however the program goes through it."""

from functools import cache

import numpy as np
import pytest

import tinygraph as tg
import viz

ROWS, COLUMNS = 3, 4
X, Y = np.linspace(-1, 1, ROWS), np.array([0.3, 0.3, -0.2, 0.3])  # equal data come more than once
FAR = 1e3


def softmin(*values):
    return -np.log(sum(np.exp(-value) for value in values))


def of_lists(w):
    D = (X[:, None] * w - Y[None, :]) ** 2
    R = [[FAR] * (COLUMNS + 1) for _ in range(ROWS + 1)]
    R[0][0] = 0.0
    for i in range(1, ROWS + 1):
        for j in range(1, COLUMNS + 1):
            R[i][j] = D[i - 1, j - 1] + softmin(R[i - 1][j - 1], R[i - 1][j], R[i][j - 1])
    return R[-1][-1]


def of_a_dict(w):
    R = {(-1, -1): 0.0}
    for i in range(ROWS):
        for j in range(COLUMNS):
            near = [R.get(at, FAR) for at in ((i - 1, j - 1), (i - 1, j), (i, j - 1))]
            R[i, j] = (w * X[i] - Y[j]) ** 2 + softmin(*near)
    return R[ROWS - 1, COLUMNS - 1]


def of_rows(w):
    above = [0.0] + [FAR] * COLUMNS
    for x in X:
        row = [FAR]
        for j, y in enumerate(Y):
            R = (w * x - y) ** 2 + softmin(above[j], above[j + 1], row[-1])
            row.append(R)
        above = row
    return above[-1]


def of_layers(w):
    """As a hidden Markov model: each state reads all of the row before, and none of its own."""
    A = np.log(np.full((COLUMNS, COLUMNS), 1 / COLUMNS))
    R = [w * y for y in Y]
    for i in range(1, ROWS + 1):
        E = w * X
        new = []
        for j in range(COLUMNS):
            total = -softmin(*[-(R[k] + A[k, j]) for k in range(COLUMNS)])
            new.append(total + E[i - 1] * Y[j])
        R = new
    return sum(R)


def by_recursion(w):
    @cache
    def R(i, j):
        cost = (w * X[i] - Y[j]) ** 2
        if i == j == 0:
            return cost
        near = [R(*at) for at in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if min(at) >= 0]
        return cost + softmin(*near)

    return R(ROWS - 1, COLUMNS - 1)


def drawn(program, fold=False):
    """The labels of the nodes, and the edges as (source, target, label)."""
    scene = viz.draw(program(tg.parameter(0.7, name="w")), view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    return set(label.values()), {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}


@pytest.mark.parametrize("program", [of_lists, of_a_dict, of_rows])
def test_a_cell_is_numbered_by_its_row_and_its_column_and_reads_its_three_neighbours(program):
    labels, edges = drawn(program)
    columns = ("⁽¹⁾", "⁽²⁾", "⁽³⁾", "⁽⁴⁾")
    assert {label for label in labels if label[0] == "R"} == {"R" + row + t for row in "₁₂₃" for t in columns}
    assert {a for a, b, _ in edges if b == "R₂⁽³⁾" and a[0] == "R"} == {"R₁⁽²⁾", "R₁⁽³⁾", "R₂⁽²⁾"}


@pytest.mark.parametrize("program", [of_lists, of_a_dict, of_rows])
def test_folded_the_cell_reads_its_neighbours_too(program):
    labels, edges = drawn(program, fold=True)
    assert "Rᵢ⁽ᵗ⁾" in labels
    assert "t−1 or i−1 or i−1, t−1" in {text for a, _, text in edges if a == "Rᵢ⁽ᵗ⁾"}


def test_of_a_row_that_reads_the_row_before_all_states_are_numbered_in_each_time_step():
    labels, _ = drawn(of_layers)
    assert {label for label in labels if label.startswith("new")} == {
        f"new{state}⁽{t}⁾" for state in "₁₂₃₄" for t in "¹²³"
    }


def test_a_recursion_is_numbered_by_the_arguments_of_its_calls():
    labels, edges = drawn(by_recursion)
    assert {"X₀", "X₁", "X₂", "Y₀", "Y₁", "Y₂", "Y₃", "cost₀,₀", "R₁,₀", "R₂,₃"} <= labels
    assert not {label for label in labels if label[0] in "RXY" and len(label) < 2}
    assert {a for a, b, _ in edges if b == "R₂,₂"} == {"R₁,₁", "R₁,₂", "R₂,₁", "cost₂,₂"}


def test_a_recursion_through_a_tree_is_no_time():
    E, U = (tg.parameter(np.eye(3)[:, :2] / 2 if name == "E" else np.eye(2) / 2, name=name) for name in "EU")

    def encode(tree):
        if isinstance(tree, int):
            return E[tree]
        left, right = encode(tree[0]), encode(tree[1])
        return np.tanh(U @ left + right)

    assert tg.graph(encode(((0, 1), 2)).sum()).timesteps == []
