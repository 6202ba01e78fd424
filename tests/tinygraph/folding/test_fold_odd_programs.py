"""Folding what is not an ordinary program: no source, no calls, threads, recursion, callbacks, files."""

from __future__ import annotations

import threading

import numpy as np

import tinygraph as tg
from tests import programs
from tests.tools.folds import assert_honest, assert_unrolls


def test_code_without_source_folds_all_the_same():
    space = {"np": np, "tg": tg}
    exec(
        "W = tg.parameter(np.eye(2)); h = np.ones(2)\n"
        "for t in range(9):\n"
        "    h = np.tanh(W @ h)\n",
        space,
    )  # fmt: skip
    recurrence = assert_unrolls(tg.graph(space["h"]))
    assert [node.times for node in recurrence.nodes if node.kind == "op"] == [9, 9]
    assert "×9" in recurrence.report()


def without_calls(output):
    """Return the graph of an output as a file of an old version gives it."""
    nodes = [node.copy() for node in tg.graph(output).nodes]
    for node in nodes:
        node.inputs = tuple(nodes[source.index] for source in node.inputs)
        node.call = None
    return tg.Graph(nodes, [nodes[-1]])


def test_a_graph_without_calls_folds_by_occurrence_and_says_so():
    recurrence = assert_unrolls(without_calls(programs.elman(9)))
    assert len(recurrence.nodes) < 12
    assert "does not know its calls" in recurrence.report()


def test_threads_that_take_turns():
    W = tg.parameter(np.eye(2))
    turns = threading.Barrier(2)
    ends = []

    def work(number):
        h = np.ones(2) * number
        for _ in range(5):
            turns.wait()
            h = np.tanh(W @ h)
        ends.append(h)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_honest(assert_unrolls(tg.graph(ends[0] + ends[1])))


def test_two_generators_that_take_turns():
    def states(cell):
        h = np.ones(2)
        while True:
            h = cell(h, np.ones(2))
            yield h

    total = 0.0
    for _, h, g in zip(range(7), states(programs.Cell()), states(programs.Cell()), strict=False):
        total = total + (h * g).sum()
    recurrence = assert_unrolls(tg.graph(total))
    assert {node.times for node in recurrence.nodes if node.kind == "op"} == {7}


def test_recursion_over_a_tree():
    W = tg.parameter(np.eye(2))

    def value(depth):
        return np.ones(2) if depth == 0 else np.tanh(W @ (value(depth - 1) + value(depth - 2 if depth > 1 else 0)))

    assert_honest(assert_unrolls(tg.graph(value(6).sum())))


def test_mutual_recursion():
    A, B = tg.parameter(np.eye(2)), tg.parameter(np.eye(2))

    def even(h, t):
        return h if t == 0 else np.exp(odd(np.tanh(A @ h), t - 1) * 0.1)

    def odd(h, t):
        return h if t == 0 else even(np.tanh(B @ h), t - 1)

    assert_honest(assert_unrolls(tg.graph(even(np.ones(2), 8))))


def test_an_exception_handler_in_the_loop():
    W = tg.parameter(np.eye(2))
    h = np.ones(2)
    for t in range(12):
        try:
            h = np.tanh(W @ h)
            if t % 3 == 0:
                raise ValueError
        except ValueError:
            h = h * 0.5
            continue
        h = h + 1.0
    recurrence = assert_unrolls(tg.graph(h))
    assert recurrence.loops[0].trips == 12
    assert {node.times for node in recurrence.nodes if node.kind == "op"} == {12, 4, 8}


def test_ops_of_a_callback():
    W = tg.parameter(np.eye(2))
    values = sorted(range(6), key=lambda k: float((W @ np.full(2, -k)).sum().data))
    total = sum((W @ np.ones(2) * k).sum() for k in values)
    assert_honest(assert_unrolls(tg.graph(total)))


def test_a_graph_from_a_file_folds_as_the_recorded_one(tmp_path):
    path = tmp_path / "elman.trace"
    trace = tg.trace(programs.elman(11))
    trace.save(path)
    loaded = tg.load_trace(path).graph
    assert all(node.call is None for node in loaded.nodes)
    recurrence = assert_unrolls(loaded)
    assert_honest(recurrence)
    assert recurrence.report() == tg.fold(trace.graph).report()


def test_a_graph_without_calls_folds_by_parameters_and_occurrence():
    recurrence = assert_unrolls(without_calls(programs.elman(11)))
    assert_honest(recurrence)
    assert [node.times for node in recurrence.nodes if node.op == "tanh"] == [11]
    assert "does not know its calls" in recurrence.report()
