"""Losses that deserve an op of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import op
from ..tensor import Tensor
from .reductions import softmax

__all__ = [
    "softmax_cross_entropy",
]


def _probabilities(o: Any, target: Any) -> Any:
    return softmax(o)


def _cross_entropy(o: np.ndarray, target: np.ndarray) -> tuple[Any, np.ndarray]:
    if target.dtype.kind not in "iu" or target.shape != o.shape[:-1]:
        raise ValueError(f"targets must be integers of shape {o.shape[:-1]}, got {target.dtype} of shape {target.shape}")
    if target.size and np.minimum.reduce(target, None) < 0:  # too large a class fails as an index
        raise ValueError(f"targets must lie between 0 and {o.shape[-1] - 1}, got {target.min()}")
    shifted = o - np.maximum.reduce(o, -1, keepdims=True)
    p = np.exp(shifted)
    total = np.add.reduce(p, -1, keepdims=True)
    p /= total
    return np.log(total[..., 0]) - shifted[at(target)], p


def at(target: Any) -> tuple[Any, ...]:
    """Return the index of one class in each row."""
    target = np.asarray(target)
    if target.ndim == 1:
        return np.arange(len(target)), target
    return (*np.indices(target.shape, sparse=True), target)


def less_one_hot(p: Any, target: Any) -> Any:
    """Return ``p - 1_y``: the probabilities, less 1 at the target."""
    if type(p) is Tensor:
        return p - (np.arange(p.shape[-1]) == np.asarray(target)[..., None]).astype(p.dtype)
    p = p.copy()
    p[at(target)] -= 1
    return p


softmax_cross_entropy = op(
    _cross_entropy,
    vjp=(lambda g, y, o, target, p: g[..., None] * less_one_hot(p, target), None),
    name="softmax_cross_entropy",
    saves=_probabilities,
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
