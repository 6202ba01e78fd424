"""Section A of the lectures: dynamical systems."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from tests.rnn.helpers import seeds


def linear_system(size, seed):
    rng = np.random.default_rng(seed)
    return rnn.LinearSystem(rng.normal(size=(size, size)), rng.normal(size=size)), rng.normal(size=size)


@given(size=st.integers(1, 5), steps=st.integers(0, 8), seed=seeds)
def test_a1_states_have_the_closed_form(size, steps, seed):
    system, s0 = linear_system(size, seed)
    W, b = system.W.data, system.b.data
    power = np.linalg.matrix_power
    expected = power(W, steps) @ s0 + sum((power(W, k) @ b for k in range(steps)), np.zeros(size))
    last = system.run(s0, steps)[-1]
    np.testing.assert_allclose(np.asarray(last if steps == 0 else last.data), expected, rtol=1e-9, atol=1e-9)
    many, offset = system.power(steps)
    np.testing.assert_allclose(many @ s0 + offset, expected, rtol=1e-9, atol=1e-9)


def test_a1_two_steps_are_one_affine_map():
    system, _ = linear_system(3, 0)
    W, b = system.W.data, system.b.data
    many, offset = system.power(2)
    np.testing.assert_allclose(many, W @ W)
    np.testing.assert_allclose(offset, W @ b + b)


@given(size=st.integers(1, 5), steps=st.integers(1, 9))
def test_a1_parameters_do_not_grow_with_time(size, steps):
    system, s0 = linear_system(size, 1)
    graph = tg.graph(system.run(s0, steps)[-1])
    assert sum(node.data.size for node in graph.parameters) == system.num_parameters() == size**2 + size


@given(size=st.integers(1, 4), steps=st.integers(1, 7), seed=seeds)
def test_a1_gradient_of_w_is_the_sum_over_time(size, steps, seed):
    system, s0 = linear_system(size, seed)
    g = np.random.default_rng(seed + 1).normal(size=size)
    states = system.run(s0, steps)
    tg.sum(states[-1] * g).backward()
    values = [s0, *(s.data for s in states[1:])]
    back = system.W.data.T
    expected = sum(np.outer(np.linalg.matrix_power(back, steps - 1 - t) @ g, values[t]) for t in range(steps))
    np.testing.assert_allclose(system.W.grad, expected, rtol=1e-8, atol=1e-8)


@given(steps=st.integers(1, 12))
def test_a2_one_parameter_and_a_consumer_a_step(steps):
    theta = tg.parameter(0.7)
    last = rnn.evolve(lambda s, t: tg.tanh(theta * s), 0.5, steps)[-1]
    graph = tg.graph(last)
    (node,) = graph.parameters
    assert len(graph.consumers(node)) == steps
    assert sorted(consumer.timestep for consumer, _ in graph.consumers(node)) == list(range(1, steps + 1))


@given(steps=st.integers(2, 8))
def test_a4_full_history_has_quadratically_many_edges_and_a_state_linearly(steps):
    theta = tg.parameter(np.full(steps, 0.1))
    history = [tg.tensor(1.0)]
    for t in range(1, steps):
        history.append(tg.tanh(tg.sum(tg.stack(history) * theta[:t])))
    among_states = sum(node.op == "stack" and len(node.inputs) for node in tg.graph(history[-1]).nodes)
    assert among_states == steps * (steps - 1) / 2
    states = rnn.evolve(lambda s, t: tg.tanh(s * theta[0]), tg.tensor(1.0), steps - 1)
    assert sum(node.op == "tanh" for node in tg.graph(states[-1]).nodes) == steps - 1


@pytest.mark.parametrize(("step", "error"), [(0.1, 1.27), (0.01, 0.0289), (0.001, 0.00257)])
def test_a5_errors_of_eulers_method(step, error):
    with tg.no_grad():
        last = rnn.ForcedOscillator(4.0, 1.0).run(step, round(10 / step))[-1]
    exact = rnn.oscillation(10.0, 4.0, 1.0)
    assert round(exact, 5) == -0.41572
    assert abs(last.data[0] - exact) == pytest.approx(error, rel=5e-3)


@given(k=st.floats(0.1, 9), A=st.floats(-2, 2), step=st.floats(0.01, 0.5), steps=st.integers(1, 20))
def test_a5_eulers_method_is_a_linear_rnn(k, A, step, steps):
    oscillator = rnn.ForcedOscillator(k, A)
    cell = oscillator.cell(step)
    forces = np.cos(np.arange(steps) * step)[:, None]
    unrolled, _ = rnn.unroll(cell, forces)
    solved = oscillator.run(step, steps)[1:]
    np.testing.assert_allclose([h.data for h in unrolled], [s.data for s in solved], rtol=1e-9, atol=1e-12)
    radius = np.abs(np.linalg.eigvals(cell.W.data)).max()
    assert radius == pytest.approx(np.sqrt(1 + step**2 * k))
    assert radius > 1


@pytest.mark.slow
def test_a5_bptt_recovers_the_constants_from_a_trajectory():
    step, steps = 0.05, 60
    with tg.no_grad():
        measured = rnn.ForcedOscillator(4.0, 1.0).run(step, steps)
    guess = rnn.ForcedOscillator(3.0, 0.5)
    optimizer = rnn.Adam(guess, lr=rnn.exponential_decay(0.1, half_life=60))
    for _ in range(400):
        optimizer.zero_grad()
        rnn.mse(guess.run(step, steps)[1:], [s.data for s in measured[1:]]).backward()
        optimizer.step()
    assert guess.k.item() == pytest.approx(4.0, abs=1e-4)
    assert guess.A.item() == pytest.approx(1.0, abs=1e-4)


@given(rows=st.integers(1, 5))
def test_a6_a_broadcast_bias_sums_over_rows(rows):
    rng = np.random.default_rng(rows)
    X, W, b = rng.normal(size=(rows, 3)), tg.parameter(rng.normal(size=(3, 4))), tg.parameter(rng.normal(size=4))
    H = tg.relu(X @ W + b)
    adjoint = rng.normal(size=H.shape)
    H.backward(adjoint)
    np.testing.assert_allclose(b.grad, (adjoint * (H.data > 0)).sum(axis=0))
