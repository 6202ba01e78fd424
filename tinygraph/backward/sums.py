"""Running sums of contributions, at any point of a backward pass: prefix sums with checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..recording.sparse import Sparse


class RunningSum:
    """The sums of the first n contributions to one node, added up in the order and by the operations of the pass.

    A sum is made from the nearest checkpoint before it, so that going back costs what going on does. Checkpoints are
    laid while sums are made.

    Parameters
    ----------
    term : callable
        ``term(i)`` recomputes the i-th contribution, an array or a `Sparse`.
    stride : int
        How many lie between two checkpoints.
    """

    def __init__(self, term: Callable[[int], Any], stride: int):
        self.term = term
        self.stride = stride
        self._checkpoints: dict[int, Any] = {}
        self._latest: tuple[int, Any] = (0, None)

    def upto(self, n: int) -> Any:
        """Return the sum of the first `n` contributions, not to be written to; None for n = 0."""
        start, total = self._nearest(n)
        owned = False
        for i in range(start, n):
            total, owned = add(total, owned, self.term(i)), total is not None
            if (i + 1) % self.stride == 0 and i + 1 not in self._checkpoints:
                self._checkpoints[i + 1] = total
                owned = False  # a checkpoint is not written to any more
        self._latest = (n, total)
        return total

    def _nearest(self, n: int) -> tuple[int, Any]:
        mark = n - n % self.stride
        while mark > 0 and mark not in self._checkpoints:
            mark -= self.stride
        latest = self._latest  # which another thread may replace
        if mark <= latest[0] <= n:
            return latest
        return (mark, self._checkpoints[mark]) if mark > 0 else (0, None)

    @property
    def nbytes(self) -> int:
        """The bytes of the checkpoints."""
        return sum(np.asarray(total).nbytes for total in self._checkpoints.values())


def add(total: Any, owned: bool, term: Any) -> Any:
    """Return the sum of contributions so far and one more, added in place if `total` is `owned`: nobody else holds it.

    The first contribution (to None) stands as it is; every later sum is owned.
    """
    if total is None:
        return term
    if type(term) is Sparse:
        if not owned or type(total) is not np.ndarray:  # a NumPy scalar cannot be added into
            total = total.dense() if type(total) is Sparse else np.array(total)
        term.add_to(total)
        return total
    if owned:
        total += term
        return total
    return (total.dense() if type(total) is Sparse else total) + term
