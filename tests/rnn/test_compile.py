"""`fit` with compile=True: the numbers of a run that is recorded anew each time, and what no plan can do said once."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import rnn
import tinygraph as tg
from rnn.compiling import PLANS, Compiled
from rnn.measuring import Measured, call
from tests.rnn.compiled_models import CELLS, KINDS, K, N, T, each_step, mean_cross_entropy, once, weighted
from tests.rnn.helpers import values
from tinygraph.backward.backprop import observed

CLOSE = {"rtol": 1e-9, "atol": 1e-11}
DATA = each_step(4)
ONCE = once(4)


def network(dtype=np.float64):
    return rnn.ManyToMany(rnn.LSTMCell(4, 5, rng=0, dtype=dtype), K, rng=1)


def stacked():
    return rnn.ManyToMany(CELLS["stacked"](), K, rng=9)


def trained(compile, make=network, data=DATA, **options):
    """Return the history and the parameters of a run."""
    model = make()
    history = rnn.fit(model, data, **{"epochs": 2, "quiet": True, "loss": rnn.cross_entropy} | options, compile=compile)
    return history, values(model)


def assert_close(run, other, close=CLOSE):
    for measured, expected in zip(run[0].data().values(), other[0].data().values(), strict=True):
        np.testing.assert_allclose(measured, expected, **close)
    for name, value in run[1].items():
        np.testing.assert_allclose(value, other[1][name], err_msg=name, **close)


def assert_alike(**options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = trained(True, **options)
    assert_close(run, trained(False, **options))


@pytest.fixture
def plans(monkeypatch):
    """Count the plans that are made."""
    measures = []
    begin = Compiled.__init__
    monkeypatch.setattr(Compiled, "__init__", lambda self, *args: begin(self, *args) or measures.append(self))
    return lambda: sum(run.plans_made for measure in measures for run in (measure._whole, measure._stretch))


def gradients(model, measure, batch):
    model.zero_grad()
    loss, weight = measure(batch)
    loss.backward()
    return loss.item(), weight, {name: p.grad for name, p in model.parameters().items()}


@pytest.mark.parametrize("kind", KINDS)
def test_one_plan_does_for_all_batches_of_a_kind_of_model(kind):
    make, data, loss, forward = KINDS[kind]
    model = make().train()
    compiled, eager = (made(model, loss, forward or call, *rest) for made, *rest in ((Compiled, "numpy"), (Measured,)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for batch in (rnn.Batch(*parts) for parts in data()):
            loss, weight, ours = gradients(model, compiled, batch)
            expected_loss, expected_weight, expected = gradients(model, eager, batch)
            np.testing.assert_allclose(loss, expected_loss, **CLOSE)
            assert weight == expected_weight
            for name, gradient in expected.items():
                if gradient is None:
                    assert ours[name] is None, name
                else:
                    np.testing.assert_allclose(ours[name], gradient, err_msg=name, **CLOSE)
    assert compiled._whole.plans_made == 1


@pytest.mark.parametrize(
    "options",
    [
        {"clip_norm": 0.05},
        {"clip_value": 0.01, "optimizer": "sgd"},
        {"validation": each_step(2), "patience": 1, "epochs": 5},
        {"truncate": 2, "data": [batch[:2] for batch in DATA]},
        {"truncate": 4, "data": [batch[:2] for batch in DATA], "make": stacked},
        {"loss": weighted},
        {"loss": partial(mean_cross_entropy, ignore_index=1)},
        {
            "make": lambda: rnn.ManyToMany(CELLS["LSTM"](), K, rng=2),
            "loss": partial(rnn.cross_entropy, reduction="sum"),
        },
    ],
    ids=lambda options: ", ".join(options),
)
def test_a_run_is_the_same_but_for_rounding(options):
    assert_alike(**options)


def test_in_single_precision_too():
    data = [(x.astype(np.float32), *rest) for x, *rest in DATA]
    run, other = (trained(compile, partial(network, np.float32), data) for compile in (True, False))
    assert run[1]["readout.V"].dtype == np.float32
    assert_close(run, other, {"rtol": 1e-4, "atol": 1e-5})


def test_shapes_have_a_plan_each(plans):
    xs, ys, lengths = DATA[0]
    data = [*DATA, (xs[:4], ys[:4], np.minimum(lengths, 4)), (xs[:, :2], ys[:, :2], lengths[:2]), DATA[1][:2]]
    assert_alike(data=data)
    assert plans() == 4


def test_stretches_of_time_have_a_plan_each(plans):
    trained(True, data=[batch[:2] for batch in DATA], truncate=4)
    assert plans() == 2  # the first one begins without a state, and the second is shorter


def test_the_last_words_that_a_stretch_goes_on_from_are_an_argument_too(plans):
    text = np.random.default_rng(0).integers(0, 5, (2 * PLANS + 3, N))
    window = lambda: rnn.FixedWindowModel(5, 3, 3, 4, rng=0)
    assert_alike(make=window, data=[(text[:-1], text[1:])], truncate=2, loss=mean_cross_entropy)
    assert plans() == 2


@pytest.mark.slow
def test_more_shapes_than_plans_are_right_all_the_same():
    rng = np.random.default_rng(0)
    data = [(rng.normal(size=(t, 1, 4)), rng.integers(0, K, (t, 1))) for t in range(1, PLANS + 3)]
    run, other = (trained(compile, data=data, epochs=1) for compile in (True, False))
    assert_close(run, other)


def test_parameters_are_frozen_and_thawed_in_the_midst():
    def train(compile):
        model = network()
        model.layer.U.requires_grad = False
        start = model.layer.U.data.copy()

        def change(history):
            np.testing.assert_array_equal(model.layer.U.data == start, history.epochs < 3)
            model.layer.U.requires_grad = history.epochs >= 2
            model.readout.V.requires_grad = history.epochs < 2

        history = rnn.fit(
            model, DATA, epochs=4, loss=rnn.cross_entropy, after_epoch=change, quiet=True, compile=compile
        )
        return history, values(model)

    assert_close(train(True), train(False))


def test_callbacks_see_the_same_losses_and_norms():
    def updates(compile):
        collected = []
        trained(compile, after_update=lambda update: collected.append((update.loss.item(), update.weight,
                                                                       *update.gradient_norms.values())))  # fmt: skip
        return collected

    np.testing.assert_allclose(updates(True), updates(False), **CLOSE)


@pytest.mark.parametrize("options", [{}, {"shards": 2}, {"truncate": 2, "data": [batch[:2] for batch in DATA]}])
def test_a_run_that_is_resumed_goes_on_bitwise(tmp_path, options):
    whole = trained(True, epochs=4, **options)
    trained(True, epochs=2, checkpoint=tmp_path / "run", **options)
    resumed = trained(True, epochs=4, checkpoint=tmp_path / "run", resume=True, **options)
    assert resumed[0] == whole[0]
    for name, value in whole[1].items():
        np.testing.assert_array_equal(resumed[1][name], value, name)


def test_shards_on_workers_change_no_bit_and_keep_their_plans(plans):
    here = trained(True, shards=2, epochs=4)
    made = plans()
    with ThreadPoolExecutor(1) as thread:
        there = trained(True, shards=2, epochs=4, workers=thread)
    assert there[0] == here[0]
    for name, value in here[1].items():
        np.testing.assert_array_equal(there[1][name], value, name)
    assert made == 2  # of two sequences and of one
    assert plans() == 2 * made
    assert_close(here, trained(False, shards=2, epochs=4))


def _dropping():
    return rnn.ManyToMany(rnn.Layers(rnn.ElmanCell(4, 5, rng=0), rnn.Dropout(0.5, rng=1)), K, rng=2)


def _forgetting():
    return rnn.ManyToMany(rnn.RecurrentDropout(rnn.GRUCell(4, 5, rng=0), 0.5, rng=1), K, rng=2)


class Coin:
    """Teacher forcing by chance."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, model, batch):
        feeds_targets = self.rng.random() < 0.5
        return model(batch.inputs, **({"forced": rnn.one_hot(batch.targets, K)} if feeds_targets else {}))


