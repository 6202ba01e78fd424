"""Programs that fold as far as their note says."""

from __future__ import annotations

import numpy as np

from .building import SIZE, Cell, data, partial, weights


@partial
def branch_on_data(T):
    """Either branch, and what reads it, has a table of time steps."""
    A, B = weights(2)
    h = np.ones(SIZE)
    for x in data(T):
        h = np.tanh(A @ h) if x[0] > 0 else np.tanh(B @ h)
    return h.sum()


@partial
def scheduled_sampling(T):
    """Which steps read the target and which the output is a table."""
    cell, (V,) = Cell(), weights(1)
    h, y, loss = np.zeros(SIZE), np.zeros(SIZE), 0.0
    for t, target in enumerate(data(T)):
        h = cell(h, y)
        output = V @ h
        loss = loss + ((output - target) ** 2).sum()
        y = output if t * t % 7 < 3 else target
    return loss


@partial
def stochastic_depth(T):
    """The second layer has a table of time steps."""
    cell, second = Cell(), Cell()
    h, loss = np.zeros(SIZE), 0.0
    for t, x in enumerate(data(T)):
        h = cell(h, x)
        if t * t % 7 < 3:
            h = h + second(h, x)
        loss = loss + h.sum()
    return loss


@partial
def a_weight_for_each_step(T):
    """``own @ x`` is there T times; the rest is folded."""
    (W,) = weights(1)
    h = np.zeros(SIZE)
    for x, own in zip(data(T), weights(T), strict=True):
        h = np.tanh(W @ h + own @ x)
    return h.sum()


@partial
def first_step_by_itself(T):
    """A prologue and T - 1 steps."""
    W, U = weights(2)
    xs = data(T)
    h = np.tanh(U @ xs[0])
    for x in xs[1:]:
        h = np.tanh(W @ h + U @ x)
    return h.sum()


@partial
def written_out(T):
    """Different code is different ops: this one has no loop at all."""
    (W,) = weights(1)
    h = np.ones(SIZE)
    h = np.tanh(W @ h)
    h = np.tanh(W @ h)
    h = np.tanh(W @ h)
    return h.sum()
