"""Training: updates, schedules, clipping, early stopping, truncation, checkpoints."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tests.rnn.helpers import values
from tinygraph.backward.backprop import observed

SERIES = np.sin(np.arange(40) / 3) + 0.1 * np.cos(np.arange(40))


def model(seed=0):
    return rnn.Forecaster(4, 6, rng=seed)


def batches(seed=0, count=3):
    rng = np.random.default_rng(seed)
    return [rnn.Batch(rng.normal(size=(5, 2, 4)), rng.normal(size=(5, 2, 1))) for _ in range(count)]


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert np.array_equal(one[name], other[name]), name


def test_one_epoch_of_gradient_descent_is_the_rule():
    fitted, by_hand = model(), model()
    data = rnn.windows(SERIES, 4)
    rnn.fit(fitted, data, epochs=1, optimizer=rnn.SGD(fitted, 0.1), quiet=True)
    rnn.mse(by_hand(data.inputs), data.targets).backward()
    for name, parameter in by_hand.parameters().items():
        np.testing.assert_array_equal(fitted.parameters()[name].data, parameter.data - 0.1 * parameter.grad)


def test_training_lowers_the_loss_and_evaluate_measures_it():
    fitted, data = model(), rnn.windows(SERIES, 4)
    history = rnn.fit(fitted, data, epochs=30, optimizer=rnn.Adam(fitted, 0.02), quiet=True)
    assert history.epochs == len(history.train) == 30
    assert history.train[-1] < 0.2 * history.train[0]
    assert rnn.evaluate(fitted, data) < history.train[-1]


def test_sequences_of_unequal_length_are_trained_with_their_lengths():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(n, 2)) for n in rng.integers(1, 8, 40)]
    targets = [int(xs[0, 0] > 0) for xs in sequences]
    classifier = rnn.ManyToOne(rnn.GRUCell(2, 8, rng=0), 2, rng=0)
    history = rnn.fit(
        classifier,
        lambda rng: rnn.batches(sequences, targets, 8, rng),
        loss=rnn.cross_entropy,
        optimizer=rnn.Adam(classifier, 0.03),
        epochs=25,
        quiet=True,
    )
    assert history.train[-1] < 0.25 * history.train[0]


def test_the_learning_rate_follows_its_schedule():
    w = tg.parameter(np.zeros(1))
    optimizer = rnn.SGD({"w": w}, rnn.warmup(rnn.step_decay(1.0, every=2), 2))
    steps = []
    for _ in range(6):
        before, w.grad = w.item(), np.ones(1)
        optimizer.step()
        steps.append(before - w.item())
    np.testing.assert_allclose(steps, [0.5, 1, 1, 1, 0.1, 0.1])


def test_clipping_by_value_and_what_is_not_finite():
    w = tg.parameter(np.zeros(3))
    w.grad = np.array([-3.0, 0.5, 9.0])
    rnn.clip_grad_value({"w": w}, 1.0)
    assert w.grad.tolist() == [-1, 0.5, 1]
    w.grad = np.array([np.nan, 0, 0])
    with pytest.raises(FloatingPointError, match="the gradient of w is not finite"):
        rnn.clip_grad_norm({"w": w}, 1.0)


def test_fit_clips_each_update():
    fitted = model()
    before = values(fitted)
    rnn.fit(fitted, rnn.windows(100 * SERIES, 4), epochs=1, optimizer=rnn.SGD(fitted, 1.0), clip_norm=0.01, quiet=True)
    moved = np.concatenate([(values(fitted)[k] - before[k]).ravel() for k in before])
    assert np.linalg.norm(moved) == pytest.approx(0.01)


def test_a_loss_that_is_not_finite_stops_the_run():
    data = rnn.windows(SERIES, 4)
    data.inputs[0, 0] = np.nan
    with pytest.raises(FloatingPointError, match="the loss is nan after 0 updates"):
        rnn.fit(model(), data, epochs=1, quiet=True)


def test_the_loss_that_stops_the_run_is_kept_with_its_graph_and_shown_to_a_debugger():
    data = rnn.windows(SERIES, 4)
    data.inputs[0, 0] = np.nan
    shown = []
    with observed(shown.append), pytest.raises(rnn.NonfiniteLossError) as end:
        rnn.fit(model(), data, epochs=1, quiet=True)
    assert shown == [end.value.loss]
    assert tg.diagnosing.nonfinite_origin(tg.trace(end.value.loss)).node.kind != "op"  # it came in with the data


def test_early_stopping_leaves_the_best_parameters():
    fitted, data = model(), batches(0)
    seen, losses = [], iter([3.0, 1.0, 2.0, 2.0, 0.5])

    def loss(outputs, targets):
        measured = rnn.mse(outputs, targets)
        return measured if measured.requires_grad else tg.tensor(next(losses))

    history = rnn.fit(
        fitted,
        data,
        loss=loss,
        validation=data[0],
        patience=2,
        epochs=50,
        quiet=True,
        after_epoch=lambda history: seen.append(values(fitted)),
    )
    assert history.validation == [3, 1, 2, 2]
    assert history.best_epoch == 2
    assert_same(values(fitted), seen[1])


def test_truncation_carries_the_state_but_not_the_gradient():
    whole, cut = model(), model()
    (batch,) = batches(count=1)
    rnn.fit(whole, batch, epochs=1, optimizer=rnn.SGD(whole, 0.1), quiet=True)
    rnn.fit(cut, batch, epochs=1, optimizer=rnn.SGD(cut, 0.1), truncate=5, quiet=True)
    assert_same(values(whole), values(cut))
    still = model()
    history = rnn.fit(still, batch, epochs=1, optimizer=rnn.SGD(still, 0.0), truncate=2, quiet=True)
    outputs = still(batch.inputs)
    assert history.train == pytest.approx([rnn.mse(outputs, batch.targets).item()])  # of stretches of 2, 2 and 1 steps


def test_truncated_gradients_stop_at_the_stretch():
    (batch,) = batches(count=1)
    net = model()
    recorded = []

    class Watch(rnn.SGD):
        def step(self):
            recorded.append({name: p.grad for name, p in net.parameters().items()})

    rnn.fit(net, batch, epochs=1, optimizer=Watch(net, 0.0), truncate=3, quiet=True)
    _, state = net.run(batch.inputs[:3])
    outputs, _ = net.run(batch.inputs[3:], state.data)
    for parameter in net.parameters().values():
        parameter.grad = None
    rnn.mse(outputs, batch.targets[3:]).backward()
    assert_same(recorded[1], {name: p.grad for name, p in net.parameters().items()})


def test_truncation_takes_no_lengths():
    batch = rnn.Batch(np.zeros((4, 2, 4)), np.zeros((4, 2, 1)), np.array([4, 2]))
    with pytest.raises(ValueError, match="takes no lengths"):
        rnn.fit(model(), batch, epochs=1, truncate=2, quiet=True)


def test_the_collector_is_as_before():
    before = gc.get_threshold()
    rnn.fit(model(), rnn.windows(SERIES, 4), epochs=1, quiet=True)
    assert gc.get_threshold() == before


def test_progress_is_shown_unless_quiet(capsys):
    rnn.fit(model(), rnn.windows(SERIES, 4), epochs=2)
    assert "2/2" in capsys.readouterr().out
    rnn.fit(model(), rnn.windows(SERIES, 4), epochs=2, quiet=True)
    assert capsys.readouterr().out == ""


def test_no_batch_is_an_error():
    with pytest.raises(ValueError, match="no batch"):
        rnn.fit(model(), [], epochs=1, quiet=True)


def run(epochs, path=None, resume=False, seed=0, optimizer=rnn.Adam):
    fitted = model(seed)
    settings = {"lr": rnn.cosine_decay(0.05, 30)}
    history = rnn.fit(
        fitted,
        batches(),
        validation=batches(9, 1),
        optimizer=optimizer(fitted, **settings),
        epochs=epochs,
        rng=5,
        checkpoint=path,
        resume=resume,
        quiet=True,
    )
    return fitted, history


@pytest.mark.parametrize("optimizer", [rnn.SGD, rnn.Adam, rnn.AdamW, lambda m, lr: rnn.SGD(m, lr, momentum=0.9)])
@pytest.mark.parametrize("stop", [1, 4, 6])
def test_a_resumed_run_is_bitwise_the_uninterrupted_one(tmp_path, optimizer, stop):
    path = tmp_path / "run.safetensors"
    whole, expected = run(7, optimizer=optimizer)
    run(stop, path, optimizer=optimizer)
    resumed, history = run(7, path, resume=True, seed=1, optimizer=optimizer)
    assert_same(values(whole), values(resumed))
    assert history == expected


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_every_generator_is_resumed(tmp_path, kind):
    def trained(epochs, path, resume):
        fitted, rng = model(), np.random.Generator(getattr(np.random, kind)(3))
        rnn.fit(fitted, batches(), epochs=epochs, rng=rng, checkpoint=path, resume=resume, quiet=True)
        return values(fitted)

    path = tmp_path / "run"
    trained(2, path, resume=False)
    assert_same(trained(5, path, resume=True), trained(5, tmp_path / "whole", resume=False))


def test_to_resume_where_nothing_is_starts_afresh(tmp_path):
    fresh, _ = run(2, tmp_path / "run", resume=True)
    assert_same(values(fresh), values(run(2)[0]))
    with pytest.raises(ValueError, match="needs the path"):
        run(2, None, resume=True)


def damaged(path, kind):
    content = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "foreign":
        path.write_bytes(b"\x89PNG\r\n" + content)
    elif kind == "weights":
        model().save(path)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("truncated", "not a whole safetensors file"),
        ("foreign", "not a whole safetensors file"),
        ("weights", "is no checkpoint of this kind: it says 'no format'"),
    ],
)
def test_a_bad_checkpoint_is_refused(tmp_path, kind, message):
    path = tmp_path / "run.safetensors"
    run(2, path)
    damaged(path, kind)
    before = path.read_bytes()
    with pytest.raises(rnn.FileError, match=message):
        run(4, path, resume=True)
    assert path.read_bytes() == before


def test_a_checkpoint_of_another_model_or_optimiser_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    rnn.fit(model(), batches(), epochs=2, checkpoint=path, quiet=True)
    other = rnn.Forecaster(4, 7, rng=0)
    before = values(other)
    with pytest.raises(rnn.FileError, match=r"is of another model: cell.U, .* for cell.U expected \(\(7, 4\)"):
        rnn.fit(other, batches(), epochs=4, checkpoint=path, resume=True, quiet=True)
    assert_same(values(other), before)
    with pytest.raises(rnn.FileError, match="was written with Adam, not SGD"):
        run(4, path, resume=True, optimizer=rnn.SGD)


SCRIPT = """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    import numpy as np, rnn
    rng = np.random.default_rng(0)
    data = [rnn.Batch(rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 2, 1))) for _ in range(2)]
    model = rnn.Forecaster(4, 40, rng=0)
    rnn.fit(model, data, epochs=int(sys.argv[3]), checkpoint=sys.argv[1], resume=True, quiet=True)
    model.save(sys.argv[1] + ".done")
