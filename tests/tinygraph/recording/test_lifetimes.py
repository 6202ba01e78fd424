"""Graphs are freed as soon as nobody holds them, however long they are."""

import gc
import os
import platform
import subprocess
import sys
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


PASSES = """
import resource
import numpy as np, tinygraph

def run():
    values = [np.ones(2048, np.float32) for _ in range(1000)]  # as many as a pass over 100 time steps keeps

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

run(), run()
before = faults()
for _ in range(5):
    run()
print((faults() - before) / 5)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep what they like")
def test_a_pass_takes_the_memory_that_the_one_before_it_freed():
    settings = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}  # Dask has some
    command = [sys.executable, "-c", PASSES]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=settings)
    assert float(run.stdout) < 100, run.stdout  # pages of 4 KB; without `keep_freed_memory` some 2,000
