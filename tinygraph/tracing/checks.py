"""Checks of what is read from a file: each returns what it was given, or raises a ValueError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def place(things: Sequence[Any], index: Any) -> int:
    """Return `index` if it is one of `things`."""
    return bounded(index, 0, len(things), "a reference")


def optional_place(things: Sequence[Any], index: Any) -> int:
    """Return `index` if it is one of `things`, and -1 for None."""
    return -1 if index is None else place(things, index)


def reference(things: Sequence[T], index: Any) -> T:
    """Return ``things[index]`` for an index from a file."""
    return things[place(things, index)]


def optional_reference(things: Sequence[T], index: Any) -> T | None:
    """Return ``things[index]``, or None for None."""
    return None if index is None else reference(things, index)


def integers(array: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return an array if it is one of integers and has this shape."""
    array = np.asarray(array)
    if array.dtype.kind != "i" or array.shape != shape:
        raise ValueError(f"{what} are malformed: expected integers of shape {shape}, got {array.dtype} {array.shape}")
    return array


class ReadOnce:
    """What rows of a file stand for: of equal rows the first is read and checked.

    Attributes
    ----------
    values : list
        What the different rows stand for.

    Parameters
    ----------
    read : callable
        Takes the items of a row.

    Examples
    --------
    >>> numbers = ReadOnce(float)
    >>> numbers.code(1), numbers.code(True), numbers.code(1), numbers.values
    (0, 1, 0, [1.0, 1.0])
    """

    def __init__(self, read: Callable[..., Any]):
        self._read = read
        self._codes: dict[str, int] = {}
        self.values: list[Any] = []

    def code(self, *row: Any) -> int:
        """Return the position among `values` of what a row stands for."""
        key = repr(row)  # True is not 1, though they are equal
        code = self._codes.get(key)
        if code is None:
            self.values.append(self._read(*row))
            code = self._codes[key] = len(self.values) - 1
        return code
