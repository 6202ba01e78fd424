"""Flow: a verdict only where there is one, with the op that is to blame; of every layer and direction."""

import numpy as np
import pytest

import tinygraph as tg
from tests.programs import ALL
from tinygraph.diagnosing import flow, flows
from tinygraph.diagnosing.local_gains import extreme_gain


def gated(z_bias, timesteps=30, hidden=4, read=1.0):
    """Return the last state of a gated unit whose gate lets (1 − z) of the state through."""
    rng = np.random.default_rng(0)
    W = tg.parameter(rng.normal(size=(hidden, hidden)) * 0.1, name="W")
    X = rng.normal(size=(timesteps, hidden))
    h = tg.tensor(np.zeros(hidden), name="h")
    for t in range(timesteps):
        z = tg.sigmoid(z_bias + 0.0 * (W @ X[t]))
        n = np.tanh(W @ X[t])
        h = (1 - z) * h + z * n
    return np.sum(h * read)


@pytest.mark.parametrize("timesteps", [3, 6, 9])
def test_a_few_time_steps_have_no_verdict(timesteps):
    of_h = flow(tg.trace(gated(8.0, timesteps)))
    assert of_h.verdict == "none"
    assert of_h.gain is None
    assert f"{timesteps} time steps are too few to tell" in of_h.because


def test_mild_factors_have_no_verdict():
    of_h = flow(tg.trace(gated(-1.5, 12)))
    assert 0.8 < of_h.rate < 0.9
    assert of_h.verdict == "none"
    assert "mild over 12 time steps" in of_h.because


def test_the_op_that_makes_it_vanish_is_named_with_its_factor():
    of_h = flow(tg.trace(gated(6.0)))
    assert of_h.verdict == "vanishing"
    assert of_h.gain.node.expression == "(1 - z) * h"
    assert of_h.gain.factor == pytest.approx(1 - 1 / (1 + np.exp(-6.0)))  # all that is on the way
    assert str(of_h.gain) == f"(1 - z) * h, line {of_h.gain.node.source.lineno}: ×0.00247"


def test_the_strongest_op_of_an_explosion_is_the_matrix():
    Q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    W, h = tg.parameter(2.5 * Q, name="W"), tg.tensor([1e-9, 2e-9, 1e-9], name="h")
    for _ in range(16):
        a = W @ h
        h = 0.9 * a
    loss = np.sum(h)
    of_h = flow(tg.trace(loss))
    assert of_h.verdict == "exploding"
    assert of_h.because.startswith("×2.25 for each time step back")
    assert of_h.gain.node.expression == "W @ h"
    assert of_h.gain.factor == pytest.approx(2.5)


def test_values_that_explode_forward_are_said_whatever_the_gradient_does():
    w, h = tg.parameter([0.1, 0.1], name="w"), tg.tensor([1.0, 2.0], name="h")
    for t in range(16):
        h = w * h + 3.0**t
    of_h = flow(tg.trace(np.sum(h)))
    assert of_h.rate == pytest.approx(0.1)
    assert of_h.verdict == "exploding"
    assert "forward: values grow ×2.99 with each time step" in of_h.because
    assert of_h.gain is None  # no rule makes its gradient larger


def test_the_gains_on_the_way_multiply_to_the_rate():
    trace = tg.trace(gated(6.0, 12))
    states = [trace.node(f"h[{t}]") for t in range(1, 13)]
    assert extreme_gain(trace, states, weakest=True).factor == pytest.approx(flow(trace).rate, rel=1e-6)


def test_what_is_not_finite_comes_first():
    with np.errstate(all="ignore"):
        loss = np.sum(np.log(gated(6.0) - 100.0))
    of_h = flow(tg.trace(loss))
    assert of_h.verdict == "not finite"
    assert "nan begins forward at np.log(gated(6.0) - 100.0), line" in of_h.because


def test_a_loop_from_the_end_is_followed_in_its_own_direction():
    trace = tg.trace(ALL["bidirectional_in_separate_code"](12))
    forward, backward = flows(trace)
    assert [forward.name, backward.name] == ["h", "g"]
    assert backward.verdict == "vanishing"
    assert "at t = 1," in backward.because  # where its last state is
    assert backward.rate == pytest.approx(forward.rate, rel=0.1)


