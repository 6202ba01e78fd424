"""Keys: rows of numbers that say where an op belongs, numbered so that equal rows have equal numbers."""

from __future__ import annotations

import numpy as np

_MANY = 8  # codes a row, in a table
_WIDE, _LARGEST = 2**31, 2**62


def grouped(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the rows of `keys` so that equal rows have equal numbers, in order of first appearance.

    Returns
    -------
    (N,) numbers, and the first row of each number.
    """
    code, size = _codes(keys)
    if size > _MANY * len(keys):
        _, first, number = np.unique(code, return_index=True, return_inverse=True)
    else:  # a table of all codes: no sorting
        first_of = np.full(size, -1)
        first_of[code[::-1]] = np.arange(len(code))[::-1]
        present = np.flatnonzero(first_of >= 0)
        first = first_of[present]
        rank = np.empty(size, int)
        rank[present] = np.arange(len(present))
        number = rank[code]
    order = np.argsort(first)
    rank = np.empty(len(first), int)
    rank[order] = np.arange(len(first))
    return rank[number], first[order]


def _codes(keys: np.ndarray) -> tuple[np.ndarray, int]:
    """Return one number from 0 for each row, the same for equal rows only, and a bound that they stay below."""
    code, size = np.zeros(len(keys), np.int64), 1
    if not len(keys):
        return code, size
    for column in keys.T:
        least = int(column.min())
        span = int(column.max()) - least + 1
        if span > _WIDE:
            column, least = np.unique(column, return_inverse=True)[1], 0
            span = int(column.max()) + 1
        if size * span > _LARGEST:
            code = np.unique(code, return_inverse=True)[1]
            size = int(code.max()) + 1
        code = code * span + (column - least)
        size *= span
    return code, size


def occurrences(numbers: np.ndarray) -> np.ndarray:
    """Return how often each number stood before.

    Examples
    --------
    >>> occurrences(np.array([5, 7, 5, 5])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    counts = np.empty(len(numbers), int)
    counts[order] = np.arange(len(numbers)) - np.searchsorted(ordered, ordered)
    return counts


def count_distinct(numbers: np.ndarray) -> int:
    """Return how many different numbers from 0 there are; ``np.unique`` would load ``np.ma``, for 10 ms.

    Examples
    --------
    >>> count_distinct(np.array([5, 7, 5, 5]))
    2
    """
    return int(np.count_nonzero(np.bincount(numbers)))


def grouped_but(vectors: np.ndarray, column: int) -> np.ndarray:
    """Number the rows of `vectors` by all columns but one."""
    return grouped(np.delete(vectors, column, axis=1))[0]


def split_by(numbers: np.ndarray, count: int) -> list[np.ndarray]:
    """Return where each number from 0 to `count` - 1 stands, in increasing order.

    Examples
    --------
    >>> [rows.tolist() for rows in split_by(np.array([1, 0, 1]), 2)]
    [[1], [0, 2]]
    """
    order = np.argsort(numbers, kind="stable").astype(np.int32)
    return np.split(order, np.searchsorted(numbers[order], np.arange(1, count)))[:count]
