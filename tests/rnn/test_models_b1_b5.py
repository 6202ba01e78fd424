"""Rows B1 to B5 of the lectures: the two models, the worked example, teacher forcing."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from tests.rnn.helpers import logistic, randomised, sizes

SERIES = [8, 10, 12, 10, 8, 12, 10, 12]


@given(I=sizes, H=sizes, K=sizes)
def test_b1_parameters(I, H, K):
    model = rnn.ManyToMany(rnn.ElmanCell(I, H, rng=0), K, rng=1)
    assert model.num_parameters() == H * H + H * I + K * H + H + K
    shapes = {name: p.shape for name, p in model.parameters().items()}
    assert shapes == {
        "layer.U": (H, I),
        "layer.W": (H, H),
        "layer.b": (H,),
        "readout.V": (K, H),
        "readout.c": (K,),
    }


@pytest.mark.parametrize(
    ("nonlinearity", "phi"),
    [
        ("tanh", np.tanh),
        ("relu", lambda a: np.maximum(a, 0)),
        ("logistic", logistic),
        ("linear", lambda a: a),
    ],
)
def test_b1_equations(nonlinearity, phi):
    rng = np.random.default_rng(0)
    model = randomised(rnn.ManyToMany(rnn.ElmanCell(3, 5, nonlinearity, rng=1), 2, rng=2), rng)
    U, W, b, V, c = (parameter.data for parameter in model.parameters().values())
    xs, h = rng.normal(size=(6, 3)), np.zeros(5)
    for x, o in zip(xs, model(xs), strict=True):
        h = phi(b + W @ h + U @ x)
        np.testing.assert_allclose(o.data, c + V @ h, rtol=1e-12)


def test_b1_variables_carry_the_names_of_the_notes_and_their_time_steps():
    model = rnn.ManyToMany(rnn.ElmanCell(3, 5, rng=0), 2, rng=1)
    graph = tg.graph(rnn.cross_entropy(model(np.ones((3, 3))), [0, 1, 0]))
    assert {node.name for node in graph.parameters} == {"U", "W", "b", "V", "c"}
    for name in ("a", "h", "o", "L"):
        times = [node.timestep for node in graph.nodes if node.name == name and node.kind == "op"]
        assert sorted(times) == [1, 2, 3], name


def test_b2_windows_and_targets():
    xs, ys = rnn.windows(SERIES, 4)
    assert xs.tolist() == [[8, 10, 12, 10], [10, 12, 10, 8], [12, 10, 8, 12], [10, 8, 12, 10]]
    assert ys.tolist() == [[8], [12], [10], [12]]


def test_b2_parameters_and_shapes():
    model = rnn.Forecaster(window=4, hidden_size=20, rng=0)
    shapes = {name.split(".")[-1]: p.shape for name, p in model.parameters().items()}
    assert shapes == {"W": (20, 20), "U": (20, 4), "V": (1, 20), "b": (20,), "c": (1,)}
    assert model.num_parameters() == 400 + 80 + 20 + 20 + 1 == 521


def test_b2_loss_is_the_mean_of_four_squares():
    model = rnn.Forecaster(4, 20, rng=0)
    xs, ys = rnn.windows(SERIES, 4)
    ŷ = model.predict(xs)
    assert rnn.mse(model(xs), ys).item() == pytest.approx(sum((y - f) ** 2 for y, f in zip(ys, ŷ, strict=True))[0] / 4)


def test_b2_forecast_reenters_the_window():
    model = rnn.Forecaster(4, 20, rng=0)
    fifth, sixth = model.forecast(SERIES, steps=2)
    fifth_window = [8, 12, 10, 12]
    known = [*rnn.windows(SERIES, 4).inputs, fifth_window]
    assert model.predict(known)[4, 0] == fifth
    assert model.predict([*known, [12, 10, 12, fifth]])[5, 0] == sixth


def test_b2_training_learns_the_worked_example():
    scaler = rnn.Scaler.fit(SERIES)
    data = rnn.windows(scaler.scale(SERIES), 4)
    model = rnn.Forecaster(4, 20, rng=0)
    rnn.fit(model, data, epochs=150, optimizer=rnn.Adam(model, lr=0.01), quiet=True)
    np.testing.assert_allclose(scaler.restore(model.predict(data.inputs)).ravel(), [8, 12, 10, 12], atol=0.1)


def test_b3_two_ahead_has_three_complete_pairs():
    xs, ys = rnn.windows(SERIES, 4, horizon=2)
    assert xs.tolist() == [[8, 10, 12, 10], [10, 12, 10, 8], [12, 10, 8, 12]]
    assert ys.tolist() == [[8, 12], [12, 10], [10, 12]]
    model = rnn.Forecaster(4, 20, horizon=2, rng=0)
    assert model.num_parameters() == 542
    assert model.readout.V.shape == (2, 20)
    assert model.predict(xs).shape == (3, 2)


@pytest.mark.parametrize(("horizon", "parameters"), [(1, 141), (2, 182)])
def test_b4_parameters(horizon, parameters):
    model = rnn.Forecaster(4, 20, horizon, recurrence="output", rng=0)
    assert model.num_parameters() == parameters
    assert model.cell.W.shape == (20, horizon)


def unrolled_jordan(steps, forced=False, seed=0):
    rng = np.random.default_rng(seed)
    cell = rnn.JordanCell(2, 5, 3, "tanh", "tanh", rng=rng)
    xs = rng.normal(size=(steps, 2))
    free, _ = rnn.unroll(cell, xs)
    if not forced:
        return cell, xs, free
    return cell, xs, rnn.unroll(cell, xs, forced=[ŷ.data for ŷ in free])[0]


def test_b4_equations():
    cell, xs, outputs = unrolled_jordan(5)
    U, W, b, V, c = (p.data for p in cell.parameters().values())
    ŷ = np.zeros(3)
    for x, output in zip(xs, outputs, strict=True):
        ŷ = np.tanh(V @ np.tanh(W @ ŷ + U @ x + b) + c)
        np.testing.assert_allclose(output.data, ŷ, rtol=1e-12)


def test_b4_a_linear_output_is_drawn_as_the_forecast_too():
    cell = rnn.JordanCell(2, 5, 3, rng=0)
    names = [node.name for node in tg.graph(*rnn.unroll(cell, np.ones((2, 2)))[0]).nodes if node.kind == "op"]
    assert names == [None, None, "a", "h", "ŷ"] * 2


def test_b4_only_the_output_reaches_the_next_time_step():
    _, _, outputs = unrolled_jordan(4)
    graph = tg.graph(*outputs)
    for node in graph.nodes:
        later = [c for c, _ in graph.consumers(node) if node.timestep and c.timestep != node.timestep]
        assert not later or (node.name == "ŷ" and [c.timestep for c in later] == [node.timestep + 1])
    assert sum(node.name == "ŷ" and node.kind == "op" for node in graph.nodes) == 4


@given(steps=st.integers(2, 12))
def test_b5_teacher_forcing_cuts_the_chain(steps):
    _, _, outputs = unrolled_jordan(steps, forced=True)
    graph = tg.graph(*outputs)
    hidden = [node.tensor for node in graph.nodes if node.name == "h"]
    for before, after in pairwise(hidden):
        jacobian = [rnn.analysis.adjoints(after[unit], [before])[0] for unit in range(after.size)]
        assert not np.any(jacobian)
    assert not np.triu(rnn.analysis.dependence(hidden, hidden), 1).any()
    assert np.array_equal(rnn.analysis.dependence(hidden, hidden), np.eye(steps, dtype=bool))


def test_b5_longest_path_of_the_loss_grows_only_when_running_free():
    def depth(steps, forced):
        _, _, outputs = unrolled_jordan(steps, forced)
        loss = rnn.mse(outputs, np.zeros((steps, 3)))
        return tg.graph(loss).longest_path()

    assert depth(3, forced=True) == depth(12, forced=True)
    lengths = [depth(steps, forced=False) for steps in (3, 6, 9)]
    assert lengths[1] - lengths[0] == lengths[2] - lengths[1] > 0


@given(steps=st.integers(1, 8), seed=st.integers(0, 99))
def test_b5_same_values_where_the_targets_are_the_outputs(steps, seed):
    _, _, free = unrolled_jordan(steps, seed=seed)
    _, _, forced = unrolled_jordan(steps, forced=True, seed=seed)
    for one, other in zip(free, forced, strict=True):
        assert np.array_equal(one.data, other.data)


def test_b5_hidden_recurrence_has_no_targets_to_force():
    xs, ys = rnn.windows(SERIES, 4)
    with pytest.raises(ValueError, match="recurrence='output'"):
        rnn.Forecaster(4, 20, rng=0)(xs, forced=ys)
