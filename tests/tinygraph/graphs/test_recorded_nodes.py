"""Nodes that are made on demand: one for each value, whoever asks, and few bytes for those that nobody asks for."""

import tracemalloc

import networkx  # noqa: F401 - so that its import is not measured
import numpy as np

import tinygraph as tg
from tests.benchmarks.bench_memory import small_elman
from tinygraph.tracing.pooled import Pooled


def test_a_node_is_one_and_the_same_however_it_is_reached():
    trace = tg.trace(small_elman(50))
    nodes = trace.graph.nodes
    assert nodes[-1] is trace.output is trace.nodes[0] is trace.graph.node_of(trace.output.tensor)
    assert nodes[-1].inputs[0] is nodes[nodes[-1].inputs[0].index]
    assert list(nodes) == nodes[:] == [nodes[k] for k in range(len(nodes))]
    assert [node.index for node in nodes] == list(range(len(nodes)))


def test_reading_time_and_a_step_make_few_nodes():
    trace = tg.trace(small_elman(10_000))
    tracemalloc.start()
    try:
        assert trace.graph.nodes[-5].timestep == 2000
        assert trace[7].node.op == "tanh"
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 300 * 10_000  # with a node of each op 430


def test_pooled_arrays_keep_bits_and_layout():
    rng = np.random.default_rng(0)
    square = rng.normal(size=(3, 4))
    arrays = [
        square,
        square.T,
        square[:, ::2],
        np.zeros((0, 2)),
        np.float32(0.1),
        rng.normal(size=100),
        square[:1],
        square,
    ]
    for before, after in zip(arrays, Pooled(arrays), strict=True):
        assert (before.dtype, before.shape, before.tobytes()) == (after.dtype, after.shape, after.tobytes())
        assert before.flags.f_contiguous == after.flags.f_contiguous and before.strides == after.strides
    assert not Pooled(arrays)[0].flags.writeable
