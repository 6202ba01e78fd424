"""A checkpoint is resumed with the settings and the data that it was written with, or the message says what differs."""

from functools import partial

import numpy as np
import pytest

import rnn
from rnn.settings import described, fingerprint
from tests.rnn.helpers import values

SERIES = np.sin(np.arange(40) / 3)
DATA = rnn.windows(SERIES, 4)
BEFORE = {"lr": 0.01, "betas": (0.9, 0.999)}


def trained(path, epochs=4, *, resume=True, nonlinearity="tanh", data=DATA, optimizer=BEFORE, frozen=(), **options):
    model = rnn.Forecaster(4, 6, nonlinearity=nonlinearity, rng=0)
    for name in frozen:
        model.parameters()[name].requires_grad = False
    options = {"validation": DATA, "clip_norm": 1.0, "loss": rnn.mse, "quiet": True} | options
    history = rnn.fit(
        model, data, epochs=epochs, optimizer=rnn.Adam(model, **optimizer), checkpoint=path, resume=resume, **options
    )
    return values(model), history


@pytest.fixture
def path(tmp_path):
    trained(tmp_path / "run", 2)
    return tmp_path / "run"


OTHER = np.array(DATA.inputs)
OTHER[17, 2] += 1e-9

CHANGES = {
    "rate": ({"optimizer": {"lr": 0.02}}, "optimizer.lr was 0.01, is 0.02"),
    "schedule": ({"optimizer": {"lr": rnn.step_decay(0.01, 5)}}, r"lr was 0.01, is step_decay\(every=5, factor=0.1, "),
    "betas": ({"optimizer": {**BEFORE, "betas": (0.8, 0.999)}}, r"betas was \(0.9, 0.999\), is \(0.8, 0.999\)"),
    "clipping": ({"clip_norm": None}, "clip_norm was 1.0, is None"),
    "truncation": ({"truncate": 5}, "truncate was None, is 5"),
    "loss": ({"loss": partial(rnn.mse, reduction="sum")}, r"loss was mse, is mse\(reduction='sum'\)"),
    "frozen": ({"frozen": ["cell.U"]}, "cell.U.requires_grad was not there, is False"),
    "nonlinearity": ({"nonlinearity": "relu"}, "model.cell.phi was tanh, is relu"),
    "a number": ({"data": rnn.Batch(OTHER, DATA.targets)}, r"data was 1 batch, \(36, 4\) .*, is 1 batch, \(36, 4\) "),
    "fewer": ({"data": [rnn.Batch(DATA.inputs[:9], DATA.targets[:9])] * 2}, r"is 2 batches, \(9, 4\) → \(9, 1\)"),
    "validation": ({"validation": None}, "validation was 1 batch, .*, is none"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_differs_is_said_and_changes_nothing(path, change):
    options, words = CHANGES[change]
    before = path.read_bytes()
    with pytest.raises(rnn.FileError, match=f"is of a run with other settings: .*{words}") as refused:
        trained(path, **options)
    assert 'resume="anyway"' in str(refused.value)
    assert path.read_bytes() == before


def test_all_that_differs_is_said_at_once(path):
    with pytest.raises(
        rnn.FileError, match=r"phi was tanh, is relu; .*lr was 0.01, is 0.1; clip_norm was 1.0, is 2.0\."
    ):
        trained(path, nonlinearity="relu", optimizer={**BEFORE, "lr": 0.1}, clip_norm=2.0)


def test_it_goes_on_anyway_if_asked_and_then_remembers_the_new_settings(path):
    _, history = trained(path, 4, resume="anyway", clip_norm=2.0)
    assert history.epochs == 4
    _, history = trained(path, 6, clip_norm=2.0)
    assert history.epochs == 6
    with pytest.raises(ValueError, match="resume should be True, False or 'anyway'"):
        trained(path, resume="yes")


def test_more_epochs_or_patience_are_no_other_run(path, tmp_path):
    assert trained(path, 5, patience=50, every=2)[1] == trained(tmp_path / "whole", 5)[1]


def test_data_that_a_function_makes_are_compared_by_what_it_makes(tmp_path):
    shift = 0.0

    def batches(rng):
        start = rng.integers(5)
        return [rnn.Batch(DATA.inputs[start : start + 20] + shift, DATA.targets[start : start + 20])]

    whole, _ = trained(tmp_path / "whole", 4, data=batches)
    trained(tmp_path / "run", 2, data=batches)
    again, _ = trained(tmp_path / "run", 4, data=batches)
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    shift = 1.0
    with pytest.raises(rnn.FileError, match=r"data was 1 batch, \(20, 4\)"):
        trained(tmp_path / "run", 5, data=batches)


def test_data_that_differ_each_time_are_not_compared(tmp_path):
    own = np.random.default_rng(0)
    noisy = lambda rng: [rnn.Batch(DATA.inputs + own.normal(), DATA.targets)]
    trained(tmp_path / "run", 2, data=noisy)
    assert trained(tmp_path / "run", 3, data=noisy)[1].epochs == 3
    assert "another time other numbers" in fingerprint(noisy)


def test_settings_are_told_apart_by_what_they_hold():
    schedules = [rnn.warmup(rnn.cosine_decay(0.1, n), m) for n, m in ((5, 2), (6, 2), (5, 3))]
    assert len({described(schedule) for schedule in schedules}) == 3
    assert described(rnn.warmup(rnn.cosine_decay(0.1, 5), 2)) == described(schedules[0])
    assert described(np.arange(3)) != described(np.arange(3.0))
    assert described(lambda o, y: rnn.mse(o[-1:], y)) == "test_settings_are_told_apart_by_what_they_hold rnn mse"
    assert fingerprint((["a"], {"EN": [1, 2]})) != fingerprint((["b"], {"EN": [1, 2]}))


def test_a_model_that_draws_at_random_goes_on_from_where_it_drew(tmp_path):
    class Noisy(rnn.Module):
        def __init__(self, seed=0):
            self.inner, self.rng = rnn.Forecaster(4, 3, rng=0), np.random.default_rng(seed)

        def __call__(self, xs):
            return self.inner(xs + 0.1 * self.rng.normal(size=np.shape(xs)) if self.training else xs)

    def run(path, epochs, seed=0):
        model = Noisy(seed)
        rnn.fit(model, DATA, epochs=epochs, validation=DATA, checkpoint=path, resume=True, quiet=True)
        return values(model)

    whole = run(tmp_path / "whole", 5)
    run(tmp_path / "run", 2)
    again = run(tmp_path / "run", 5, seed=7)
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


class Halving:
    """A schedule that halves the rate after each epoch that was no better than the best before it."""

    def __init__(self, lr):
        self.lr = lr

    def __call__(self, update):
        return self.rate

    def follow(self, measured):
        best = np.minimum.accumulate([np.inf, *measured])[:-1]
        self.rate = self.lr * 0.5 ** int(np.sum(np.array(measured) >= best))


def test_a_schedule_that_looks_at_the_losses_goes_on_where_it_was(tmp_path):
    def run(path, epochs, lr=0.3):
        return trained(path, epochs, optimizer={"lr": Halving(lr)}, clip_norm=None)

    whole, history = run(tmp_path / "whole", 12)
    run(tmp_path / "run", 7)
    again, resumed = run(tmp_path / "run", 12)
    assert np.sum(np.diff(history.validation) >= 0) > 0  # it has been halved
    assert resumed == history
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    with pytest.raises(rnn.FileError, match=r"optimizer.lr was Halving\(lr=0.3, rate=0.3\), is Halving\(lr=0.2, "):
        run(tmp_path / "run", 13, lr=0.2)


def test_masks_and_a_rate_that_waits_for_a_plateau_go_on_bitwise(tmp_path):
    def trained(epochs, resume=False, path=None):
        rng = np.random.default_rng(0)
        layers = rnn.Layers(rnn.Dropout(0.5, rng=rng), rnn.RecurrentDropout(rnn.GRUCell(4, 5, rng=rng), 0.5, rng=rng))
        model = rnn.ManyToMany(layers, 1, rng=rng)
        plateau = rnn.ReduceLROnPlateau(0.05, factor=0.5, patience=0)
        rnn.fit(model, rnn.windows(np.sin(np.arange(30)), 4), epochs=epochs, optimizer=rnn.Adam(model, lr=plateau),
                checkpoint=path, resume=resume, quiet=True)  # fmt: skip
        return model, plateau.rate

    whole, rate = trained(8)
    trained(3, path=tmp_path / "run")
    resumed, rate_again = trained(8, resume=True, path=tmp_path / "run")
    assert rate == rate_again < 0.05
    for name, array in whole.state_dict().items():
        np.testing.assert_array_equal(resumed.state_dict()[name], array)
