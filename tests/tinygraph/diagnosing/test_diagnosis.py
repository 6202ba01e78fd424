"""Diagnosis: flow, the lag matrix, where NaN begins, and the difference of two runs."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.diagnosing import diff, flow, nonfinite_origin, state, state_name, variables
from tinygraph.diagnosing.lag_matrix import lag


def linear_rnn(factor, timesteps=12, hidden=4, seed=0):
    """h ← ρQ h with Q orthogonal: the gradient changes by ρ a time step, exactly (lecture row C7)."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(hidden, hidden)))
    W = tg.parameter(factor * Q, name="W")
    h = tg.tensor(rng.normal(size=hidden), name="h")
    for t in range(timesteps):
        with tg.timestep(t + 1):
            h = W @ h
    return tg.trace(np.sum(h))


@given(st.floats(0.2, 2.0))
@settings(max_examples=30, deadline=None)
def test_row_c7_the_rate_of_a_linear_rnn_is_its_factor(factor):
    assume(min(abs(factor - bound) for bound in (0.9, 1.1, 1e3 ** (1 / 11), 1e-3 ** (1 / 11))) > 1e-6)
    gradient_flow = flow(linear_rnn(factor))
    assert gradient_flow.name == "h"
    assert gradient_flow.rate == pytest.approx(factor, rel=1e-9)
    in_all = factor**11
    verdict = "healthy" if 0.9 <= factor <= 1.1 else "none"
    assert gradient_flow.verdict == ("vanishing" if in_all < 1e-3 else "exploding" if in_all > 1e3 else verdict)


def test_norms_are_those_of_the_gradients():
    trace = linear_rnn(0.5, timesteps=5)
    gradient_flow = flow(trace, "h")
    assert gradient_flow.timesteps == [1, 2, 3, 4, 5]
    for t, norm in zip(gradient_flow.timesteps, gradient_flow.norms, strict=True):
        assert norm == pytest.approx(np.linalg.norm(trace.gradient(f"h[{t}]")))


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_losses_of_every_time_step_do_not_hide_what_becomes_of_the_last(factor):
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    W, h, loss = tg.parameter(factor * Q, name="W"), tg.tensor([1.0, 2.0, 3.0], name="h"), 0.0
    for t in range(1, 9):
        with tg.timestep(t):
            h = W @ h
            loss = loss + np.sum(h)
    gradient_flow = flow(tg.trace(loss))
    assert gradient_flow.rate == pytest.approx(factor)
    assert gradient_flow.norms != gradient_flow.alone
    assert gradient_flow.norms[-1] == gradient_flow.alone[-1]


def test_a_gradient_that_underflows_is_vanishing_not_healthy():
    gradient_flow = flow(linear_rnn(1e-40, timesteps=20))
    assert gradient_flow.verdict == "vanishing"
    assert "exactly 0" in gradient_flow.because


def test_a_detached_state_is_a_cut():
    W, h = tg.parameter(np.eye(2), name="W"), tg.tensor([1.0, 2.0], name="h")
    for t in range(1, 5):
        with tg.timestep(t):
            h = np.tanh(W @ h)
            if t == 2:
                h = h.detach()
    trace = tg.trace(np.sum(h))
    assert sorted(set(trace.contributions("W").timesteps)) == [3, 4]
    gradient_flow = flow(trace)
    assert gradient_flow.verdict == "cut"
    assert "time step 3 back: h.detach(), line" in gradient_flow.because


def test_flow_needs_a_state():
    x = tg.parameter([1.0, 2.0], name="x")
    trace = tg.trace(np.sum(np.tanh(x)))
    with pytest.raises(LookupError, match="no named value is carried"):
        flow(trace)
    with pytest.raises(LookupError, match="no value called 'q'"):
        flow(trace, "q")


def elman_losses(timesteps=4, hidden=3, accumulate=True, detach=False):
    rng = np.random.default_rng(1)
    W, V = (
        tg.parameter(rng.normal(size=(hidden, hidden)) / 2, name="W"),
        tg.parameter(rng.normal(size=(1, hidden)), name="V"),
    )
    X = rng.normal(size=(timesteps, hidden))
    h, losses = tg.tensor(np.zeros(hidden), name="h"), []
    loss = 0.0
    for t in range(timesteps):
        with tg.timestep(t + 1):
            h = np.tanh(W @ h + X[t])
            o = V @ h
            error = np.sum((o - 1.0) ** 2)
            losses.append(error)
            if accumulate:
                loss = loss + error
            if detach:
                h = h.detach()
    if not accumulate:
        loss = np.sum(np.stack(losses))
    return loss, losses, W


