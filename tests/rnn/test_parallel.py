"""Shards of a batch on several workers: bitwise the same on any number and any engine, and nothing is lost."""

import importlib.util
import os
import signal
import time
import warnings
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

import rnn
from rnn.sharding import shards_of
from rnn.workers import Workers
from tests.rnn.helpers import values
from tinygraph.backward.backprop import observed

needs_loky = pytest.mark.skipif(not importlib.util.find_spec("loky"), reason="the engine loky is not installed")
needs_dask = pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="the engine Dask is not installed")
needs_kill = pytest.mark.skipif(os.name == "nt", reason="kills with a signal")

RNG = np.random.default_rng(3)
SERIES = [RNG.normal(size=(n, 3)) for n in RNG.integers(1, 9, 26)]
AIMS = [RNG.normal(size=(len(series), 2)) for series in SERIES]
DATA = rnn.batches(SERIES, AIMS, 12, rng=0, per_step=True)  # 12, 12 and 2 sequences, of unequal lengths


def network():
    cells = rnn.Stacked(rnn.LSTMCell(3, 8, rng=0), rnn.GRUCell(8, 8, rng=1))
    return rnn.ManyToMany(cells, 2, rng=2)


def trained(workers=None, shards=5, model=None, data=DATA, epochs=2, **options):
    model = model or network()
    options = {"clip_norm": 1.0, "optimizer": rnn.Adam(model, 0.01), "quiet": True} | options
    history = rnn.fit(model, data, epochs=epochs, shards=shards, workers=workers, **options)
    return values(model), history


def assert_same(one, other):
    assert one[1] == other[1]
    for name, value in one[0].items():
        np.testing.assert_array_equal(value, other[0][name], name)


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_the_number_of_workers_changes_no_bit(workers):
    with ThreadPoolExecutor(workers) as threads:
        assert_same(trained(threads), trained())


@needs_loky
@pytest.mark.slow
def test_processes_of_loky_change_no_bit():
    import loky

    with loky.ProcessPoolExecutor(3) as executor:
        assert_same(trained(executor), trained())


def one_that_dies(marker, outputs, targets, lengths=None):
    """A loss that kills the first worker process that computes it."""
    try:
        open(marker, "x").close()  # of two at once, one is the first
    except FileExistsError:
        pass
    else:
        os.kill(os.getpid(), signal.SIGKILL)
    return rnn.mse(outputs, targets, lengths)


@pytest.fixture
def deadly(tmp_path):
    """A loss, and what to call after each epoch, so that a worker dies in the second one."""
    marker = tmp_path / "died"
    marker.touch()

    def arm(history):
        if history.epochs == 1:
            marker.unlink()

    yield {"loss": partial(one_that_dies, str(marker)), "after_epoch": arm, "epochs": 3}
    assert marker.exists()  # one has died


@needs_loky
@needs_kill
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_worker_killed_in_the_middle_is_run_again_and_nothing_is_lost(deadly):
    assert_same(trained(2, **deadly), trained(epochs=3))


@needs_dask
@needs_kill
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_dask_changes_no_bit_also_where_a_worker_is_killed_in_the_middle(deadly):
    import distributed

    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )
    with cluster, distributed.Client(cluster) as client:
        before = client.run(os.getpid)
        assert_same(trained(client.get_executor(), **deadly), trained(epochs=3))
        client.wait_for_workers(2, timeout=30)
        assert set(client.run(os.getpid).values()) != set(before.values())


class Broken(Executor):
    """An engine whose workers die: at once, or after so many tasks."""

    def __init__(self, lives):
        self.lives = lives

    def submit(self, function, *arguments):
        future = Future()
        self.lives -= 1
        if self.lives < 0:
            future.set_exception(BrokenExecutor("a worker died"))
        else:
            future.set_result(function(*arguments))
        return future


def test_an_engine_that_breaks_is_left_with_a_warning_and_the_same_result():
    with pytest.warns(RuntimeWarning, match=r"no worker answers \(BrokenExecutor: a worker died\).*this process"):
        result = trained(Broken(8))
    assert_same(result, trained())


def test_a_function_that_makes_engines_is_asked_for_another_one():
    made = []

    def make():
        made.append(Broken(8))
        return made[-1]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(trained(make), trained())
    assert len(made) > 1


def test_a_task_that_is_cancelled_is_run_again():
    class Cancelling(Executor):
        def __init__(self):
            self.first = True

        def submit(self, function, *arguments):
            future = Future()
            if self.first:
                self.first = future.cancel() and False
            else:
                future.set_result(function(*arguments))
            return future

    assert_same(trained(Cancelling()), trained())


