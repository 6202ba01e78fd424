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
    count : int
        How many contributions there are.
    stride : int
        How many lie between two checkpoints.
    """

    def __init__(self, term: Callable[[int], Any], count: int, stride: int):
        self.term = term
        self.count = count
        self.stride = stride
        self._checkpoints: dict[int, Any] = {}
        self._latest: tuple[int, Any] = (0, None)

    def upto(self, n: int) -> Any:
        """Return the sum of the first `n` contributions, not to be written to; None for n = 0."""
        done, total = self._nearest(n)
        owned = False
        while done < n:
            total, owned = add(total, owned, self.term(done))
            done += 1
            if done % self.stride == 0 and done not in self._checkpoints:
                self._checkpoints[done] = total
                owned = False  # a checkpoint is not written to any more
        self._latest = (done, total)
        return total

    def _nearest(self, n: int) -> tuple[int, Any]:
        mark = n - n % self.stride
        while mark > 0 and mark not in self._checkpoints:
            mark -= self.stride
        if mark <= self._latest[0] <= n:
            return self._latest
        return (mark, self._checkpoints[mark]) if mark > 0 else (0, None)

    @property
    def nbytes(self) -> int:
        """How much the checkpoints hold."""
        return sum(np.asarray(total).nbytes for total in self._checkpoints.values())


def add(total: Any, owned: bool, term: Any) -> tuple[Any, bool]:
    """Return `total` and `term` added as `backprop` adds them, and whether the sum is an array of its own.

    The first contribution stands as it is; a sum that is owned grows in place.
    """
    if total is None:
        return (term.dense(), True) if type(term) is Sparse else (term, False)
    if type(term) is Sparse:
        total = total if owned else np.array(total)
        term.add_to(total)
        return total, True
    if owned:
        total += term
        return total, True
    return total + term, True
