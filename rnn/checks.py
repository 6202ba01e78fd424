"""What a network is given, checked: sequences, lengths, states, dtypes. Errors name what was expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg
from tinygraph.recording.questions import on_values

from .cells import Cell, State
from .module import Module

Step = Callable[[Any, Any], Any]  # from a state and an input to the next state
Lengths = ArrayLike | None  # (N,) integers; None where every sequence has all T time steps


def sequence(cell: Step, xs: ArrayLike) -> Any:
    """Return xs, (T, N, I) or (T, I), as an array, a tensor or a list of tensors that fits the cell.

    Raises
    ------
    ValueError, TypeError
        When there is no time step, no sequence or no feature, when the cell reads other features, or
        when xs holds another floating-point type than the cell.
    """
    if not has_tensors(xs):
        xs = np.asarray(xs)
    shape = _shape(xs)
    if len(shape) not in (2, 3) or 0 in shape:
        raise ValueError(f"xs should have shape (T, N, I) or (T, I), none of them 0; got {shape}")
    if not isinstance(cell, Cell):
        return xs
    if shape[-1] != cell.input_size:
        raise ValueError(f"{cell!r} reads {cell.input_size} features, but xs has shape {shape}")
    return of_dtype(xs, cell.dtype, "xs")


def _shape(xs: Any) -> tuple[int, ...]:
    if hasattr(xs, "shape"):
        return xs.shape
    shapes = {np.shape(x) for x in xs}
    if len(shapes) != 1:
        raise ValueError(f"the time steps of xs should have one shape, not {sorted(shapes)}")
    return (len(xs), *shapes.pop())


def has_tensors(values: object) -> bool:
    """Tell whether values are a tensor, or a list with tensors in it."""
    return isinstance(values, tg.Tensor) or (
        isinstance(values, (list, tuple)) and any(isinstance(value, tg.Tensor) for value in values)
    )


def of_dtype(values: ArrayLike, dtype: np.dtype, what: str) -> Any:
    """Return values that a network of that dtype can read; integers become numbers of it.

    Raises
    ------
    TypeError
        When they hold another floating-point type: to mix them would turn the whole network into the wider.

    Examples
    --------
    >>> of_dtype([1, 2], np.dtype("float32"), "xs").dtype
    dtype('float32')
    >>> of_dtype(np.zeros(2), np.dtype("float32"), "xs")
    Traceback (most recent call last):
        ...
    TypeError: the network holds float32, but xs is float64: convert one of them
    """
    if isinstance(values, (list, tuple)) and has_tensors(values):
        return [of_dtype(value, dtype, what) for value in values]
    array = values if isinstance(values, tg.Tensor) else np.asarray(values)
    if array.dtype.kind in "iub":
        return array.astype(dtype)
    if array.dtype != dtype:
        raise TypeError(f"the network holds {dtype}, but {what} is {array.dtype}: convert one of them")
    return array


def mask(lengths: ArrayLike, steps: int, batch: tuple[int, ...]) -> np.ndarray:
    """Return which time steps belong to the sequences, (T, N, 1) or (T, 1) for a single one, of bool.

    Parameters
    ----------
    lengths : (N,) or () of int
    steps : int
        T, the time steps of the longest.
    batch : tuple of int
        (N,), or () for a single sequence.

    Raises
    ------
    ValueError, TypeError
        When a length is not an integer between 1 and T, or there is not one length a sequence.

    Examples
    --------
    >>> mask([3, 1], 3, (2,))[:, :, 0].astype(int)
    array([[1, 1],
           [1, 0],
           [1, 0]])
    """
    lengths = lengths if isinstance(lengths, tg.Tensor) else np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths should be integers, not {lengths.dtype}")
    if lengths.shape != batch:
        raise ValueError(f"lengths should have shape {batch}, one for each sequence, not {lengths.shape}")
    return _mask(lengths, steps=steps)


@on_values
def _mask(lengths: np.ndarray, *, steps: int) -> np.ndarray:
    if lengths.min() < 1 or lengths.max() > steps:
        raise ValueError(f"lengths should lie between 1 and T = {steps}, not {lengths.tolist()}")
    time = np.arange(1, steps + 1).reshape(-1, *(1 for _ in lengths.shape))
    return (time <= lengths)[..., None]


def initial_state(cell: Step, state: State, batch: tuple[int, ...]) -> State:
    """Return the state before the first time step: `state`, checked, or the cell's own where that is None."""
    if not isinstance(cell, Cell):
        if isinstance(cell, Module):
            raise TypeError(f"unroll runs a cell, one time step after another; {cell!r} runs itself: call it with xs")
        if state is None:
            raise ValueError("a cell that is a plain function needs an initial state")
        return state
    return cell.initial_state(batch) if state is None else _fitting(cell, state, cell.state_sizes, batch)


def _fitting(cell: Cell, state: State, sizes: Any, batch: tuple[int, ...]) -> State:
    if isinstance(sizes, tuple):
        if not isinstance(state, (tuple, list)) or len(state) != len(sizes):
            given = _told(state)
            raise ValueError(
                f"the state of {cell!r} should be a tuple of {len(sizes)}, its parts in order, not {given}"
            )
        return tuple(_fitting(cell, part, size, batch) for part, size in zip(state, sizes, strict=True))
    state = of_dtype(state, cell.dtype, "the state")
    if state.shape not in ((*batch, sizes), (sizes,)):
        raise ValueError(f"the state of {cell!r} should have shape {(*batch, sizes)}, not {state.shape}")
    return state


def check_next_state(cell: Step, state: State, new: State) -> None:
    """Raise unless what a `Cell` made of its first state is a state of the same form."""
    if isinstance(cell, Cell) and _form(new) != _form(state):
        raise ValueError(
            f"{type(cell).__name__}.__call__ should return the next state, {_told(state)}, not {_told(new)}; "
            f"its state_sizes are {cell.state_sizes}"
        )


def _form(state: State) -> Any:
    return tuple(map(_form, state)) if isinstance(state, tuple) else np.shape(state)[-1:]


def _told(state: State) -> str:
    if isinstance(state, (tuple, list)):
        return f"a {type(state).__name__} of {len(state)}"
    return "None" if state is None else f"an array of shape {np.shape(state)}"
