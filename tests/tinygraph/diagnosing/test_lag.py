"""Lag: the row of a time step is its own term of the loss, whatever way it takes; no false 0."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.diagnosing.test_equations import directions
from tinygraph.diagnosing import flow, lag, reach

T, H, K = 6, 4, 3


def states(rng):
    W, h, history = tg.parameter(rng.normal(size=(H, H)) / 2, name="W"), np.zeros(H), []
    for t in range(T):
        h = np.tanh(W @ h + np.cos(t + np.arange(H)))
        history.append(h)
    return np.stack(history)


def attention(x, rng, mask):
    q, k, v = (x @ tg.parameter(rng.normal(size=(H, H))) for _ in range(3))
    return tg.softmax(np.where(mask, -1e9, q @ k.T), axis=-1) @ v


def terms(mask, residual=True, flat=False):
    """Return the cross-entropy of each time step, of states that an attention reads."""
    rng = np.random.default_rng(0)
    x = states(rng)
    read = attention(x, rng, mask)
    logits = (x + read if residual else read) @ tg.parameter(rng.normal(size=(H, K)))
    return tg.softmax_cross_entropy(logits.reshape(-1, K) if flat else logits, np.arange(T) % K)


FUTURE, PAST = (
    np.tril(np.ones((T, T), bool), -1),
    np.triu(np.ones((T, T), bool), 1),
)  # what is hidden: the wrong way, right


@pytest.mark.parametrize("options", [{}, {"flat": True}])
@pytest.mark.parametrize("mask", [FUTURE, PAST, np.zeros((T, T), bool)], ids=["leak", "causal", "none"])
def test_rows_of_a_stacked_loss_are_the_losses_of_their_time_steps(mask, options):
    matrix = lag(tg.trace(np.mean(terms(mask, **options))), "h")
    assert matrix.losses == matrix.uses == list(range(1, T + 1))
    expected = np.zeros((T, T))
    for t in range(T):
        alone = tg.trace(terms(mask, **options)[t] / T)  # a pass of one loss only
        for s in range(T):
            gradient = alone.gradient(alone.node(f"h[{s + 1}]")) if f"h[{s + 1}]" in symbols(alone) else None
            expected[t, s] = 0.0 if gradient is None else np.linalg.norm(gradient)
    np.testing.assert_allclose(matrix.norms, expected, rtol=1e-9, atol=1e-15)
    assert (expected[0, 1:] > 0).all() == (mask is not PAST)


def test_what_cannot_be_told_by_rows_is_not_told():
    assert lag(tg.trace(np.mean(terms(np.zeros((T, T), bool), residual=False)))).losses == [1, 2, 3, 4, 5, 6]
    with pytest.raises(LookupError, match="the loss is no sum over time steps that is known"):
        lag(tg.trace(np.mean(terms(FUTURE, residual=False))))  # its last row reads one key: no gradient by its query


def symbols(trace):
    return {trace.symbols.of(node).ascii for node in trace.graph.nodes}


def test_the_loss_of_one_row_is_of_that_time_step():
    rng = np.random.default_rng(0)
    logits = states(rng) @ tg.parameter(rng.normal(size=(H, K)))
    assert lag(tg.trace(np.sum(np.tanh(logits)[3])), "h").losses == [4]
    assert lag(tg.trace(np.sum(np.tanh(logits[1:]))), "h").losses == [2, 3, 4, 5, 6]


def test_a_batch_before_or_behind_time_is_not_taken_for_it():
    rng = np.random.default_rng(0)
    W, h, history = tg.parameter(rng.normal(size=(H, H)) / 2, name="W"), np.zeros((T, H)), []
    for _ in range(T):  # as many as there are examples
        h = np.tanh(h @ W + rng.normal(size=(T, H)))
        history.append(h)
    for axis in (0, 1):
        matrix = lag(tg.trace(np.mean(np.tanh(np.stack(history, axis=axis)))), "h")
        assert matrix.losses == [1, 2, 3, 4, 5, 6]
        assert (matrix.norms[np.triu_indices(T, 1)] == 0).all()
        assert (matrix.norms[np.tril_indices(T)] > 0).all()


def test_one_loss_of_all_time_steps_is_said_to_be_one():
    rng = np.random.default_rng(0)
    pooled = np.mean(states(rng), axis=0) @ tg.parameter(rng.normal(size=(H, K)))
    trace = tg.trace(np.sum(np.tanh(pooled)))
    with pytest.raises(
        LookupError, match=r"the loss is no sum over time steps that is known: .*, line \d+, joins time steps 1 to 6"
    ):
        lag(trace)
    of_h = flow(trace)
    assert of_h.alone == of_h.norms


def test_a_loss_of_rows_may_read_a_number_of_all_time_steps():
    rng = np.random.default_rng(0)
    x = states(rng)
    loss = np.sum(np.tanh(x - np.mean(x)))  # the mean reads them all; the rows of x are told apart all the same
    matrix = lag(tg.trace(loss), "h")
    assert matrix.losses == [1, 2, 3, 4, 5, 6]
    assert (matrix.norms > 0).all()


@pytest.mark.parametrize(("turned_back", "said"), [(True, "s ≥ t"), (False, "s ≥ 6 − t: it meets the sequence from")])
def test_which_time_steps_a_loss_reaches(turned_back, said):
    of_second = lag(tg.trace(directions(turned_back)), "h")
    assert f"reaches h (loop 2) at {said}" in reach(of_second)