"""


def training(path, epochs):
    root = Path(rnn.__file__).parents[1]
    code = textwrap.dedent(SCRIPT)
    return [sys.executable, "-c", code, str(path), str(root), str(epochs)]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_a_run_killed_at_any_moment_leaves_a_whole_checkpoint_and_goes_on_bitwise(tmp_path):
    reference, path = tmp_path / "reference", tmp_path / "run"
    subprocess.run(training(reference, 150), check=True)
    rng = np.random.default_rng(1)
    for _ in range(4):
        process = subprocess.Popen(training(path, 150))
        while not path.exists() and process.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        rnn.safetensors.read_safetensors(path)
    subprocess.run(training(path, 150), check=True)
    assert Path(f"{path}.done").read_bytes() == Path(f"{reference}.done").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"every": 0}, ValueError, "every=0"),
        ({"truncate": 0}, ValueError, "truncate=0"),
        ({"validation": iter([])}, TypeError, "list of batches.*list_iterator"),
    ],
)
def test_arguments_that_make_no_sense_are_named_before_training(arguments, kind, words):
    model = rnn.Forecaster(2, 3, rng=0)
    with pytest.raises(kind, match=words):
        rnn.fit(model, rnn.windows([1, 2, 3, 4], 2), epochs=1, quiet=True, **arguments)
