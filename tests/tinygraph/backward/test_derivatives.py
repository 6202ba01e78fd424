"""Derivatives of functions: their errors name what was called, rules see plain arrays, and nothing stays behind."""

import weakref

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.ops import unregistered

DERIVATIVES = {
    "grad": lambda f, x: tg.grad(f)(x),
    "value_and_grad": lambda f, x: tg.value_and_grad(f)(x),
    "hessian": lambda f, x: tg.hessian(f)(x),
    "hvp": lambda f, x: tg.hvp(f, (x,), (x,)),
    "jacobian": lambda f, x: tg.jacobian(f)(x),
    "vjp": lambda f, x: tg.vjp(f, x)[1](1.0),
    "jvp": lambda f, x: tg.jvp(f, (x,), (x,)),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_errors_name_the_function_that_was_called(name):
    for wrong in (lambda: DERIVATIVES[name](np.sum, np.array([1, 2])), lambda: DERIVATIVES[name](None, np.ones(2))):
        with pytest.raises(TypeError, match=f"^{name}: "):
            wrong()
    with pytest.raises(TypeError, match=f"^{name}: the function returned None"):
        DERIVATIVES[name](lambda x: None, np.ones(2))


def test_errors_about_results_and_adjoints_name_it_too():
    for name in ("grad", "value_and_grad", "hessian", "hvp"):
        with pytest.raises(ValueError, match=f"^{name}: the function must return one scalar"):
            DERIVATIVES[name](np.sin, np.ones(2))
    with pytest.raises(ValueError, match="^hvp: 1 arguments, but 2 tangents"):
        tg.hvp(np.sum, (np.ones(2),), (np.ones(2), np.ones(2)))
    with pytest.raises(ValueError, match="^vjp: the output has shape"):
        tg.vjp(np.sin, np.ones(2))[1](np.ones(3))
    for argnums, text in (
        ("a", "takes the numbers"),
        (1.5, "takes the numbers"),
        (3, "1 positional"),
        ((0, -1), "twice"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"^value_and_grad: .*{text}"):
            tg.value_and_grad(np.sum, argnums)(np.ones(2))


def test_rules_see_plain_arrays_unless_an_outer_derivative_wants_what_comes_of_them():
    kinds = []

    def rule(g, y, x):
        kinds.append({type(g), type(y), type(x)})
        return g * 2 * x

    square = unregistered(lambda x: x * x, rule)
    for run in (tg.grad, tg.value_and_grad, tg.jacobian, lambda f: lambda x: tg.vjp(f, x)[1](1.0)):
        run(lambda x: np.sum(square(x)))(np.ones(2))
    assert kinds and not any(tg.Tensor in kind for kind in kinds)
    kinds.clear()
    assert float(tg.grad(tg.grad(square))(3.0)) == 2.0
    assert {tg.Tensor} in kinds


@pytest.mark.parametrize("name", DERIVATIVES)
def test_what_a_derivative_recorded_does_not_outlive_it(name):
    recorded = []

    def f(x):
        for _ in range(3):
            x = np.tanh(x)
            recorded.append(weakref.ref(x))
        return np.sum(x)

    DERIVATIVES[name](f, np.ones(2))
    assert recorded and all(tensor() is None for tensor in recorded)


def test_what_is_computed_after_a_derivative_belongs_to_the_same_call():
    def loss(w):
        a = w * 2
        slope = tg.grad(np.sin)(1.0)
        return a * slope

    y = loss(tg.parameter(1.0))
    calls = {node.call for node in tg.graph(y).nodes if node.kind == "op"}
    assert len(calls) == 1


def test_gradients_go_no_further_than_the_arguments():
    w = tg.parameter(2.0)
    seen = []
    noted = unregistered(lambda x: x * 1.0, lambda g, y, x: (seen.append(x), g)[1])
    older = noted(w)
    with tg.no_grad():
        assert float(tg.grad(lambda x: x * older * x)(3.0)) == 12.0
        assert float(tg.vjp(lambda x: older, 3.0)[1](1.0)[0]) == 0.0
    assert not seen and w.grad is None


def test_an_output_may_be_an_argument_or_come_twice():
    first, (second, third) = tg.vjp(lambda x: (x, (x, x * x)), 3.0)[0]
    assert (float(first), float(second), float(third)) == (3, 3, 9)
    assert float(tg.vjp(lambda x: (x, (x, x * x)), 3.0)[1]((1.0, (10.0, 100.0)))[0]) == 611.0
    y, tangent = tg.jvp(lambda x: [x, x * x], (3.0,), (1.0,))
    assert [float(part) for part in (*y, *tangent)] == [3, 9, 1, 6]


def test_gradients_are_the_callers_own():
    adjoint = np.ones(2)
    (gradient,) = tg.vjp(lambda x: x + 0.0, np.ones(2))[1](adjoint)
    gradient += 5
    assert adjoint.tolist() == [1, 1]
    first, second = tg.grad(lambda x, y: np.sum(x + y), (0, 1))(np.ones(2), np.ones(2))
    first += 5
    assert second.tolist() == [1, 1]
