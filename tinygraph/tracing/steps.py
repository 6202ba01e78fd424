"""A recorded backward pass at one moment: a step of it, and the state after some steps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backward.replay import view
from ..recording.node import Node
from ..recording.tensor import Tensor
from .recorded_pass import Pass


class TracedStep(NamedTuple):
    """One step of a recorded backward pass: the chain rule at one node.

    Attributes
    ----------
    index : int
        0 at the output.
    node : Node
        The node whose op is pulled back through.
    adjoint : ndarray
        ∂L/∂node, complete.
    contributions : tuple of ndarray or None
        What each argument receives, in argument order; None where no gradient is wanted or none exists.
    before, after : tuple of ndarray or None
        The running sum of each argument's gradient before its contribution and after it; None where nothing had been
        computed yet.
    """

    index: int  # type: ignore[assignment]  # tuple.index gives way to the plain word
    node: Node
    adjoint: np.ndarray | None
    contributions: tuple[np.ndarray | None, ...]
    before: tuple[np.ndarray | None, ...]
    after: tuple[np.ndarray | None, ...]


class Steps(Sequence[TracedStep]):
    """The steps of a trace, each computed when it is asked for."""

    def __init__(self, recorded: Pass):
        self._recorded = recorded

    def __len__(self) -> int:
        return len(self._recorded)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [traced_step(self._recorded, i) for i in range(*k.indices(len(self)))]
        return traced_step(self._recorded, k)


def traced_step(recorded: Pass, k: int) -> TracedStep:
    """Return step `k` of a pass, with the running sums around each of its contributions."""
    k = recorded.checked(k, len(recorded) - 1)
    node = recorded.nodes[k]
    contributions = tuple(map(view, recorded.pull(k)))
    before: list[np.ndarray | None] = [None] * len(contributions)
    after = before.copy()
    for argument, contribution in enumerate(contributions):
        if contribution is not None:
            source = node.inputs[argument]
            count = bisect_left(recorded.writes(source), (k, argument))
            sums = recorded.running_sum(source)
            before[argument], after[argument] = view(sums.upto(count)), view(sums.upto(count + 1))
    return TracedStep(k, node, view(recorded.adjoints[k]), contributions, tuple(before), tuple(after))


class State:
    """What has been computed after the first `position` steps of a backward pass.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w = tg.parameter(3.0, name="w")
    >>> trace = tg.trace(w * w * w)
    >>> [(trace.at(k).status("w"), trace.at(k).gradient("w")) for k in range(3)]
    [('not yet', None), ('partial', array(9.)), ('complete', array(27.))]
    """

    def __init__(self, trace: Pass, position: int):
        self.trace = trace
        self.position = position

    def status(self, node: Node | Tensor | str) -> str:
        """Return how far the gradient of `node` is.

        Returns
        -------
        str
            ``"not yet"``, ``"partial"``, ``"complete"``, or ``"none"`` if the pass never reaches it.
        """
        node = self.trace.node(node)
        writes = self.trace.writes(node)
        if node is self.trace.output:
            return "complete"
        if not writes:
            return "none"
        if writes[0][0] >= self.position:
            return "not yet"
        return "complete" if writes[-1][0] < self.position else "partial"

    def gradient(self, node: Node | Tensor | str) -> np.ndarray | None:
        """Return the sum of the contributions so far; None, never 0, where there is none yet."""
        return self.trace.running(node, self.position)

    def __repr__(self) -> str:
        return f"<State after {self.position} of {len(self.trace)} steps>"
