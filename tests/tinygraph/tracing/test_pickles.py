"""Traces, graphs and drawings go through pickle by way of the trace's file; what belongs to them does not alone."""

import copy
import pickle

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs.labelled import with_losses
from tests.tools.processes import run_python

PICKLED = [lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol)) for protocol in (0, 2, 5)]
PICKLED += [copy.copy, copy.deepcopy]


def drawings(x):
    return [viz.draw(x, view, fold) for view in ("ops", "variables") for fold in (False, True)]


@pytest.mark.parametrize("pickled", PICKLED)
def test_a_trace_comes_back(pickled):
    trace = tg.trace(with_losses(3, scopes=True))
    other = pickled(trace)
    assert len(other) == len(trace)
    for k in range(len(trace)):
        assert other.formulas(k) == trace.formulas(k)
        assert np.array_equal(other[k].adjoint, trace[k].adjoint)
    assert other.contributions("W").exact
    assert np.array_equal(other.gradient("W"), trace.gradient("W"))
    assert [drawing.svg() for drawing in drawings(other)] == [drawing.svg() for drawing in drawings(trace)]


@pytest.mark.parametrize("pickled", PICKLED)
def test_a_graph_comes_back(pickled):
    graph = tg.graph(with_losses(3, scopes=True))
    other = pickled(graph)
    assert repr(other) == repr(graph) and other.timesteps == graph.timesteps
    assert str(tg.fold(other)) == str(tg.fold(graph))
    for mine, its in zip(other.nodes, graph.nodes, strict=True):
        assert (repr(mine), mine.scope, mine.expression, mine.kind) == (repr(its), its.scope, its.expression, its.kind)
        assert np.array_equal(mine.data, its.data)
    assert [drawing.svg() for drawing in drawings(other)] == [drawing.svg() for drawing in drawings(graph)]


def test_a_graph_of_several_outputs_and_of_an_op_of_the_program_s_own_comes_back():
    own = tg.op(lambda x: x**2, vjp=lambda g, y, x: g * 2 * x, name="own_of_a_pickle")
    w = tg.parameter([1.0, 2.0], name="w")
    graph = tg.graph(own(w), np.tanh(w))
    other = pickle.loads(pickle.dumps(graph))
    assert [str(node.op) for node in other.outputs] == ["own_of_a_pickle", "tanh"]
    assert len(pickle.loads(pickle.dumps(tg.graph()))) == 0
    trace = tg.trace(np.sum(own(w)))
    assert pickle.loads(pickle.dumps(trace))[1].contributions[0].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("pickled", PICKLED[1:])  # the oldest protocol takes no class with slots
def test_a_drawing_comes_back(pickled):
    for drawing in drawings(with_losses(3, scopes=True)):
        svg = drawing.svg()
        assert pickled(drawing).svg() == svg
        assert pickled(drawing).scene == drawing.scene


def test_what_belongs_to_a_graph_is_refused_as_clearly_as_a_tensor():
    trace = tg.trace(with_losses(2))
    for part in (
        trace.nodes[0],
        trace[0],
        trace.graph.nodes,
        tg.fold(trace.graph),
        pickle.loads(pickle.dumps(trace))[0],
    ):
        with pytest.raises(TypeError, match="pickle the Graph or the Trace of <Node"):
            pickle.dumps(part)
    with pytest.raises(TypeError, match="only leaves are copied and pickled"):
        pickle.dumps(with_losses(2))


def test_a_damaged_pickle_is_refused():
    content = bytearray(pickle.dumps(tg.trace(with_losses(2))))
    content[content.index(b"trace.json") + 30] ^= 1
    with pytest.raises(tg.TraceFileError):
        pickle.loads(bytes(content))


PROCESSES = """
import os, pickle, sys, threading
import numpy as np, tinygraph as tg, viz
from tests.programs.labelled import with_losses

def everything(loss):
    trace = tg.trace(loss)
    drawn = [viz.draw(x, v, f).svg() for x in (loss, trace) for v in ("ops", "variables") for f in (False, True)]
    return drawn, [str(f) for k in range(len(trace)) for f in trace.formulas(k)]

expected = everything(with_losses(6, scopes=True))

def child(*unused):  # of a fork after all is imported and used
    assert everything(with_losses(6, scopes=True)) == expected
    return pickle.dumps(tg.trace(with_losses(6)))

if not (pid := os.fork()):
    child()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7

results = []
def own():
    results.extend(everything(with_losses(6, scopes=True)) == expected for _ in range(4))
shared_loss, shared_trace = with_losses(6, scopes=True), tg.trace(with_losses(6, scopes=True))
drawn = viz.draw(tg.trace(with_losses(6, scopes=True)), backward=True, overlay="grad_norm").svg()
def shared():
    results.append(everything(shared_loss) == expected)
    results.append(viz.draw(shared_trace, backward=True, overlay="grad_norm").svg() == drawn)
sys.setswitchinterval(1e-5)
for work in (own, shared):
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
assert results == [True] * 24, results
import gc
assert gc.isenabled()
"""


@pytest.mark.slow
def test_after_a_fork_and_in_four_threads_at_once_drawings_are_right():
    ran = run_python("-c", PROCESSES)
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
