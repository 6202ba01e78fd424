"""Graphs are freed as soon as nobody holds them, however long they are."""

import gc
import weakref

import numpy as np
import pytest

import tinygraph as tg


@pytest.mark.slow
def test_a_chain_of_100_000_ops_is_recorded_differentiated_and_freed_without_recursion():
    x = tg.parameter(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    y.backward()
    assert float(x.grad) == 1.0
    watched = [weakref.ref(y), weakref.ref(y._inputs[0])]
    del y
    gc.collect()
    assert [ref() for ref in watched] == [None, None]


def test_a_graph_is_freed_without_the_garbage_collector():
    gc.disable()
    try:
        x = tg.parameter([1.0])
        y = np.tanh(x * 2)
        watched = weakref.ref(y)
        y.sum().backward()
        del y
        assert watched() is None
    finally:
        gc.enable()
