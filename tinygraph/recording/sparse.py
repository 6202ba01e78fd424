"""A contribution that is zero but for the elements an index selects."""

from __future__ import annotations

from typing import Any

import numpy as np


class Sparse:
    """The adjoint of ``x[index]``, not yet spread over x: T reads of one row each would cost T whole arrays."""

    __slots__ = ("index", "like", "value")

    def __init__(self, like: Any, index: Any, value: Any):
        self.like = like
        self.index = index
        self.value = value

    def add_to(self, total: np.ndarray) -> None:
        """Add it to `total` in place; elements selected twice receive twice."""
        if may_repeat(self.index):
            np.add.at(total, self.index, self.value)
        else:
            total[self.index] += self.value

    def dense(self) -> np.ndarray:
        """Return the whole array."""
        total = np.zeros(self.like.shape, self.like.dtype)
        self.add_to(total)
        return total


def may_repeat(index: Any) -> bool:
    """Tell whether an index may select an element twice: integer arrays may, masks do not."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, list) or (isinstance(part, np.ndarray) and part.dtype != bool) for part in parts)


def dense(contribution: Any) -> Any:
    """Return a contribution as an array, or None where there is none."""
    return contribution.dense() if type(contribution) is Sparse else contribution
