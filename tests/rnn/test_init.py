"""Initial values: distributions, blocks of gates, the forget gate's bias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
from tests.rnn.helpers import seeds

sizes = st.integers(1, 8)


@given(rows=sizes, columns=sizes, seed=seeds)
def test_orthogonal_has_orthonormal_columns_or_rows(rows, columns, seed):
    Q = rnn.orthogonal((rows, columns), seed, gain=2.0) / 2
    assert Q.shape == (rows, columns)
    gram = Q.T @ Q if rows >= columns else Q @ Q.T
    np.testing.assert_allclose(gram, np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    rng = np.random.default_rng(0)
    drawn = np.stack([rnn.orthogonal((2, 2), rng) for _ in range(4000)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.05)
    assert np.mean(np.linalg.det(drawn) > 0) == pytest.approx(0.5, abs=0.05)


@given(rows=st.integers(1, 200), columns=st.integers(1, 200))
def test_glorot_fills_its_bound(rows, columns):
    drawn = rnn.glorot((rows, columns), 0)
    bound = np.sqrt(6 / (rows + columns))
    assert np.abs(drawn).max() <= bound
    if drawn.size > 1000:
        assert np.abs(drawn).max() > 0.98 * bound
        assert drawn.var() == pytest.approx(2 / (rows + columns), rel=0.2)


def test_identity_and_what_is_no_matrix():
    assert np.array_equal(rnn.identity((3, 3), gain=0.5), 0.5 * np.eye(3))
    with pytest.raises(ValueError, match=r"makes matrices, not arrays of shape \(3,\)"):
        rnn.orthogonal((3,), 0)


@given(I=sizes, H=sizes, seed=seeds)
def test_each_gate_starts_by_itself_and_the_forget_gate_open(I, H, seed):
    cell = rnn.LSTMCell(I, H, forget_bias=2.0, rng=seed)
    for W in np.split(cell.W.data, 4):
        np.testing.assert_allclose(W @ W.T, np.eye(H), atol=1e-12)
    for U in np.split(cell.U.data, 4):
        assert np.abs(U).max() <= np.sqrt(6 / (H + I))
    assert np.array_equal(cell.b.data, np.repeat([0.0, 2.0, 0.0, 0.0], H))
    gru = rnn.GRUCell(I, H, rng=seed)
    for W in (gru.W_z, gru.W_r, gru.W):
        np.testing.assert_allclose(W.data[:, :H] @ W.data[:, :H].T, np.eye(H), atol=1e-12)


@pytest.mark.parametrize("make", [rnn.ElmanCell, rnn.LSTMCell, rnn.GRUCell, lambda *a, **k: rnn.JordanCell(*a, 2, **k)])
def test_all_parameters_have_the_dtype_asked_for(make):
    assert make(3, 4, rng=0, dtype=np.float32).dtype == np.float32


def test_the_first_recurrent_matrix_of_an_elman_cell_is_the_one_asked_for():
    cell = rnn.ElmanCell(3, 4, "relu", initial_W=rnn.identity, rng=0, dtype=np.float32)
    assert np.array_equal(cell.W.data, np.eye(4)) and cell.W.data.dtype == np.float32 and cell.W.requires_grad
    assert np.array_equal(cell.U.data, rnn.ElmanCell(3, 4, rng=0, dtype=np.float32).U.data)
    W = rnn.ElmanCell(3, 4, rng=0).W.data
    np.testing.assert_allclose(W @ W.T, np.eye(4), atol=1e-12)
