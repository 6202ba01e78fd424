"""Contributions add up: of two passes, two losses, and many uses of one input."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg


def test_a_second_backward_adds_and_zero_grad_forgets():
    w = tg.parameter([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    once = w.grad.copy()
    loss.backward()
    np.testing.assert_allclose(w.grad, 2 * once)
    w.zero_grad()
    assert w.grad is None
    loss.backward()
    np.testing.assert_allclose(w.grad, once)


def test_a_second_backward_leaves_a_gradient_that_was_kept_as_it_was():
    w = tg.parameter([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    gradient = w.grad
    value = gradient.copy()
    loss.backward()
    np.testing.assert_array_equal(gradient, value)


def test_two_losses_of_one_graph_add_up():
    w = tg.parameter([1.0, 2.0])
    h = w * w
    h.sum().backward()
    (h * h).sum().backward()
    np.testing.assert_allclose(w.grad, 2 * w.data + 4 * w.data**3)


def test_the_step_s_adjoints_are_those_that_train():
    w = tg.parameter([1.0, 2.0])
    h = w * w
    loss = (h + h).sum()
    adjoints = {step.node.op.name: np.array(step.adjoint) for step in tg.backprop(loss)}
    np.testing.assert_array_equal(adjoints["multiply"], [2.0, 2.0])
    np.testing.assert_array_equal(w.grad, [4.0, 8.0])


def test_detach_cuts_the_graph():
    w = tg.parameter([1.0, 2.0])
    h = w * w
    (h.detach() * w).sum().backward()
    np.testing.assert_allclose(w.grad, w.data**2)
    assert h.detach().op is None
    assert not h.detach().requires_grad


def test_grad_inside_no_grad_still_works():
    with tg.no_grad():
        np.testing.assert_allclose(tg.grad(lambda x: x * x)(3.0), 6.0)


def test_doubling_many_times_visits_each_node_once():
    x = tg.parameter(1.0)
    y = x
    for _ in range(60):
        y = y + y
    assert sum(1 for _ in tg.backprop(y)) == 60
    assert float(x.grad) == 2.0**60


@given(uses=st.integers(1, 12))
def test_an_input_used_many_times_receives_the_sum(uses):
    x = tg.parameter([1.0, -2.0])
    total = x * 1.0
    for n in range(2, uses + 1):
        total = total + x * n
    total.sum().backward()
    np.testing.assert_allclose(x.grad, np.full(2, uses * (uses + 1) / 2))


def test_reading_single_rows_accumulates_into_one_gradient():
    X = tg.parameter(np.arange(12.0).reshape(6, 2))
    total = X[0] * 0.0
    for t in range(6):
        total = total + X[t] * t
    total = total + X[np.array([1, 1])].sum(axis=0)
    total.sum().backward()
    np.testing.assert_allclose(X.grad, np.array([[0, 0], [3, 3], [2, 2], [3, 3], [4, 4], [5, 5]]))


def test_reading_the_whole_of_a_number_accumulates():
    x = tg.parameter(2.0)
    y = x * 3.0 - x[()] + x[...] * x[()]
    y.backward()
    assert float(x.grad) == 3.0 - 1.0 + 4.0
