"""What a gradient is the sum of: one term for each use of the value, in the order of the backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..backward.replay import view
from ..backward.sums import add
from ..numeric import norm
from ..recording.node import Node
from ..recording.sparse import dense
from .recorded_pass import Pass


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
    """

    __slots__ = ("_of", "_place", "argument", "cosine", "node", "norm", "share", "step", "timestep")

    def __init__(self, of: Contributions, place: int, norm: float, share: float, cosine: float):
        self._of = of
        self._place = place
        self.step, self.argument = of.writes[place]
        self.node = of.trace.nodes[self.step]
        self.timestep = self.node.timestep
        self.norm = norm
        self.share = share
        self.cosine = cosine

    @property
    def term(self) -> np.ndarray:
        """The contribution itself, computed again by the rule that ran."""
        return self._of.term(self._place)

    @property
    def before(self) -> np.ndarray | None:
        """The running sum before it; None at the first."""
        return view(dense(self._of.trace.running_sum(self._of.node).upto(self._place)))

    @property
    def running(self) -> np.ndarray:
        """The running sum with it."""
        total = view(dense(self._of.trace.running_sum(self._of.node).upto(self._place + 1)))
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
    writes : list of (int, int)
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
        return f"<{len(self)} contributions to {self.trace.symbols.of(self.node)}>"

    def term(self, place: int) -> np.ndarray:
        """Return the contribution at `place` of this sequence."""
        term = view(dense(self.trace.term(*self.writes[place])))
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
    def _numbers(self) -> np.ndarray:
        """Norm, share and cosine of each term, from one pass over them that keeps none."""
        found = np.empty((len(self), 3))
        for i in range(len(self)):
            found[i] = measure(self.term(i), self.total)
        return found

    @cached_property
    def sum(self) -> np.ndarray | None:
        """The terms, computed again and added up in order."""
        total, owned = None, False
        for step, argument in self.writes:
            total, owned = add(total, owned, self.trace.term(step, argument)), total is not None
        return view(dense(total))

    @property
    def exact(self) -> bool:
        """Whether the terms, computed again and added up in order, are the gradient of the pass to the last bit."""
        if self.sum is None or self.total is None:
            return self.sum is self.total
        return self.sum.dtype == self.total.dtype and self.sum.tobytes() == self.total.tobytes()


def measure(term: np.ndarray, total: np.ndarray | None) -> tuple[float, float, float]:
    """Return the norm of a term, its share of the total, and the cosine of the angle between them."""
    flat = np.ravel(term)
    scale = float(np.max(np.abs(flat), initial=0.0))
    if total is None or not np.isfinite(scale):
        return norm(term), float("nan"), float("nan")
    whole, size = np.ravel(total), norm(term)
    length = norm(total)
    if length == 0 or not np.isfinite(length):
        return size, float("nan"), float("nan")
    inner = float(np.vdot(whole / length, flat).real)  # divided first: squares of tiny gradients underflow
    return size, inner / length, inner / size if size else float("nan")
