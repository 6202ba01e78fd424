"""Small numerical ground that stands on NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np


def norm(x: Any) -> float:
    """Return ‖x‖, also where the squares of its elements overflow or underflow.

    Examples
    --------
    >>> norm([3e-200, 4e-200]) / 1e-200, norm([3e200, 4e200]) / 1e200
    (5.0, 5.0)
    """
    flat = np.abs(np.ravel(x))
    scale = float(flat.max(initial=0.0))
    if scale == 0 or flat.size == 1 or not math.isfinite(scale):
        return scale
    return scale * math.sqrt(np.square(flat / scale, dtype=float).sum())


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Stack rows of unequal lengths, filled up with -1.

    Examples
    --------
    >>> padded([(1, 2), (3,)]).tolist()
    [[1, 2], [3, -1]]
    """
    lengths = np.fromiter(map(len, rows), int, len(rows))
    matrix = np.full((len(rows), lengths.max(initial=0)), -1)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = np.fromiter(chain.from_iterable(rows), int, lengths.sum())
    return matrix
