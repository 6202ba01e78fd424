"""What if: a recorded pass replayed with some of it changed, as a trace of its own beside the original."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..array_text import number_text
from ..loops.reads import NodesAt
from ..numeric import norm
from ..recording.node import Node
from ..recording.primitive import Primitive
from ..recording.tensor import Tensor
from .changes import Changes, changes
from .recorded_pass import PassNodes
from .replaying import Replay
from .trace import Trace


class Effect(NamedTuple):
    """What a change did to a value or a gradient.

    Attributes
    ----------
    of : str
        Its symbol, ``h⁽³⁾`` of a value and ``h̄⁽³⁾`` of a gradient.
    before, after : array or None
        None of a gradient that is not there.
    """

    of: str
    before: np.ndarray | None
    after: np.ndarray | None

    @property
    def norms(self) -> tuple[float | None, float | None]:
        """Both norms; of a number itself, with its sign."""
        before, after = (None if x is None else float(x) if x.shape == () else norm(x) for x in self[1:])
        return before, after

    @property
    def change(self) -> float:
        """‖after − before‖ / ‖before‖; NaN where one of them is not there."""
        if self.before is None or self.after is None:
            return float("nan")
        if self.before.tobytes() == self.after.tobytes():
            return 0.0
        with np.errstate(all="ignore"):
            size, apart = norm(self.before), norm(np.subtract(self.after, self.before, dtype=float))
        return apart / size if size else float("inf")

    def __repr__(self) -> str:
        texts = ["none" if x is None else number_text(x) for x in self.norms]
        return f"{self.of}: {texts[0]} → {texts[1]}"


class WhatIf(Trace):
    """A pass replayed with something changed. It is a `Trace`: it can be stepped, drawn and saved. See `what_if`.

    Attributes
    ----------
    original : Trace
        The pass as it was recorded, also where a replay was replayed again.
    changes : list of str
        All that is changed in it, each as a line to read.
    """

    def __init__(self, trace: Trace, changed: Changes):
        replay = Replay(trace, changed)
        adjoints, steps, gradients = replay.backward()
        at = NodesAt(replay.nodes, np.array([node.index for node in steps], np.int32))
        super().__init__(adjoints, lambda: PassNodes(replay.graph(), at, gradients), trace.files)
        self.original: Trace = trace.original if isinstance(trace, WhatIf) else trace
        self.changes: list[str] = [*(trace.changes if isinstance(trace, WhatIf) else []), *changed.texts]
        self._replayed = trace
        self._replay = replay

    @cached_property
    def frozen(self) -> list[tuple[Node, str]]:
        """Constants that stayed, though the program seems to have made them of a value that is another now.

        Each stands with the symbol of that value; it left the graph there, as by ``.data`` or ``np.asarray``.
        """
        self.graph  # noqa: B018 - gives the nodes their names
        return [(node, str(self._replayed.symbols.of(value))) for node, value in self._replay.frozen()]

    def twin(self, node: Node | Tensor | str) -> Node | None:
        """Return the node that stands for one of the original; None where it no longer leads to the output."""
        before: Node | None = self.original.node(node)
        if isinstance(self._replayed, WhatIf):
            before = self._replayed.twin(self.original.node(node))
        return None if before is None else self._replay.twin(before)

    def step_like(self, k: int) -> int | None:
        """Return the step that stands for step `k` of the pass that was replayed; None where there is none."""
        twin = self._replay.twin(self._replayed.nodes[k])
        return None if twin is None else self.step_of(twin)

    def value(self, node: Node | Tensor | str) -> Effect:
        """Return a value of the original and what it is now."""
        node = self.original.node(node)
        twin = self.twin(node)
        return Effect(str(self.original.symbols.of(node)), node.data, None if twin is None else twin.data)

    def adjoint(self, node: Node | Tensor | str) -> Effect:
        """Return the gradient of a value in the original and what it is now."""
        node = self.original.node(node)
        twin = self.twin(node)
        after = None if twin is None else self.gradient(twin)
        return Effect(self.original.symbols.of(node).bar, self.original.gradient(node), after)

    @property
    def effects(self) -> list[Effect]:
        """What became of the output, and of the gradients of the parameters."""
        return [self.value(self.original.output), *map(self.adjoint, self.original.graph.parameters)]

    def __repr__(self) -> str:
        return f"<WhatIf {'; '.join(self.changes) or 'nothing changes'}: {self.effects[0]}>"


def what_if(
    trace: Trace,
    values: Mapping[Any, ArrayLike] | None = None,
    *,
    cut: Iterable[tuple[Node | Tensor | str, Node | Tensor | str]] = (),
    swap: Mapping[str | Primitive, str | Primitive] | None = None,
) -> WhatIf:
    """Replay a recorded pass, forward and backward, with something changed.

    What does not follow from the change stays what it was, to the last bit; the rest is computed by the recorded ops.
    Python's own decisions are not taken again: branches, lengths of loops and constants that the program computed
    outside of the graph stay as recorded. Those that can be told are in ``frozen``.

    Parameters
    ----------
    trace : Trace
    values : mapping of name, Node or Tensor to array_like
        What a value is set to: a number or an array of its shape. Unless it is a parameter it becomes a constant, as in
        a program that says ``h = tg.tensor(value)``: no gradient passes it.
    cut : iterable of pairs
        ``("h[3]", "a[4]")``: where the expression of a⁽⁴⁾ reads h⁽³⁾, as if it said ``h.detach()`` there.
    swap : mapping
        ``{"tanh": "relu"}``: every tanh becomes a relu.

    Returns
    -------
    WhatIf
        A `Trace` with its own graph, beside the original.

    Raises
    ------
    LookupError
        If a value, an edge or an op is not there; the message names the nearest.
    ValueError
        If a value does not fit, no gradient is left, or an op cannot be computed again: it draws at random, what it
        reads has changed, or it came from a file without its forward function.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> for t in range(3):
    ...     h = np.tanh(W @ h)
    >>> loss = np.sum(h)
    >>> trace = tg.trace(loss)
    >>> there = tg.what_if(trace, {"h[2]": 0.9})
    >>> there
    <WhatIf h⁽²⁾ = 0.9: loss: 0.113 → 0.4219>
    >>> there.effects
    [loss: 0.113 → 0.4219, W̄: 0.6246 → 0.7398]
    >>> tg.what_if(trace, swap={"tanh": "relu"}).value("h[2]").after
    array([0.25])
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"what_if: expected a Trace, as tg.trace(loss) returns it, got {type(trace).__name__}")
    if not len(trace):
        raise ValueError("what_if: the output is a leaf, there is nothing to replay")
    return WhatIf(trace, changes(trace, values or {}, cut, swap or {}))
