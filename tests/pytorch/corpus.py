"""The programs of torch users in `programs/`: run alone and recorded, and what is found out of each."""

import contextlib
import io
import os
import runpy
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

import tinygraph as tg
import tinygraph.pytorch
import viz
from tests.pytorch.checking import relative

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))


class Row(NamedTuple):
    """What was found of a program: of its first backward pass where nothing else is said."""

    name: str
    ops: int
    timesteps: int
    passes: int
    parameters: int
    gap: float
    inside: float
    folded: int

    def __str__(self) -> str:
        agreed = "bitwise" if self.gap == 0 else f"{self.gap:.1e}"
        return (
            f"{self.name:28}{self.ops:6}{self.timesteps:5}{self.passes:5}{self.parameters:5}  {agreed:8}"
            f"{self.inside:9.1e}{self.folded:6}"
        )


HEAD = f"{'program':28}{'ops':>6}{'T':>5}{'pass':>5}{'par':>5}  {'grad':8}{'inside':>9}{'fold':>6}"


def run(path: Path, record: Any = contextlib.nullcontext) -> str:
    """Run a program; return what it printed. It is told one and the same time: some print how long they took."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), _from(path), patch("time.time", lambda: 0.0), record():
        runpy.run_path(str(path), run_name="__main__")
    return printed.getvalue()


@contextlib.contextmanager
def _from(path: Path) -> Any:
    argv, search, folder = sys.argv, sys.path[:], os.getcwd()
    sys.argv = [str(path)]
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, search
        os.chdir(folder)


def examine(path: Path) -> Row:
    """Run a program alone and recorded, and check that it does the same; look at its first pass in every way."""
    alone = run(path)
    passes = 0
    rows: list[tuple[tg.Trace, int]] = []

    def look(trace: tg.Trace | None, reason: str = "") -> None:
        nonlocal passes
        passes += 1
        assert trace is not None, reason
        if not rows:
            rows.append((trace, _equal_to_grad(recording, trace)))

    recording: Any = None

    @contextlib.contextmanager
    def recorded() -> Any:
        nonlocal recording
        with tinygraph.pytorch.record(on_pass=look) as recording:
            yield

    printed = run(path, recorded)
    assert printed == alone, "it computes something else when it is recorded"
    assert not recording.failures, recording.failures
    [(trace, parameters)] = rows
    assert viz.Debugger(trace).next().moved
    assert "<svg" in viz.draw(trace, fold=True).svg()
    gaps = [trace.contributions(node).gap for node in trace.gradients if trace.gradients[node].any()]
    ops = sum(node.kind == "op" for node in trace.graph.nodes)
    folded = len(tg.fold(trace.graph).nodes)
    times = len(trace.graph.timesteps)
    return Row(path.stem, ops, times, passes, parameters, max(gaps), _inside(trace), folded)


def _equal_to_grad(recording: Any, trace: tg.Trace) -> int:
    """Check the gradients of the pass against ``.grad``, to the last bit; return how many there are."""
    nodes = {node.tensor: node for node in trace.graph.parameters}
    count = 0
    for tensor, twin in recording.operands.leaves():
        if tensor.grad is not None and twin in nodes:
            assert np.array_equal(trace.gradient(nodes[twin]), tensor.grad.numpy()), nodes[twin]
            count += 1
    assert count, "no parameter has a gradient"
    return count


def _inside(trace: tg.Trace) -> float:
    """Return how far the adjoint of any op is from the sum of what its readers contribute to it."""
    gaps = [0.0]
    for k, node in enumerate(trace.nodes[1:], 1):
        total = trace.running(node, len(trace))
        if total is not None:
            gaps.append(relative(total, trace.adjoints[k]))
    return max(gaps)
