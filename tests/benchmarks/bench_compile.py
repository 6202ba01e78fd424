"""Compiled networks beside backpropagation through time as an expert writes it in NumPy, in one run.

Elman, LSTM and GRU networks with cross-entropy at every time step: loss and all gradients, float32, one BLAS thread.
The hand-written programs take the products with the inputs, the readout and the gradients of weights out of the loops.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_compile.py [--cells Elman LSTM GRU]
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
GATES = {"Elman": 1, "LSTM": 4, "GRU": 3}
Arrays = list[np.ndarray]


def make(cell: str, T: int, N: int, I: int, H: int, K: int) -> Arrays:
    """Return inputs (T, N, I), target classes (T, N) and parameters U, W, b, V, c."""
    rng = np.random.default_rng(0)
    G = GATES[cell] * H
    parameters = [
        (rng.normal(size=shape) / np.sqrt(H)).astype(np.float32) for shape in [(G, I), (G, H), (G,), (K, H), (K,)]
    ]
    return [rng.normal(size=(T, N, I)).astype(np.float32), rng.integers(K, size=(T, N)), *parameters]


# -- as a user of tinygraph writes them --------------------------------------------------------------------------------


def elman(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of an Elman network."""
    h = np.zeros((X.shape[1], V.shape[1]), X.dtype)
    loss = 0.0
    for t in range(len(X)):
        h = np.tanh(tg.linear(X[t], U, b) + tg.linear(h, W))
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), Y[t]).sum()
    return loss


def lstm(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of an LSTM network."""
    H = V.shape[1]
    h = s = np.zeros((X.shape[1], H), X.dtype)
    loss = 0.0
    for t in range(len(X)):
        a = tg.linear(X[t], U, b) + tg.linear(h, W)
        gates = tg.sigmoid(a[:, : 3 * H])
        s = gates[:, H : 2 * H] * s + gates[:, :H] * np.tanh(a[:, 3 * H :])
        h = gates[:, 2 * H :] * np.tanh(s)
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), Y[t]).sum()
    return loss


def gru(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of a GRU network."""
    H = V.shape[1]
    h = np.zeros((X.shape[1], H), X.dtype)
    loss = 0.0
    for t in range(len(X)):
        a = tg.linear(X[t], U, b)
        gates = tg.sigmoid(a[:, : 2 * H] + tg.linear(h, W[: 2 * H]))
        z, r = gates[:, :H], gates[:, H:]
        new = np.tanh(a[:, 2 * H :] + tg.linear(r * h, W[2 * H :]))
        h = (1 - z) * h + z * new
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), Y[t]).sum()
    return loss


# -- as an expert writes them ------------------------------------------------------------------------------------------


def readout(hs: np.ndarray, Y: np.ndarray, V: np.ndarray, c: np.ndarray) -> tuple[Any, Arrays, np.ndarray]:
    """Return the loss of all time steps, the gradients of V and c, and that of the states."""
    h = hs.reshape(-1, hs.shape[-1])
    o = h @ V.T
    o += c
    o -= o.max(axis=1, keepdims=True)
    p = np.exp(o)
    total = p.sum(axis=1, keepdims=True)
    rows, classes = np.arange(len(o)), Y.reshape(-1)
    loss = (np.log(total[:, 0]) - o[rows, classes]).sum()
    p /= total
    p[rows, classes] -= 1
    return loss, [p.T @ h, p.sum(axis=0)], (p @ V).reshape(hs.shape)


