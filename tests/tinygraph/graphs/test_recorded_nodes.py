"""Nodes that are made on demand: one for each value, whoever asks, and few bytes for those that nobody asks for."""

import tracemalloc

import networkx  # noqa: F401 - so that its import is not measured
import numpy as np
import pytest

import tinygraph as tg
from tests.benchmarks.bench_memory import small_elman
from tinygraph.tracing.pooled import Pooled


@pytest.fixture(params=["recorded", "from a file"])
def trace_of(request, tmp_path):
    """Return what makes a trace of an output, as it was recorded or as its file holds it."""

    def make(output):
        trace = tg.trace(output)
        if request.param == "recorded":
            return trace
        trace.save(tmp_path / "t.trace")
        return tg.load_trace(tmp_path / "t.trace")

    return make


def test_a_node_is_one_and_the_same_however_it_is_reached(trace_of):
    trace = trace_of(small_elman(50))
    nodes = trace.graph.nodes
    assert nodes[-1] is trace.output is trace.nodes[0]
    assert trace.output.tensor is None or trace.output is trace.graph.node_of(trace.output.tensor)
    assert nodes[-1]._value is nodes[-1]._value
    assert nodes[-1].inputs[0] is nodes[nodes[-1].inputs[0].index]
    assert list(nodes) == nodes[:] == [nodes[k] for k in range(len(nodes))]
    assert [node.index for node in nodes] == list(range(len(nodes)))


def test_a_value_is_one_object_for_all_nodes_that_hold_it(trace_of):
    """So that a detached leaf is known as what it was detached from."""
    w = tg.parameter([2.0], name="w")
    y = w * 3.0
    nodes = trace_of(np.sum(y * y.detach())).graph.nodes
    product = next(node for node in nodes if node.op == "multiply" and node.inputs[1].kind == "input")
    assert product.inputs[0]._value is product.inputs[1]._value


def test_a_tensor_leads_to_no_node_of_a_file(tmp_path):
    output = small_elman(50)
    tg.trace(output).save(tmp_path / "t.trace")
    with pytest.raises(KeyError, match="does not lead"):
        tg.load_trace(tmp_path / "t.trace").graph.node_of(output)


def test_reading_time_and_a_step_make_few_nodes(trace_of):
    trace = trace_of(small_elman(10_000))
    tracemalloc.start()
    try:
        assert trace.graph.nodes[-5].timestep == 2000
        assert trace[7].node.op == "tanh"
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 300 * 10_000  # with a node of each op 430


def test_a_trace_from_a_file_is_its_arrays(tmp_path):
    tg.trace(small_elman(10_000)).save(tmp_path / "t.trace")
    tracemalloc.start()
    try:
        trace = tg.load_trace(tmp_path / "t.trace")
        assert trace[7].node.op == "tanh"
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 200 * len(trace.graph)  # with a node of each op 700


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
