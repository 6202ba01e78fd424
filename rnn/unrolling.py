"""Running a cell over a sequence, one labelled time step after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygraph as tg

from .cells import Cell, State
from .checks import Step, mask, of_dtype, sequence, start


def unroll(
    cell: Step,
    xs: Any,
    state: State = None,
    lengths: Any = None,
    *,
    readout: Callable[[Any], Any] | None = None,
    forced: Sequence[Any] | None = None,
    reverse: bool = False,
) -> tuple[list[Any], State]:
    """Run a cell over a sequence: ``state = cell(state, x⁽ᵗ⁾)`` for t = 1 … T.

    Parameters
    ----------
    cell : Cell or function
        Any function (state, x) → state will do.
    xs : array, tensor or list of T of them
        (T, N, I) for N sequences, (T, I) for a single one.
    state : optional
        The state before the first time step. May be left out where `cell` is a `Cell`.
    lengths : array of N integers, optional
        Sequence n has its values at t ≤ lengths[n]. In the masked time steps after that its state stays
        as it is, and nothing flows into or out of its padding.
    readout : function, optional
        Makes the output of the state, in each time step; ``cell.output`` when not given.
    forced : sequence of T states, optional
        Teacher forcing (row B5): time step t starts from forced[t−2], the target of t−1.
    reverse : bool
        Go from T down to 1 (row B8).

    Returns
    -------
    outputs : list of T outputs, outputs[t−1] of time step t
    state : the state at the end

    Raises
    ------
    ValueError, TypeError
        When sizes, lengths, dtypes or states do not fit the cell.

    Examples
    --------
    >>> import numpy as np
    >>> outputs, state = unroll(lambda s, x: 0.5 * s + x, np.ones((3, 1)), np.zeros(1))
    >>> [float(s[0]) for s in outputs]
    [1.0, 1.5, 1.75]
    """
    xs = sequence(cell, xs)
    batch = tuple(xs[0].shape[:-1])
    state = start(cell, state, batch)
    active = None if lengths is None else mask(lengths, len(xs), batch)
    if active is not None:
        xs = _without_padding(xs, active)
    if forced is not None and isinstance(cell, Cell):
        forced = of_dtype(forced, cell.dtype, "the forced states")
    if forced is not None and (len(forced) != len(xs) or reverse):
        raise ValueError(f"forced should hold {len(xs)} states, in the order of time; it holds {len(forced)}")
    read = getattr(cell, "output", _itself) if readout is None else readout
    outputs: list[Any] = [None] * len(xs)
    for t in range(len(xs), 0, -1) if reverse else range(1, len(xs) + 1):
        with tg.timestep(t):
            if forced is not None and t > 1:
                state = forced[t - 2]
            new = cell(state, xs[t - 1])
            state = new if active is None else _where(active[t - 1], new, state)
            outputs[t - 1] = read(state)
    return outputs, state


def _itself(state: State) -> State:
    return state


def _where(active: np.ndarray, new: State, old: State) -> State:
    if isinstance(new, tuple):
        return tuple(_where(active, n, o) for n, o in zip(new, old, strict=True))
    return tg.where(active, new, old)


def _without_padding(xs: Any, active: np.ndarray) -> Any:
    """Put zeros into the padding, so that not even a NaN that stands there can reach a gradient."""
    if isinstance(xs, np.ndarray):
        return np.where(active, xs, np.zeros((), xs.dtype))
    if isinstance(xs, list):
        return [tg.where(active[t], x, np.zeros_like(x.data)) for t, x in enumerate(xs)]
    return tg.where(active, xs, np.zeros((), xs.dtype))
