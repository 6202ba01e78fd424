"""Time of folding against the number of nodes, and what recording a node's circumstances costs.

Run ``python tests/benchmarks/bench_fold.py [largest]``; `largest` is the number of ops to go up to (default 1,000,000).
"""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Callable
from time import process_time

import numpy as np

import tinygraph as tg
from tinygraph.folding.fold import fold
from tinygraph.recording import applying
from tinygraph.recording import context as record
from tinygraph.recording.calls import next_index

SIZE = 2


def elman(ops: int) -> tg.Tensor:
    """One loop: four ops a time step, and a running loss."""
    W, U, h, loss = tg.parameter(np.eye(SIZE)), tg.parameter(np.eye(SIZE)), np.zeros(SIZE), 0.0
    x = np.ones(SIZE)
    for _ in range(ops // 6):
        h = np.tanh(W @ h + U @ x)
        loss = loss + h.sum()
    return loss


def gates(ops: int) -> tg.Tensor:
    """Helpers in a loop: two calls of a function a time step."""
    W, U, h, x = tg.parameter(np.eye(SIZE)), tg.parameter(np.eye(SIZE)), np.ones(SIZE), np.ones(SIZE)

    def gate(A):
        return np.tanh(A @ h + x)

    for _ in range(ops // 7):
        h = gate(W) * gate(U)
    return h.sum()


def sentences(ops: int) -> tg.Tensor:
    """Loops in loops of unequal lengths."""
    W, x, total = tg.parameter(np.eye(SIZE)), np.ones(SIZE), 0.0
    length, done = 0, 0
    while done < ops:
        h = np.zeros(SIZE)
        length = 5 + (length + 7) % 20
        for _ in range(length):
            h = np.tanh(W @ h + x)
        total = total + h.sum()
        done += 3 * length + 2
    return total


def straight(ops: int) -> tg.Tensor:
    """No recurrence: one loop whose parameters are others each time."""
    h = np.ones(SIZE)
    for _ in range(ops // 2):
        h = np.tanh(tg.parameter(np.ones(SIZE)) * h)
    return h.sum()


def timed(f: Callable, *args) -> tuple[float, object]:
    gc.collect()
    gc.disable()
    start = process_time()  # not the clock on the wall: other programs run too
    result = f(*args)
    taken = process_time() - start
    gc.enable()
    return taken, result


def growth(program: Callable[[int], tg.Tensor], sizes: list[int]) -> None:
    previous = None
    for size in sizes:
        recording, output = timed(program, size)
        reading = folding = math.inf
        for _ in range(2):
            seconds, graph = timed(tg.graph, output)
            reading = min(reading, seconds)
            seconds, folded = timed(fold, graph)
            folding = min(folding, seconds)
        nodes = len(graph.nodes)
        exponent = math.log(folding / previous[1]) / math.log(nodes / previous[0]) if previous else math.nan
        previous = nodes, folding
        each = [f"{1e6 * seconds / nodes:9.2f}" for seconds in (recording, reading, folding)]
        print(f"{program.__name__:10}{nodes:>10,}", *each, f"{exponent:9.2f}   {len(folded.nodes):>7,}", flush=True)
        del output, graph, folded
        record.context().frames.clear()  # or the next recording would pay for freeing this one


def make_without_metadata(op, data, inputs, values, attributes, requires_grad, frame):
    """`tinygraph.recording.tensor.make` but for what it keeps of the place: call, instruction and context."""
    tensor = object.__new__(tg.Tensor)
    tensor._index = next_index()
    tensor._value = data
    tensor._inputs = inputs
    tensor._values = values
    tensor._attributes = attributes
    tensor._rare = None
    tensor.op = op
    tensor.requires_grad = requires_grad
    return tensor


def cost_of_metadata(repetitions: int = 100_000) -> None:
    """Measure ``a + b`` as the engine records it, and with the stores of the place taken out, by turns."""
    a, b = tg.parameter(1.0), tg.parameter(2.0)

    def add():
        for _ in range(repetitions):
            a + b

    spent: dict = {applying.make: [], make_without_metadata: []}
    engine = applying.make
    try:
        for _ in range(7):
            for how, times in spent.items():
                applying.make = how
                times.append(timed(add)[0])
    finally:
        applying.make = engine
    whole, bare = (min(times) / repetitions * 1e9 for times in spent.values())
    print(f"metadata: {whole - bare:.0f} ns of the {whole:.0f} ns of an addition (call, instruction, context)")


if __name__ == "__main__":
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    cost_of_metadata()
    print(f"{'':10}{'nodes':>10}{'record':>10}{'graph':>10}{'fold':>10} µs a node, exponent, folded nodes")
    for program in (elman, gates, sentences, straight):
        growth(program, [n for n in (10_000, 100_000, 1_000_000) if n <= largest])
