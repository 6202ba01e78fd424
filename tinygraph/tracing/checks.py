"""Checks of what is read from a file: each returns what it was given, or raises a ValueError."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def checked(value: Any, kind: type[T], what: str) -> T:
    """Return `value` if its type is `kind`, and no subclass of it: True is no integer.

    Examples
    --------
    >>> checked(True, int, "a time step")
    Traceback (most recent call last):
        ...
    ValueError: a time step is malformed: expected int, got bool
    """
    if type(value) is not kind:
        raise ValueError(f"{what} is malformed: expected {kind.__name__}, got {type(value).__name__}")
    return value


def optional(value: Any, kind: type[T], what: str) -> T | None:
    """Return `value` if it is None or its type is `kind`."""
    return None if value is None else checked(value, kind, what)


def bounded(value: Any, low: int, end: int, what: str) -> int:
    """Return `value` if it is an integer from `low` to below `end`."""
    if not low <= checked(value, int, what) < end:
        raise ValueError(f"{what} is malformed: {value} is not from {low} to {end - 1}")
    return value


def reference(things: list[T], index: Any) -> T:
    """Return ``things[index]`` for an index from a file."""
    return things[bounded(index, 0, len(things), "a reference")]


def optional_reference(things: list[T], index: Any) -> T | None:
    """Return ``things[index]``, or None for None."""
    return None if index is None else reference(things, index)


def integers(array: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return an array if it is one of integers and has this shape."""
    array = np.asarray(array)
    if array.dtype.kind != "i" or array.shape != shape:
        raise ValueError(f"{what} are malformed: expected integers of shape {shape}, got {array.dtype} {array.shape}")
    return array
