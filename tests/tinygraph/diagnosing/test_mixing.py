"""Mix: rows are said to keep to themselves only where that is known, and no row that was tried is left out."""

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.diagnosing import mix

T, H = 7, 4
PAST = np.triu(np.ones((T, T), bool), 1)  # the future is hidden


def recurrence(x, read=lambda h: h):
    W, h, states = tg.parameter(np.full((H, H), 0.2), name="W"), tg.tensor(np.zeros((len(x), H))), []
    for t in range(x.shape[1]):
        h = np.tanh(read(h) @ W + x[:, t])
        states.append(h)
    return np.mean(np.stack([np.sum(state**2, axis=1) for state in states]))


def batch():
    return tg.tensor(np.random.default_rng(0).normal(size=(3, 5, H)), name="x")


def test_time_steps_joined_by_the_recurrence_are_joined_though_their_axis_is_gone():
    trace = tg.trace(recurrence(batch()))
    mixed = mix(trace, "x", 1)
    assert mixed.first is not None
    assert (str(mixed.first.op), mixed.first.timestep) == ("add", 2)  # the first step that reads the state of another
    assert mixed.seen_in is mixed.first
    assert not any(mixed.reached.values())  # not told apart
    assert mix(trace, "x", 0).first is None
    assert mix(trace, "x", 2).first is not None


def attention(mask):
    rng = np.random.default_rng(0)
    x = tg.tensor(rng.normal(size=(T, H)), name="x")
    q, k, v = (x @ tg.parameter(rng.normal(size=(H, H))) for _ in range(3))
    scores = np.where(mask, -1e9, q @ k.T)
    return tg.trace(np.sum((tg.softmax(scores, axis=-1) @ v) ** 2))


def test_scores_that_a_mask_hides_join_nothing():
    mixed = mix(attention(PAST), "x")
    assert str(mixed.first.op) == "softmax"
    assert mixed.reached == {row: list(range(row + 1, T)) for row in range(T)}  # the last is told too
    assert mix(attention(np.zeros((T, T), bool)), "x").first.expression == "q @ k.T"  # nothing is hidden
    assert mix(attention(~np.eye(T, dtype=bool)), "x").first is None  # each reads itself alone


def test_every_row_is_tried():
    mixed = mix(attention(PAST), "v")
    assert mixed.reached == {row: list(range(row + 1, T)) for row in range(T)}


def test_a_loss_of_pairs_joins_them():
    x = tg.tensor(np.random.default_rng(0).normal(size=(5, H)), name="x")
    assert mix(tg.trace(np.sum(tg.parameter(2.0) * np.tanh(x @ x.T))), "x").first is not None


def test_what_left_the_graph_is_not_known():
    trace = tg.trace(recurrence(batch(), read=lambda h: h.detach()[::-1]))
    with pytest.raises(
        ValueError, match=r"no recorded op joins the rows of x, but h left the graph by detach\(\), line"
    ):
        mix(trace, "x")


def test_more_rows_than_were_tried_are_not_spoken_for():
    x = tg.tensor(np.random.default_rng(0).normal(size=(100, H)), name="x")
    with pytest.raises(
        ValueError, match="no recorded op joins the 64 rows of x that were tried; the other rows were not"
    ):
        mix(tg.trace(np.sum(tg.parameter(np.ones(H)) * x)), "x")
