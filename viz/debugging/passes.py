"""The backward passes of a program that trains: at which of them to stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np

import tinygraph as tg
from tinygraph.backward.backprop import seed_of, walk
from tinygraph.backward.replay import view
from tinygraph.diagnosing.updates import Updates

from .expressions import Expression
from .names import Value


class Passes:
    """The passes of a program so far, and the condition to stop at one.

    Attributes
    ----------
    condition : Expression or None
        Without one, every pass is a stop.
    update : int
        The number of the latest pass, from 1.
    losses : list of float
        Of all passes so far; NaN for an output of several elements.
    updates : Updates
        What became of the parameters between them.
    stops : int
        At how many of them it was to stop.

    Parameters
    ----------
    condition : str, optional
        As ``isnan(loss)``, ``loss > 10 * median``, ``update == 300``, ``norm(W.grad) > 100``.
    can_begin_again : bool
        Whether the program can be run again from its beginning.

    Examples
    --------
    >>> w = tg.parameter(1.0, name="w")
    >>> passes = Passes("norm(w.grad) > 3")
    >>> [passes.stops_at(w * w * scale) for scale in (1.0, 2.0, 4.0)], passes.update
    ([False, True, True], 3)
    """

    def __init__(self, condition: str | None = None, *, can_begin_again: bool = True):
        self.condition = Expression(condition) if condition else None
        self.can_begin_again = can_begin_again
        self.update = self.stops = 0
        self.losses: list[float] = []
        self.updates = Updates()
        self._leaves: dict[str, tg.Tensor] = {}

    def stops_at(self, begun: tg.Tensor | tg.Trace) -> bool:
        """Count a pass that begins at a Tensor, or that has been recorded, and tell whether it is one to stop at.

        Raises
        ------
        ExpressionError
            If the condition cannot be evaluated.
        """
        self.update += 1
        moment = PassMoment(self, begun, self._leaves)
        output = moment.output
        self.updates.pass_begins(output)
        if self.condition is not None and self.update == 1:
            self.condition.check_names(moment)
        stops = self.condition is None or self.condition.holds(moment)
        self.stops += stops
        self.losses.append(float(output.data.item()) if output.size == 1 else float("nan"))
        return stops

    def begin_again(self) -> None:
        """Count from 1 again: the program is run anew."""
        self.update = 0
        self.losses.clear()
        self.updates = Updates()
        self._leaves.clear()

    @property
    def described(self) -> str:
        """How many there were, and between what their losses lay."""
        finite = [loss for loss in self.losses if np.isfinite(loss)]
        span = f", with losses from {min(finite):.4g} to {max(finite):.4g}" if finite else ""
        first = next((k for k, loss in enumerate(self.losses, 1) if not np.isfinite(loss)), None)
        also = "" if first is None else f"; from pass {first} they are not finite: not isfinite(loss) stops there"
        return f"{self.update} backward pass{'es' if self.update != 1 else ''}{span}{also}"


class PassMoment:
    """The beginning of a backward pass, as the names that conditions use: those of `PASS_NAMES` and the network's own.

    A gradient is that of the whole pass, which is then run, once, ahead of the program.
    """

    def __init__(self, passes: Passes, begun: tg.Tensor | tg.Trace, leaves: dict[str, tg.Tensor]):
        self.passes = passes
        self._recorded = begun if isinstance(begun, tg.Trace) else None
        tensor = begun.output.tensor if isinstance(begun, tg.Trace) else begun
        assert tensor is not None
        self.output: tg.Tensor = tensor
        self._leaves = leaves

    @cached_property
    def trace(self) -> tg.Trace:
        """The pass, recorded."""
        return self._recorded or tg.trace(self.output)

    @cached_property
    def _sums(self) -> dict[tg.Tensor, Any]:
        if self._recorded is not None:
            return {leaf.tensor: total for leaf, total in self._recorded.gradients.items() if leaf.tensor is not None}
        sums: dict[tg.Tensor, Any] = {}
        with np.errstate(all="ignore"):
            deque(walk(self.output, seed_of(self.output, None), sums), maxlen=0)
        return sums

    def lookup(self, name: str) -> Any:
        """Return what `name` stands for in this pass.

        Raises
        ------
        LookupError
            If it stands for nothing.
        """
        if name in PASS_NAMES:
            return PASS_NAMES[name][0](self)
        leaf = self._leaves.get(name)  # a parameter is the same in every pass: no names are to be found again
        if leaf is not None and leaf in self._sums:
            return Value(self, leaf, 0)  # type: ignore[arg-type] # all that is asked of them is `running` and `data`
        node = self.trace.node(name)
        if node.kind == "parameter" and node.tensor is not None:
            self._leaves[name] = node.tensor
        return Value(self.trace, node, len(self.trace))

    @property
    def known(self) -> Iterable[str]:
        """All names."""
        return [*PASS_NAMES, *self.trace.symbols.names()]

    def running(self, leaf: tg.Tensor, position: int) -> np.ndarray | None:
        """Return the gradient of a leaf."""
        return view(self._sums.get(leaf))


def _median(at: PassMoment) -> float:
    return float(np.median(at.passes.losses)) if at.passes.losses else float("nan")


def _gradients(at: PassMoment) -> np.ndarray:
    """Return the gradients of the pass to all leaves in a row."""
    parts = [np.ravel(part) for leaf in at._sums if (part := at.running(leaf, 0)) is not None]
    return np.concatenate(parts) if parts else np.zeros(0)


PASS_NAMES: dict[str, tuple[Any, str]] = {
    "loss": (lambda at: at.output.data, "the value that the pass begins at"),
    "grad": (_gradients, "the gradients of all parameters, in one row: nonfinite(grad), norm(grad) > 100"),
    "update": (lambda at: at.passes.update, "the number of the pass, from 1"),
    "median": (_median, "the median of the losses before it"),
    "lowest": (lambda at: min(at.passes.losses, default=float("nan")), "the lowest loss before it"),
}
