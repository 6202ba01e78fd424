"""Losses that deserve an op of their own."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import numpy as np

from ..recording.applying import record_two
from ..recording.broadcasting import sum_of_rows
from ..recording.op import op
from ..recording.source import where
from ..recording.tensor import Tensor
from .reductions import exponentials, softmax

_frame = sys._getframe

__all__ = [
    "softmax_cross_entropy",
]


def softmax_cross_entropy(o: Any, target: Any, reduction: str = "none") -> Any:
    """Return the cross-entropy of ``softmax(o)`` with the class `target` (lecture row C1).

    Parameters
    ----------
    o : (..., K)
        Logits.
    target : (...) of int
        Classes from 0 to K-1.
    reduction : {"none", "sum", "mean"}
        One loss a row, or their sum or mean: one op where `numpy.sum` of the losses would be another.

    Returns
    -------
    (...), or a scalar

    Raises
    ------
    ValueError
        If targets are no integers of the shape of `o` without its last axis, or there is no such class or reduction.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> float(tg.softmax_cross_entropy(np.zeros(4), np.array(1))) == float(np.log(4))
    True
    >>> tg.softmax_cross_entropy(np.zeros((3, 4)), np.array([0, 3, 3]), reduction="sum").round(3)
    np.float64(4.159)
    """
    reduced = _REDUCED.get(reduction)
    if reduced is None:
        raise ValueError(
            f"softmax_cross_entropy: reduction should be 'none', 'sum' or 'mean', not {reduction!r}{where(_frame(1))}"
        )
    return record_two(reduced, o, target, _frame(1))


def _probabilities(o: Any, target: Any) -> Any:
    return softmax(o)


def _losses(o: np.ndarray, target: np.ndarray) -> tuple[Any, np.ndarray]:
    """Return one loss a row, a number where there is one row, and the probabilities."""
    if target.dtype.kind not in "iu" or target.shape != o.shape[:-1]:
        given = f"{target.dtype} of shape {target.shape}"
        raise ValueError(f"targets must be integers of shape {o.shape[:-1]}, got {given}")
    if target.dtype == np.uint64:
        target = target.astype(np.int64)  # what NumPy does with an index: 2**64 - 1 is the last class
    alone = target.size == 1
    least = target.item() if alone else target.item(target.argmin()) if target.size else 0
    if least < 0:  # one too large fails as an index
        raise ValueError(f"targets must lie between 0 and {o.shape[-1] - 1}, got {target.min()}")
    shifted, p, total = exponentials(o)
    p /= total
    if alone:
        return np.log(total) - shifted.ravel()[least], p
    return np.log(total[..., 0]) - shifted[at(target)], p


def _each(o: np.ndarray, target: np.ndarray) -> tuple[Any, np.ndarray]:
    losses, p = _losses(o, target)
    return losses.reshape(target.shape) if target.ndim else losses, p


def _summed(o: np.ndarray, target: np.ndarray) -> tuple[Any, np.ndarray]:
    losses, p = _losses(o, target)
    return sum_of_rows(losses.ravel()) if losses.ndim else losses, p


def _averaged(o: np.ndarray, target: np.ndarray) -> tuple[Any, np.ndarray]:
    losses, p = _losses(o, target)
    return np.mean(losses) if losses.ndim else losses, p


def at(target: np.ndarray) -> tuple[Any, ...]:
    """Return the index of one class in each row."""
    if target.ndim == 1:
        return _first(len(target)), target
    return (*np.indices(target.shape, sparse=True), target)


@lru_cache(maxsize=64)
def _first(rows: int) -> np.ndarray:
    return np.arange(rows)


def less_one_hot(p: Any, target: Any) -> Any:
    """Return `p` less 1 at the target."""
    if type(p) is Tensor or target.size != 1:
        return p - one_hot(target, p)
    less = p.copy()
    less.ravel()[target.item()] -= 1
    return less


def one_hot(target: Any, like: Any) -> np.ndarray:
    """Return 1 at the target and 0 elsewhere, in rows as long as those of `like`."""
    classes = like.shape[-1]
    if classes <= _SMALL:
        return _identity(classes, like.dtype.char).take(target, 0)
    rows = np.zeros(like.shape, like.dtype)
    rows[at(np.asarray(target))] = 1
    return rows


_SMALL = 256


@lru_cache(maxsize=16)
def _identity(classes: int, dtype: str) -> np.ndarray:
    return np.eye(classes, dtype=dtype)


_SAMPLES: Any = (((3, 4), np.array([0, 3, 3])), ((4,), np.array(2)), ((2, 3, 4), np.array([[0, 1, 2], [3, 0, 1]])))
_REDUCED = {
    "none": op(
        _each,
        vjp=(lambda g, y, o, target, p: g[..., None] * less_one_hot(p, target), None),
        name="softmax_cross_entropy",
        form="each",
        saves=_probabilities,
        samples=_SAMPLES,
    ),
    "sum": op(
        _summed,
        vjp=(lambda g, y, o, target, p: g * less_one_hot(p, target), None),
        name="softmax_cross_entropy",
        form="sum",
        saves=_probabilities,
        samples=_SAMPLES,
    ),
    "mean": op(
        _averaged,
        vjp=(lambda g, y, o, target, p: g / np.size(target) * less_one_hot(p, target), None),
        name="softmax_cross_entropy",
        form="mean",
        saves=_probabilities,
        samples=_SAMPLES,
    ),
}
