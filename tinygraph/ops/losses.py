"""Losses that deserve an op of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import op
from .reductions import softmax

__all__ = [
    "softmax_cross_entropy",
]


def _probabilities(o: Any, target: Any) -> Any:
    return softmax(o)


def _cross_entropy(o: Any, target: Any, p: Any) -> Any:
    chosen = np.take_along_axis(o, target[..., None], -1)[..., 0]
    top = np.max(o, axis=-1)
    return top + np.log(np.sum(np.exp(o - top[..., None]), axis=-1)) - chosen


def one_hot(target: Any, like: Any) -> Any:
    """Return rows with 1 at `target` and 0 elsewhere, as many columns as `like` has."""
    return (np.arange(like.shape[-1]) == np.asarray(target)[..., None]).astype(like.dtype)


softmax_cross_entropy = op(
    _cross_entropy,
    vjp=(lambda g, y, o, target, p: g[..., None] * (p - one_hot(target, o)), None),
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
