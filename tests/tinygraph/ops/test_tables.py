"""Tables: ``a.at[i].set(t)`` and ``.add(t)``, against dictionaries of cells and against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg


def soft_dtw(cost, table, put):
    n, m = cost.shape
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            before = np.logaddexp(np.logaddexp(-table[i - 1, j], -table[i, j - 1]), -table[i - 1, j - 1])
            table = put(table, (i, j), cost[i - 1, j - 1] - before)
    return table[n, m]


def start(shape):
    table = np.full(shape, 1e3)
    table[0, 0] = 0.0
    return table


def by_table(cost):
    table = tg.tensor(start((cost.shape[0] + 1, cost.shape[1] + 1)))
    return soft_dtw(cost, table, lambda table, key, value: table.at[key].set(value))


def by_dictionary(cost):
    array = start((cost.shape[0] + 1, cost.shape[1] + 1))
    cells = {key: float(array[key]) for key in np.ndindex(array.shape)}
    return soft_dtw(cost, cells, lambda cells, key, value: {**cells, key: value})


COST = np.random.default_rng(0).random((4, 5))


def test_a_table_filled_cell_by_cell_has_the_gradient_of_its_cells():
    np.testing.assert_array_equal(tg.grad(by_table)(COST), tg.grad(by_dictionary)(COST))
    np.testing.assert_allclose(
        tg.hessian(by_table)(COST[:2, :2]), tg.hessian(by_dictionary)(COST[:2, :2]), rtol=1e-12, atol=1e-12
    )


def test_a_cell_costs_the_same_in_a_large_table():
    def ops(size):
        table, x = tg.tensor(np.zeros(size)), tg.parameter(1.0)
        for i in range(50):
            table = table.at[i].set(x * i)
        return len(tg.graph(table.sum()))

    assert ops(50) == ops(50_000)


def test_reading_a_cell_gives_the_tensor_that_was_set():
    x = tg.parameter(2.0)
    cell = x * x
    table = tg.tensor(np.zeros((2, 3))).at[1, -1].set(cell)
    assert table[1, 2] is cell
    assert table[-1, 2] is cell
    assert table[0, 0].item() == 0.0
    assert table[1].data.tolist() == [0.0, 0.0, 4.0]


def test_rows_are_cells_too():
    x = tg.parameter([1.0, 2.0])
    table = tg.tensor(np.zeros((3, 2))).at[0].set(x).at[2].set(x * 10)
    assert table[0] is x
    assert table[2, 1].item() == 20.0
    table.sum().backward()
    np.testing.assert_array_equal(x.grad, [11.0, 11.0])


def test_older_versions_stay_what_they_were():
    x = tg.parameter(3.0)
    versions = [tg.tensor(np.zeros(3))]
    for i in range(3):
        versions.append(versions[-1].at[i].set(x * (i + 1)))
    branch = versions[1].at[2].set(x * 100)
    expected = [[0, 0, 0], [3, 0, 0], [3, 6, 0], [3, 6, 9]]
    for k in (2, 0, 3, 1, 2):
        assert versions[k][0].item() == expected[k][0]
        assert [versions[k][i].item() for i in range(3)] == expected[k]
    assert branch.data.tolist() == [3.0, 0.0, 300.0]
    assert [version.data.tolist() for version in versions] == expected


def test_a_cell_set_twice_counts_once():
    assert tg.grad(lambda x: tg.tensor(np.zeros(2)).at[0].set(x).at[0].set(x * x).sum())(3.0) == 6.0


@st.composite
def index_of(draw, shape):
    kind = draw(st.sampled_from(["cell", "row", "slice", "array", "mask"]))
    i, j = draw(st.integers(-shape[0], shape[0] - 1)), draw(st.integers(-shape[1], shape[1] - 1))
    rows = draw(st.lists(st.integers(0, shape[0] - 1), min_size=1, max_size=4))
    mask = np.zeros(shape, bool)
    mask[i] = True
    choices = {"cell": (i, j), "row": i, "slice": (slice(None), j), "array": np.array(rows), "mask": mask}
    return choices[kind]


@given(data=st.data())
def test_any_program_of_sets_and_adds_is_that_of_numpy(data):
    shape = (3, 4)
    writes = []
    for _ in range(data.draw(st.integers(1, 8))):
        how, index = data.draw(st.sampled_from(["set", "add"])), data.draw(index_of(shape))
        source = data.draw(st.integers(0, 3))
        writes.append((how, index, source))

    def recorded(x):
        table = x * 2.0
        for how, index, source in writes:
            value = x[0, source] * table[0, source]
            table = getattr(table.at[index], how)(value)
        return np.sum(table * table)

    def plain(x):
        table = x * 2.0
        for how, index, source in writes:
            value = x[0, source] * table[0, source]
            if how == "set":
                table[index] = value
            else:
                np.add.at(table, index, value)
        return np.sum(table * table)

    x = np.random.default_rng(len(writes)).normal(size=shape)
    assert recorded(tg.tensor(x)).item() == pytest.approx(plain(x))
    complex_step = [np.imag(plain(x + 1e-20j * unit.reshape(shape))) / 1e-20 for unit in np.eye(x.size)]
    np.testing.assert_allclose(tg.grad(recorded)(x).ravel(), complex_step, rtol=1e-9, atol=1e-9)


def test_a_trace_and_a_drawing_of_a_filled_table_are_those_of_one_op(tmp_path):
    x = tg.parameter([1.0, 2.0])
    table = tg.tensor(np.zeros(2))
    for i in range(2):
        table = table.at[i].set(x[i] * 3)
    trace = tg.trace(table.sum())
    assert trace.contributions(x).exact
    trace.save(tmp_path / "t.trace")
    assert tg.load_trace(tmp_path / "t.trace").gradient("x").tolist() == [3.0, 3.0]
    assert [str(node.op) for node in trace.graph.nodes if node.op == "fill"] == ["fill"]
    assert not tg.verify(trace.graph)


def test_nothing_is_recorded_under_no_grad():
    with tg.no_grad():
        table = tg.tensor(np.zeros(2)).at[0].set(tg.parameter(1.0))
    assert (table.op, table.requires_grad, table.data.tolist()) == (None, False, [1.0, 0.0])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda w: tg.tensor([1, 2]).at[0].set(w), "the table holds int64.*dtype=float"),
        (lambda w: tg.tensor([1.0, 2.0]).at[5].set(w), "out of bounds"),
        (lambda w: tg.tensor([1.0, 2.0]).at[0].set(np.ones(3)), "set_at: inputs of shape"),
        (lambda w: tg.tensor([1.0, 2.0]).at.set(w), r"a\.at\[index\]\.set"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(wrong, said):
    with pytest.raises((TypeError, ValueError, IndexError), match=said) as caught:
        wrong(tg.parameter(1.0))
    assert __file__ in str(caught.value)
