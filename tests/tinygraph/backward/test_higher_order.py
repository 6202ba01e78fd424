"""Derivatives of any order agree with closed forms, and keep the structure of their arguments."""

import numpy as np
from hypothesis import given

import tinygraph as tg
from tinygraph.testing.strategies import tensors


def cubes(x):
    return (x * x * x).sum()


@given(x=tensors("N"))
def test_grad_of_grad_of_grad(x):
    first = tg.grad(cubes)
    second = tg.grad(lambda x: first(x).sum())
    third = tg.grad(lambda x: second(x).sum())
    np.testing.assert_allclose(first(x.data), 3 * x.data**2)
    np.testing.assert_allclose(second(x.data), 6 * x.data)
    np.testing.assert_allclose(third(x.data), np.full(x.shape, 6.0))


@given(A=tensors("N N"), x=tensors("N"))
def test_hessian_and_hvp_of_a_quadratic_form(A, x):
    matrix, point = A.numpy(), x.numpy()

    def form(z):
        return z @ (matrix @ z)

    symmetric = matrix + matrix.T
    np.testing.assert_allclose(tg.hessian(form)(point), symmetric, atol=1e-12)
    np.testing.assert_allclose(tg.hvp(form, (point,), (np.ones_like(point),)), symmetric.sum(1), atol=1e-12)


@given(W=tensors("M N"), x=tensors("N"))
def test_jacobian_jvp_and_vjp_agree_with_the_matrix(W, x):
    matrix, point = W.numpy(), x.numpy()
    np.testing.assert_allclose(tg.jacobian(lambda x: matrix @ x)(point), matrix)
    np.testing.assert_allclose(tg.jvp(lambda x: matrix @ x, (point,), (point,))[1], matrix @ point)
    _, pull = tg.vjp(lambda x: matrix @ x, point)
    np.testing.assert_allclose(pull(matrix[:, 0])[0], matrix.T @ matrix[:, 0])


def test_gradients_keep_the_structure_of_their_arguments():
    def f(parameters, pair):
        return np.sum(parameters["W"] @ parameters["deep"][0]) + pair[1] * pair[0]

    W, v = np.arange(6.0).reshape(2, 3), np.ones(3)
    by_name, by_place = tg.grad(f, argnums=(0, 1))({"W": W, "deep": [v]}, (2.0, 3.0))
    assert set(by_name) == {"W", "deep"}
    assert isinstance(by_name["deep"], list)
    assert isinstance(by_place, tuple)
    np.testing.assert_allclose(by_name["W"], np.ones((2, 3)))
    np.testing.assert_allclose(by_name["deep"][0], W.sum(0))
    np.testing.assert_allclose(by_place, (3.0, 2.0))


def test_the_recorded_backward_pass_is_a_graph_that_can_be_looked_at():
    x = tg.parameter(2.0)
    slope = tg.grad(lambda x: x * x * x)(x)
    assert "multiply" in {str(node.op) for node in tg.graph(slope).nodes}
    slope.backward()
    np.testing.assert_allclose(x.grad, 12.0)


def test_a_perturbation_of_an_inner_gradient_is_not_confused_with_the_outer():
    inner = lambda x: tg.grad(lambda y: x + y)(1.0)
    assert float(tg.grad(lambda x: x * inner(x))(1.0)) == 1.0
