"""Passes: which op's rule computed what a recorded backward pass recorded, and whose adjoint it is.

Only running numbers are kept, and where ops ran: the values of the forward pass are held by nobody else for it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from .calls import Call


class Origin(NamedTuple):
    """Where an op of the forward pass ran, and the name it was given."""

    call: Call | None
    lasti: int
    label: str | None


class RecordedPass:
    """A backward pass whose rules are recorded: filled while it runs.

    Attributes
    ----------
    adjoints : dict
        By the running number of a Tensor, those of what it is the adjoint of: several where an op hands its adjoint on.
    origins : dict
        By running number, the forward ops that were pulled back through.
    """

    def __init__(self) -> None:
        self.adjoints: dict[int, list[int]] = {}
        self.origins: dict[int, Origin] = {}
        self._began: list[int] = []
        self._through: list[int] = []

    def begin(self, now: int, through: int, origin: Origin) -> None:
        """Say that from the running number `now` on a rule of the op numbered `through` is recorded."""
        self._began.append(now)
        self._through.append(through)
        self.origins[through] = origin

    def complete(self, adjoint: int, of: int) -> None:
        """Say that a Tensor is the whole adjoint of another one."""
        self.adjoints.setdefault(adjoint, []).append(of)

    def through(self, index: int) -> int | None:
        """Return the op through which the Tensor of a running number was pulled back."""
        at = bisect_right(self._began, index) - 1
        return self._through[at] if at >= 0 else None