@pytest.mark.parametrize("accumulate", [True, False])
def test_the_lag_matrix_is_that_of_one_backward_pass_a_loss(accumulate):
    loss, losses, _ = elman_losses(accumulate=accumulate)
    trace = tg.trace(loss)
    assert state_name(trace) == "h"
    matrix = lag(trace)
    expected = np.zeros((4, 4))
    for t, each in enumerate(losses):
        alone = tg.trace(each)
        for s in range(t + 1):
            node = trace.node(f"h[{s + 1}]")
            expected[t, s] = np.linalg.norm(alone.gradient(node.tensor))
    assert matrix.losses == matrix.uses == [1, 2, 3, 4]
    np.testing.assert_allclose(matrix.norms, expected, rtol=1e-10)
    assert (matrix.norms[np.triu_indices(4, 1)] == 0).all()


def test_the_lag_matrix_of_a_parameter():
    loss, losses, W = elman_losses()
    matrix = lag(tg.trace(loss), "W")
    for t, each in enumerate(losses):
        terms = tg.trace(each).contributions(W)
        norms = {row.timestep: row.norm for row in terms}
        np.testing.assert_allclose(matrix.norms[t], [norms.get(s, 0.0) for s in matrix.uses], rtol=1e-10, atol=0)


def test_a_detached_state_teaches_nothing_earlier():
    loss, _, _ = elman_losses(detach=True)
    matrix = lag(tg.trace(loss), "W")
    assert (matrix.norms[~np.eye(len(matrix.losses), dtype=bool)] == 0).all()


# -- NaN --------------------------------------------------------------------------------------------------------------


def test_forward_origin_is_the_op_that_made_it():
    x = tg.parameter([1.0, 0.0, 2.0], name="x")
    with np.errstate(all="ignore"):
        y = np.log(x)
        z = y - y
        trace = tg.trace(np.sum(np.exp(z)))
    origin = nonfinite_origin(trace)
    assert (origin.phase, origin.node.name, origin.example, origin.place) == ("forward", "y", -math.inf, (1,))
    assert "np.log(x)" in origin.node.expression


def test_infinity_that_reaches_no_result_is_no_origin():
    scores = tg.parameter([1.0, 2.0, 3.0], name="scores")
    weights = tg.softmax(scores + np.array([0.0, 0.0, -np.inf]))
    assert nonfinite_origin(tg.trace(np.sum(weights * [1.0, 2.0, 3.0]))) is None
    with np.errstate(all="ignore"):
        origin = nonfinite_origin(tg.trace(np.sum(weights * np.log(weights))))
    assert (str(origin.node.op), origin.example, origin.place) == ("log", -math.inf, (2,))


def test_a_branch_that_was_not_taken_spoils_the_backward_pass():
    x = tg.parameter([1.0, 0.0], name="x")
    with np.errstate(all="ignore"):
        trace = tg.trace(np.sum(np.where(x.data > 0, np.log(x), 0.0)))
        origin = nonfinite_origin(trace)
    assert (origin.phase, str(origin.node.op)) == ("backward", "log")


def test_backward_origin_over_finite_values():
    x = tg.parameter([1.0, 0.0], name="x")
    with np.errstate(all="ignore"):
        y = np.sqrt(x)
        trace = tg.trace(np.sum(y * y))
    origin = nonfinite_origin(trace)
    assert (origin.phase, origin.node.name, origin.argument) == ("backward", "y", 0)


def test_a_leaf_can_be_the_origin_and_finite_runs_have_none():
    x = tg.parameter([1.0, np.nan], name="x")
    origin = nonfinite_origin(tg.trace(np.sum(x * 2)))
    assert (origin.node.kind, origin.place) == ("parameter", (1,))
    assert nonfinite_origin(linear_rnn(0.5)) is None


# -- diff -------------------------------------------------------------------------------------------------------------


def test_equal_runs_have_no_difference():
    assert diff(linear_rnn(0.5), linear_rnn(0.5)) is None


def test_another_value_is_found_where_it_begins():
    difference = diff(linear_rnn(0.5), linear_rnn(0.6))
    assert difference.phase == "forward"
    assert difference.nodes[0].kind == "parameter"
    assert difference.relative == pytest.approx(0.2)
    assert diff(linear_rnn(0.5), linear_rnn(0.5 + 1e-12), tolerance=1e-9) is None


