"""What compiled functions hold: plans as long as the function lives, of the recordings behind them nothing."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.backends import BACKENDS


@pytest.fixture
def rare_collection():
    """Let the garbage collector run only where it is asked to."""
    gc.collect()
    thresholds = gc.get_threshold()
    gc.set_threshold(10**9)
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.set_threshold(*thresholds)


def held():
    return tracemalloc.get_traced_memory()[0]


W = tg.parameter(np.eye(64) / 2, name="W")


def loss_of(xs):
    h = np.zeros((4, 64))
    for t in range(len(xs)):
        h = np.tanh(tg.linear(h, W) + xs[t])
    return (h * h).sum()


def xs(count=100):
    return np.random.default_rng(0).normal(size=(count, 4, 64))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_plan_is_freed_with_its_function_and_what_was_recorded_before_that(rare_collection, backend):
    tg.compile(loss_of, backend=backend)(xs())  # what is loaded once
    before, arguments = held(), xs()
    compiled = tg.compile(loss_of, backend=backend)
    compiled(arguments)
    ((plan,),) = compiled._plans.values()
    watched = weakref.ref(plan)
    arrays = {id(x if x.base is None else x.base): x if x.base is None else x.base
              for x in plan._run.__globals__.values() if isinstance(x, np.ndarray)}  # fmt: skip
    buffers = sum(array.nbytes for array in arrays.values())
    assert held() - before - arguments.nbytes - buffers < 4 * arguments.nbytes  # a recording has five times that
    del plan, arrays, compiled, arguments
    assert watched() is None
    assert held() - before < 400_000  # small tuples, which Python keeps for new ones


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_of_a_call_are_freed_as_soon_as_nobody_holds_them(rare_collection, backend):
    compiled, arguments = tg.compile(loss_of, backend=backend), xs(5)

    def update():
        W.grad = None
        compiled(arguments).backward()

    update(), update()
    before = held()
    for _ in range(20):
        update()
    assert held() - before < W.data.nbytes


@pytest.mark.parametrize("backend", BACKENDS)
def test_as_many_plans_are_kept_as_have_room_for_their_buffers(backend, monkeypatch):
    compiled = tg.compile(loss_of, backend=backend)
    for count in (6, 7, 8, 6, 9):
        compiled(xs(count))
        compiled(xs(count))
    sizes = {key[1][0]: plan.nbytes for key, (plan,) in compiled._plans.items()}
    assert list(sizes) == [7, 8, 6, 9]  # those used last at the end
    assert sizes[9] - sizes[8] == sizes[8] - sizes[7] >= 3 * xs(1).nbytes
    monkeypatch.setattr("tinygraph.compiling.compiled._MOST_BYTES", sizes[6] + sizes[9] + sizes[9] + 8 * xs(1).nbytes)
    compiled(xs(9)), compiled(xs(10))
    assert [key[1][0] for key in compiled._plans] == [6, 9, 10]
    monkeypatch.setattr("tinygraph.compiling.compiled._MOST_BYTES", 1)
    compiled(xs(11))
    assert [key[1][0] for key in compiled._plans] == [11]
