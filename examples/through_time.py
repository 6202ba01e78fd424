"""The programs of the lectures' part on back-propagation through time, in the manner of `examples.programs`."""

from __future__ import annotations

import numpy as np

import tinygraph as tg
from examples.programs import HIDDEN, INPUTS, data, sequence_to_one, weights


def bptt(T: int = 3) -> tg.Tensor:
    """C4: the network whose gradients the lecture derives in bar notation."""
    U, W, V = weights(2, 2, seed=1), weights(2, 2, seed=2), weights(1, 2, seed=3)
    h, losses = np.zeros(2), []
    for x, target in zip(data(T, 2), data(T, 1), strict=True):
        z = U @ x + W @ h
        h = np.tanh(z)
        r = V @ h
        y = tg.sigmoid(r)
        L = ((y - target) ** 2).sum()
        losses.append(L)
    loss = sum(losses)
    return loss


def vanishing_and_exploding(T: int = 8) -> tg.Tensor:
    """C7: two networks with the same inputs; one recurrent matrix halves every length, the other doubles it."""
    Q = np.array([[0.6, -0.8], [0.8, 0.6]])  # a rotation: it keeps every length
    W_v, U_v = tg.parameter(0.5 * Q), tg.parameter(np.eye(2))
    W_e, U_e = tg.parameter(2.0 * Q), tg.parameter(np.eye(2))
    h = g = np.zeros(2)
    for x in 0.001 * data(T, 2):
        h = np.tanh(W_v @ h + U_v @ x)
        g = np.tanh(W_e @ g + U_e @ x)
    loss = h.sum() + g.sum()
    return loss


def memory_lane(T: int = 5) -> tg.Tensor:
    """C7: an LSTM with its forget gates open; the loss is at the end alone."""
    W_i, W_f = weights(HIDDEN, HIDDEN + INPUTS, seed=1), weights(HIDDEN, HIDDEN + INPUTS, seed=2)
    W_g, W_o = weights(HIDDEN, HIDDEN + INPUTS, seed=3), weights(HIDDEN, HIDDEN + INPUTS, seed=4)
    b_f, V = tg.parameter(np.full(HIDDEN, 4.0)), weights(1, HIDDEN, seed=5)
    h, s = tg.tensor(np.zeros(HIDDEN)), tg.tensor(np.zeros(HIDDEN))
    for x in data(T, INPUTS):
        u = np.concatenate([h, x])
        i = tg.sigmoid(W_i @ u)
        f = tg.sigmoid(W_f @ u + b_f)
        g = np.tanh(W_g @ u)
        s = f * s + i * g
        o = tg.sigmoid(W_o @ u)
        h = o * np.tanh(s)
    ŷ = V @ h
    loss = (ŷ**2).sum()
    return loss


def turning(gain: float, T: int = 8) -> tg.Tensor:
    """C7: a network whose recurrent matrix turns the state, and makes it so many times longer."""
    W, U = tg.parameter(gain * np.array([[0.6, -0.8], [0.8, 0.6]])), tg.parameter(np.eye(2))
    h = np.zeros(2)
    for x in 0.001 * data(T, 2):
        h = np.tanh(W @ h + U @ x)
    loss = h.sum()
    return loss


def weak_and_strong() -> dict[str, tg.Tensor]:
    """C7: one such matrix halves every length, the other doubles it."""
    losses = {}
    for gain in (0.5, 2.0):
        loss = turning(gain)
        losses[f"||W|| = {gain:g}"] = loss
    return losses


def long_bptt() -> tg.Tensor:
    """C6: the network of C4 over more time steps."""
    return bptt(T=12)


def memory_and_state(T: int = 20) -> dict[str, tg.Tensor]:
    """C7: an LSTM beside an Elman network, the loss of each at the end alone."""
    return {"LSTM": memory_lane(T), "Elman": sequence_to_one(T)}
