"""`tg.detect_anomaly` sees every way in which ops run forward and backward."""

import numpy as np
import pytest

import tinygraph as tg


def said_by(run):
    with pytest.raises(FloatingPointError) as caught, tg.detect_anomaly(), np.errstate(all="ignore"):
        run()
    return str(caught.value)


def test_an_op_under_no_grad():
    def run():
        with tg.no_grad():
            np.log(tg.parameter([1.0, 0.0]))

    assert "log: the output is not finite: -inf" in said_by(run)


def slope_at_zero(x):
    return np.sqrt(x * 1.0)


@pytest.mark.parametrize(
    "run",
    [
        lambda: slope_at_zero(tg.parameter(0.0)).backward(),
        lambda: tg.grad(slope_at_zero)(0.0),
        lambda: tg.vjp(slope_at_zero, 0.0)[1](1.0),
        lambda: tg.jvp(slope_at_zero, (0.0,), (1.0,)),
        lambda: tg.jacobian(slope_at_zero)(0.0),
        lambda: tg.grad(tg.grad(slope_at_zero))(0.0),
    ],
)
def test_a_rule_in_every_kind_of_derivative_names_the_program_s_own_op(run):
    said = said_by(run)
    assert "sqrt: the contribution to argument 0 is not finite" in said
    assert "np.sqrt(x * 1.0)" in said


def test_finite_derivatives_of_any_order_pass():
    with tg.detect_anomaly():
        assert float(tg.grad(tg.grad(slope_at_zero))(1.0)) == -0.25
