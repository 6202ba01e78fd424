"""Backpropagation through time in NumPy, as an expert writes it.

The products with the inputs, the readout and the gradients of weights are taken out of the loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = list[np.ndarray]


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


CELLS = {"Elman": elman_by_hand, "LSTM": lstm_by_hand, "GRU": gru_by_hand}
