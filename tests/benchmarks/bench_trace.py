"""Traces of long passes: what recording, going to a step and stepping cost, as ratios within one run.

Each number is the median of several runs.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_trace.py [STEPS]
    OMP_NUM_THREADS=1 python tests/benchmarks/bench_trace.py --memory [STEPS]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import tinygraph as tg
from tests.benchmarks.bench_memory import memory
from viz.debugging.debugger import Debugger
from viz.debugging.snapshot import take_snapshot


def program(steps: int, hidden: int = 32) -> tg.Tensor:
    """Return the loss of an Elman RNN whose backward pass has about so many steps."""
    rng = np.random.default_rng(0)
    W = tg.parameter(rng.normal(size=(hidden, hidden)) / np.sqrt(hidden))
    U = tg.parameter(rng.normal(size=(hidden, 8)))
    b = tg.parameter(np.zeros(hidden))
    V = tg.parameter(rng.normal(size=(4, hidden)))
    X = rng.normal(size=(256, 8))
    h = tg.tensor(np.zeros(hidden))
    loss = tg.tensor(0.0)
    for t in range(steps // 9):
        h = np.tanh(W @ h + U @ X[t % 256] + b)
        o = V @ h
        loss = loss + np.sum(o * o)
    return loss


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median time of each of several calls, taken in turns."""
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def main(steps: int) -> None:
    """Print the table."""
    loss = program(steps)

    def backward() -> None:
        for leaf in leaves:
            leaf.grad = None
        loss.backward()

    leaves = [node.tensor for node in tg.graph(loss).parameters]
    one, recording = interleaved([backward, lambda: tg.trace(loss)], 7)
    trace = tg.trace(loss)
    opening = seconds(lambda: trace.nodes) + seconds(lambda: trace.graph.timesteps)
    debugger = Debugger(trace)
    first = seconds(lambda: debugger.goto(len(trace) // 3) and trace[len(trace) // 3])
    checkpoints = seconds(lambda: [trace.running(node, len(trace)) for node in trace.graph.parameters])
    chosen = random.Random(0)
    goto = statistics.median(seconds(lambda: trace[chosen.randrange(len(trace))]) for _ in range(300))
    seen = statistics.median(seconds(lambda: take_snapshot(trace, chosen.randrange(len(trace)))) for _ in range(300))
    worst = max(seconds(lambda: trace[chosen.randrange(len(trace))]) for _ in range(300))
    start = statistics.median(seconds(lambda k=k: trace[k]) for k in range(500))
    end = statistics.median(seconds(lambda k=k: trace[k]) for k in range(len(trace) - 500, len(trace)))
    back = statistics.median(seconds(lambda k=k: trace[k]) for k in range(len(trace) - 500, len(trace) - 1000, -1))
    print(f"{len(trace)} steps; one backward pass {one * 1e3:.0f} ms")
    print(f"recording the trace        {recording / one:6.2f} backward passes   (at most 1.5)")
    print(f"bytes held                 {trace.nbytes / trace.forward_bytes:6.2f} × forward values    (at most 2.2)")
    print(f"opening (nodes, time)      {opening / one:6.2f} backward passes, once")
    print(f"first goto                 {100 * first / one:6.2f} % of a backward pass")
    print(f"laying all checkpoints     {checkpoints / one:6.2f} backward passes, once")
    print(f"goto a random step         {100 * goto / one:6.2f} % of a backward pass (at most 2)")
    print(f"  the worst of 300         {100 * worst / one:6.2f} %")
    print(f"  with all that is shown   {100 * seen / one:6.2f} %")
    print(f"a step at the end / start  {end / start:6.2f}; going back / going on {back / end:.2f}")


if __name__ == "__main__":
    *options, steps = sys.argv[1:] if sys.argv[1:] not in ([], ["--memory"]) else [*sys.argv[1:], "100_000"]
    (memory if "--memory" in options else main)(int(steps))
