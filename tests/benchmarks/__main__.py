"""Recurrent networks with tinygraph and its peers, side by side: loss and all gradients, float32, one BLAS thread.

    python -m tests.benchmarks [--tiny] [--seconds 3] [--cells Elman LSTM GRU] [--peers hand jax numba ...]

Each peer runs in a process of its own, in turn with the others, so that all see the same machine. The table shows
ratios of medians to NumPy by hand, optimised, with half the spread between quartiles; the time of the first call, which
compiles anew, and again in a process that finds in tinygraph's cache on disk what another one compiled; by how much the
process grows at most for an Elman network of 10,000 time steps; and the exponent with which the time of that grows with
T. Peers that are not installed are left out: ``pip install tinygraph-rnn[peers,numba]``. What the
environment says of OpenBLAS is taken from it: kernels of an older processor, by OPENBLAS_CORETYPE, halve NumPy's speed,
and jax and torch know nothing of it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.benchmarks.peers import PEERS
from tests.benchmarks.programs import CELLS, ROWS

TINY = [(3, 1, 2, 4, 3), (4, 2, 3, 5, 2)]
GROWTH = (100, 1000, 10_000)
GOALS = [  # name, other peer, most for each row by cell; None where there is no goal
    ("numba", "jax", "Elman", (0.25, 0.25, 0.30, 0.70, 0.50, 0.90)),
    ("numba", "jax", "LSTM", (0.25, 0.30, 0.35, 1.0, 0.80, 0.85)),
    ("numba", "jax", "GRU", (0.25, 0.30, 0.30, 1.05, 0.70, 0.85)),
    *(("numpy", "hand", cell, (1.15,) * 6) for cell in CELLS),
    ("numba", "torch.nn", "Elman", (1.0,) * 6),
    ("numba", "torch.nn", "GRU", (1.0,) * 6),
    ("numba", "torch.nn", "LSTM", (0.25, 0.25, 0.25, 1.25, 1.25, 1.25)),
    ("eager", "torch", "Elman", (0.40, 0.40, 0.40, 0.60, 0.48, 0.95)),
]
FIRST_CALLS = {"numpy": (0.20, 0.20, 0.20, 0.20, 0.35, 0.20), "numba": (1.5,)}  # numba compiles in the first row
LOADED = "numba, loaded"


class Peer:
    """A process that runs a peer, with a directory for what it compiles, or none."""

    def __init__(self, name: str, cache: str = ""):
        self.name = name
        free = {name: x for name, x in os.environ.items() if not name.startswith("OPENBLAS_")}  # to choose its kernels
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        flags = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
        flags |= {"TINYGRAPH_CACHE": "1" if cache else "0", "NUMBA_CACHE_DIR": cache}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**free, **one, **flags},
        )

    def ask(self, *request: Any) -> dict[str, Any]:
        """Send a request; return the answer."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "its process ended"}

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class Row:
    """What was measured of one cell of some sizes, by peer."""

    def __init__(
        self, peers: list[Peer], cell: str, sizes: tuple[int, ...], seconds: float, statistic: Callable[..., Any]
    ):
        rounds = 7
        self.first: dict[str, float] = {}
        self.times: dict[str, list[float]] = {}
        self.wrong: dict[str, str] = {}
        answers = {peer: peer.ask("prepare", cell, sizes) for peer in peers}
        for peer, answer in answers.items():
            if "error" in answer:
                self.wrong[peer.name] = answer["error"]
            else:
                self.first[peer.name], self.times[peer.name] = answer["first"], []
        self._compare(cell, {peer.name: answer for peer, answer in answers.items() if "loss" in answer})
        for _ in range(rounds):
            for peer in peers:
                if peer.name in self.times:
                    self.times[peer.name] += peer.ask("time", seconds / rounds / len(peers))["times"]
        self.typical = {name: float(statistic(times)) for name, times in self.times.items()}

    def _compare(self, cell: str, answers: dict[str, dict[str, float]]) -> None:
        same = [name for name in answers if not (cell == "GRU" and name.startswith("torch"))]
        for name in same:
            for what in ("loss", "gradients"):
                ours, expected = answers[name][what], answers[same[0]][what]
                if abs(ours - expected) > 1e-2 * abs(expected):
                    self.wrong[name] = f"{what} {ours:.6g} and not {expected:.6g}"

    def ratio(self, name: str, to: str) -> float:
        """Return the ratio of two peers' times; NaN if one is missing."""
        return self.typical.get(name, np.nan) / self.typical.get(to, np.nan)

    def text(self, name: str, to: str) -> str:
        """Return the ratio of two peers with its spread."""
        if name not in self.typical:
            return "–"
        low, high = np.percentile(self.times[name], [25, 75]) / self.typical[to]
        ratio = self.ratio(name, to)
        digits = 2 if ratio < 10 else 0
        return f"{ratio:.{digits}f} ±{(high - low) / 2:.{digits}f}"


_LONG = 0.5  # seconds: of a peer that takes longer no longer network is run


def _chain(T: int) -> list[int]:
    return [T, 1, 20, 20, 20]


