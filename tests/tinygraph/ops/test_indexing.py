"""Reading elements: every kind of index, its gradient, and what the recorded graph keeps of it."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import tinygraph as tg

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


@st.composite
def arrays_and_indices(draw):
    shape = draw(SHAPES)
    kind = draw(st.sampled_from(["basic", "integers", "mask", "mixed"]))
    if kind == "basic":
        index = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    elif kind == "integers":
        index = draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=5)))
    elif kind == "mask":
        index = draw(hnp.arrays(bool, shape))
    else:
        rows = draw(st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=5))
        index = (rows, ..., None)
    return shape, index


@given(arrays_and_indices(), st.integers(0, 99))
def test_gradient_adds_up_where_an_element_was_read(case, seed):
    shape, index = case
    x = np.random.default_rng(seed).normal(size=shape)
    counted = np.arange(x.size).reshape(shape)[index]
    weights = np.random.default_rng(seed + 1).normal(size=counted.shape)
    p = tg.parameter(x)
    y = p[index]
    np.testing.assert_array_equal(y.data, x[index])
    np.sum(y * weights).backward()
    expected = np.bincount(np.ravel(counted), np.ravel(weights), minlength=x.size).reshape(shape)
    np.testing.assert_allclose(p.grad, expected, rtol=1e-12, atol=1e-12)


@given(arrays_and_indices())
def test_second_order_through_an_index(case):
    shape, index = case
    x = np.random.default_rng(0).uniform(0.5, 2, shape)
    times = np.bincount(np.ravel(np.arange(x.size).reshape(shape)[index]), minlength=x.size).reshape(shape)
    curvature = tg.hvp(lambda x: np.sum(x[index] ** 3), (x,), (np.ones(shape),))
    np.testing.assert_allclose(curvature, 6 * x * times, rtol=1e-12)


def test_an_index_is_the_graphs_own():
    p, index = tg.parameter(np.arange(4.0)), np.array([0, 1])
    y = np.sum(p[index] * 1.0)
    index[:] = 3
    y.backward()
    np.testing.assert_array_equal(p.grad, [1, 1, 0, 0])


def test_a_tensor_is_an_index():
    p = tg.parameter(np.arange(4.0))
    assert p[tg.tensor(2)].item() == 2.0
    np.testing.assert_array_equal(p[tg.tensor([3, 0])].data, [3.0, 0.0])
    np.testing.assert_array_equal(p[p > 1.5].data, [2.0, 3.0])
    assert [10, 20, 30][tg.tensor(1)] == 20
    np.testing.assert_array_equal(p[[]].data, [])


@pytest.mark.parametrize("index", [7, (0, 0, 0), "a", np.zeros(3, bool), 1.5])
def test_bad_indices_name_the_op_the_shape_and_the_line(index):
    p = tg.parameter(np.ones((2, 2)))
    with pytest.raises((IndexError, TypeError), match=r"getitem: .*\(2, 2\)") as caught:
        p[index]
    assert "p[index]" in str(caught.value)


def test_reading_rows_costs_what_the_rows_cost():
    """A dense contribution for each of T rows would hold T whole arrays at once."""
    xs = tg.parameter(np.ones((2000, 50)))
    total = xs[0]
    for t in range(1, 2000):
        total = total + xs[t]
    total.sum().backward()
    np.testing.assert_array_equal(xs.grad, np.ones((2000, 50)))


def test_splitting_gives_back_each_part():
    p = tg.parameter(np.arange(10.0))
    first, second, third = np.split(p, [3, 7])
    np.sum(first * 1.0 + np.sum(second) * 0.0).backward()
    np.sum(third * 5.0).backward()
    np.testing.assert_array_equal(p.grad, [1, 1, 1, 0, 0, 0, 0, 5, 5, 5])
