"""Loops that are told by `tg.iteration`: of programs that are no Python loops, such as a body that is called back."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tests.programs import data, weights
from tests.tools.folds import assert_unrolls, described


class Scan:
    """A recurrent network whose steps are called one by one, without a loop: as by an event of another program."""

    def __init__(self, loop: str = "scan"):
        self.loop = loop
        self.W, self.U, self.V = weights(3)
        self.h, self.loss = np.zeros(2), 0.0

    def step(self, t: int, x) -> None:
        with tg.iteration(self.loop, t):
            self.h = np.tanh(self.W @ self.h + self.U @ x)
            self.loss = self.loss + (self.V @ self.h).sum()


def called_back(T: int = 4, number=lambda t: t) -> tg.Tensor:
    scan, xs = Scan(), data(9)
    scan.step(number(0), xs[0])
    scan.step(number(1), xs[1])
    if T > 2:
        scan.step(number(2), xs[2])
        scan.step(number(3), xs[3])
    return scan.loss


def python_loop(T: int = 4) -> tg.Tensor:
    W, U, V = weights(3)
    h, loss = np.zeros(2), 0.0
    for x in data(9)[:T]:
        h = np.tanh(W @ h + U @ x)
        loss = loss + (V @ h).sum()
    return loss


def without_source(graph: tg.Graph) -> tuple:
    timeline = graph.timeline
    numbers = {run: k for k, run in enumerate(dict.fromkeys(timeline.runs))}
    spans = [run and (run.first, run.last, run.backward) for run in numbers]
    return timeline.timesteps, timeline.slots, [numbers[run] for run in timeline.runs], spans, timeline.precedes


@pytest.mark.parametrize("T", [2, 4])
def test_told_loops_give_what_a_python_loop_gives(T):
    told, looped = tg.graph(called_back(T)), tg.graph(python_loop(T))
    assert without_source(told) == without_source(looped)
    assert described(assert_unrolls(told)) == described(assert_unrolls(looped))


def test_the_loop_is_called_by_its_name():
    assert tg.fold(called_back()).report().splitlines() == [
        "28 ops recorded, folded into 7",
        "the loop 'scan' ×4, over time: 7 ops",
    ]


@pytest.mark.parametrize("number", [lambda t: t + 1, lambda t: 10 * t, lambda t: t - 7, lambda t: t << 70])
def test_only_the_order_of_told_numbers_counts(number):
    """An iteration in which nothing was recorded is not known of a Python loop either."""
    assert without_source(tg.graph(called_back(number=number))) == without_source(tg.graph(called_back()))


def test_a_scan_that_is_told_from_its_end_runs_backward():
    forward, backward, xs = Scan("forward"), Scan("backward"), [tg.tensor(x) for x in data(3)]
    forward.step(0, xs[0])
    forward.step(1, xs[1])
    forward.step(2, xs[2])
    backward.step(2, xs[2])
    backward.step(1, xs[1])
    backward.step(0, xs[0])
    timeline = tg.graph(forward.loss + backward.loss).timeline
    runs = dict.fromkeys(run for run in timeline.runs if run is not None)
    assert [(run.first, run.last, run.backward) for run in runs] == [(1, 3, False), (1, 3, True)]


def test_told_loops_nest():
    scan, xs = Scan(), data(6)

    def epoch(e):
        with tg.iteration("epoch", e):
            scan.h = np.zeros(2)
            scan.step(0, xs[0])
            scan.step(1, xs[1])
            scan.step(2, xs[2])

    epoch(0)
    epoch(1)
    graph = tg.graph(scan.loss)
    folded = assert_unrolls(graph)
    assert [(str(loop.recorded), loop.trips, loop.over_time) for loop in folded.loops] == [
        ("the loop 'epoch'", 2, False),
        ("the loop 'scan'", 3, True),
    ]
    assert folded.loops[1].parent is folded.loops[0]
    assert [node.timestep for node in graph.nodes if node.op == "tanh"] == [1, 2, 3, 1, 2, 3]
    assert len({run for run in graph.timeline.runs if run is not None}) == 2
    assert len(folded.nodes) < 20


def test_two_names_are_two_loops():
    A, B, xs = Scan("a"), Scan("b"), data(3)
    for scan in (A, B):
        scan.step(0, xs[0])
        scan.step(1, xs[1])
    folded = assert_unrolls(tg.graph(A.loss + B.loss))
    assert [str(loop.recorded) for loop in folded.loops] == ["the loop 'a'", "the loop 'b'"]


def test_many_ops_of_one_instruction_are_told_apart_by_their_order():
    """An interpreter runs all ops of a program at one instruction of its own."""
    W, h = tg.parameter(np.eye(2)), tg.tensor(np.ones(2))

    def interpret(function, *arguments):
        return function(*arguments)

    def body(i, h):
        with tg.iteration("interpreted", i):
            a = interpret(np.matmul, W, h)
            b = interpret(np.matmul, W, a)
            return interpret(np.tanh, b)

    graph = tg.graph(body(2, body(1, body(0, h))))
    folded = assert_unrolls(graph)
    assert [(str(node.op), node.times) for node in folded.nodes if node.kind == "op"] == [
        ("matmul", 3), ("matmul", 3), ("tanh", 3),
    ]  # fmt: skip


def test_an_op_of_one_iteration_only_does_not_divide_the_others():
    W = tg.parameter(np.eye(2))

    def body(i, h):
        with tg.iteration("scan", i):
            if i == 1:
                h = h * 2.0
            return np.tanh(W @ h)

    folded = assert_unrolls(tg.graph(body(2, body(1, body(0, np.ones(2))))))
    assert {str(node.op): node.times for node in folded.nodes if node.kind == "op"} == {
        "matmul": 3, "tanh": 3, "multiply": 1,
    }  # fmt: skip


def test_a_python_loop_inside_a_told_one_is_many_ops_of_its_body():
    scan, Ws = Scan(), weights(2)

    def step(t):
        with tg.iteration("scan", t):
            for W in Ws:
                scan.h = np.tanh(W @ scan.h)

    step(0)
    step(1)
    step(2)
    graph = tg.graph(scan.h)
    folded = assert_unrolls(graph)
    assert [node.times for node in folded.nodes if node.kind == "op"] == [3] * 4
    assert [node.timestep for node in graph.nodes if node.op == "tanh"] == [1, 1, 2, 2, 3, 3]


def test_a_told_loop_between_python_loops():
    scan, W, xs = Scan(), weights(1)[0], data(5)
    h, outputs = np.zeros(2), []
    for x in xs:
        h = np.tanh(W @ h + x)
        outputs.append(h)
    scan.step(0, outputs[0])
    scan.step(1, outputs[1])
    scan.step(2, outputs[2])
    loss = scan.loss
    for h in outputs:
        loss = loss + h.sum()
    graph = tg.graph(loss)
    folded = assert_unrolls(graph)
    assert [loop.trips for loop in folded.loops] == [5, 3, 5]
    assert [node.timestep for node in graph.nodes if node.op == "tanh"] == [1, 2, 3, 4, 5, 1, 2, 3]


def test_a_told_loop_inside_a_python_loop_stays_exact():
    scan, xs = Scan(), data(3)
    for _ in range(2):
        scan.h = np.zeros(2)
        scan.step(0, xs[0])
        scan.step(1, xs[1])
        scan.step(2, xs[2])
    graph = tg.graph(scan.loss)
    assert "their order is a table" in assert_unrolls(graph).report()
    assert [node.timestep for node in graph.nodes if node.op == "tanh"] == [1, 2, 3, 1, 2, 3]
    moments = [(graph.timeline.slots[node.index], node.timestep) for node in graph.nodes if node.kind == "op"]
    assert len(set(moments)) == len(moments)


def test_labels_win_over_told_iterations():
    scan = Scan()
    with tg.timestep(30):
        scan.step(0, np.ones(2))
    with tg.timestep(20):
        scan.step(1, np.ones(2))
    assert tg.graph(scan.h).timesteps == [20, 30]


@pytest.mark.parametrize(("loop", "i"), [(3, 0), (None, 0), ("scan", 1.5), ("scan", "1"), ("scan", None)])
def test_what_is_no_name_or_no_number_is_refused(loop, i):
    with pytest.raises(TypeError, match="iteration: expected the loop's name and an integer, got"):
        tg.iteration(loop, i)


def test_numpy_integers_count():
    scan = Scan()
    scan.step(np.int64(0), np.ones(2))
    scan.step(np.int64(1), np.ones(2))
    assert tg.graph(scan.h).timesteps == [1, 2]