def test_what_only_a_worker_cannot_do_is_done_here_with_a_warning():
    class Elsewhere(Executor):
        def submit(self, function, *arguments):
            future = Future()
            future.set_result("ModuleNotFoundError: No module named 'mine'" if self.fails else function(*arguments))
            self.fails = False
            return future

    executor = Elsewhere()
    executor.fails = True
    with pytest.warns(RuntimeWarning, match="failed in a worker, and not in this process: ModuleNotFoundError"):
        result = trained(executor)
    assert_same(result, trained())


# -- the same as one batch ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2, 5, 12, 99])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_shards_give_what_the_whole_batch_gives(shards, reduction):
    loss = partial(rnn.mse, reduction=reduction)
    sharded, whole = network(), network()
    options = {"loss": loss, "epochs": 1, "clip_norm": None}
    a, history = trained(None, shards, sharded, optimizer=rnn.SGD(sharded, 0.01), **options)
    b, expected = trained(None, None, whole, optimizer=rnn.SGD(whole, 0.01), **options)
    np.testing.assert_allclose(history.train, expected.train, rtol=1e-12)
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-10, atol=1e-12, err_msg=name)
    if shards == 1:
        assert_same((a, history), (b, expected))


def test_a_classifier_and_one_to_many_are_cut_by_their_sequences():
    classes = RNG.integers(0, 2, len(SERIES))
    data = rnn.batches(SERIES, classes, 13, rng=0)
    models = [rnn.ManyToOne(rnn.GRUCell(3, 8, rng=0), 2, rng=1) for _ in range(2)]
    cut, whole = (trained(None, k, m, data, loss=rnn.cross_entropy)[1] for k, m in zip((4, None), models, strict=True))
    np.testing.assert_allclose(cut.train, whole.train, rtol=1e-10)
    captions = rnn.OneToMany(4, 5, 3, rng=0)
    data = (RNG.normal(size=(6, 4)), RNG.normal(size=(7, 6, 3)))
    forward = lambda model, batch: model(batch.inputs, steps=7)
    before = rnn.evaluate(captions, data, forward=forward)
    history = trained(None, 4, captions, data, epochs=1, forward=forward)[1]
    assert history.train == pytest.approx([before])


def test_sequences_to_sequences_are_cut_with_both_lengths():
    targets = [RNG.integers(0, 4, n) for n in RNG.integers(1, 6, len(SERIES))]
    data = rnn.batches(SERIES, targets, 10, rng=0, target_sequences=True)
    total = partial(rnn.cross_entropy, reduction="sum")
    model = rnn.EncoderDecoder(rnn.GRUCell(3, 6, rng=0), rnn.Decoder(rnn.GRUCell(4, 6, rng=1), 4, rng=2))
    before = rnn.evaluate(model, data, total)
    history = trained(None, 3, model, data, loss=total, optimizer=rnn.SGD(model, 0.0), epochs=1)[1]
    assert history.train == pytest.approx([before])


def test_where_nothing_tells_the_sequences_apart_the_axis_is_that_of_the_kind_of_target():
    inputs = np.zeros((4, 4, 3))
    for targets, axis in [
        (np.zeros((4, 4), int), 1),
        (np.zeros(4, int), 0),
        (np.zeros((4, 2)), 0),
        (np.zeros((4, 4, 2)), 1),
    ]:
        shapes = [shard.targets.shape[axis] for shard in shards_of(rnn.Batch(inputs, targets), 3)]
        assert shapes == [2, 1, 1]
    assert [shard.inputs.shape for shard in shards_of(rnn.Batch(inputs, np.zeros((4, 2))), 2, batch_first=True)] == [
        (2, 4, 3)
    ] * 2
    symbols = rnn.Batch(np.zeros((7, 4), int), {"EN": np.zeros((7, 4), int), "FR": np.zeros((5, 4), int)})
    assert [shard.targets["FR"].shape for shard in shards_of(symbols, 2)] == [(5, 2), (5, 2)]


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (rnn.Batch(np.zeros((5, 3)), np.zeros((5, 2))), r"inputs of shape \(5, 3\) are a single one"),
        (rnn.Batch(np.zeros((5, 4, 3)), np.zeros((7, 7))), r"no axis for the 4 sequences"),
        (rnn.Batch((np.zeros((5, 3)), [2, 1]), np.zeros(2)), r"from arrays, \(T, N, …\), and not from a tuple"),
    ],
)
def test_what_cannot_be_cut_is_named(batch, words):
    with pytest.raises(ValueError, match=words):
        shards_of(batch, 2)


