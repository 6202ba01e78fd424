"""What people do wrong with `fit`: right all the same, or an error that says what to write, before training."""

import math

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tests.rnn.helpers import values

SERIES = np.sin(np.arange(40) / 3)
DATA = rnn.windows(SERIES, 4)


def model(seed=0):
    return rnn.Forecaster(4, 6, rng=seed)


def with_nan(batch, place=(0, 0)):
    inputs = np.array(batch.inputs)
    inputs[place] = np.nan
    return rnn.Batch(inputs, batch.targets)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epochs": -1}, "epochs=-1: expected a whole number, at least 0"),
        ({"epochs": 2.5}, "epochs=2.5"),
        ({"epochs": None}, "epochs=None"),
        ({"every": 0}, "every=0"),
        ({"patience": 0}, "patience=0"),
        ({"truncate": -3}, "truncate=-3"),
        ({"clip_norm": -1}, "clip_norm=-1: expected a number above 0"),
        ({"clip_norm": 0.0}, "clip_norm=0.0"),
        ({"clip_norm": math.nan}, "clip_norm=nan"),
        ({"clip_norm": "1"}, "clip_norm='1'"),
        ({"clip_value": -0.5}, "clip_value=-0.5"),
        ({"truncate": 5, "forward": lambda model, batch: None}, "excludes forward"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(arguments, words):
    fitted = model()
    before = values(fitted)
    with pytest.raises(ValueError, match=words):
        rnn.fit(fitted, DATA, **{"epochs": 1, "quiet": True, **arguments})
    assert all(np.array_equal(values(fitted)[name], before[name]) for name in before)


@pytest.mark.parametrize("clip", [rnn.clip_grad_norm, rnn.clip_grad_value])
@pytest.mark.parametrize("limit", [-1.0, math.nan])
def test_clipping_never_turns_gradients_around(clip, limit):
    w = tg.parameter(np.zeros(2))
    w.grad = np.array([3.0, 4.0])
    with pytest.raises(ValueError, match="should be at least 0"):
        clip({"w": w}, limit)
    assert w.grad.tolist() == [3, 4]


def test_clipping_scales_what_is_too_large_to_be_squared():
    w = tg.parameter(np.zeros(2, np.float32))
    w.grad = np.array([3e30, 4e30], np.float32)
    assert rnn.clip_grad_norm({"w": w}, 1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(w.grad, [0.6, 0.8], rtol=1e-6)


def test_an_optimiser_of_another_model_is_refused():
    with pytest.raises(ValueError, match=r"the optimiser's cell.U, .* are not the tensors .*rnn.Adam\(model\)"):
        rnn.fit(model(), DATA, optimizer=rnn.Adam(model()), epochs=1, quiet=True)
    with pytest.raises(ValueError, match="holds w, none of the model's"):
        rnn.fit(model(), DATA, optimizer=rnn.SGD({"w": tg.parameter(1.0)}), epochs=1, quiet=True)
    fitted = model()
    optimizer = rnn.SGD(fitted)
    fitted.readout.V = tg.parameter(np.ones((1, 6)))
    with pytest.raises(ValueError, match="readout.V are not the tensors that the model has"):
        rnn.fit(fitted, DATA, optimizer=optimizer, epochs=1, quiet=True)
    with pytest.raises(TypeError, match=r"rnn.Adam\(model, lr=0.01\)"):
        rnn.fit(fitted, DATA, optimizer=rnn.Adam, epochs=1, quiet=True)


def test_an_optimiser_of_a_part_trains_that_part():
    fitted = model()
    before = values(fitted)
    rnn.fit(fitted, DATA, optimizer=rnn.SGD(fitted.readout, 0.1), epochs=1, quiet=True)
    changed = {name for name, value in values(fitted).items() if not np.array_equal(value, before[name])}
    assert changed == {"readout.V", "readout.c"}


def test_a_model_that_is_all_frozen_or_does_not_lead_to_the_loss_is_refused():
    with pytest.raises(ValueError, match="is to be trained: requires_grad is False of all"):
        rnn.fit(model().requires_grad_(False), DATA, epochs=1, quiet=True)
    fitted = model()
    elsewhere = lambda outputs, targets: rnn.mse([o * 0.0 + fitted.cell.b[:1] for o in outputs], targets)
    cut = lambda network, batch: [o.detach() for o in network(batch.inputs)]
    optimizer = rnn.SGD({name: fitted.cell.parameters()[name] for name in ("U", "W")})
    with pytest.raises(ValueError, match="nothing that the optimiser trains leads to the loss: U, W"):
        rnn.fit(fitted, DATA, forward=cut, loss=elsewhere, optimizer=optimizer, epochs=1, quiet=True)


@pytest.mark.parametrize(
    "network",
    [
        lambda both: rnn.ManyToMany(both, 1, rng=0),
        lambda both: rnn.BidirectionalNetwork(both, 1, rng=0),
        lambda both: rnn.ManyToMany(rnn.Layers(both, rnn.GRUCell(7, 2, rng=0)), 1, rng=0),
    ],
)
def test_a_network_that_reads_backward_is_not_truncated(network):
    both = rnn.Bidirectional(rnn.ElmanCell(4, 3, rng=0), rnn.ElmanCell(4, 4, rng=0))
    with pytest.raises(ValueError, match="reads forward in time alone: .* also reads each stretch backward"):
        rnn.fit(network(both), DATA, truncate=5, epochs=1, quiet=True)


def test_a_model_that_cannot_be_run_in_stretches_is_named():
    with pytest.raises(TypeError, match=r"needs a model with run\(xs, state\).*ManyToOne has none"):
        rnn.fit(rnn.ManyToOne(rnn.ElmanCell(4, 3, rng=0), 1, rng=0), DATA, truncate=5, epochs=1, quiet=True)


def test_nan_in_the_validation_ends_the_run_with_the_loss_and_its_graph():
    with pytest.raises(rnn.NonfiniteLossError, match="the validation loss is nan after 1 updates") as end:
        rnn.fit(model(), DATA, validation=[DATA, with_nan(DATA)], epochs=5, quiet=True)
    assert tg.diagnosing.nonfinite_origin(tg.trace(end.value.loss)).node.kind != "op"


def test_an_infinite_loss_of_the_validation_is_never_the_best():
    losses = iter([3.0, np.inf, 2.0])

    def loss(outputs, targets):
        measured = rnn.mse(outputs, targets)
        return measured if measured.requires_grad else tg.tensor(next(losses))

    history = rnn.fit(model(), DATA, loss=loss, validation=DATA, epochs=3, quiet=True)
    assert (history.validation, history.best_epoch) == ([3, np.inf, 2], 3)
    assert rnn.History(train=[np.nan, 2.0, 1.0, np.nan]).best_epoch == 3


@pytest.mark.parametrize("shards", [None, 2])
def test_a_gradient_that_is_not_finite_changes_no_parameter(shards):
    def root(outputs, targets):
        loss = rnn.mse(outputs, targets)
        return tg.sqrt(loss * 0.0) + loss  # 1 / (2√0) times 0

    fitted = rnn.Forecaster(4, 6, rng=0)
    before = values(fitted)
    data = (np.ones((3, 4, 4)), np.ones((3, 4, 1)))
    words = r"gradient of cell.U, .* is not finite after 0 updates, though the loss is \d"
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=words):
        rnn.fit(fitted, data, loss=root, epochs=1, shards=shards, quiet=True)
    assert all(np.array_equal(values(fitted)[name], before[name]) for name in before)


@pytest.mark.parametrize("values", [[1.0, np.nan, 2.0], [1.0, np.inf], [[1.0, 2.0], [np.nan, 3.0]], []])
def test_a_scaler_takes_numbers_alone(values):
    with pytest.raises(ValueError, match=r"not finite, the first is values\[.*leave them out|there are no values"):
        rnn.Scaler.fit(values)
    with pytest.raises(ValueError, match="Scaler.scale: 1 of 2 values are not finite"):
        rnn.Scaler.fit([1.0, 3.0]).scale([np.nan, 1.0])


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e-9, 12345.678])
def test_a_constant_feature_becomes_zero_and_is_not_divided_by_what_rounding_left(constant):
    values = np.column_stack([np.full(7, constant), np.arange(7.0)])
    scaled = rnn.Scaler.fit(values).scale(values)
    np.testing.assert_allclose(scaled[:, 0], 0, atol=1e-9)
    np.testing.assert_allclose(scaled[:, 1].std(), 1)


