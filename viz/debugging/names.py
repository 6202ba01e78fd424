"""The names that an expression can use at one step of a backward pass."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygraph.numeric import norm
from tinygraph.recording.node import Node
from tinygraph.recording.sparse import dense
from tinygraph.tracing.trace import Trace

__all__ = ["Moment", "Value"]


class Value:
    """A value of the network as an expression sees it: its number, and by ``.grad`` its gradient so far."""

    def __init__(self, trace: Trace, node: Node, position: int):
        self.trace = trace
        self.node = node
        self.position = position

    @property
    def data(self) -> np.ndarray:
        """The forward value."""
        return self.node.data

    def attribute(self, name: str) -> Any:
        """Return ``value.name``."""
        if name == "grad":
            return self.trace.running(self.node, self.position)
        if name == "value":
            return self.data
        if name == "t":
            return self.node.timestep
        if name == "op":
            return None if self.node.op is None else self.node.op.name
        if name == "name":
            return self.trace.symbols.of(self.node).ascii
        if name == "scope":
            return self.node.scope
        found = getattr(self.data, name)
        return str(found) if name == "dtype" else found


class Moment:
    """One step of a trace, as the names that expressions use.

    The names of the network's own values, ``W`` or ``h[3]``, are known too.
    """

    NAMES: ClassVar[dict[str, str]] = {
        "k": "the number of the step, 0 at the loss",
        "t": "the time step of its node, None where it has none",
        "op": 'the op\'s name, as "tanh"',
        "name": 'the node\'s name without its time step, as "h"',
        "scope": "its scope, names joined by /",
        "kind": '"op"',
        "node": "the node's index in the graph",
        "line": "the line of the program it stands on",
        "file": "the file of that line, without directories",
        "expression": "the source expression",
        "grad": "∂L/∂node, the adjoint that the step pulls back",
        "value": "the node's forward value",
        "shape": "the shape of both",
        "size": "the number of their elements",
        "terms": "the norms of the contributions it makes, in argument order",
    }

    def __init__(self, trace: Trace, k: int):
        self.trace = trace
        self.k = k
        self.node_ = trace.nodes[k]

    def lookup(self, name: str) -> Any:
        """Return what `name` stands for at this step.

        Raises
        ------
        LookupError
            If it stands for nothing.
        """
        if name in self.NAMES:
            return getattr(self, f"_{name}")()
        return Value(self.trace, self.trace.node(name), self.k + 1)

    def at_time(self, name: str, t: int) -> Value | None:
        """Return the value that is called `name` at time step `t`."""
        try:
            return Value(self.trace, self.trace.node(f"{name}[{t}]"), self.k + 1)
        except LookupError:
            return None

    def _k(self) -> int:
        return self.k

    def _t(self) -> int | None:
        return self.node_.timestep

    def _op(self) -> str:
        return str(self.node_.op)

    def _name(self) -> str:
        return self.trace.symbols.of(self.node_).name

    def _scope(self) -> str:
        return self.node_.scope

    def _kind(self) -> str:
        return self.node_.kind

    def _node(self) -> int:
        return self.node_.index

    def _line(self) -> int | None:
        return self.node_.source.lineno if self.node_.source else None

    def _file(self) -> str:
        return self.node_.source.filename.replace("\\", "/").rsplit("/", 1)[-1] if self.node_.source else ""

    def _expression(self) -> str:
        return self.node_.expression

    def _grad(self) -> np.ndarray:
        return np.asarray(self.trace.adjoints[self.k])

    def _value(self) -> np.ndarray:
        return self.node_.data

    def _shape(self) -> tuple[int, ...]:
        return self.node_.shape

    def _size(self) -> int:
        return self.node_.data.size

    def _terms(self) -> np.ndarray:
        return np.array([norm(dense(c)) for c in self.trace.pull(self.k) if c is not None])
