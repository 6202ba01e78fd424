"""Derivatives inside derivatives, through closures; what comes out of them is plain, the caller's own, in its place."""

import numpy as np
import pytest

import tinygraph as tg

grad, jvp = tg.grad, tg.jvp
pair = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda: grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0), 1),
        (lambda: grad(lambda x: x * grad(lambda y: x * y * y)(x))(3.0), 54),
        (lambda: grad(lambda x: grad(lambda y: grad(lambda z: x * y * z)(1.0) * y)(2.0) * x)(3.0), 24),
        (lambda: grad(lambda x: tg.value_and_grad(lambda y: y * x)(2.0)[0] * x)(3.0), 12),
        (lambda: grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0), 6),
        (lambda: grad(lambda x: jvp(lambda y: y**3, (2.0,), (x,))[1])(3.0), 12),
        (lambda: jvp(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1], (3.0,), (1.0,))[1], 6),
        (lambda: jvp(lambda x: jvp(lambda y: y**3, (x,), (x,))[1], (3.0,), (1.0,))[1], 81),
        (lambda: jvp(lambda x: x * grad(lambda y: x * y)(2.0), (3.0,), (1.0,))[1], 6),
        (lambda: grad(lambda x: tg.vjp(lambda y: y * y * x, 2.0)[1](x)[0])(3.0), 24),
        (lambda: grad(lambda x: tg.jacobian(lambda y: x * y * y)(pair).sum())(3.0), 6),
        (lambda: tg.jacobian(lambda x: grad(lambda y: np.sum(x * y**2))(pair))(pair), np.diag([2.0, 4.0])),
        (lambda: grad(lambda x: tg.hessian(lambda y: x * y**3)(2.0))(3.0), 12),
        (lambda: grad(grad(grad(grad(lambda x: x**5))))(2.0), 240),
    ],
)
def test_perturbations_are_not_confused_and_the_outermost_derivative_is_a_plain_array(run, expected):
    derivative = run()
    assert type(derivative) is np.ndarray
    np.testing.assert_allclose(derivative, expected)


def test_a_derivative_taken_under_no_grad_is_a_constant_to_the_outer_one():
    def f(x):
        with tg.no_grad():
            slope = grad(lambda y: x * y * y)(x)
            pushed = jvp(lambda y: y * y, (x,), (x,))[1]
            value, pull = tg.vjp(lambda y: y * x, x)
        assert {type(found) for found in (slope, pushed, value, *pull(1.0))} == {np.ndarray}
        return slope * x + pushed * x

    np.testing.assert_allclose(grad(f)(3.0), 2 * 9 + 2 * 9)


def test_a_parameter_in_a_closure_receives_second_order():
    p = tg.parameter(2.0)
    grad(lambda x: x * p * p)(1.0).backward()
    assert float(p.grad) == 4.0


# -- structures --------------------------------------------------------------------------------------------------------


def test_keys_in_another_order_are_still_the_same_keys():
    product = {"a": 2.0, "b": 3.0}
    tangent = {"b": 0.0, "a": 1.0}
    np.testing.assert_allclose(jvp(lambda p: p["a"] * p["b"] ** 2, (product,), (tangent,))[1], 9.0)
    pull = tg.vjp(lambda x: {"a": x * 2, "b": x * 3}, 1.0)[1]
    np.testing.assert_allclose(pull({"b": 1.0, "a": 0.0}), (3.0,))


def test_a_list_may_stand_for_an_array():
    np.testing.assert_allclose(jvp(np.sin, (np.zeros(2),), ([1.0, 2.0],))[1], pair)
    np.testing.assert_allclose(tg.vjp(np.sin, np.zeros(2))[1]([1.0, 2.0]), [pair])


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: tg.vjp(lambda x: {"a": x, "b": x}, 1.0)[1]([1.0, 1.0]), ["vjp", "['a', 'b']", "list"]),
        (lambda: tg.vjp(lambda x: (x, x), 1.0)[1]((1.0,)), ["vjp", "tuple of 2", "got 1"]),
        (lambda: jvp(lambda p: p[0], ([2.0, 3.0],), ([1.0],)), ["jvp", "list of 2", "got 1"]),
        (lambda: jvp(lambda p: p["a"], ({"a": 2.0},), ({"c": 1.0},)), ["jvp", "['a']", "['c']"]),
        (lambda: grad(lambda x, y: x * y, argnums=(0, -2))(1.0, 2.0), ["argnums=(0, -2)", "twice"]),
    ],
)
def test_structures_that_do_not_agree_are_refused(run, words):
    with pytest.raises(ValueError, match="expected|twice") as caught:
        run()
    assert all(word in str(caught.value) for word in words)


def test_argnums_may_be_any_integer():
    assert float(grad(lambda x, y: x * y, argnums=np.int64(1))(2.0, 3.0)) == 2.0
    assert float(grad(lambda x, y: x * y, argnums=-1)(2.0, 3.0)) == 2.0


# -- the caller's own --------------------------------------------------------------------------------------------------


def test_what_comes_out_shares_memory_with_nothing():
    x, constant = np.arange(4.0), tg.tensor(np.arange(4.0))
    value, pull = tg.vjp(lambda a, b: (a + b, a, constant, np.exp(a)), x, x)
    adjoints = tuple(np.ones(4) for _ in range(4))
    pushed_value, pushed = jvp(lambda a: (a, a + 0, constant), (x,), (x,))
    arrays = [x, constant.data, *value, *adjoints, *pull(adjoints), *pull(adjoints), *pushed_value, *pushed]
    arrays += [*grad(lambda a, b: (a + b).sum(), (0, 1))(x, x), tg.jacobian(lambda a: a)(x)]
    for i, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[:i])
        assert array.flags.writeable or i == 1


def test_a_value_that_is_overwritten_does_not_change_the_pull_back():
    value, pull = tg.vjp(np.exp, pair)
    expected = value.copy()
    value *= 0
    np.testing.assert_array_equal(pull(np.ones(2))[0], expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_have_the_dtype_of_their_arguments_whatever_that_of_adjoints_and_tangents(dtype):
    x = np.ones(2, dtype)
    for wide in (np.ones(2), tg.tensor(np.ones(2)), tg.parameter(np.ones(2))):
        assert tg.vjp(lambda x: x, x)[1](wide)[0].dtype == dtype
        assert jvp(lambda x: x * 2.5, (x,), (wide,))[1].dtype == dtype
    assert grad(lambda x: x[0] * 2.5)(x).dtype == dtype