def inputs(X: np.ndarray, U: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the products with the inputs of all time steps."""
    a = X.reshape(-1, X.shape[2]) @ U.T
    a += b
    return a.reshape(*X.shape[:2], -1)


def weights(da: np.ndarray, X: np.ndarray, before: np.ndarray) -> Arrays:
    """Return the gradients of U, W and b."""
    d = da.reshape(-1, da.shape[2])
    return [d.T @ X.reshape(-1, X.shape[2]), d.T @ before.reshape(-1, before.shape[2]), d.sum(axis=0)]


def elman_by_hand(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> tuple[Any, Arrays]:
    """Return the loss of an Elman network and the gradients of its parameters."""
    (T, N, _), H = X.shape, V.shape[1]
    a = inputs(X, U, b)
    hs = np.empty((T + 1, N, H), X.dtype)
    hs[0] = 0
    WT = W.T
    for t in range(T):
        product = np.dot(hs[t], WT)
        product += a[t]
        np.tanh(product, out=hs[t + 1])
    loss, of_readout, dh = readout(hs[1:], Y, V, c)
    slope = 1 - hs[1:] * hs[1:]
    da = np.empty((T, N, H), X.dtype)
    later = np.zeros((N, H), X.dtype)
    for t in range(T - 1, -1, -1):
        later += dh[t]
        np.multiply(later, slope[t], out=da[t])
        later = np.dot(da[t], W)
    return loss, [*weights(da, X, hs[:-1]), *of_readout]


def lstm_by_hand(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> tuple[Any, Arrays]:
    """Return the loss of an LSTM network and the gradients of its parameters."""
    (T, N, _), H = X.shape, V.shape[1]
    a = inputs(X, U, b)
    hs, ss = np.zeros((2, T + 1, N, H), X.dtype)
    tanhs = np.empty((T, N, H), X.dtype)
    WT = W.T
    for t in range(T):
        g = a[t]
        g += np.dot(hs[t], WT)
        gates, new = g[:, : 3 * H], g[:, 3 * H :]
        np.negative(gates, out=gates)
        np.exp(gates, out=gates)
        gates += 1
        np.reciprocal(gates, out=gates)
        np.tanh(new, out=new)
        np.multiply(g[:, H : 2 * H], ss[t], out=ss[t + 1])
        ss[t + 1] += g[:, :H] * new
        np.tanh(ss[t + 1], out=tanhs[t])
        np.multiply(g[:, 2 * H : 3 * H], tanhs[t], out=hs[t + 1])
    loss, of_readout, dh = readout(hs[1:], Y, V, c)
    i, f, o, new = (a[:, :, k * H : (k + 1) * H] for k in range(4))
    slope = np.empty_like(a)
    slope[:, :, : 3 * H] = a[:, :, : 3 * H] * (1 - a[:, :, : 3 * H])
    slope[:, :, :H] *= new
    slope[:, :, H : 2 * H] *= ss[:-1]
    slope[:, :, 2 * H : 3 * H] *= tanhs
    np.multiply(i, 1 - new * new, out=slope[:, :, 3 * H :])
    through = o * (1 - tanhs * tanhs)
    da = np.empty_like(a)
    later, ds = np.zeros((2, N, H), X.dtype)
    for t in range(T - 1, -1, -1):
        d = da[t]
        later += dh[t]
        ds += later * through[t]
        d[:, :H] = ds
        d[:, H : 2 * H] = ds
        d[:, 2 * H : 3 * H] = later
        d[:, 3 * H :] = ds
        d *= slope[t]
        ds *= f[t]
        later = np.dot(d, W)
    return loss, [*weights(da, X, hs[:-1]), *of_readout]


def gru_by_hand(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> tuple[Any, Arrays]:
    """Return the loss of a GRU network and the gradients of its parameters."""
    (T, N, _), H = X.shape, V.shape[1]
    a = inputs(X, U, b)
    hs = np.zeros((T + 1, N, H), X.dtype)
    reset = np.empty((T, N, H), X.dtype)
    W_gates, W_new = W[: 2 * H], W[2 * H :]
    for t in range(T):
        gates, new, h = a[t, :, : 2 * H], a[t, :, 2 * H :], hs[t]
        gates += np.dot(h, W_gates.T)
        np.negative(gates, out=gates)
        np.exp(gates, out=gates)
        gates += 1
        np.reciprocal(gates, out=gates)
        np.multiply(gates[:, H:], h, out=reset[t])
        new += np.dot(reset[t], W_new.T)
        np.tanh(new, out=new)
        np.subtract(new, h, out=hs[t + 1])
        hs[t + 1] *= gates[:, :H]
        hs[t + 1] += h
    loss, of_readout, dh = readout(hs[1:], Y, V, c)
    z, r, new = (a[:, :, k * H : (k + 1) * H] for k in range(3))
    before = hs[:-1]
    to_z = (new - before) * z * (1 - z)
    to_new = z * (1 - new * new)
    to_r = before * r * (1 - r)
    keep = 1 - z
    da = np.empty_like(a)
    later = np.zeros((N, H), X.dtype)
    for t in range(T - 1, -1, -1):
        d = da[t]
        later += dh[t]
        np.multiply(later, to_z[t], out=d[:, :H])
        np.multiply(later, to_new[t], out=d[:, 2 * H :])
        through = np.dot(d[:, 2 * H :], W_new)
        np.multiply(through, to_r[t], out=d[:, H : 2 * H])
        through *= r[t]
        later *= keep[t]
        later += through
        later += np.dot(d[:, : 2 * H], W_gates)
    d = da.reshape(-1, 3 * H)
    dW = np.concatenate([d[:, : 2 * H].T @ before.reshape(-1, H), d[:, 2 * H :].T @ reset.reshape(-1, H)])
    return loss, [d.T @ X.reshape(-1, X.shape[2]), dW, d.sum(axis=0), *of_readout]


CELLS: dict[str, tuple[Callable, Callable]] = {
    "Elman": (elman, elman_by_hand),
    "LSTM": (lstm, lstm_by_hand),
    "GRU": (gru, gru_by_hand),
}


def compare(row: str, ours: Any, theirs: Any) -> None:
    """Check that two programs give the same loss and gradients."""
    for a, b in zip([ours[0], *ours[1]], [theirs[0], *theirs[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=5e-3, atol=5e-3 * np.abs(b).max(), err_msg=row)


def measure(runs: dict[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """Return times of interleaved rounds, so that all see the same machine."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < 5:
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def growth(seconds: float) -> float:
    """Return the exponent of a compiled network's time in T from 100 to 10,000 time steps."""
    spent = {}
    for T in (100, 1000, 10_000):
        arrays = make("Elman", T, 1, 20, 20, 20)
        run = tg.compile(tg.value_and_grad(elman, (2, 3, 4, 5, 6)))
        run(*arrays)
        spent[T] = statistics.median(
            measure({"compiled": lambda run=run, arrays=arrays: run(*arrays)}, seconds)["compiled"]
        )
    return float(np.polyfit(np.log(list(spent)), np.log(list(spent.values())), 1)[0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="per row")
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=list(CELLS))
    parser.add_argument("--rows", type=int, nargs="*", default=list(range(1, 7)))
    options = parser.parse_args()
    gc.set_threshold(200_000)
    print(f"{'':6}{'T, N, I, H, K':>22}  by hand  compiled  compiled/hand  minima  first call  eager")
    for cell in options.cells:
        program, by_hand = CELLS[cell]
        for number in options.rows:
            row = ROWS[number - 1]
            arrays = make(cell, *row)
            eager = tg.value_and_grad(program, (2, 3, 4, 5, 6))
            run = tg.compile(eager)
            start = time.perf_counter()
            run(*arrays)
            first = time.perf_counter() - start
            start = time.perf_counter()
            eager(*arrays)
            once = time.perf_counter() - start
            expected = by_hand(*arrays)
            compare(f"{cell} {row}", run(*arrays), expected)
            times = measure({"hand": lambda: by_hand(*arrays), "compiled": lambda: run(*arrays)}, options.seconds)
            t = {name: statistics.median(spent) for name, spent in times.items()}
            least = min(times["compiled"]) / min(times["hand"])
            print(
                f"{cell:6}{', '.join(map(str, row)):>22}  {t['hand'] * 1e3:5.2f}ms  {t['compiled'] * 1e3:6.2f}ms"
                f"  {t['compiled'] / t['hand']:13.2f}  {least:6.2f}  {first * 1e3:8.0f}ms  {once * 1e3:4.0f}ms",
                flush=True,
            )
    print(f"growth in T, 100 to 10,000: exponent {growth(options.seconds):.3f}")


if __name__ == "__main__":
    main()
