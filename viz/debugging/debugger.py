"""Debugger: a position in a recorded backward pass, and the moves, breakpoints and watches that change it.

It prints nothing and reads no input. What there is to see at a position depends on the trace and the position alone,
see `take_snapshot`; the terminal and scripts are two ways to use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tinygraph as tg
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from . import breakpoints as points
from .breakpoints import Breakpoint
from .expressions import Expression
from .names import Moment


class Stop(NamedTuple):
    """Where a move ended, and why.

    Attributes
    ----------
    position : int
        The step, from 0 at the loss.
    reason : str
    moved : bool
        Whether the position changed.
    """

    position: int
    reason: str
    moved: bool


class Debugger:
    """A walk through a backward pass, in both directions.

    Parameters
    ----------
    trace : Trace or Tensor
        A recorded pass; or a loss, which is traced.

    Attributes
    ----------
    trace : Trace
    position : int
        The step looked at, from 0: its contributions are computed, those of later steps are not.
    breakpoints : dict of int to Breakpoint
    displays : list of Expression
        Shown at each stop.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg, viz
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> for t in (1, 2):
    ...     with tg.timestep(t):
    ...         h = np.tanh(W @ h)
    >>> debugger = viz.Debugger(h.sum())
    >>> debugger.next_write("W")
    Stop(position=2, reason='W̄ is written, 1 of 2', moved=True)
    >>> debugger.next_write("W")
    Stop(position=4, reason='W̄ is written, 2 of 2', moved=True)
    >>> debugger.back()
    Stop(position=3, reason='', moved=True)
    """

    def __init__(self, trace: Trace | tg.Tensor):
        self.trace = trace if isinstance(trace, Trace) else tg.trace(trace)
        if not len(self.trace):
            raise ValueError("there is nothing to step through: the output is a leaf, no op was recorded")
        self.position = 0
        self.breakpoints: dict[int, Breakpoint] = {}
        self.displays: list[Expression] = []
        self._numbers = 0

    def __repr__(self) -> str:
        return f"<Debugger at step {self.position} of {self.last}, {len(self.breakpoints)} breakpoints>"

    @property
    def last(self) -> int:
        """The number of the last step."""
        return len(self.trace) - 1

    @property
    def node(self) -> Node:
        """The node of the current step."""
        return self.trace.nodes[self.position]

    @property
    def moment(self) -> Moment:
        """The names of expressions at the current step."""
        return Moment(self.trace, self.position)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression at the current step; see `viz.debugging.expressions`."""
        return Expression(expression)(self.moment)

    # -- moves --------------------------------------------------------------------------------------------------------

    def next(self, count: int = 1) -> Stop:
        """Go on by `count` ops."""
        return self._to(self.position + count)

    def back(self, count: int = 1) -> Stop:
        """Go back by `count` ops."""
        return self._to(self.position - count)

    def goto(self, where: int | str | Node | tg.Tensor) -> Stop:
        """Go to a step by its number, or to that of a node.

        Raises
        ------
        IndexError
            If there is no such step.
        LookupError
            If there is no such node, or the pass has no step for it.
        """
        if isinstance(where, int):
            if not 0 <= where <= self.last:
                raise IndexError(f"step {where} is out of range: the steps are 0 to {self.last}")
            return self._to(where)
        node = self.trace.node(where)
        k = self.trace.step_of(node)
        if k is None:
            symbol = self.trace.symbols.of(node)
            if not self.trace.writes(node):
                raise LookupError(f"no gradient reaches {symbol}")
            raise LookupError(f"{symbol} is a leaf, it has no step of its own; run to what writes it: next {symbol}")
        return self._to(k)

    def goto_timestep(self, t: int) -> Stop:
        """Go to the first step of time step `t`.

        Raises
        ------
        LookupError
            If no step of the pass belongs to it.
        """
        for k, node in enumerate(self.trace.nodes):
            if node.timestep == t:
                return self._to(k)
        known = self.trace.graph.timesteps
        raise LookupError(f"no time step {t}" + (f": they are {known[0]} to {known[-1]}" if known else " was recorded"))

    def next_timestep(self, direction: int = 1) -> Stop:
        """Go on (or back, with -1) to the next step of another time step."""
        return self._until_changed(lambda node: node.timestep, "time step", direction)

    def next_cell(self, direction: int = 1) -> Stop:
        """Go on (or back, with -1) to the next cell: another scope, or another time step."""
        return self._until_changed(lambda node: (node.scope, node.timestep), "cell", direction)

    def until(self, line: int | None = None, filename: str | None = None) -> Stop:
        """Go on to the next step that stands on `line` of the program, or of one file; or on another than this one."""
        here = _line_of(self.node)
        for k in self._ahead(1):
            node = self.trace.nodes[k]
            there = _line_of(node)
            if filename is not None and (node.source is None or node.source.filename != filename):
                continue
            if there is not None and (there == line if line is not None else there != here):
                return self._to(k, f"line {there}")
        if line is not None:
            place = f"line {line}" if filename is None else f"{file_name(filename)}:{line}"
            return Stop(self.position, f"no later step stands on {place}", False)
        return self._to(self.last, "no other line before the end")

    def next_write(self, node: str | Node | tg.Tensor, direction: int = 1) -> Stop:
        """Run to the next (or with -1 the previous) contribution to a gradient: back is "who last wrote it?"."""
        written = self.trace.node(node)
        watch = points.at_write(self.trace, written)
        for k in self._ahead(direction):
            reason = watch.test(k)
            if reason is not None:
                return self._to(k, reason)
        when = "later" if direction > 0 else "earlier"
        return Stop(self.position, f"no {when} step writes {self.trace.symbols.of(written).bar}", False)

    def resume(self, direction: int = 1) -> Stop:
        """Run to the next breakpoint or watch, or with -1 to the previous one, else to the end."""
        for k in self._ahead(direction):
            reasons = [point.reason(self.trace, k) for point in self.breakpoints.values()]
            if any(reasons):
                return self._to(k, "; ".join(filter(None, reasons)))
        if direction > 0:
            return self._to(self.last, "the end of the backward pass")
        return self._to(0, "the loss")

    def _ahead(self, direction: int) -> range:
        return range(self.position + 1, self.last + 1) if direction > 0 else range(self.position - 1, -1, -1)

    def _until_changed(self, key: Callable[[Node], Any], what: str, direction: int) -> Stop:
        here = key(self.node)
        for k in self._ahead(direction):
            there = key(self.trace.nodes[k])
            if there != here:
                while direction < 0 and k and key(self.trace.nodes[k - 1]) == there:
                    k -= 1  # to the first step of the run that ends here
                return self._to(k, f"{what} {_described(there)}")
        return self._to(self.last if direction > 0 else 0, f"no other {what} before the end")

    def _to(self, k: int, reason: str = "") -> Stop:
        before, self.position = self.position, min(max(k, 0), self.last)
        if k > self.last:
            reason = f"this is the last step, {self.last}"
        if k < 0:
            reason = "this is the first step, 0"
        return Stop(self.position, reason, self.position != before)

    # -- breakpoints and watches --------------------------------------------------------------------------------------

    def add(self, point: Breakpoint) -> Breakpoint:
        """Set a breakpoint made by one of the functions of `viz.debugging.breakpoints`, and number it."""
        self._numbers += 1
        point.number = self._numbers
        self.breakpoints[point.number] = point
        return point

    def watch(self, node: str | Node | tg.Tensor) -> Breakpoint:
        """Stop wherever the gradient of `node` is written."""
        return self.add(points.at_write(self.trace, self.trace.node(node)))


def _line_of(node: Node) -> int | None:
    return None if node.source is None else node.source.lineno


def _described(key: Any) -> str:
    if isinstance(key, tuple):
        scope, t = key
        return f"{scope or 'outside of scopes'}" + (f", time step {t}" if t is not None else "")
    return str(key) if key is not None else "none: outside of the loop over time"
