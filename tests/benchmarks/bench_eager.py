"""Eager recording and backward beside the textbook NumPy loop, torch's cell loop and torch.nn, in one run.

Networks with cross-entropy at every time step: loss and all gradients, float32, one BLAS thread. On a machine that is
busy with other work ``--minima`` prints ratios of the shortest times, not of the medians.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_eager.py [--seconds 3] [--cells Elman LSTM GRU] [--minima]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

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
BLOCKS = {"Elman": (0,), "LSTM": (0, 1, 3, 2), "GRU": (0, 1, 2)}  # where in torch's weights the rows of each gate stand

Arrays = list[np.ndarray]
Run = Callable[[], Arrays]


def make(T: int, N: int, I: int, H: int, K: int, cell: str = "Elman") -> tuple[Arrays, np.ndarray, np.ndarray]:
    """Return parameters, inputs (T, N, I) and target classes (T, N)."""
    rng = np.random.default_rng(0)
    rows = len(BLOCKS[cell]) * H
    shapes = [(rows, I), (rows, H), (rows,), (K, H), (K,)]
    parameters = [(rng.normal(size=shape) / np.sqrt(H)).astype(np.float32) for shape in shapes]
    return parameters, rng.normal(size=(T, N, I)).astype(np.float32), rng.integers(K, size=(T, N))


def textbook(parameters: Arrays, xs: np.ndarray, targets: np.ndarray) -> Run:
    """Return the loop as textbooks write it: forward, then backward, one time step at a time."""
    U, W, b, V, c = parameters
    T, N, _ = xs.shape
    rows = np.arange(N)

    def run() -> Arrays:
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


def tape(parameters: Arrays, xs: np.ndarray, targets: np.ndarray, fused: bool) -> Run:
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

    def run() -> Arrays:
        for leaf in leaves:
            leaf.grad = None
        (with_linear if fused else plain)().backward()
        return [leaf.grad for leaf in leaves]

    return run


def lstm(x: Any, state: tuple[Any, ...], U: Any, W: Any, b: Any) -> tuple[Any, ...]:
    """Return the next hidden state and cell state; three gates are one sigmoid."""
    h, s = state
    H = h.shape[-1]
    a = tg.linear(h, W) + tg.linear(x, U, b)
    gates = tg.sigmoid(a[:, : 3 * H])
    s = gates[:, H : 2 * H] * s + gates[:, :H] * tg.tanh(a[:, 3 * H :])
    return gates[:, 2 * H :] * tg.tanh(s), s


def gru(x: Any, state: tuple[Any, ...], U: Any, W: Any, b: Any) -> tuple[Any, ...]:
    """Return the next hidden state; both gates are one sigmoid."""
    (h,) = state
    H = h.shape[-1]
    of_h, of_x = tg.linear(h, W), tg.linear(x, U, b)
    gates = tg.sigmoid(of_h[:, : 2 * H] + of_x[:, : 2 * H])
    candidate = tg.tanh(of_x[:, 2 * H :] + gates[:, :H] * of_h[:, 2 * H :])
    return (candidate + gates[:, H:] * (h - candidate),)


def gated(parameters: Arrays, xs: np.ndarray, targets: np.ndarray, cell: str) -> Run:
    """Return a loop over a function that is one of the gated cells."""
    U, W, b, V, c = leaves = [tg.parameter(value, name) for value, name in zip(parameters, NAMES, strict=True)]
    step, states = (lstm, 2) if cell == "LSTM" else (gru, 1)

    def run() -> Arrays:
        for leaf in leaves:
            leaf.grad = None
        state: tuple[Any, ...] = (np.zeros((xs.shape[1], W.shape[1]), np.float32),) * states
        loss = 0.0
        for x, target in zip(xs, targets, strict=True):
            state = step(x, state, U, W, b)
            loss = loss + tg.softmax_cross_entropy(tg.linear(state[0], V, c), target, reduction="sum")
        loss.backward()
        return [leaf.grad for leaf in leaves]

    return run


def torch_runs(parameters: Arrays, xs: np.ndarray, targets: np.ndarray, cell: str = "Elman") -> dict[str, Run]:
    """Return torch's cell in a loop, and its layer, which runs over time in C++."""
    import torch

    torch.set_num_threads(1)
    (T, N, I), H, K = xs.shape, parameters[1].shape[1], len(parameters[4])
    kind = "RNN" if cell == "Elman" else cell
    looped, layer = getattr(torch.nn, f"{kind}Cell")(I, H), getattr(torch.nn, kind)(I, H)
    out = torch.nn.Linear(H, K)
    order = np.argsort(BLOCKS[cell])
    rows = np.concatenate([np.arange(H) + H * block for block in order])  # ours in torch's order
    U, W, b, V, c = parameters
    x, y = torch.from_numpy(xs), torch.from_numpy(targets)
    mine = [out.weight, out.bias]
    of_loop = [looped.weight_ih, looped.weight_hh, looped.bias_ih]
    of_layer = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
    values = [U[rows], W[rows], b[rows]]
    with torch.no_grad():
        for weights, value in zip([*of_loop, *of_layer, *mine], [*values, *values, V, c], strict=True):
            weights.copy_(torch.from_numpy(value))
        looped.bias_hh.zero_()
        layer.bias_hh_l0.zero_()

    def gradients(module: Any, loss: Any, weights: list[Any]) -> Arrays:
        loss.backward()
        back = np.argsort(rows)
        return [w.grad.numpy()[back] for w in weights] + [w.grad.numpy() for w in mine]

    def forget(module: Any) -> None:
        module.zero_grad(set_to_none=True)
        out.zero_grad(set_to_none=True)

    def loop() -> Arrays:
        forget(looped)
        state: Any = torch.zeros(N, H)
        state = (state, state) if cell == "LSTM" else state
        loss = torch.zeros(())
        for t in range(T):
            state = looped(x[t], state)
            h = state[0] if cell == "LSTM" else state
            loss = loss + torch.nn.functional.cross_entropy(out(h), y[t], reduction="sum")
        return gradients(looped, loss, of_loop)

    def whole() -> Arrays:
        forget(layer)
        o = out(layer(x)[0])
        loss = torch.nn.functional.cross_entropy(o.reshape(T * N, K), y.reshape(-1), reduction="sum")
        return gradients(layer, loss, of_layer)

    return {"loop": loop, "nn": whole}


