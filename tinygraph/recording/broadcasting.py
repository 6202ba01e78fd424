"""Broadcasting undone: a contribution is summed to the shape of its input, in the input's dtype."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


def like(contribution: Any, value: Any) -> Any:
    """Return the contribution in the dtype of the value it belongs to."""
    same = contribution.dtype is value.dtype or contribution.dtype == value.dtype  # an unpickled one is another object
    return contribution if same else contribution.astype(value.dtype)


def conform(contribution: Any, value: Any) -> Any:
    """Undo broadcasting and promotion: sum a contribution to the shape of its input, in its dtype.

    An input that was stretched along an axis was used once for each element there, and shared inputs sum.
    """
    total = sum_to(contribution, value.shape)
    return total if total.dtype is value.dtype else like(total, value)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum `x` over the axes along which `shape` was broadcast to it.

    Examples
    --------
    >>> sum_to(np.ones((3, 2)), (2,)), sum_to(np.ones((3, 2)), (3, 1)).ravel()
    (array([3., 3.]), array([2., 2., 2.]))
    """
    lengths = x.shape
    if lengths == shape:
        return x
    if lengths[1:] == shape and isinstance(x, np.ndarray):
        return x[0] if lengths[0] == 1 else sum_of_rows(x)  # a bias
    lead = len(lengths) - len(shape)
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and lengths[lead + i] != 1)
    return x.sum(axis=tuple(range(lead)) + stretched).reshape(shape)


def sum_of_rows(x: np.ndarray) -> Any:
    """Sum `x` over its first axis."""
    length = len(x)
    if length == 1:
        return x[0]
    ones = ones_for(length, x.dtype.char)
    return np.add.reduce(x, 0) if ones is None or x.ndim > 2 else ones.dot(x)


@lru_cache(maxsize=256)
def ones_for(length: int, dtype: str) -> np.ndarray | None:
    """Return a vector whose product with a small matrix sums it, at a third of a reduction's overhead.

    None where it would be long, or of a dtype of which BLAS has no products.
    """
    return np.ones(length, dtype) if length <= _SHORT and dtype in "fd" else None


_SHORT = 256
