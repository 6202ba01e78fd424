"""Elman, LSTM and GRU networks with cross-entropy at every time step, as users of tinygraph write them; and sizes."""

from __future__ import annotations

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


def elman(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of an Elman network."""
    h = np.zeros((X.shape[1], V.shape[1]), X.dtype)
    loss = 0.0
    for t in range(len(X)):
        h = tg.tanh(tg.linear(X[t], U, b) + tg.linear(h, W))
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), Y[t], reduction="sum")
    return loss


def plain(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of the same network, with operators alone."""
    h = np.zeros((X.shape[1], V.shape[1]), X.dtype)
    loss = 0.0
    for t in range(len(X)):
        h = tg.tanh(X[t] @ U.T + h @ W.T + b)
        loss = loss + tg.softmax_cross_entropy(h @ V.T + c, Y[t], reduction="sum")
    return loss


def lstm(X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> Any:
    """Return the loss of an LSTM network."""
    H = V.shape[1]
    h = s = np.zeros((X.shape[1], H), X.dtype)
    loss = 0.0
    for t in range(len(X)):
        a = tg.linear(X[t], U, b) + tg.linear(h, W)
        gates = tg.sigmoid(a[:, : 3 * H])
        s = gates[:, H : 2 * H] * s + gates[:, :H] * tg.tanh(a[:, 3 * H :])
        h = gates[:, 2 * H :] * tg.tanh(s)
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), Y[t], reduction="sum")
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
        new = tg.tanh(a[:, 2 * H :] + tg.linear(r * h, W[2 * H :]))
        h = (1 - z) * h + z * new
        loss = loss + tg.softmax_cross_entropy(tg.linear(h, V, c), Y[t], reduction="sum")
    return loss


CELLS = {"Elman": elman, "LSTM": lstm, "GRU": gru}
