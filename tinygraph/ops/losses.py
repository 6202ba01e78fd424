"""Losses that deserve an op of their own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..recording.op import op
from .reductions import softmax

__all__ = [
    "softmax_cross_entropy",
]


def _probabilities(o: Any, target: Any) -> Any:
    return softmax(o)


def _cross_entropy(o: np.ndarray, target: np.ndarray) -> tuple[Any, np.ndarray]:
    if target.dtype.kind not in "iu" or target.shape != o.shape[:-1]:
        given = f"{target.dtype} of shape {target.shape}"
        raise ValueError(f"targets must be integers of shape {o.shape[:-1]}, got {given}")
    if target.size and np.minimum.reduce(target, None) < 0:  # too large a class fails as an index
        raise ValueError(f"targets must lie between 0 and {o.shape[-1] - 1}, got {target.min()}")
    shifted = o - np.maximum.reduce(o, -1, keepdims=True)
    p = np.exp(shifted)
    total = np.add.reduce(p, -1, keepdims=True)
    p /= total
    return np.log(total[..., 0]) - shifted[at(target)], p


def at(target: np.ndarray) -> tuple[Any, ...]:
    """Return the index of one class in each row."""
    if target.ndim == 1:
        return _first(len(target)), target
    return (*np.indices(target.shape, sparse=True), target)


@lru_cache(maxsize=64)
def _first(rows: int) -> np.ndarray:
    return np.arange(rows)


def one_hot(target: Any, like: Any) -> np.ndarray:
    """Return 1 at the target and 0 elsewhere, in rows as long as those of `like`."""
    classes = like.shape[-1]
    if classes <= _SMALL:
        return _identity(classes, like.dtype.char)[target]
    rows = np.zeros(like.shape, like.dtype)
    rows[at(np.asarray(target))] = 1
    return rows


_SMALL = 256


@lru_cache(maxsize=16)
def _identity(classes: int, dtype: str) -> np.ndarray:
    return np.eye(classes, dtype=dtype)


softmax_cross_entropy = op(
    _cross_entropy,
    vjp=(lambda g, y, o, target, p: g[..., None] * (p - one_hot(target, o)), None),
    name="softmax_cross_entropy",
    saves=_probabilities,
    samples=(((3, 4), np.array([0, 3, 3])), ((4,), np.array(2)), ((2, 3, 4), np.array([[0, 1, 2], [3, 0, 1]]))),
    doc="""Cross-entropy of ``softmax(o)`` with the class `target`, one loss a row (lecture row C1).

    Parameters
    ----------
    o : (..., K)
        Logits.
    target : (...) of int
        Classes from 0 to K-1.

    Returns
    -------
    (...)

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> float(tg.softmax_cross_entropy(np.zeros(4), np.array(1))) == float(np.log(4))
    True
    """,
)
