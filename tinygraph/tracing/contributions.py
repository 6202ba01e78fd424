"""What a gradient is the sum of: one term for each use of the value, in the order of the backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..backward.replay import view
from ..numeric import norm
from ..recording.node import Node
from .ledger import table
from .recorded_pass import Pass

_OUTLYING = 20  # times the median, and its neighbours
_FEWEST = 4  # terms, of which one can be an outlier


class Contribution:
    """One term of a gradient.

    Attributes
    ----------
    step : int
        The step of the backward pass that gave it.
    node : Node
        The op that used the value.
    argument : int
        Which argument of that op the value was.
    timestep : int or None
        The time step of that use.
    norm : float
        ‖term‖.
    share : float
        ⟨term, total⟩ / ‖total‖²: the shares of all terms add up to 1, and one that pulls against the total is negative.
    cosine : float
        Of the angle between the term and the total.
    count : int
        How many terms that gradient has.
    """

    def __init__(self, of: Contributions, place: int, norm: float, share: float, cosine: float):
        self._of = of
        self._place = place
        self.step, self.argument = of.writes[place]
        self.node = of.trace.nodes[self.step]
        self.timestep = self.node.timestep
        self.norm = norm
        self.share = share
        self.cosine = cosine
        self.count = len(of)

    @property
    def term(self) -> np.ndarray:
        """The contribution itself, computed again by the rule that ran."""
        return self._of.term(self._place)

    @property
    def before(self) -> np.ndarray | None:
        """The running sum before it; None at the first."""
        return self._of.upto(self._place)

    @property
    def running(self) -> np.ndarray:
        """The running sum with it."""
        total = self._of.upto(self._place + 1)
        assert total is not None
        return total

    def __repr__(self) -> str:
        at = "" if self.timestep is None else f"time step {self.timestep}, "
        return f"<Contribution of step {self.step}: {at}norm {self.norm:.4g}, share {self.share:.1%}>"


class Contributions(Sequence[Contribution]):
    """The terms of one gradient, in the order in which the pass added them up.

    Attributes
    ----------
    node : Node
        Whose gradient.
    total : ndarray or None
        The gradient that the pass gave.
    writes : sequence of (int, int)
        Step and argument of each term.
    """

    def __init__(self, trace: Pass, node: Node):
        self.trace = trace
        self.node = node
        self.total = trace.gradient(node)
        self.writes = trace.writes(node)

    def __len__(self) -> int:
        return len(self.writes)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        i = range(len(self))[place]
        return Contribution(self, i, *map(float, self._numbers[i]))

    def __repr__(self) -> str:
        return table(self)

    def term(self, place: int) -> np.ndarray:
        """Return the contribution at `place` of this sequence."""
        term = view(self.trace.term(*self.writes[place]))
        assert term is not None
        return term

    @property
    def norms(self) -> np.ndarray:
        """‖term‖ of each."""
        return self._numbers[:, 0]

    @property
    def timesteps(self) -> list[int | None]:
        """The time step of each use."""
        return [self.trace.nodes[step].timestep for step, _ in self.writes]

    @cached_property
    def median(self) -> float:
        """The median of the norms that are finite; NaN where there are none."""
        finite = self.norms[np.isfinite(self.norms)]
        return float(np.median(finite)) if finite.size else float("nan")

    @cached_property
    def outliers(self) -> list[int]:
        """The places of terms that are not finite, or stand out; the largest first, those of NaN before.

        A term stands out that is many times the median and many times the terms before and after it, where few are:
        in a gradient that vanishes or explodes, terms of all sizes are no outliers.
        """
        norms = self.norms
        outlying = ~np.isfinite(norms)
        large = np.flatnonzero(norms > _OUTLYING * self.median)
        if len(norms) >= _FEWEST and len(large) <= max(1, len(norms) // 10) and self.median > 0:
            for place in large.tolist():
                near = np.delete(norms[max(place - 2, 0) : place + 3], min(place, 2))
                outlying[place] |= norms[place] > _OUTLYING * np.max(near, initial=0.0, where=np.isfinite(near))
        places = np.flatnonzero(outlying)
        return [int(place) for place in places[np.argsort(-np.nan_to_num(norms[places], nan=np.inf), kind="stable")]]

    @cached_property
    def cancels(self) -> bool:
        """Whether the terms cancel, so that what is left of them is no more than rounding."""
        if self.total is None or len(self) < 2 or self.total.dtype.kind != "f":
            return False
        rounding = max(4.0, len(self) ** 0.5) * float(np.finfo(self.total.dtype).eps) * float(np.sum(self.norms))
        return norm(self.total) <= rounding and bool(np.isfinite(rounding)) and rounding > 0

    @cached_property
    def _numbers(self) -> np.ndarray:
        """Norm, share and cosine of each term, from one pass over them that keeps none."""
        numbers = np.empty((len(self), 3))
        for place in range(len(self)):
            numbers[place] = measure(self.term(place), self.total)
        return numbers

    @property
    def sum(self) -> np.ndarray | None:
        """The terms, computed again and added up in order."""
        return self.upto(len(self))

    def upto(self, count: int) -> np.ndarray | None:
        """Return the sum of the first `count` terms; None for 0."""
        return view(self.trace.running_sum(self.node).upto(count))

    @property
    def exact(self) -> bool:
        """Whether the terms, computed again and added up in order, are the gradient of the pass to the last bit."""
        total = self.sum
        if total is None or self.total is None:
            return total is self.total
        return total.dtype == self.total.dtype and total.tobytes() == self.total.tobytes()

    @property
    def gap(self) -> float:
        """The largest difference of the terms' sum from the gradient of the pass, relative to its largest element.

        Where the pass was recorded by tinygraph there is none; that of another framework may have added up otherwise.
        """
        total = self.sum
        if total is None or self.total is None:
            return 0.0 if total is self.total else float("inf")
        with np.errstate(invalid="ignore"):
            scale, gap = np.max(np.abs(self.total), initial=0), np.max(np.abs(total - self.total), initial=0)
        return float(gap / scale) if scale else float(gap)


def measure(term: np.ndarray, total: np.ndarray | None) -> tuple[float, float, float]:
    """Return the norm of a term, its share of the total, and the cosine of the angle between them."""
    size, length = norm(term), 0.0 if total is None else norm(total)
    if total is None or length == 0 or not np.isfinite([size, length]).all():
        return size, float("nan"), float("nan")
    inner = float(np.vdot(np.ravel(total) / length, np.ravel(term)).real)  # the squares of tiny gradients underflow
    return size, inner / length, inner / size if size else float("nan")
