"""Networks that label their time steps themselves: small, with names and steps that are known, for the debugger."""

from __future__ import annotations

import numpy as np

import tinygraph as tg


def with_losses(timesteps: int = 4, scopes: bool = False) -> tg.Tensor:
    """Return the sum of a loss of every time step."""
    W = tg.parameter([[0.5, 0.1], [-0.2, 0.3]], name="W")
    V = tg.parameter([[1.0, -1.0]], name="V")
    h = tg.tensor([1.0, -0.5], name="h")
    loss = 0.0
    for t in range(1, timesteps + 1):
        with tg.timestep(t):
            with tg.scope("cell" if scopes else "all"):
                a = W @ h
                h = np.tanh(a)
            with tg.scope("readout" if scopes else "all"):
                o = V @ h
                loss = loss + np.sum(o * o)
    return loss


def with_last_state(timesteps: int = 3) -> tg.Tensor:
    """Return the sum of the last state."""
    W, h = tg.parameter([[0.5, 0.1], [-0.2, 0.3]], name="W"), tg.tensor([1.0, -0.5], name="h")
    for t in range(1, timesteps + 1):
        with tg.timestep(t):
            h = np.tanh(W @ h)
    return np.sum(h)
