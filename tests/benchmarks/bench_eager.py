"""Eager recording and backward beside the textbook NumPy loop and torch's cell loop, in one run.

An Elman network with cross-entropy at every time step: loss and all gradients, float32, one BLAS thread.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_eager.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import gc
import statistics
import time
from collections.abc import Callable

import numpy as np

import tinygraph as tg

ROWS = [
    (5, 1, 4, 20, 3),
    (100, 1, 20, 20, 20),
    (428, 1, 20, 20, 2),
    (100, 32, 20, 64, 20),
    (1000, 8, 32, 32, 32),
    (50, 64, 128, 256, 64),
]
NAMES = ("U", "W", "b", "V", "c")


def make(T: int, N: int, I: int, H: int, K: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return parameters, inputs (T, N, I) and target classes (T, N)."""
    rng = np.random.default_rng(0)
    shapes = [(H, I), (H, H), (H,), (K, H), (K,)]
    parameters = [(rng.normal(size=shape) / np.sqrt(H)).astype(np.float32) for shape in shapes]
    return parameters, rng.normal(size=(T, N, I)).astype(np.float32), rng.integers(K, size=(T, N))


def textbook(parameters: list[np.ndarray], xs: np.ndarray, targets: np.ndarray) -> Callable[[], list[np.ndarray]]:
    """Return the loop as textbooks write it: forward, then backward, one time step at a time."""
    U, W, b, V, c = parameters
    T, N, _ = xs.shape
    rows = np.arange(N)

    def run() -> list[np.ndarray]:
        hs, ps = [np.zeros((N, len(b)), np.float32)], []
        loss = np.float32(0)
        for t in range(T):
            h = np.tanh(hs[-1] @ W.T + xs[t] @ U.T + b)
            o = h @ V.T + c
            e = np.exp(o - o.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            loss += -np.log(p[rows, targets[t]]).sum()
            hs.append(h)
            ps.append(p)
        dU, dW, db, dV, dc = (np.zeros_like(parameter) for parameter in parameters)
        dh_next = np.zeros_like(hs[0])
        for t in reversed(range(T)):
            do = ps[t].copy()
            do[rows, targets[t]] -= 1
            dV += do.T @ hs[t + 1]
            dc += do.sum(axis=0)
            dh = do @ V + dh_next
            da = dh * (1 - hs[t + 1] * hs[t + 1])
            dU += da.T @ xs[t]
            dW += da.T @ hs[t]
            db += da.sum(axis=0)
            dh_next = da @ W
        return [dU, dW, db, dV, dc]

    return run


def tape(
    parameters: list[np.ndarray], xs: np.ndarray, targets: np.ndarray, fused: bool
) -> Callable[[], list[np.ndarray]]:
    """Return the same on Tensors: plain operators, or `linear` for each affine map."""
    U, W, b, V, c = leaves = [tg.parameter(value, name) for value, name in zip(parameters, NAMES, strict=True)]
    T, N, _ = xs.shape

    def plain() -> tg.Tensor:
        h = np.zeros((N, len(b)), np.float32)
        loss = 0.0
        for t in range(T):
            h = tg.tanh(h @ W.T + xs[t] @ U.T + b)
            loss = loss + tg.softmax_cross_entropy(h @ V.T + c, targets[t], reduction="sum")
        return loss

    def with_linear() -> tg.Tensor:
        h = np.zeros((N, len(b)), np.float32)
        loss = 0.0
        for t in range(T):
            h = tg.tanh(tg.linear(h, W) + tg.linear(xs[t], U, b))
            loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), targets[t], reduction="sum")
        return loss

    def run() -> list[np.ndarray]:
        for leaf in leaves:
            leaf.grad = None
        (with_linear if fused else plain)().backward()
        return [leaf.grad for leaf in leaves]

    return run


def torch_loop(parameters: list[np.ndarray], xs: np.ndarray, targets: np.ndarray) -> Callable[[], list[np.ndarray]]:
    """Return torch's RNNCell in a loop."""
    import torch

    torch.set_num_threads(1)
    U, W, b, V, c = parameters
    T, N, I = xs.shape
    cell, out = torch.nn.RNNCell(I, len(b)), torch.nn.Linear(len(b), len(c))
    with torch.no_grad():
        for leaf, value in zip(
            (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, out.weight, out.bias),
            (U, W, b, np.zeros_like(b), V, c),
            strict=True,
        ):
            leaf.copy_(torch.from_numpy(value))
    x, y = torch.from_numpy(xs), torch.from_numpy(targets)

    def run() -> list[np.ndarray]:
        cell.zero_grad(set_to_none=True)
        out.zero_grad(set_to_none=True)
        h = torch.zeros(N, len(b))
        loss = torch.zeros(())
        for t in range(T):
            h = cell(x[t], h)
            loss = loss + torch.nn.functional.cross_entropy(out(h), y[t], reduction="sum")
        loss.backward()
        return [p.grad.numpy() for p in (cell.weight_ih, cell.weight_hh, cell.bias_ih, out.weight, out.bias)]

    return run


def measure(runs: dict[str, Callable], seconds: float) -> dict[str, float]:
    """Return median times in interleaved rounds, so that all see the same machine."""
    gc.set_threshold(200_000)  # as `rnn.fit` does: a graph has no cycles for the collector to find
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(spent) for name, spent in times.items()}


def growth(seconds: float) -> float:
    """Return the exponent of time in T from 100 to 10,000 time steps."""
    spent = {}
    for T in (100, 1000, 10_000):
        spent[T] = measure({"tape": tape(*make(T, 1, 20, 20, 20), fused=True)}, seconds)["tape"]
    return float(np.polyfit(np.log(list(spent)), np.log(list(spent.values())), 1)[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="per row")
    seconds = parser.parse_args().seconds
    ratios = "plain/textbook  linear/textbook  torch/textbook  plain/torch  linear/torch"
    print(f"{'T, N, I, H, K':>22}  textbook  {ratios}")
    for row in ROWS:
        made = make(*row)
        runs = {
            "textbook": textbook(*made),
            "plain": tape(*made, fused=False),
            "linear": tape(*made, fused=True),
        }
        try:
            runs["torch"] = torch_loop(*made)
        except ImportError:
            print("torch is not installed: its columns are missing")
        expected = runs["textbook"]()
        for name, run in runs.items():
            for ours, theirs in zip(run(), expected, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-3 * abs(theirs).max(), err_msg=name)
        t = measure(runs, seconds)
        torch = t.get("torch", float("nan"))
        print(
            f"{', '.join(map(str, row)):>22}  {t['textbook'] * 1e3:6.2f}ms"
            f"  {t['plain'] / t['textbook']:14.2f}  {t['linear'] / t['textbook']:15.2f}  {torch / t['textbook']:14.2f}"
            f"  {t['plain'] / torch:11.2f}  {t['linear'] / torch:12.2f}",
            flush=True,
        )
    print(f"growth in T, 100 to 10,000: exponent {growth(seconds):.3f}")


if __name__ == "__main__":
    main()
