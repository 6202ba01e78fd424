"""`tg.detect_anomaly` names the op or rule that made the first infinity, however it runs."""

import numpy as np
import pytest

import tinygraph as tg


def said_by(run):
    with pytest.raises(FloatingPointError) as caught, tg.detect_anomaly(), np.errstate(all="ignore"):
        run()
    return str(caught.value)


def test_the_first_op_that_makes_an_infinity_is_named_with_time_step_scope_and_line():
    def run():
        h = tg.parameter([1.0])
        with tg.scope("encoder"):
            for t in range(1, 9):
                with tg.timestep(t):
                    h = np.exp(h * 2)

    said = said_by(run)
    for word in ("exp", "time step 3", "encoder", "h = np.exp(h * 2)", __file__):
        assert word in said


def test_the_time_step_of_an_anomaly_is_read_from_the_loop():
    def run():
        w, h = tg.parameter([2.0]), tg.tensor([1.0])
        for _ in range(8):
            h = np.exp(w * h)

    assert "time step 3" in said_by(run)


def test_the_first_rule_that_makes_an_infinity_is_named_with_time_step_scope_and_line():
    def run():
        h = tg.parameter([4.0])
        for t in range(1, 4):
            with tg.timestep(t), tg.scope("decoder"):
                h = np.sqrt(h - t) if t == 3 else h * 1.0 - 0.5
        h.sum().backward()

    said = said_by(run)
    for word in ("sqrt", "time step 3", "decoder", "np.sqrt(h - t)", "argument 0"):
        assert word in said


def test_an_anomaly_that_was_given_is_not_blamed_on_an_op():
    with tg.detect_anomaly():
        h = tg.parameter([np.inf, 1.0]) * 2.0
        assert np.isinf(h.data[0])


def test_without_detection_infinities_pass():
    x = tg.parameter(0.0)
    with np.errstate(divide="ignore"):
        y = np.log(x)
        y.backward()
    assert np.isinf(x.grad)


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