def measure(runs: dict[str, Callable], seconds: float, of_all: Callable = statistics.median) -> dict[str, float]:
    """Return times of interleaved rounds, so that all see the same machine: the medians, or another one of all."""
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
    return {name: of_all(spent) for name, spent in times.items()}


def bytes_an_op(T: int = 500) -> tuple[float, float, float]:
    """Return what an op of an Elman network with `linear` keeps: data, the headers of arrays, and all else."""
    (U, W, b, V, c), xs, targets = make(T, 1, 20, 20, 20)
    U, W, b, V, c = (tg.parameter(value, name) for value, name in zip((U, W, b, V, c), NAMES, strict=True))
    h: Any = np.zeros((1, len(b)), np.float32)
    loss: Any = 0.0
    tracemalloc.start()
    for t in range(T):
        h = tg.tanh(tg.linear(h, W) + tg.linear(xs[t], U, b))
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), targets[t], reduction="sum")
    traces = tracemalloc.take_snapshot().traces
    tracemalloc.stop()
    ops = 7 * T
    data = [trace.size for trace in traces if trace.domain == np.lib.tracemalloc_domain]
    header = sys.getsizeof(np.zeros((1, 20), np.float32)) - 80
    total = sum(trace.size for trace in traces)
    headers = header * len(data)
    return sum(data) / ops, headers / ops, (total - sum(data) - headers) / ops


def growth(seconds: float) -> float:
    """Return the exponent of time in T from 100 to 10,000 time steps."""
    spent = {}
    for T in (100, 1000, 10_000):
        spent[T] = measure({"tape": tape(*make(T, 1, 20, 20, 20), fused=True)}, seconds)["tape"]
    return float(np.polyfit(np.log(list(spent)), np.log(list(spent.values())), 1)[0])


def compared(row: tuple[int, ...], cell: str) -> dict[str, Run]:
    """Return what is compared in a row of the table, after a look at its gradients."""
    made = make(*row, cell)
    runs: dict[str, Run]
    if cell == "Elman":
        runs = {"textbook": textbook(*made), "plain": tape(*made, fused=False), "linear": tape(*made, fused=True)}
    else:
        runs = {"linear": gated(*made, cell)}
    try:
        runs.update(torch_runs(*made, cell))
    except ImportError:
        print("torch is not installed: its columns are missing")
    expected = next(iter(runs.values()))()
    for name, run in runs.items():
        for ours, theirs in zip(run(), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-3 * abs(theirs).max(), err_msg=name)
    return runs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="per row")
    parser.add_argument("--cells", nargs="+", choices=list(BLOCKS), default=list(BLOCKS))
    parser.add_argument("--minima", action="store_true", help="ratios of the shortest times, not of the medians")
    chosen = parser.parse_args()
    ratios = ["plain/textbook", "linear/textbook", "plain/loop", "linear/loop", "linear/nn"]
    print(
        f"{'':6}{'T, N, I, H, K':>22}  {'linear':>8}  {'  '.join(ratios)}   (loop: of torch's cell; nn: torch's layer)"
    )
    for cell in chosen.cells:
        for row in ROWS:
            t = measure(compared(row, cell), chosen.seconds, min if chosen.minima else statistics.median)
            columns = []
            for ratio in ratios:
                ours, theirs = ratio.split("/")
                known = ours in t and theirs in t
                columns.append(f"{t[ours] / t[theirs]:{len(ratio)}.2f}" if known else f"{'':{len(ratio)}}")
            text = ", ".join(map(str, row))
            print(f"{cell:6}{text:>22}  {t['linear'] * 1e3:6.2f}ms  {'  '.join(columns)}", flush=True)
    print("bytes an op: {:.0f} data, {:.0f} headers of arrays, {:.0f} our own".format(*bytes_an_op()))
    print(f"growth in T, 100 to 10,000: exponent {growth(chosen.seconds):.3f}")


if __name__ == "__main__":
    main()