def memory_and_growth(names: list[str], lengths: tuple[int, ...]) -> dict[str, tuple[str, str]]:
    """Return of each peer by how much it grows in memory, and the exponent of its time in T, for an Elman network."""
    results = {}
    for name in names:
        peer, spent = Peer(name), {}
        for T in lengths:
            if max(spent.values(), default=0.0) < _LONG and "error" not in peer.ask("prepare", "Elman", _chain(T)):
                spent[T] = float(np.median(peer.ask("time", 0.5)["times"]))
        peer.close()
        grown = exponent = "–"
        if len(spent) > 1:
            slope = np.polyfit(np.log(list(spent)), np.log(list(spent.values())), 1)[0]
            exponent = f"{slope:.2f}" + ("" if len(spent) == len(lengths) else f" to T = {max(spent):,}")
        if len(spent) == len(lengths):
            fresh = Peer(name)
            grown = f"{fresh.ask('memory', 'Elman', _chain(lengths[-1]))['megabytes']:.0f} MB"
            fresh.close()
        results[name] = grown, exponent
    return results


def load(rows: dict[tuple[str, int], Row], sizes: list) -> None:
    """Measure first calls with numba in a process that loads what another one compiled."""
    with TemporaryDirectory() as place:
        for _ in range(2):
            peer = Peer("numba", place)
            for (cell, k), row in rows.items():
                row.first[LOADED] = peer.ask("prepare", cell, sizes[k]).get("first", np.nan)
            peer.close()


def table(rows: dict[tuple[str, int], Row], names: list[str], more: dict[str, tuple[str, str]], sizes: list) -> str:
    """Return the table in Markdown."""
    base = names[0]
    lines = []
    for cell in dict.fromkeys(cell for cell, _ in rows):
        of_cell = [rows[cell, k] for k in range(len(sizes))]
        head = [f"{cell}; T, N, I, H, K", *(", ".join(map(str, size)) for size in sizes), "first call, ms"]
        head += ["grows by", "exponent in T"] if cell == "Elman" else ["", ""]
        lines += ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for name in names:
            first = " ".join(f"{row.first[name] * 1e3:.0f}" if name in row.first else "–" for row in of_cell)
            ratios = [row.text(name, base) for row in of_cell]
            rest = more.get(name, ("", "")) if cell == "Elman" else ("", "")
            lines.append("| " + " | ".join([PEERS[name][0], *ratios, first, *rest]) + " |")
        if all(LOADED in row.first for row in of_cell):
            first = " ".join(f"{row.first[LOADED] * 1e3:.0f}" for row in of_cell)
            lines.append("| " + " | ".join([f"{PEERS['numba'][0]}, loaded", *[""] * len(sizes), first, "", ""]) + " |")
        median = [f"{row.typical[base] * 1e3:.3g} ms" for row in of_cell]
        lines.append("| " + " | ".join([f"1 is, of {PEERS[base][0]}", *median, "", "", ""]) + " |\n")
    return "\n".join(lines)


def marked(ratios: list[float], most: tuple[float, ...]) -> str:
    """Return ratios beside goals, with an exclamation mark at those that are missed."""
    return "   ".join(f"{r:.2f}{' ' if r <= goal else '!'}≤{goal:.2f}" for r, goal in zip(ratios, most, strict=True))


def goals(rows: dict[tuple[str, int], Row]) -> str:
    """Return how far what was aimed at is reached."""
    lines = []
    for name, other, cell, most in GOALS:
        ratios = [rows[cell, k].ratio(name, other) for k in range(6)] if (cell, 5) in rows else []
        if ratios and not np.isnan(ratios).all():
            lines.append(f"{cell:6} {name} ÷ {other}: {marked(ratios, most)}")
    for cell in dict.fromkeys(cell for cell, _ in rows):
        for name, most in FIRST_CALLS.items():
            first = [rows[cell, k].first for k in range(len(most)) if (cell, k) in rows]
            if len(first) == len(most) and all({name, "jax"} <= row.keys() for row in first):
                ratios = [row[name] / row["jax"] for row in first]
                lines.append(f"{cell:6} first call, {name} ÷ jax: {marked(ratios, most)}")
    return "\n".join(lines)


def machine(names: list[str]) -> str:
    """Return what it ran on."""
    packages = ["numpy", *(PEERS[name][1][0] for name in names if PEERS[name][1])]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in dict.fromkeys(packages)]
    return f"Python {platform.python_version()}, {', '.join(versions)}; {os.cpu_count()} cores, one thread each"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row, of all peers together")
    parser.add_argument("--best", action="store_true", help="least times, not medians: for a machine with other work")
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--rows", nargs="*", type=int, default=range(1, 7), help="numbers from 1 to 6")
    options = parser.parse_args()
    missing = [name for name in options.peers if not all(map(find_spec, PEERS[name][1][:1]))]
    names = [name for name in options.peers if name not in missing]
    sizes = TINY if options.tiny else [ROWS[k - 1] for k in options.rows]
    peers = [Peer(name) for name in names]
    rows: dict[tuple[str, int], Row] = {}
    for cell in options.cells:
        for k, size in enumerate(sizes):
            seconds = 0.01 if options.tiny else options.seconds
            row = rows[cell, k] = Row(peers, cell, size, seconds, np.min if options.best else np.median)
            for name, why in row.wrong.items():
                print(f"{cell} {size}: {PEERS[name][0]}: {why}", file=sys.stderr)
    for peer in peers:
        peer.close()
    if "numba" in names:
        load(rows, sizes)
    more = memory_and_growth(names, (5, 10) if options.tiny else GROWTH) if "Elman" in options.cells else {}
    print(table(rows, names, more, sizes))
    print(goals(rows))
    print(machine(names))
    for name in missing:
        print(f"not installed: {PEERS[name][0]}")
    raise SystemExit(any("and not" in why for row in rows.values() for why in row.wrong.values()))


if __name__ == "__main__":
    main()
