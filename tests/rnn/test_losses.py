"""Losses: what they refuse, what they leave out, and their gradients."""

import numpy as np
import pytest

import rnn
import tinygraph as tg


def outputs(values):
    return [tg.parameter(value) for value in values]


def test_the_mean_does_not_grow_with_time_and_the_lectures_sum_does():
    o, y = np.zeros((6, 2, 3)), np.zeros((6, 2), int)
    losses = {T: (rnn.cross_entropy(outputs(o[:T]), y[:T], reduction="mean").item(),
                  rnn.cross_entropy(outputs(o[:T]), y[:T]).item()) for T in (1, 6)}  # fmt: skip
    assert losses[1] == pytest.approx((np.log(3), np.log(3)))
    assert losses[6] == pytest.approx((np.log(3), 6 * np.log(3)))


@pytest.mark.parametrize("reduction", ["mean", "sum", "batchmean"])
def test_what_is_ignored_has_no_gradient(reduction):
    o, y = outputs(np.random.default_rng(0).normal(size=(3, 2, 4))), [[0, 1], [-100, 2], [3, -100]]
    rnn.cross_entropy(o, y, reduction=reduction).backward()
    assert [[bool(np.any(row)) for row in step.grad] for step in o] == [[True, True], [False, True], [True, False]]


@pytest.mark.parametrize(
    "loss",
    [
        lambda o: rnn.cross_entropy(o, [1, 0, -100], weight=[1, 2, 0.5, 1], label_smoothing=0.1),
        lambda o: rnn.binary_cross_entropy_with_logits(o, np.eye(3, 4), pos_weight=2.0),
        lambda o: rnn.binary_cross_entropy(tg.sigmoid(o), np.eye(3, 4)),
        lambda o: rnn.mse([o[0], o[1], o[2]], np.eye(3, 4), reduction="sum"),
    ],
    ids=["cross_entropy", "with_logits", "binary", "mse"],
)
def test_gradients(loss):
    tg.testing.check_gradients(loss, np.random.default_rng(0).normal(size=(3, 4)), order=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o: rnn.cross_entropy(o, np.eye(2, 4)), TypeError, r"integers, not float64.*ys.argmax\(axis=-1\)"),
        (lambda o: rnn.cross_entropy(o, [0, -1]), ValueError, "from 0 to 3, not -1"),
        (lambda o: rnn.cross_entropy(o, [-100, -100]), ValueError, "no target that counts"),
        (lambda o: rnn.cross_entropy(o, [0, 0], weight=[1, 2]), ValueError, "weight should hold 4 numbers"),
        (lambda o: rnn.cross_entropy(o, [0, 0], label_smoothing=2), ValueError, "from 0 to 1, not 2"),
        (lambda o: rnn.cross_entropy(o, [0, 0], reduction="avg"), ValueError, "'batchmean', 'mean', 'none' or 'sum'"),
        (lambda o: rnn.cross_entropy(o.reshape(1, 4, 2), [[0, 0]]), ValueError, "classes come last.*swap the axes"),
        (lambda o: rnn.binary_cross_entropy(o + 2, np.eye(2, 4)), ValueError, "takes probabilities, from 0 to 1"),
        (lambda o: rnn.binary_cross_entropy(o, 2 * np.eye(2, 4)), ValueError, "targets of binary.* from 0 to 1"),
        (lambda o: rnn.binary_cross_entropy_with_logits(o, [1, 0]), ValueError, r"shape \(2, 4\).*not \(2,\)"),
    ],
)
def test_bad_arguments_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call(tg.parameter(np.full((2, 4), 0.5)))
