"""Rows C7 and C8 of the lectures: vanishing and exploding gradients, what cannot run in parallel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from rnn import analysis
from tests.rnn.helpers import logistic, seeds


def linear_network(rho, T=12, H=5, seed=0):
    rng = np.random.default_rng(seed)
    cell = rnn.ElmanCell(2, H, "linear", rng=rng)
    cell.W.data = rho * rnn.orthogonal((H, H), rng)
    states, last = rnn.unroll(cell, rng.normal(size=(T, 2)))
    return cell, states, last


@given(rho=st.floats(0.5, 2), seed=seeds)
def test_c7_the_log_of_the_norms_has_slope_log_rho(rho, seed):
    _, states, last = linear_network(rho, seed=seed)
    g = np.random.default_rng(seed).normal(size=5)
    norms = analysis.gradient_norms(tg.sum(last * g), states)
    np.testing.assert_allclose(np.diff(np.log(norms)), -np.log(rho), atol=1e-9)


def test_c7_orthogonal_weights_keep_the_norm():
    _, states, last = linear_network(1.0)
    np.testing.assert_allclose(analysis.gradient_norms(tg.sum(last), states), np.sqrt(5))


def test_c7_reading_the_norms_leaves_gradients_alone():
    cell, states, last = linear_network(1.0)
    loss = tg.sum(last)
    loss.backward()
    before = cell.W.grad
    analysis.gradient_norms(loss, states)
    assert cell.W.grad is before


@given(rho=st.floats(0.5, 1.5))
def test_c7_lag_matrix_of_a_linear_network(rho):
    _, states, _ = linear_network(rho, T=6)
    lags = analysis.lag_matrix([tg.sum(h) for h in states], states)
    t, s = np.indices((6, 6))
    expected = np.where(s <= t, np.sqrt(5) * rho ** (t - s.astype(float)), 0.0)
    np.testing.assert_allclose(lags, expected, rtol=1e-9)
    assert not np.any(lags[s > t])


@pytest.mark.parametrize("nonlinearity", ["tanh", "logistic", "relu", "linear"])
@given(seed=seeds, scale=st.floats(0.1, 4))
def test_c7_jacobian_products_and_their_bound(nonlinearity, seed, scale):
    rng = np.random.default_rng(seed)
    cell = rnn.ElmanCell(2, 4, nonlinearity, rng=rng)
    cell.W.data = scale * rng.normal(size=(4, 4))
    xs = rng.normal(size=(6, 2))
    states = [np.zeros(4), *(h.data for h in rnn.unroll(cell, xs)[0])]
    jacobians = analysis.state_jacobians(cell, states, xs)
    slope = {
        "tanh": lambda h: 1 - h**2,
        "logistic": lambda h: h * (1 - h),
        "relu": lambda h: (h > 0) * 1.0,
        "linear": np.ones_like,
    }[nonlinearity]
    expected = [np.diag(slope(h)) @ cell.W.data for h in states[1:]]
    np.testing.assert_allclose(jacobians, expected, rtol=1e-9, atol=1e-12)
    products = analysis.jacobian_products(jacobians)
    by_hand = np.eye(4)
    for k in range(6):
        by_hand = by_hand @ expected[5 - k]
        np.testing.assert_allclose(products[k], by_hand, rtol=1e-9, atol=1e-12)
    largest = analysis.singular_values(products)[:, 0]
    assert np.all(largest <= analysis.norm_bounds(cell.W, 6, nonlinearity) * (1 + 1e-9))


def test_c7_the_bound_is_reached_by_an_orthogonal_linear_network():
    cell, states, _ = linear_network(0.9)
    jacobians = analysis.state_jacobians(cell, [np.zeros(5), *states], np.zeros((12, 2)))
    largest = analysis.singular_values(analysis.jacobian_products(jacobians))[:, 0]
    np.testing.assert_allclose(largest, analysis.norm_bounds(cell.W, 12, "linear"))


def test_c7_the_jacobian_of_an_lstm_has_the_forget_gate_on_its_diagonal():
    cell = rnn.LSTMCell(2, 3, rng=0)
    cell.W.data = np.zeros((12, 3))
    state = (np.zeros(3), np.ones(3))
    (jacobian,) = analysis.state_jacobians(cell, [state], np.ones((1, 2)))
    b_φ = logistic(cell.U.data[3:6] @ np.ones(2) + 1)
    np.testing.assert_allclose(jacobian[3:, 3:], np.diag(b_φ))
    assert not np.any(jacobian[:, :3])


def test_c7_spectral_radius_and_largest_singular_value():
    W = tg.parameter(np.array([[0.5, 100.0], [0.0, 0.25]]))
    assert analysis.spectral_radius(W) == pytest.approx(0.5)
    assert analysis.largest_singular_value(W) == pytest.approx(np.linalg.svd(W.data)[1][0])


def test_c7_saturated_units_by_time_step():
    cell = rnn.ElmanCell(1, 2, rng=0)
    cell.U.data, cell.W.data = np.array([[1.0], [10.0]]), np.zeros((2, 2))
    states, _ = rnn.unroll(cell, [[0.0], [1.0], [5.0]])
    assert analysis.saturation(states).tolist() == [0, 0.5, 1]
    assert analysis.saturation([np.array([0.5, 0.001])], "logistic").tolist() == [0.5]
    assert analysis.saturation([np.array([0.0, 2.0])], "relu").tolist() == [0.5]


@pytest.mark.parametrize("peepholes", [True, False])
def test_c7_gates_over_time(peepholes):
    cell = rnn.LSTMCell(1, 2, peepholes=peepholes, rng=0)
    for parameter in cell.parameters().values():
        parameter.data = np.zeros(parameter.shape)
    cell.U.data = np.array([[0.0]] * 2 + [[5.0], [0.0]] + [[0.0]] * 4)
    _, (b_c, _) = rnn.unroll(cell, [[-1.0], [0.0], [1.0]])
    found = analysis.gates(tg.sum(b_c), "b_φ")
    expected = logistic(np.array([[-5.0, 0], [0, 0], [5, 0]]))
    np.testing.assert_allclose(found.values, expected)
    assert found.shut.tolist() == [0.5, 0, 0]
    assert found.open.tolist() == [0, 0, 0.5]
    with pytest.raises(ValueError, match="b_x"):
        analysis.gates(tg.sum(b_c), "b_x")


def test_c7_gates_of_one_layer_among_several():
    deep = rnn.Stacked(rnn.GRUCell(2, 3, rng=0), rnn.GRUCell(3, 4, rng=1))
    xs = np.random.default_rng(0).normal(size=(5, 2))
    _, (_, last) = rnn.unroll(deep, xs)
    below = [h.data for h in rnn.unroll(deep.cells[0], xs)[0]]
    _, alone = rnn.unroll(deep.cells[1], np.stack(below))
    found = analysis.gates(tg.sum(last), "z", scope="layer 2")
    assert np.array_equal(found.values, analysis.gates(tg.sum(alone), "z").values)
    with pytest.raises(ValueError, match=r"of \['layer 1', 'layer 2'\]"):
        analysis.gates(tg.sum(last), "z")


@given(limit=st.floats(1e-3, 10), seed=seeds)
def test_c7_clipping_keeps_the_direction(limit, seed):
    rng = np.random.default_rng(seed)
    weights = {name: tg.parameter(np.zeros(3)) for name in "UW"}
    for weight in weights.values():
        weight.grad = rng.normal(size=3)
    before = np.concatenate([w.grad for w in weights.values()])
    norm = rnn.clip_grad_norm(weights, limit)
    after = np.concatenate([w.grad for w in weights.values()])
    assert norm == pytest.approx(np.linalg.norm(before))
    np.testing.assert_allclose(after, before * min(1, limit / norm))


def depth(steps):
    model = rnn.ManyToMany(rnn.ElmanCell(2, 3, rng=0), 2, rng=0)
    return tg.graph(rnn.cross_entropy(model(np.ones((steps, 2))), [0] * steps)).longest_path()


def test_c8_the_longest_path_of_the_first_model_grows_with_time():
    assert depth(20) - depth(10) == depth(30) - depth(20) >= 10


def test_c8_under_teacher_forcing_it_does_not():
    cell = rnn.JordanCell(2, 3, 1, rng=0)

    def forced_depth(steps):
        ys = np.ones((steps, 1))
        outputs, _ = rnn.unroll(cell, np.ones((steps, 2)), forced=ys)
        return tg.graph(rnn.mse(outputs, ys)).longest_path()

    assert forced_depth(5) == forced_depth(50)
