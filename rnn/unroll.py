"""Running a cell over a sequence, one labelled time step after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygraph as tg
from rnn.cells import Cell, State

Step = Callable[[Any, Any], Any]


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
        When sizes, lengths, dtypes or the state do not fit the cell.

    Examples
    --------
    >>> import numpy as np
    >>> outputs, state = unroll(lambda s, x: 0.5 * s + x, np.ones((3, 1)), np.zeros(1))
    >>> [float(s[0]) for s in outputs]
    [1.0, 1.5, 1.75]
    """
    xs = _sequence(cell, xs)
    batch = tuple(xs[0].shape[:-1])
    state = _start(cell, state, batch)
    active = None if lengths is None else mask(lengths, len(xs), batch)
    if active is not None:
        xs = _without_padding(xs, active)
    readout = readout or getattr(cell, "output", _itself)
    outputs: list[Any] = [None] * len(xs)
    for t in range(len(xs), 0, -1) if reverse else range(1, len(xs) + 1):
        with tg.timestep(t):
            if forced is not None and t > 1:
                state = forced[t - 2]
            new = cell(state, xs[t - 1])
            state = new if active is None else _where(active[t - 1], new, state)
            outputs[t - 1] = readout(state)
    return outputs, state


def mask(lengths: Any, steps: int, batch: tuple[int, ...]) -> np.ndarray:
    """Return which time steps belong to the sequences, (T, N, 1) or (T, 1) for a single one.

    Raises
    ------
    ValueError
        When a length is not between 1 and T, or there is not one length a sequence.

    Examples
    --------
    >>> mask([3, 1], 3, (2,))[:, :, 0].astype(int)
    array([[1, 1],
           [1, 0],
           [1, 0]])
    """
    lengths = np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths should be integers, not {lengths.dtype}")
    if lengths.shape != batch:
        raise ValueError(f"lengths should have shape {batch}, one for each sequence, not {lengths.shape}")
    if lengths.min() < 1 or lengths.max() > steps:
        raise ValueError(f"lengths should lie between 1 and T = {steps}, not {lengths.tolist()}")
    time = np.arange(1, steps + 1).reshape(-1, *(1 for _ in batch))
    return (time <= lengths)[..., None]


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


def _sequence(cell: Step, xs: Any) -> Any:
    """Return xs as an array, a tensor or a list of tensors, checked against the cell."""
    parts = isinstance(xs, (list, tuple)) and any(isinstance(x, tg.Tensor) for x in xs)
    if not parts and not isinstance(xs, tg.Tensor):
        xs = np.asarray(xs)
    shape = (len(xs), *xs[0].shape) if parts else xs.shape
    if len(shape) not in (2, 3) or 0 in shape:
        raise ValueError(f"xs should have shape (T, N, I) or (T, I), none of them 0; got {shape}")
    if not isinstance(cell, Cell):
        return list(xs) if parts else xs
    if shape[-1] != cell.input_size:
        raise ValueError(f"{cell!r} reads {cell.input_size} features, but xs has shape {shape}")
    dtype, given = cell.dtype, xs[0].dtype
    if given.kind in "iub" and isinstance(xs, np.ndarray):
        return xs.astype(dtype)
    if given != dtype:
        raise TypeError(f"{cell!r} holds {dtype}, but xs is {given}: convert one of them")
    return list(xs) if parts else xs


def _start(cell: Step, state: State, batch: tuple[int, ...]) -> State:
    if state is None:
        if not isinstance(cell, Cell):
            raise ValueError("a cell that is a plain function needs an initial state")
        return cell.initial_state(batch)
    if isinstance(cell, Cell):
        _check_state(cell, state, cell.state_sizes, batch)
    return state


def _check_state(cell: Cell, state: State, sizes: Any, batch: tuple[int, ...]) -> None:
    if isinstance(sizes, tuple):
        if not isinstance(state, (tuple, list)) or len(state) != len(sizes):
            raise ValueError(f"the state of {cell!r} should be a tuple of {len(sizes)}, not {state!r}")
        for part, size in zip(state, sizes, strict=True):
            _check_state(cell, part, size, batch)
        return
    shape = state.shape if isinstance(state, tg.Tensor) else np.asarray(state).shape
    if shape not in ((*batch, sizes), (sizes,)):
        raise ValueError(f"the state of {cell!r} should have shape {(*batch, sizes)}, not {shape}")
