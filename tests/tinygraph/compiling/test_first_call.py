"""What the first call of a compiled function leaves behind, and what it does not need."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

import tinygraph as tg
from tests.benchmarks.programs import CELLS, make
from tests.tinygraph.compiling.backends import BACKENDS
from tinygraph.compiling.plan import Plan

PARAMETERS = (2, 3, 4, 5, 6)


@pytest.fixture
def without_collector():
    """Let nothing be freed but what nobody holds."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def recorded():
    """Return how many Tensors there are that an op made."""
    return sum(type(x) is tg.Tensor and x.op is not None for x in gc.get_objects())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("width", "when_written"), [(4, 200), (150, 0)])  # a small one may serve other plans
def test_what_was_recorded_is_gone_when_a_plan_gets_its_buffers(
    backend, width, when_written, monkeypatch, without_collector
):
    def count_first(plan, *args):
        alive.append(recorded())
        write(plan, *args)

    alive, before, write = [], recorded(), Plan.write
    monkeypatch.setattr(Plan, "write", count_first)
    compiled = tg.compile(tg.value_and_grad(CELLS["LSTM"], PARAMETERS), backend=backend)
    compiled(*make("LSTM", 20, 9, 3, width, 3))
    assert [number - before > when_written / 2 for number in alive] == [when_written > 0]
    assert recorded() == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_buffers_go_with_the_compiled_function(backend, without_collector):
    compiled = tg.compile(tg.value_and_grad(CELLS["GRU"], PARAMETERS), backend=backend)
    compiled(*make("GRU", 20, 2, 3, 4, 3))
    ((plan,),) = compiled._plans.values()
    arrays = [x for x in plan._run.__globals__.values() if isinstance(x, np.ndarray)]
    buffers = [weakref.ref(x) for x in arrays if x.nbytes > 500]  # no constants, which the form has too
    assert len(buffers) > 5
    del arrays
    del compiled, plan
    assert [ref for ref in buffers if ref() is not None] == []


def test_the_collector_does_not_run_meanwhile():
    def note(phase, info):
        runs.append(phase)

    runs, arrays = [], make("LSTM", 60, 2, 3, 4, 3)
    compiled = tg.compile(tg.value_and_grad(CELLS["LSTM"], PARAMETERS))
    threshold = gc.get_threshold()
    gc.callbacks.append(note)
    try:
        gc.set_threshold(100)
        compiled(*arrays)
    finally:
        gc.callbacks.remove(note)
        gc.set_threshold(*threshold)
    assert len(runs) < 20, len(runs)  # else hundreds
    assert gc.isenabled()


def test_a_first_call_loads_no_masked_arrays():
    """``np.unique`` does, in 10 ms."""
    text = """
import sys
import tinygraph as tg
from tests.benchmarks.programs import CELLS, make
compiled = tg.compile(tg.value_and_grad(CELLS["LSTM"], (2, 3, 4, 5, 6)))
compiled(*make("LSTM", 20, 9, 3, 50, 3))
print("loop ×20" in compiled.report(), "numpy.ma" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "False"], run.stdout