def test_a_scaler_keeps_a_deviation_that_is_small_beside_the_mean():
    series = 1e6 + 1e-3 * np.sin(np.arange(1000.0))
    np.testing.assert_allclose(rnn.Scaler.fit(series).scale(series).std(), 1)


X, Y = DATA


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([X, Y], r"not ndarray of shape \(36, 4\).*write \(inputs, targets\), not \[inputs, targets\]"),
        (X, "got ndarray"),
        ({"inputs": X, "targets": Y}, "got dict"),
        (iter([(X, Y)]), "to read in every epoch, got list_iterator"),
        (((X, Y), (X, Y)), "several batches stand in a list"),
        ((X,), "not a tuple of 1"),
        ([(X, Y, None, None, None)], "not a tuple of 5"),
    ],
)
def test_data_of_another_form_are_told_apart(data, words):
    with pytest.raises(TypeError, match=words):
        rnn.fit(model(), data, epochs=1, quiet=True)


@pytest.mark.parametrize("loss", [lambda o, y: 0.5, lambda o, y: o[0] - y[0] + np.zeros(3)])
def test_a_loss_that_is_no_scalar_is_named(loss):
    with pytest.raises(TypeError, match="the loss should be a Tensor that holds a single number, not"):
        rnn.fit(model(), DATA, loss=loss, epochs=1, quiet=True)


def test_predictions_batch_by_batch_are_in_the_order_of_the_data():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 2)) for n in rng.integers(1, 9, 13)]
    classifier = rnn.ManyToOne(rnn.GRUCell(2, 3, rng=0), 2, rng=0)
    predictions = []
    for xs, _, lengths in rnn.batches(sequences, [0] * 13, 4):
        predictions.extend(classifier(xs, lengths=lengths).data)
    np.testing.assert_allclose(predictions, [classifier(xs).data for xs in sequences])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: rnn.fit([model()], DATA), TypeError, "a Module of your own, not a list"),
        (lambda: rnn.fit(rnn.Forecaster, DATA), TypeError, r"not the class Forecaster, without \(\)"),
        (lambda: rnn.fit(rnn.GRUCell(4, 3, rng=0), DATA), TypeError, r"models of it are rnn.ManyToOne"),
        (lambda: rnn.fit(model(), DATA, loss="mse"), TypeError, "such as rnn.mse, not 'mse'"),
        (
            lambda: rnn.fit(model(), lambda: [DATA]),
            TypeError,
            "takes a numpy.random.Generator.*lambda rng: rnn.batches",
        ),
        (
            lambda: rnn.fit(model(), DATA, checkpoint="/no/such/run"),
            OSError,
            "folder of the checkpoint is not there.*run",
        ),
    ],
)
def test_what_is_no_model_no_loss_or_no_place_is_told_before_training(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_batch_is_told_by_its_shapes():
    batch = rnn.Batch(np.zeros((3, 2)), np.zeros(3))
    assert repr(batch) == "Batch(inputs=(3, 2), targets=(3,), lengths=None)"