def test_every_layer_has_a_flow():
    trace = tg.trace(ALL["layers_around_time"](12))
    assert [each.name for each in flows(trace)] == ["h₁", "h₂"]
    assert flow(trace, "h2") == flows(trace)[1]
    assert flow(trace, "h₂") == flows(trace)[1]
    with pytest.raises(LookupError, match="no value called 'hh' belongs to a time step; did you mean h"):
        flow(trace, "hh")


@pytest.mark.parametrize("name", ["lstm", "gru", "delay_of_two", "full_history", "scheduled_sampling"])
def test_healthy_programs_of_others_are_not_called_sick(name):
    verdicts = {each.name: each.verdict for each in flows(tg.trace(ALL[name](9)))}
    assert set(verdicts.values()) == {"none"}


# -- verdicts say what the table says ---------------------------------------------------------------------------------


def test_a_state_read_two_steps_back_is_not_called_cut():
    W, history = tg.parameter(0.6 * np.eye(3), name="W"), [np.zeros(3), np.zeros(3)]
    for t in range(12):
        state = np.tanh(W @ history[-2] + np.cos(t + np.arange(3.0)))
        history.append(state)
    of_state = flow(tg.trace(np.mean(np.stack([np.sum((h - 1.0) ** 2) for h in history[2:]]))))
    assert None not in of_state.norms
    assert of_state.verdict == "none"
    assert of_state.because == "the last loss reaches every other time step only: 2, 4 … 12"
    only_last = flow(tg.trace(np.sum(history[-1] ** 2) + 0.0 * history[-2].sum().detach()))
    assert only_last.verdict == "none"  # nothing was detached on the way


def replaced(steps=12):
    """Return a loss over a state whose place a plain copy takes after time step 6."""
    W, state, cost = tg.parameter(0.9 * np.eye(3), name="W"), np.ones(3), 0.0
    for t in range(1, steps + 1):
        state = np.tanh(W @ state + 0.1)
        cost = cost + np.sum(state**2)
        if t == 6:
            state = tg.tensor(state.data.round(3))
    return cost


def test_a_time_step_that_earlier_losses_reach_is_not_said_to_have_no_gradient():
    of_state = flow(tg.trace(replaced()))
    assert None not in of_state.norms
    assert of_state.verdict == "cut"
    assert of_state.because.startswith("the last loss does not reach time step ")
    assert "or those before it" in of_state.because
    assert "detached" not in of_state.because
    alone = dict(zip(of_state.timesteps, of_state.alone, strict=True))
    named = int(of_state.because.removeprefix("the last loss does not reach time step ").split()[0])
    assert [t for t, n in alone.items() if n is None] == [t for t in alone if t <= named]


def test_a_detached_value_beside_the_state_cuts_nothing():
    W, h, loss = tg.parameter(0.9 * np.eye(3), name="W"), tg.tensor(np.ones(3), name="h"), 0.0
    for _ in range(12):
        before = h
        h = np.tanh(W @ h + 0.1)
        loss = loss + np.sum((h - before.detach()) ** 2)
    of_h = flow(tg.trace(loss))
    assert None not in of_h.alone
    assert of_h.verdict != "cut"


def test_the_lane_of_the_cell_is_blamed_and_not_a_gate_beside_it():
    rng = np.random.default_rng(0)
    W, h, c = tg.parameter(rng.normal(size=(16, 6)) * 0.2, name="W"), np.zeros(4), np.zeros(4)
    for x in rng.normal(size=(30, 2)):
        i, f, g, o = np.split(W @ np.concatenate([x, h]), 4)
        c = tg.sigmoid(f - 1.0) * c + tg.sigmoid(i) * np.tanh(g)
        h = tg.sigmoid(o) * np.tanh(c)
    of_h = flow(tg.trace(np.sum(h)), "h")
    assert of_h.verdict == "vanishing"
    assert of_h.gain.node.expression == "tg.sigmoid(f - 1.0) * c"  # σ′ of o is smaller still
