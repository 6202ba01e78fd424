"""Rows B11 to B13 of the lectures: deep networks, the LSTM with peepholes, the GRU."""

import numpy as np
import pytest
from hypothesis import given

import rnn
import tinygraph as tg
from tests.rnn.helpers import logistic, randomised, sizes


@given(I=sizes, H=sizes)
def test_b12_parameters(I, H):
    assert rnn.LSTMCell(I, H, peepholes=True, bias=False, rng=0).num_parameters() == 4 * H * (I + H) + 3 * H
    assert rnn.LSTMCell(I, H, rng=0).num_parameters() == 4 * H * (I + H) + 4 * H


@pytest.mark.parametrize("peepholes", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_b12_equations(peepholes, bias):
    I, H, rng = 3, 4, np.random.default_rng(1)
    cell = randomised(rnn.LSTMCell(I, H, peepholes=peepholes, bias=bias, rng=0))
    U, W = np.split(cell.U.data, 4), np.split(cell.W.data, 4)
    b = np.split(cell.b.data, 4) if bias else [0.0] * 4
    p_ι, p_φ, p_ω = (cell.p_ι.data, cell.p_φ.data, cell.p_ω.data) if peepholes else (0.0, 0.0, 0.0)
    xs = rng.normal(size=(5, I))
    b_c, s = np.zeros(H), np.zeros(H)
    outputs, _ = rnn.unroll(cell, xs)
    for x, output in zip(xs, outputs, strict=True):
        a = [U[k] @ x + W[k] @ b_c + b[k] for k in range(4)]
        b_ι, b_φ = logistic(a[0] + p_ι * s), logistic(a[1] + p_φ * s)
        s = b_φ * s + b_ι * np.tanh(a[3])
        b_ω = logistic(a[2] + p_ω * s)
        b_c = b_ω * np.tanh(s)
        np.testing.assert_allclose(output.data, b_c, rtol=1e-11)


@pytest.mark.parametrize("peepholes", [True, False])
def test_b12_the_direct_edge_between_states_carries_the_forget_gate(peepholes):
    cell = randomised(rnn.LSTMCell(3, 4, peepholes=peepholes, rng=0))
    _, (b_c, s) = rnn.unroll(cell, np.random.default_rng(2).normal(size=(3, 3)))
    values = {(n.name, n.timestep): n.data for n in tg.graph(b_c, s).nodes}
    direct = []
    for step in tg.backprop(tg.sum(s)):
        for source, term in zip(step.node.inputs, step.contributions, strict=True):
            if step.node.op == "multiply" and step.node.timestep == 3 and (source.name, source.timestep) == ("s", 2):
                direct.append(term)
    through_gate = values["b_φ", 3]
    assert any(np.allclose(term, through_gate, rtol=1e-14, atol=0) for term in direct)


def test_b12_gates_are_named_as_in_the_notes():
    cell = rnn.LSTMCell(2, 3, peepholes=True, rng=0)
    _, (b_c, s) = rnn.unroll(cell, np.ones((2, 2)))
    names = {node.name for node in tg.graph(b_c, s).nodes}
    assert {"b_ι", "b_φ", "b_ω", "s", "b_c", "p_ι", "p_φ", "p_ω", "U", "W", "b"} <= names


@given(I=sizes, H=sizes)
def test_b13_parameters_are_three_quarters_of_the_lstms(I, H):
    parameters = rnn.GRUCell(I, H, bias=False, rng=0).num_parameters()
    assert parameters == 3 * H * (H + I)
    assert 4 * parameters == 3 * rnn.LSTMCell(I, H, bias=False, rng=0).num_parameters()


@pytest.mark.parametrize("bias", [True, False])
def test_b13_equations(bias):
    cell = randomised(rnn.GRUCell(3, 4, bias=bias, rng=0))
    b_z, b_r, b = (cell.b_z.data, cell.b_r.data, cell.b.data) if bias else (0.0, 0.0, 0.0)
    xs, h = np.random.default_rng(1).normal(size=(5, 3)), np.zeros(4)
    for x, output in zip(xs, rnn.unroll(cell, xs)[0], strict=True):
        z = logistic(cell.W_z.data @ np.r_[h, x] + b_z)
        r = logistic(cell.W_r.data @ np.r_[h, x] + b_r)
        new = np.tanh(cell.W.data @ np.r_[r * h, x] + b)
        h = (1 - z) * h + z * new
        np.testing.assert_allclose(output.data, h, rtol=1e-11)


def test_b13_a_shut_update_gate_copies_the_state():
    cell = randomised(rnn.GRUCell(3, 4, rng=0))
    cell.b_z.data = np.full(4, -1e3)
    h = np.random.default_rng(1).normal(size=4)
    assert np.array_equal(cell(h, np.ones(3)).data, h)


def test_b11_parameters_add_up_over_layers_of_each_kind():
    layers = [
        rnn.ElmanCell(3, 4, rng=0),
        rnn.LSTMCell(4, 5, peepholes=True, rng=1),
        rnn.GRUCell(5, 2, rng=2),
    ]
    deep = rnn.Stacked(*layers)
    assert deep.num_parameters() == sum(layer.num_parameters() for layer in layers)
    assert rnn.unroll(deep, np.ones((3, 7, 3)))[0][-1].shape == (7, 2)


@pytest.mark.parametrize("make", [rnn.ElmanCell, rnn.LSTMCell, rnn.GRUCell])
def test_b11_one_layer_is_the_cell(make):
    cell, xs = make(3, 4, rng=0), np.random.default_rng(0).normal(size=(5, 2, 3))
    for one, other in zip(rnn.unroll(cell, xs)[0], rnn.unroll(rnn.Stacked(cell), xs)[0], strict=True):
        assert np.array_equal(one.data, other.data)


def test_b11_each_layer_reads_the_one_below():
    layers = [rnn.LSTMCell(3, 4, rng=0), rnn.GRUCell(4, 5, rng=1), rnn.ElmanCell(5, 2, rng=2)]
    xs = np.random.default_rng(0).normal(size=(6, 2, 3))
    expected = xs
    for layer in layers:
        expected = np.stack([h.data for h in rnn.unroll(layer, expected)[0]])
    for deep in (rnn.unroll(rnn.Stacked(*layers), xs)[0], rnn.Layers(*layers)(xs)[0]):
        np.testing.assert_allclose(np.stack([h.data for h in deep]), expected, rtol=1e-12)


def test_b11_drawn_as_a_grid_of_layers_and_time_steps():
    deep = rnn.Stacked(rnn.ElmanCell(2, 3, rng=0), rnn.ElmanCell(3, 4, rng=1))
    outputs, _ = rnn.unroll(deep, np.ones((3, 2)))
    grid = [(n.scope, n.timestep) for n in tg.graph(*outputs).nodes if n.name == "h" and n.kind == "op"]
    assert grid == [(layer, t) for t in (1, 2, 3) for layer in ("layer 1", "layer 2")]


def test_b11_layers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="layer 2 reads 5 features, but the layer before it has 4"):
        rnn.Stacked(rnn.ElmanCell(3, 4, rng=0), rnn.GRUCell(5, 2, rng=1))


def jordan(input_size, hidden_size, **options):
    return rnn.JordanCell(input_size, hidden_size, 2, **options)


@pytest.mark.parametrize("make", [rnn.ElmanCell, rnn.LSTMCell, rnn.GRUCell, jordan])
def test_a_learned_initial_state_is_used_and_gets_its_gradient(make):
    cell = randomised(make(2, 3, learned_state=True, rng=0))
    xs = np.random.default_rng(0).normal(size=(3, 4, 2))
    start = cell.initial_state((4,))
    plain = tuple(s.data for s in start) if isinstance(start, tuple) else start.data
    learned, fixed = rnn.unroll(cell, xs)[0][-1], rnn.unroll(cell, xs, plain)[0][-1]
    np.testing.assert_allclose(learned.data, fixed.data, rtol=1e-12)
    tg.sum(learned * learned).backward()
    for name in cell.state_names:
        assert np.any(getattr(cell, name).grad), name
