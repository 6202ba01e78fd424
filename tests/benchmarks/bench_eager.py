"""Eager recording and backward beside the textbook NumPy loop, torch's cell loop and torch.nn, in one run.

Networks with cross-entropy at every time step: loss and all gradients, float32, one BLAS thread. On a machine that is
busy with other work ``--minima`` prints ratios of the shortest times, not of the medians.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_eager.py [--seconds 3] [--cells Elman LSTM GRU] [--minima]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.pop("OPENBLAS_CORETYPE", None)  # an older processor, which only NumPy would believe
os.environ.pop("OPENBLAS_L2_SIZE", None)

import argparse
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import tinygraph as tg
from tests.benchmarks import peers, programs
from tests.benchmarks.programs import ROWS, make

RATIOS = ("plain/textbook", "linear/textbook", "plain/loop", "linear/loop", "function/loop", "linear/nn")


def prepared(cell: str, row: tuple[int, ...]) -> dict[str, peers.Run]:
    """Return what is compared in a row of the table, after a look at its gradients."""
    arrays = make(cell, *row)
    differentiated = tg.value_and_grad(programs.CELLS[cell], peers.PARAMETERS)
    runs: dict[str, peers.Run] = {"textbook": peers.book(cell, arrays)}
    if cell == "Elman":
        runs["plain"] = peers.tape(programs.plain, arrays)
    runs["linear"] = peers.eager(cell, arrays)
    runs["function"] = lambda: differentiated(*arrays)
    if find_spec("torch"):
        runs["loop"], runs["nn"] = (peers.PEERS[name][2](cell, arrays) for name in ("torch", "torch.nn"))
    expected = _sizes(runs["textbook"])
    for name, run in runs.items():
        if cell != "GRU" or name not in ("loop", "nn"):  # torch's multiplies the reset gate with a product
            np.testing.assert_allclose(_sizes(run), expected, rtol=2e-3, err_msg=name)
    return runs


def _sizes(run: peers.Run) -> list[float]:
    """Return the loss, and of each gradient a number that does not depend on the order of the gates."""
    loss, gradients = run()
    return [float(loss), *(float(np.abs(np.asarray(gradient)).sum()) for gradient in gradients)]


def measure(runs: dict[str, peers.Run], seconds: float, of_all: Callable = statistics.median) -> dict[str, float]:
    """Return times of interleaved rounds, so that all see the same machine: the medians, or another one of all."""
    gc.set_threshold(200_000)  # as `rnn.fit` does: a graph has no cycles for the collector to find
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: of_all(spent) for name, spent in times.items()}


def bytes_an_op(T: int = 500) -> tuple[float, float, float]:
    """Return what an op of an Elman network with `linear` keeps: data, the headers of arrays, and all else."""
    X, Y, *values = make("Elman", T, 1, 20, 20, 20)
    parameters = [tg.parameter(value) for value in values]
    tracemalloc.start()
    loss = programs.elman(X, Y, *parameters)
    traces = tracemalloc.take_snapshot().traces
    tracemalloc.stop()
    ops = sum(node.kind == "op" for node in tg.graph(loss).nodes)
    data = [trace.size for trace in traces if trace.domain == np.lib.tracemalloc_domain]
    headers = (sys.getsizeof(np.zeros((1, 20), np.float32)) - 80) * len(data)
    total = sum(trace.size for trace in traces)
    return sum(data) / ops, headers / ops, (total - sum(data) - headers) / ops


def growth(seconds: float) -> float:
    """Return the exponent of time in T from 100 to 10,000 time steps."""
    spent = {}
    for T in (100, 1000, 10_000):
        spent[T] = measure({"linear": peers.eager("Elman", make("Elman", T, 1, 20, 20, 20))}, seconds)["linear"]
    return float(np.polyfit(np.log(list(spent)), np.log(list(spent.values())), 1)[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="per row")
    parser.add_argument("--cells", nargs="+", choices=list(programs.CELLS), default=list(programs.CELLS))
    parser.add_argument("--minima", action="store_true", help="ratios of the shortest times, not of the medians")
    chosen = parser.parse_args()
    if not find_spec("torch"):
        print("torch is not installed: its columns are missing")
    legend = "(function: value_and_grad; loop: of torch's cell; nn: torch's layer)"
    print(f"{'':6}{'T, N, I, H, K':>22}  {'linear':>8}  {'  '.join(RATIOS)}   {legend}")
    for cell in chosen.cells:
        for row in ROWS:
            t = measure(prepared(cell, row), chosen.seconds, min if chosen.minima else statistics.median)
            pairs = [ratio.split("/") for ratio in RATIOS]
            columns = [
                f"{t[ours] / t[theirs]:{len(ours) + len(theirs) + 1}.2f}"
                if ours in t and theirs in t
                else " " * (len(ours) + len(theirs) + 1)
                for ours, theirs in pairs
            ]
            text = ", ".join(map(str, row))
            print(f"{cell:6}{text:>22}  {t['linear'] * 1e3:6.2f}ms  {'  '.join(columns)}", flush=True)
    print("bytes an op: {:.0f} data, {:.0f} headers of arrays, {:.0f} our own".format(*bytes_an_op()))
    print(f"growth in T, 100 to 10,000: exponent {growth(chosen.seconds):.3f}")


if __name__ == "__main__":
    main()