def test_another_rule_is_found_backward():
    def run(rule):
        op = tg.op(lambda x: np.tanh(x), vjp=rule, name="squash_of_test")
        x = tg.parameter([0.5, 0.1], name="x")
        return tg.trace(np.sum(op(x * 2)))

    difference = diff(run(lambda g, y, x: g * (1 - y * y)), run(lambda g, y, x: g * (1 - y)))
    assert difference.phase == "backward"
    assert difference.nodes[0].op == "multiply"


def test_another_program_is_named():
    x = tg.parameter([0.5, 0.1], name="x")
    difference = diff(tg.trace(np.sum(np.tanh(x))), tg.trace(np.sum(np.exp(x))))
    assert (difference.phase, difference.because) == ("program", "tanh against exp")
    longer = diff(tg.trace(np.sum(np.tanh(x))), tg.trace(np.sum(np.tanh(x)) * 2))
    assert longer.phase == "program"


# Variables


def test_a_variable_of_two_loops_is_two_and_flow_takes_one_of_them():
    U, W = tg.parameter(0.5 * np.eye(2), name="U"), tg.parameter(2.0 * np.eye(2), name="W")

    def encode(h):
        for _ in range(5):
            h = U @ h
        return h

    def decode(h):
        for _ in range(3):
            h = W @ h
        return h

    trace = tg.trace(decode(encode(np.ones(2))).sum())
    encoded, decoded = variables(trace, "h")
    assert (str(encoded), str(decoded)) == ("h_enc", "h_dec")
    assert (list(encoded.nodes), list(decoded.nodes)) == ([1, 2, 3, 4, 5], [1, 2, 3])
    assert flow(trace, encoded).rate == pytest.approx(0.5)
    assert flow(trace, decoded).rate == pytest.approx(2.0)
    assert flow(trace, "h").timesteps == [1, 2, 3]  # they were mixed: 1 to 3 of the decoder, 4 and 5 of the encoder


def test_the_state_of_a_deep_network_has_the_number_of_its_layer():
    W = [tg.parameter(scale * np.eye(2)) for scale in (0.5, 0.25)]
    states = [np.ones(2), np.ones(2)]
    for _ in range(4):
        below = np.ones(2)
        for layer in range(2):
            h = W[layer] @ states[layer] + below
            states[layer] = below = h
    trace = tg.trace(below.sum())
    assert [str(variable) for variable in variables(trace, "h")] == ["h₁", "h₂"]
    assert variables(trace, "h2")[0] is not variables(trace, "h1")[0]
    assert state_name(trace) in ("h₁", "h₂")
    assert flow(trace, "h₂").rate == pytest.approx(0.25)
    assert flow(trace).timesteps == [1, 2, 3, 4]


def test_a_first_time_step_written_out_belongs_to_the_loop_after_it():
    W = tg.parameter(0.5 * np.eye(2))
    with tg.timestep(1):
        h = W @ np.ones(2)
    for t in (2, 3):
        with tg.timestep(t):
            h = W @ h
    (h_of_all,) = variables(tg.trace(h.sum()), "h")
    assert list(h_of_all.nodes) == [1, 2, 3]


def test_a_name_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(LookupError, match="no value called 'q' belongs to a time step; those that do: h"):
        flow(linear_rnn(0.5), "q")


def test_a_name_inside_and_outside_of_a_scope_is_two_variables_of_one_loop():
    W, h = tg.parameter(np.eye(2) / 2), np.ones(2)
    for _ in range(3):
        with tg.scope("cell"):
            h = W @ h
        h = h + 1.0
    trace = tg.trace(h.sum())
    inside, outside = variables(trace, "h")
    assert (inside.where, outside.where) == ("cell", "")
    assert variables(trace, "h (cell)")[0].nodes == inside.nodes
    assert state(trace).nodes == outside.nodes


def test_a_scope_around_some_time_steps_alone_does_not_part_a_variable():
    W, h = tg.parameter(np.eye(2) / 2), np.ones(2)
    for t in range(6):
        with tg.scope("first") if t < 3 else contextlib.nullcontext():
            h = W @ h
    (everywhere,) = variables(tg.trace(h.sum()), "h")
    assert list(everywhere.nodes) == [1, 2, 3, 4, 5, 6]