def _jordan():
    return rnn.Forecaster(4, 5, K, "output", rng=0)


@pytest.mark.parametrize(
    "options",
    [
        {"make": _dropping},
        {"make": _forgetting},
        {"make": _jordan, "data": [batch[:2] for batch in DATA], "forward": Coin},
    ],
    ids=["dropout", "recurrent dropout", "teacher forcing by chance"],
)
def test_what_is_random_is_refused_with_a_word_and_runs_as_ever(options):
    def run(compile):
        fresh = {name: make() if name == "forward" else make for name, make in options.items()}
        return trained(compile, **fresh, epochs=4)

    with pytest.warns(RuntimeWarning, match="draws random numbers") as told:
        history, parameters = run(True)
    assert len(told) == 1
    eager = run(False)
    assert history == eager[0]
    for name, value in eager[1].items():
        np.testing.assert_array_equal(parameters[name], value, name)


def test_a_forward_that_looks_at_the_targets_is_never_wrong():
    def forward(model, batch):
        ys = np.asarray(batch.targets)
        return model(batch.inputs * (1.0 + ys.max()))

    data = [(x, y % (k + 1)) for k, (x, y, _) in enumerate(DATA)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        run = trained(True, data=data, forward=forward)
    assert_close(run, trained(False, data=data, forward=forward))


def test_weights_of_classes_may_change(plans):
    def run(compile):
        weights = np.ones(K)
        loss = partial(mean_cross_entropy, weight=weights)

        def change(history):
            weights[history.epochs % K] += 1.0

        return trained(compile, loss=loss, after_epoch=change, epochs=4)

    assert_close(run(True), run(False))
    assert plans() == 1


@pytest.mark.parametrize(
    ("part", "value", "error"), [(1, K, ValueError), (1, -1, ValueError), (2, T + 1, ValueError), (2, 0, ValueError)]
)
def test_bad_data_of_a_later_batch_are_refused(part, value, error):
    bad = [np.array(array) for array in DATA[3]]
    bad[part].flat[0] = value
    with pytest.raises(error) as told:
        trained(True, data=lambda rng: [*DATA[:3], tuple(bad)])
    with pytest.raises(error) as expected:
        trained(False, data=lambda rng: [*DATA[:3], tuple(bad)])
    assert str(told.value) == str(expected.value)


def test_symbols_that_an_embedding_lacks_are_refused_in_a_later_batch():
    make = lambda: rnn.ManyToMany(rnn.Layers(rnn.Embedding(K, 3, rng=0), rnn.ElmanCell(3, 4, rng=1)), K, rng=2)
    good = np.zeros((T, N), int)
    for wrong in (K, -1):
        with pytest.raises(ValueError, match=f"from 0 to {K - 1}, not {wrong}"):
            trained(True, make, [(good, good), (good + 1, good), (np.full((T, N), wrong), good)])


def test_a_loss_that_is_not_finite_comes_with_its_graph(plans):
    xs, *others = DATA[2]
    epochs = iter([DATA[:2], [(np.full(xs.shape, np.nan), *others)]])
    with pytest.raises(rnn.NonfiniteLossError) as told:
        trained(True, data=lambda rng: next(epochs))
    assert plans() == 1
    assert len(tg.graph(told.value.loss).nodes) > 50


def test_under_a_debugger_all_is_recorded():
    sizes = []
    with observed(lambda loss, *rest: sizes.append(len(tg.graph(loss).nodes))):
        run = trained(True)
    assert min(sizes) > 50
    eager = trained(False)
    assert run[0] == eager[0]


@pytest.mark.parametrize("backend", ["fortran", 3, None])
def test_a_backend_that_there_is_not_is_refused_first(backend):
    with pytest.raises(ValueError, match="backend"):
        trained(backend)


def test_a_backend_is_named():
    assert_close(trained("numpy"), trained(False))
