"""The loop of everything that writes a sequence: each time step reads what the step before wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygraph as tg

from .checks import Step, of_dtype


def decode(
    step: Step,
    readout: Callable[[Any], Any],
    state: Any,
    start: Any,
    *,
    targets: Any = None,
    steps: int | None = None,
    feed: Callable[[Any], Any] | None = None,
) -> list[Any]:
    """Write a sequence: ``state = step(state, y⁽ᵗ⁻¹⁾)``, ``o⁽ᵗ⁾ = readout(state)`` (rows B5, B7, B9).

    Parameters
    ----------
    step : function of (state, y)
        Makes the next state.
    readout : function of state
        Makes the output.
    state
        The state before the first time step.
    start : array
        y⁽⁰⁾.
    targets : array (T, N, K) or (T, K), optional
        Teacher forcing: y⁽ᵗ⁻¹⁾ is the target of the time step before.
    steps : int, optional
        Without targets, how many time steps to run free: y⁽ᵗ⁻¹⁾ is ``feed(o⁽ᵗ⁻¹⁾)``.
    feed : function, optional
        The output itself when not given.

    Returns
    -------
    list of outputs, one a time step

    Examples
    --------
    >>> decode(lambda s, y: s + y, lambda s: 2 * s, 1, 0, steps=3)
    [2, 6, 18]
    >>> [int(o) for o in decode(lambda s, y: s + y, lambda s: 2 * s, 1, 0, targets=[5, 5, 5])]
    [2, 12, 22]
    """
    if (targets is None) == (steps is None):
        raise ValueError("give either targets (teacher forcing) or a number of steps (running free)")
    if targets is not None:
        targets = of_dtype(targets, np.asarray(start).dtype, "the targets fed back")
    outputs: list[Any] = []
    y = start
    for t in range(1, 1 + (len(targets) if targets is not None else steps or 0)):
        with tg.timestep(t):
            state = step(state, y)
            o = readout(state)
            outputs.append(o)
            if targets is not None:
                y = targets[t - 1]
            else:
                y = o if feed is None else feed(o)
    return outputs
