"""`fit`, `evaluate`, shards and checkpoints with all losses, with what drops at random, and with symbols as inputs."""

from functools import partial

import numpy as np
import pytest

import rnn
from tests.rnn.helpers import softmax, values

RNG = np.random.default_rng(5)
K = 4
SEQUENCES = [RNG.integers(0, 6, n) for n in (7, 1, 4, 2, 5, 3, 6)]
TARGETS = [RNG.integers(0, K, len(symbols)) for symbols in SEQUENCES]
WEIGHTS = np.array([1.0, 0.5, 2.0, 0.25])


class Symbols(rnn.Module):
    """Symbols in, a class for each out, with dropout between."""

    def __init__(self, p=0.0):
        self.embedding = rnn.Embedding(6, 3, rng=0)
        self.dropout = rnn.Dropout(p, rng=1)
        self.layer = rnn.ManyToMany(rnn.GRUCell(3, 5, rng=2), K, rng=3)

    def __call__(self, numbers, lengths=None):
        return self.layer(self.dropout(self.embedding(numbers)), lengths=lengths)


def expected(model, weight=None, ignored=-100):
    """The mean over all targets that count, and their sum, each sequence by itself, in plain NumPy."""
    total = counted = 0.0
    for symbols, target in zip(SEQUENCES, TARGETS, strict=True):
        outputs = model(symbols[:, None])
        for o, y in zip(outputs, target, strict=True):
            share = 0.0 if y == ignored else 1.0 if weight is None else weight[y]
            total -= share * np.log(softmax(o.data[0])[y])
            counted += share
    return total / counted, total


LOSSES = {
    "mean": (partial(rnn.cross_entropy, reduction="mean"), lambda model: expected(model)[0]),
    "sum": (partial(rnn.cross_entropy, reduction="sum"), lambda model: expected(model)[1]),
    "batchmean": (rnn.cross_entropy, lambda model: expected(model)[1] / len(SEQUENCES)),
    "ignore_index": (
        partial(rnn.cross_entropy, reduction="mean", ignore_index=2),
        lambda model: expected(model, ignored=2)[0],
    ),
    "weight": (
        partial(rnn.cross_entropy, reduction="mean", weight=WEIGHTS),
        lambda model: expected(model, weight=WEIGHTS)[0],
    ),
}


def data(size):
    return rnn.batches(SEQUENCES, TARGETS, size, rng=0, per_step=True)


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_all_data_does_not_depend_on_how_they_are_cut(name):
    loss, oracle = LOSSES[name]
    for size in (1, 3, 7):
        model = Symbols()
        value = oracle(model)
        assert rnn.evaluate(model, data(size), loss) == pytest.approx(value)
        for shards in (None, 1, 2, 5):
            options = {"optimizer": rnn.SGD(model, 0.0), "epochs": 1, "shards": shards, "quiet": True}
            assert rnn.fit(model, data(size), loss=loss, **options).train == pytest.approx([value])


@pytest.mark.parametrize("name", LOSSES)
def test_shards_train_as_the_whole_batch_does(name):
    models = [Symbols() for _ in range(2)]
    for model, shards in zip(models, (None, 3), strict=True):
        options = {"optimizer": rnn.SGD(model, 0.1), "epochs": 2, "shards": shards, "quiet": True}
        rnn.fit(model, data(4), loss=LOSSES[name][0], **options)
    for (key, one), other in zip(values(models[0]).items(), values(models[1]).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13, err_msg=key)


@pytest.mark.parametrize("shards", [None, 3])
def test_a_run_with_dropout_is_resumed_bitwise_and_evaluated_without(tmp_path, shards):
    def run(path, epochs):
        model = Symbols(0.5)
        history = rnn.fit(
            model, data(4), loss=rnn.cross_entropy, epochs=epochs, validation=data(7), shards=shards,
            checkpoint=path, resume=True, quiet=True,
        )  # fmt: skip
        return model, history

    whole, history = run(tmp_path / "whole", 5)
    run(tmp_path / "run", 2)
    again, resumed = run(tmp_path / "run", 5)
    assert resumed == history
    for name, value in values(whole).items():
        np.testing.assert_array_equal(values(again)[name], value, name)
    assert whole.training
    assert min(history.validation) == pytest.approx(rnn.evaluate(whole, data(3), rnn.cross_entropy))


def test_a_resumed_run_has_the_rate_that_a_plateau_had_reduced(tmp_path):
    def run(path, epochs):
        model = Symbols()
        rate = rnn.ReduceLROnPlateau(0.3, factor=0.5, patience=1)
        optimizer = rnn.SGD(model, rate)
        history = rnn.fit(
            model, data(4), loss=rnn.cross_entropy, optimizer=optimizer, epochs=epochs, checkpoint=path, resume=True,
            quiet=True,
        )  # fmt: skip
        return values(model), history, rate.rate

    whole, history, rate = run(tmp_path / "whole", 25)
    run(tmp_path / "run", 17)
    again, resumed, _ = run(tmp_path / "run", 25)
    assert rate < 0.3
    assert resumed == history
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


@pytest.mark.parametrize("name", ["adam", "AdamW", "rmsprop", "sgd"])
def test_an_optimiser_is_made_by_its_name(name):
    made = type(rnn.optimizer_for(name, Symbols()))
    by_name, by_hand = Symbols(), Symbols()
    options = {"loss": rnn.cross_entropy, "epochs": 2, "quiet": True}
    rnn.fit(by_name, data(4), optimizer=name, **options)
    rnn.fit(by_hand, data(4), optimizer=made(by_hand, lr=0.1 if name == "sgd" else 0.01), **options)
    for key, value in values(by_name).items():
        np.testing.assert_array_equal(values(by_hand)[key], value, key)


def test_layers_of_torch_s_kind_with_batch_first_are_cut_by_their_sequences():
    class Net(rnn.Module):
        def __init__(self):
            self.lstm = rnn.LSTM(3, 4, batch_first=True, rng=0)
            self.fc = rnn.Readout(4, 2, rng=1)

        def __call__(self, xs):
            return self.fc(self.lstm(xs)[0][:, -1])

    xs, ys = RNG.normal(size=(6, 6, 3)), RNG.integers(0, 2, 6)
    histories = []
    for shards in (None, 4):
        model = Net()
        options = {"loss": rnn.cross_entropy, "epochs": 3, "shards": shards, "quiet": True}
        histories.append(rnn.fit(model, (xs, ys), **options).train)
    np.testing.assert_allclose(*histories)
