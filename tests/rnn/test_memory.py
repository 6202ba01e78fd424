"""What `fit` leaves behind: the model and its history, and nothing of the plans, graphs and buffers that trained it."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import rnn
from tinygraph.compiling.plan import Plan


@pytest.mark.parametrize("compile", [False, True])
def test_fit_leaves_nothing_behind(compile, monkeypatch):
    plans = weakref.WeakSet()
    write = Plan.write
    monkeypatch.setattr(Plan, "write", lambda plan, *args: plans.add(plan) or write(plan, *args))
    rng = np.random.default_rng(0)
    data = [(rng.normal(size=(t, 8, 4)), rng.integers(0, 3, (t, 8))) for t in (20, 30)]

    def train():
        model = rnn.ManyToMany(rnn.LSTMCell(4, 32, rng=0), 3, rng=1)
        rnn.fit(model, data, epochs=3, loss=rnn.cross_entropy, compile=compile, quiet=True)

    train()  # what is loaded once
    gc.collect()
    thresholds = gc.get_threshold()
    gc.set_threshold(10**9)
    tracemalloc.start()
    try:
        train()
        left, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.set_threshold(*thresholds)
    assert most > 2_000_000
    assert left < 1_000_000  # small tuples, which Python keeps for new ones
    assert not plans
