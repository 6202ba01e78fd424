"""Updates: what becomes of parameters between the backward passes of a program that trains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import ref

import numpy as np

from ..array_text import number_text
from ..numeric import norm
from ..recording.history import leading_to
from ..recording.node import Node
from ..recording.tensor import Tensor
from ..tracing.trace import Trace
from .symptoms.case import Case, Symptom

_SETTLED = 2  # passes after which an update should have come, also where two networks take turns
_ACCUMULATED = 16  # passes that may add up their gradients before an update


class _Watched:
    """A parameter from pass to pass: its value, whether that ever changed, and what stood in its ``.grad``."""

    __slots__ = ("changed", "leaf", "moved", "pending", "since", "value")

    def __init__(self, leaf: Tensor, since: int):
        self.leaf = ref(leaf)
        self.value = leaf._value
        self.since = since
        self.changed = self.moved = False
        self.pending: Any = None

    def look(self) -> None:
        """Compare with the pass before."""
        leaf = self.leaf()
        if leaf is None:
            return
        value = leaf._value
        self.moved = value is not self.value and not np.array_equal(value, self.value, equal_nan=True)
        self.changed |= self.moved
        self.value = value
        self.pending = leaf.grad if leaf.grad is not None and np.any(leaf.grad) else None


class Updates:
    """What every pass begins with, so that an update that is missing can be told.

    Examples
    --------
    >>> import tinygraph as tg
    >>> v, w = tg.parameter(1.0, name="v"), tg.parameter(1.0, name="w")
    >>> updates = Updates()
    >>> for _ in range(3):
    ...     loss = (v * w - 3) ** 2
    ...     updates.pass_begins(loss)
    ...     loss.backward()
    ...     v.data = v.data - 0.1 * v.grad  # and w is forgotten
    ...     v.grad = w.grad = None
    >>> [symptom.text for symptom in updates.symptoms(tg.trace(loss))]
    ['w has not changed in 2 updates of v, though a gradient comes, of norm 4.403']
    """

    def __init__(self) -> None:
        self._passes = 0
        self._loss: Any = None
        self._repeated = False
        self._watched: dict[int, _Watched] = {}  # by identity

    def pass_begins(self, output: Tensor) -> None:
        """Look at the parameters, as a pass finds them."""
        for watched in self._watched.values():
            watched.look()
        for tensor in leading_to([output], differentiable=True):
            if tensor.op is None and self._known(tensor) is None:
                self._watched[id(tensor)] = watched = _Watched(tensor, self._passes)
                watched.look()
        self._repeated = self._passes > 0 and np.array_equal(output._value, self._loss)
        self._loss = output._value
        self._passes += 1

    def _known(self, leaf: Tensor | None) -> _Watched | None:
        watched = self._watched.get(id(leaf))
        return None if watched is None or watched.leaf() is not leaf else watched

    def symptoms(self, trace: Trace) -> list[Symptom]:
        """Return what is wrong with the updates so far of the parameters of this pass."""
        nodes = trace.graph.parameters
        known = {node: watched for node in nodes if (watched := self._known(node.tensor)) is not None}
        case = Case(trace)
        return [*self._not_updated(case, known), *_not_reset(case, known)]

    def _not_updated(self, case: Case, known: dict[Node, _Watched]) -> Iterator[Symptom]:
        symbols = case.trace.symbols
        updated = [node for node, watched in known.items() if watched.changed]
        gradients = {node: norm(gradient) for node in known if (gradient := case.trace.gradient(node)) is not None}
        idle = [
            node
            for node, watched in known.items()
            if not watched.changed and self._passes - watched.since > _SETTLED and gradients.get(node, 0) > 0
        ]
        if not idle:
            return
        names = _listed([str(symbols.of(node)) for node in idle])
        if updated:
            updates = self._passes - max(known[node].since for node in idle) - 1
            norms = f"of norm {number_text(gradients[idle[0]])}{f' in {symbols.of(idle[0])}' * (len(idle) > 1)}"
            text = f"{names} {'has' if len(idle) == 1 else 'have'} not changed in {updates} updates of"
            text += f" {_listed([str(symbols.of(node)) for node in updated])}, though a gradient comes, {norms}"
            yield case.symptom("not updated", text, idle, f"info {symbols.of(idle[0]).ascii}")
        else:
            was_reset = all(watched.pending is None for watched in known.values())
            if was_reset or self._repeated or self._passes > _ACCUMULATED:
                ago = self._passes - 1 - min(known[node].since for node in idle)
                text = f"no update since {ago} passes, which were to train {names}"
                yield case.symptom("not updated", text, idle, f"info {symbols.of(idle[0]).ascii}")


def _not_reset(case: Case, known: dict[Node, _Watched]) -> Iterator[Symptom]:
    """Find parameters that were updated, but whose gradient the next pass adds to."""
    stale = {node: watched.pending for node, watched in known.items() if watched.moved and watched.pending is not None}
    if stale:
        first = next(iter(stale))
        names = _listed([str(case.trace.symbols.of(node)) for node in stale])
        held = number_text(norm(stale[first]))
        of_first = f" in {case.trace.symbols.of(first)}" if len(stale) > 1 else ""
        others = "" if len(stale) == len(known) else "; that of the others was reset"
        text = f".grad of {names} still holds what an update has used, of norm {held}{of_first}"
        text += f": this pass adds to it{others}"
        yield case.symptom("not reset", text, list(stale), f"info {case.trace.symbols.of(first).ascii}")


def _listed(names: list[str], most: int = 4) -> str:
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
