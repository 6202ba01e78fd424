"""`evaluate` and the losses of an epoch: those of all the data, however these are cut into batches."""

from functools import partial

import numpy as np
import pytest

import rnn
import tinygraph as tg
from rnn.weighing import combined, shares, weight
from tests.rnn.helpers import softmax

RNG = np.random.default_rng(2)
SERIES = [RNG.normal(size=(n, 3)) for n in (7, 1, 4, 2, 5)]
AIMS = [RNG.normal(size=(len(series), 2)) for series in SERIES]


def network():
    return rnn.ManyToMany(rnn.GRUCell(3, 4, rng=0), 2, rng=1)


def squared_errors(model):
    """All squared errors, each sequence by itself."""
    outputs = [np.stack([o.data for o in model(series)]) for series in SERIES]
    return np.concatenate([((o - aims) ** 2).ravel() for o, aims in zip(outputs, AIMS, strict=True)])


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_batches_of_unequal_size_and_length_count_by_what_they_hold(size):
    model = network()
    data = rnn.batches(SERIES, AIMS, size, rng=0, per_step=True)
    assert rnn.evaluate(model, data) == pytest.approx(squared_errors(model).mean())
    assert rnn.evaluate(model, data, partial(rnn.mse, reduction="sum")) == pytest.approx(squared_errors(model).sum())
    history = rnn.fit(model, data, epochs=1, optimizer=rnn.SGD(model, 0.0), quiet=True)
    assert history.train == pytest.approx([squared_errors(model).mean()])


def test_a_classifier_counts_by_sequences():
    classifier = rnn.ManyToOne(rnn.GRUCell(3, 4, rng=0), 2, rng=1)
    classes = [0, 1, 1, 0, 1]
    expected = np.mean([-np.log(softmax(classifier(xs).data)[y]) for xs, y in zip(SERIES, classes, strict=True)])
    for size in (1, 2, 3, 5):
        data = rnn.batches(SERIES, classes, size, rng=0)
        assert rnn.evaluate(classifier, data, rnn.cross_entropy) == pytest.approx(expected)


def test_what_a_loss_leaves_out_or_weighs_counts_so():
    targets = np.array([[0, 2, 1], [2, 2, 0]])
    loss = lambda outputs, targets, lengths=None, ignore_index=-100, weight=None: None
    assert weight(loss, targets) == 6
    assert weight(partial(loss, ignore_index=2), targets) == 3
    assert weight(partial(loss, weight=[1.0, 10.0, 100.0]), targets) == 312
    assert weight(partial(loss, weight=[1.0, 10.0, 100.0], ignore_index=2), targets, lengths=[2, 2, 1]) == 11
    assert weight(partial(loss, ignore_index=2), np.full((2, 3), 2)) == 0
    assert weight(partial(loss, ignore_index=2), targets, stepwise=False) == 3


def test_a_mean_over_the_sequences_counts_them():
    loss = lambda outputs, targets, lengths=None, reduction=None: None
    targets = np.zeros((5, 3), int)
    assert weight(loss, targets, lengths=[5, 1, 2]) == weight(partial(loss, reduction="batchmean"), targets) == 3
    assert weight(loss, targets, stepwise=False) == weight(partial(loss, reduction="mean"), targets) == 15
    assert weight(partial(loss, reduction="mean"), targets, lengths=[5, 1, 2]) == 8


def test_a_loss_of_ones_own_tells_how_it_counts():
    def squares(outputs, targets):
        return rnn.mse(outputs, targets, reduction="sum") * 0.5

    squares.count = lambda targets, lengths: 7.0
    assert weight(squares, np.zeros(3)) == 7.0
    assert combined(squares, [2.0, 4.0], [1.0, 3.0]) == 3.5
    assert shares(partial(rnn.mse, reduction="sum"), [1.0, 1.0]) == [1.0, 1.0]


def _penalised(outputs, targets, lengths=None):
    return rnn.mse(outputs, targets, lengths, "sum") + rnn.mse(outputs, targets, lengths, "sum")


OWN_LOSSES = {
    "a sum": lambda o, y, lengths=None: rnn.mse(o, y, lengths, reduction="sum"),
    "half a mean": lambda o, y, lengths=None: 0.5 * rnn.mse(o, y, lengths),
    "two sums": _penalised,
    "a mean with a penalty": lambda o, y, lengths=None: rnn.mse(o, y, lengths) + tg.tensor(0.25),
    "probabilities with weights": partial(
        rnn.binary_cross_entropy_with_logits, weight=np.array([1.0, 3.0]), reduction="mean"
    ),
}


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize("name", OWN_LOSSES)
def test_losses_around_those_here_count_as_these_do(name, compile):
    loss, integers = OWN_LOSSES[name], name.startswith("probabilities")
    aims = [(aims > 0).astype(int) if integers else aims for aims in AIMS]
    model = network()
    (whole,) = rnn.batches(SERIES, aims, 5, per_step=True)
    expected = rnn.evaluate(model, whole, loss)
    np.testing.assert_allclose(expected, loss(model(whole.inputs, lengths=whole.lengths), *whole[1:]).item())
    for size in (1, 2, 3):
        data = rnn.batches(SERIES, aims, size, per_step=True)
        assert rnn.evaluate(model, data, loss) == pytest.approx(expected)
        options = {"epochs": 1, "loss": loss, "optimizer": rnn.SGD(model, 0.0), "quiet": True, "compile": compile}
        assert rnn.fit(model, data, **options).train == pytest.approx([expected])
        assert rnn.fit(model, data, shards=2, **options).train == pytest.approx([expected])


def test_a_sum_divided_by_hand_is_a_mean():
    model, xs, ys = network(), RNG.normal(size=(4, 6, 3)), RNG.normal(size=(4, 6, 2))
    loss = lambda o, y: rnn.mse(o, y, reduction="sum") / len(o[0])
    halves = [(xs[:, part], ys[:, part]) for part in (slice(0, 3), slice(3, 6))]
    assert rnn.evaluate(model, halves, loss) == pytest.approx(loss(model(xs), ys).item())


def test_weights_of_classes_in_a_lambda_count_too():
    classifier = rnn.ManyToOne(rnn.GRUCell(3, 4, rng=0), 3, rng=1)
    loss = lambda o, y: rnn.cross_entropy(o, y, weight=[1.0, 5.0, 0.5], ignore_index=2)
    classes = [0, 1, 1, 2, 0]
    (whole,) = rnn.batches(SERIES, classes, 5)
    expected = rnn.evaluate(classifier, whole, loss)
    for size in (1, 2, 3):
        data = [batch for batch in rnn.batches(SERIES, classes, size) if (batch.targets != 2).any()]
        assert rnn.evaluate(classifier, data, loss) == pytest.approx(expected)