# -- what is wrong in a shard ------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_mean_over_target_values_is_refused_or_tells_its_count():
    def over_sequences(outputs, targets, lengths=None):
        return rnn.mse(outputs, targets, lengths, reduction="sum") / targets.shape[1]

    with pytest.raises(ValueError, match=r"loss of the batch is .*, its 5 shards make .* loss.count = lambda"):
        trained(loss=over_sequences)
    over_sequences.count = lambda targets, lengths: targets.shape[1]
    cut, whole = (trained(shards=shards, loss=over_sequences, epochs=1)[1] for shards in (5, None))
    np.testing.assert_allclose(cut.train, whole.train, rtol=1e-10)


@pytest.mark.parametrize("place", [None, ThreadPoolExecutor])
def test_errors_are_those_of_this_process_with_their_graph(place):
    def wrong(outputs, targets, lengths=None):
        raise KeyError("no such thing")

    with pytest.raises(KeyError, match="no such thing"):
        trained(place, loss=wrong)
    inputs = RNG.normal(size=(4, 6, 3))
    inputs[2, 5] = np.nan
    with pytest.raises(rnn.NonfiniteLossError) as end:
        trained(place, data=(inputs, np.zeros((4, 6, 2))))
    assert end.value.loss.inputs


def test_a_debugger_sees_the_backward_passes_in_this_process():
    passes = []

    class Unused(Executor):
        def submit(self, function, *arguments):
            raise AssertionError("a debugger looks")

    with observed(passes.append):
        result = trained(Unused(), epochs=1)
    assert len(passes) == 5 + 5 + 2
    assert_same(result, trained(epochs=1))


@pytest.mark.parametrize("workers", [0, -2, True, "loky", 2.0, [1]])
def test_workers_are_a_number_or_an_engine(workers):
    with pytest.raises(TypeError, match="workers should be a number, at least 1, or an executor"):
        trained(workers)


def test_workers_without_shards_and_shards_of_stretches_are_refused():
    with pytest.raises(ValueError, match="say how many, as shards=8"):
        trained(2, None)
    with pytest.raises(ValueError, match="excludes shards"):
        trained(None, 2, truncate=3)


# -- what is random, unused or frozen ----------------------------------------------------------------------------------


class Dropped(rnn.Module):
    """A network that drops inputs at random while it is trained, with a decoder that nothing uses."""

    def __init__(self):
        self.inner, self.unused, self.rng = network(), rnn.GRUCell(2, 2, rng=0), np.random.default_rng(7)
        self.inner.layer.cells[0].U.requires_grad = False

    def __call__(self, xs, lengths=None):
        keep = self.rng.random(xs.shape) < 0.7 if self.training else 1.0
        return self.inner(xs * keep, lengths=lengths)


def test_what_is_drawn_depends_on_the_update_and_the_shard_alone(tmp_path):
    expected = trained(model=Dropped(), epochs=3)
    with ThreadPoolExecutor(3) as threads:
        assert_same(trained(threads, model=Dropped(), epochs=3), expected)
        again = Dropped()
        trained(threads, model=again, epochs=1, checkpoint=tmp_path / "run")
        again.rng = np.random.default_rng(99)
        assert_same(trained(None, model=again, epochs=3, checkpoint=tmp_path / "run", resume=True), expected)
    start = values(Dropped())
    for name, value in expected[0].items():
        trains = not name.startswith("unused") and name != "inner.layer.cells.0.U"
        assert np.array_equal(value, start[name]) is not trains, name


def test_two_shards_of_equal_sequences_draw_unlike_masks():
    drawn = []

    class Watching(rnn.Module):
        def __init__(self):
            self.inner, self.rng = rnn.Forecaster(3, 2, rng=0), np.random.default_rng(7)

        def __call__(self, xs):
            if self.training:
                drawn.append(self.rng.random())
            return self.inner(xs)

    trained(None, 4, Watching(), (np.ones((3, 8, 3)), np.ones((3, 8, 1))), epochs=2)
    assert len(set(drawn)) == len(drawn) == 8


def test_a_closed_set_of_workers_is_gone_when_fit_returns():
    workers = Workers(lambda: ThreadPoolExecutor(2))
    assert workers.run(pow, pow, [(2, 3)]) == [8]
    executor = workers._executor
    workers.close()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(time.time)
