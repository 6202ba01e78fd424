"""Backpropagation through time in NumPy, as textbooks write it: forward, then backward, one time step at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = list[np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))


class Elman:
    """h = tanh(U x + W h + b)."""

    def forward(self, state: Arrays, x: np.ndarray, U: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[Arrays, Any]:
        """Return the next state, and what the way back needs."""
        h = np.tanh(x @ U.T + state[0] @ W.T + b)
        return [h], h

    def backward(self, ds: Arrays, state: Arrays, kept: Any, x: Any, W: Any, grads: Arrays) -> Arrays:
        """Add to the gradients of U, W and b; return that of the state before."""
        da = ds[0] * (1 - kept * kept)
        _add(grads, da, x, state[0])
        return [da @ W]


class LSTM:
    """Gates i, f, o and candidate g from one affine map; c = f c + i g, h = o tanh(c)."""

    def forward(self, state: Arrays, x: np.ndarray, U: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[Arrays, Any]:
        """Return the next state, and what the way back needs."""
        h, c = state
        i, f, o, g = np.split(x @ U.T + h @ W.T + b, 4, axis=1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        c = f * c + i * g
        squashed = np.tanh(c)
        return [o * squashed, c], (i, f, o, g, squashed)

    def backward(self, ds: Arrays, state: Arrays, kept: Any, x: Any, W: Any, grads: Arrays) -> Arrays:
        """Add to the gradients of U, W and b; return those of the states before."""
        i, f, o, g, squashed = kept
        dh, dc = ds
        dc = dc + dh * o * (1 - squashed * squashed)
        parts = [
            dc * g * i * (1 - i),
            dc * state[1] * f * (1 - f),
            dh * squashed * o * (1 - o),
            dc * i * (1 - g * g),
        ]
        da = np.concatenate(parts, axis=1)
        _add(grads, da, x, state[0])
        return [da @ W, dc * f]


class GRU:
    """Gates z and r, candidate n = tanh(U x + W (r h) + b); h = (1 - z) h + z n."""

    def forward(self, state: Arrays, x: np.ndarray, U: np.ndarray, W: np.ndarray, b: np.ndarray) -> tuple[Arrays, Any]:
        """Return the next state, and what the way back needs."""
        (h,) = state
        H = h.shape[1]
        a = x @ U.T + b
        z, r = np.split(sigmoid(a[:, : 2 * H] + h @ W[: 2 * H].T), 2, axis=1)
        n = np.tanh(a[:, 2 * H :] + (r * h) @ W[2 * H :].T)
        return [(1 - z) * h + z * n], (z, r, n)

    def backward(self, ds: Arrays, state: Arrays, kept: Any, x: Any, W: Any, grads: Arrays) -> Arrays:
        """Add to the gradients of U, W and b; return that of the state before."""
        (dh,), (h,), (z, r, n) = ds, state, kept
        H = h.shape[1]
        dn = dh * z * (1 - n * n)
        through = dn @ W[2 * H :]
        dgates = np.concatenate([dh * (n - h) * z * (1 - z), through * h * r * (1 - r)], axis=1)
        da = np.concatenate([dgates, dn], axis=1)
        grads[0] += da.T @ x
        grads[1][: 2 * H] += dgates.T @ h
        grads[1][2 * H :] += dn.T @ (r * h)
        grads[2] += da.sum(axis=0)
        return [dh * (1 - z) + through * r + dgates @ W[: 2 * H]]


def _add(grads: Arrays, da: np.ndarray, x: np.ndarray, h: np.ndarray) -> None:
    grads[0] += da.T @ x
    grads[1] += da.T @ h
    grads[2] += da.sum(axis=0)


CELLS: dict[str, Any] = {"Elman": Elman(), "LSTM": LSTM(), "GRU": GRU()}


def loss_and_gradients(name: str, X: Any, Y: Any, U: Any, W: Any, b: Any, V: Any, c: Any) -> tuple[Any, Arrays]:
    """Return the loss of a network, and the gradients of its parameters."""
    cell, rows = CELLS[name], np.arange(X.shape[1])
    states = [[np.zeros((X.shape[1], V.shape[1]), X.dtype)] * (2 if name == "LSTM" else 1)]
    kept, probabilities, loss = [], [], X.dtype.type(0)
    for x, y in zip(X, Y, strict=True):
        state, what = cell.forward(states[-1], x, U, W, b)
        o = state[0] @ V.T + c
        e = np.exp(o - o.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss += -np.log(p[rows, y]).sum()
        states.append(state)
        kept.append(what)
        probabilities.append(p)
    grads = [np.zeros_like(parameter) for parameter in (U, W, b, V, c)]
    ds = [np.zeros_like(state) for state in states[-1]]
    for t in reversed(range(len(X))):
        do = probabilities[t]
        do[rows, Y[t]] -= 1
        grads[3] += do.T @ states[t + 1][0]
        grads[4] += do.sum(axis=0)
        ds = cell.backward([ds[0] + do @ V, *ds[1:]], states[t], kept[t], X[t], W, grads)
    return loss, grads
