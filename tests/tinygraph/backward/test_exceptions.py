"""What goes wrong on the way leaves gradients and circumstances as they were."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.ops import unregistered


def test_an_exception_leaves_no_trace_behind():
    w = tg.parameter(2.0)

    def fails(x):
        with tg.scope("inside"), tg.timestep(3):
            raise KeyError("the user's own")

    for run in (tg.grad(fails), lambda x: tg.vjp(fails, x), lambda x: tg.jvp(fails, (x,), (1.0,)), tg.hessian(fails)):
        with pytest.raises(KeyError):
            run(2.0)
        with tg.no_grad(), pytest.raises(KeyError):
            run(2.0)
    y = w * w
    node = tg.graph(y).nodes[-1]
    assert (node.scope, node.timestep, y.requires_grad) == ("", None, True)
    assert w.grad is None
    np.testing.assert_allclose(tg.grad(lambda x: x * x)(3.0), 6.0)


def test_an_exception_in_a_rule_leaves_gradients_as_they_were():
    def rule(g, y, x):
        raise KeyError("the rule's own")

    broken = unregistered(lambda x: x * 1.0, rule)
    a, b = tg.parameter(1.0), tg.parameter(2.0)
    a.grad = np.array(7.0)
    with pytest.raises(KeyError):
        (broken(a) * b).backward()
    assert float(a.grad) == 7.0
    assert b.grad is None


def test_a_backward_pass_that_is_left_half_way_writes_nothing():
    w = tg.parameter([1.0, 2.0])
    steps = tg.backprop((w * w).sum())
    next(steps)
    steps.close()
    assert w.grad is None


def test_a_rule_of_the_wrong_shape_is_refused_and_writes_nothing():
    wrong = unregistered(lambda x: x * 2.0, lambda g, y, x: (g * 2).sum())
    a, b = tg.parameter(np.ones(3)), tg.parameter(np.ones(3))
    with pytest.raises(ValueError, match=r"a contribution of shape \(\), the argument has shape \(3,\)"):
        (wrong(a) * b).sum().backward()
    assert a.grad is None and b.grad is None
