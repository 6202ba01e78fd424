"""What a trace of a long program holds in memory, part by part; on Linux, whose /proc tells it.

OMP_NUM_THREADS=1 python tests/benchmarks/bench_trace.py --memory [STEPS]
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

import tinygraph as tg


class Meter:
    """The resident memory of this process, in MB, since the meter was made."""

    def __init__(self) -> None:
        import networkx  # noqa: F401 - 20 MB that reading time needs once, however long the program

        self._began = self._last = _resident()

    def after(self, what: str, work: Callable[[], object]) -> object:
        """Do some work, print what it added, and return its result."""
        result = work()
        now = _resident()
        print(f"{what:34}{now - self._last:8.0f} MB")
        self._last = now
        return result

    def total(self, what: str) -> None:
        """Print what all that was measured holds."""
        gc.collect()
        self._last = _resident()
        print(f"{what:34}{self._last - self._began:8.0f} MB")


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def small_elman(ops: int) -> tg.Tensor:
    """Return the loss of an Elman RNN of two units: five ops a time step, with values of 16 bytes."""
    W = tg.parameter(np.eye(2) * 0.5, name="W")
    U, b = tg.parameter(np.ones((2, 2)), name="U"), tg.parameter(np.zeros(2), name="b")
    x, h = np.ones(2), tg.tensor(np.zeros(2))
    for _ in range(ops // 5):
        h = np.tanh(W @ h + U @ x + b)
    return (h * h).sum()


def memory(ops: int) -> None:
    """Print what a program of so many ops and its trace hold, and what the trace holds read from a file."""
    meter = Meter()
    program = [meter.after("the recorded program", lambda: small_elman(ops))]
    trace = meter.after("+ the recorded pass", lambda: tg.trace(program[0]))
    looked_at(trace, meter)
    meter.total("program and trace")
    program.clear()
    meter.total("the trace alone, which holds it")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.trace"
        trace.save(path)
        print(f"{'its file':34}{path.stat().st_size / 1e6:8.0f} MB", flush=True)
        subprocess.run([sys.executable, __file__, str(path)], check=True)


def memory_of_file(path: str) -> None:
    """Print what a trace from a file holds, in a process that never saw its program."""
    meter = Meter()
    trace = meter.after("read from the file", lambda: tg.load_trace(path))
    looked_at(trace, meter)
    meter.total("a trace from a file")


def looked_at(trace: tg.Trace, meter: Meter) -> None:
    """Print what looking at a trace adds."""
    meter.after("+ its graph", lambda: trace.graph.outputs)
    meter.after("+ its time", lambda: trace.graph.timeline.timesteps)
    meter.after("+ a step", lambda: trace[len(trace) // 3])
    meter.after("+ the contributions to W", lambda: trace.contributions("W"))


if __name__ == "__main__":
    memory_of_file(sys.argv[1])
