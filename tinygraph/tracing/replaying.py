"""A recorded graph computed again with some of it changed: forward from the changes on, then backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..array_text import shape_text
from ..backward.replay import pull, receives
from ..backward.sums import add
from ..graphs.graph import Graph
from ..loops.timeline import Timeline
from ..recording.node import Node
from ..recording.op import Op
from ..recording.primitive import is_ours
from ..recording.sparse import Sparse
from .changes import Changes
from .recorded_pass import Pass
from .twins import Twin, copy_of


class ReplayError(ValueError):
    """An op that cannot be computed again, or not on the changed values."""


class Replay:
    """The nodes of a graph, computed again with some of them changed.

    Parameters
    ----------
    trace : Pass
    changes : Changes

    Attributes
    ----------
    nodes : list of Node
        Those that lead to the output.
    origins : list of Node
        For each, the node of the original that it stands for.
    moved : set of Node
        Nodes of the original whose values were computed anew.
    """

    def __init__(self, trace: Pass, changes: Changes):
        self._trace = trace
        self._changes = changes
        self._pure: dict[int, bool] = {}
        self.moved: set[Node] = set()
        self._rerouted: set[Node] = set()  # through which a gradient passes no more, or does now
        self._readers = {node for node, _ in changes.edges}
        self._holds: dict[int, Node] = {}  # by the identity of its value, which `detach` hands on
        self._given: dict[Node, tuple[Any, ...]] = {}  # what each op reads
        self._twin_of: dict[Node, Twin] = {}
        self._cuts: dict[Node, Twin] = {}
        with np.errstate(all="ignore"):  # NaN and infinity are an answer here
            for node in trace.graph.nodes:
                self._twin_of[node] = self._twin(node)
                if node.kind != "constant":
                    self._holds.setdefault(id(node._value), node)
        self.output = self._twin_of[trace.output]
        self.nodes, self.origins = self._leading_to_output()

    # -- forward ------------------------------------------------------------------------------------------------------

    def _twin(self, node: Node) -> Twin:
        """Return what stands for a node of the original."""
        if node in self._changes.values:
            self.moved.add(node)
            leaf = Twin(node, "input" if node.op is not None else node.kind, None, (), self._changes.values[node])
            leaf.requires_grad = node.kind == "parameter"
            if leaf.requires_grad is not node.requires_grad:
                self._rerouted.add(node)
            return leaf
        if node.op is None:
            return self._leaf(node)
        twin = copy_of(node, tuple([self._twin_of[source] for source in node.inputs]))
        if node in self._readers:
            twin.inputs = tuple([self._read(node, i) for i in range(len(node.inputs))])
            self._rerouted.add(node)
        arguments = self._arguments(node, twin)
        if node in self._changes.ops or not self.moved.isdisjoint(node.inputs):
            twin.op = self._changes.ops.get(node, node.op)
            twin._value = self._computed(node, twin, arguments)
            self.moved.add(node)
        if twin.op is not node.op or node in self._rerouted or not self._rerouted.isdisjoint(node.inputs):
            twin.requires_grad = twin.dtype.kind == "f" and any(receives(twin, i) for i in range(len(twin.inputs)))
            if twin.requires_grad is not node.requires_grad:
                self._rerouted.add(node)
        return twin

    def _leaf(self, node: Node) -> Twin:
        """Return a leaf as it was; one that was detached from a value that is another now holds that one."""
        twin = copy_of(node, ())
        if node.kind == "input" and (source := self._holds.get(id(node._value))) in self.moved and source is not None:
            twin._value = self._twin_of[source]._value
            self.moved.add(node)
        return twin

    def _read(self, node: Node, argument: int) -> Node:
        """Return what an op reads now: a constant of the same value, where the edge is cut."""
        source = node.inputs[argument]
        if (node, argument) not in self._changes.edges:
            return self._twin_of[source]
        if source not in self._cuts:
            self._cuts[source] = Twin(source, "input", None, (), self._twin_of[source]._value)
        return self._cuts[source]

    def _arguments(self, node: Node, twin: Twin) -> tuple[Any, ...]:
        """Return what an op is given now; a leaf may have held another value when it was used than it does since."""
        recorded = node.tensor._values if node.tensor is not None else node.argument_values()
        values = []
        for i, (source, value) in enumerate(zip(node.inputs, recorded, strict=False)):  # and what the op saved
            if source in self.moved:
                value = twin.inputs[i]._value
            elif value is not source._value:
                twin.replaced = {**twin.replaced, i: value}
            values.append(value)
        self._given[twin] = tuple(values)
        return self._given[twin]

    def _computed(self, node: Node, twin: Twin, arguments: tuple[Any, ...]) -> Any:
        op = twin.op
        if not isinstance(op, Op):
            raise ReplayError(f"what_if: {self._place(node)} cannot be computed again: its forward is not in the file")
        if op is node.op and not self._is_pure(op):
            self._check_state(node, op)
        try:
            value = self._run(op, arguments, node)
        except Exception as error:
            raise ReplayError(
                f"what_if: {self._place(node, op)} cannot be computed on the changed values: {error}"
            ) from error
        if np.shape(value) != node.shape:
            shapes = f"gives {shape_text(np.shape(value))}, where {shape_text(node.shape)} was recorded"
            raise ReplayError(f"what_if: {self._place(node, op)} {shapes}")
        if op is not node.op and np.asarray(value).dtype.kind != node.dtype.kind:
            raise ReplayError(f"what_if: {self._place(node, op)} gives {np.asarray(value).dtype}, not {node.dtype}")
        return value

    def _is_pure(self, op: Op) -> bool:
        """Tell whether an op is tinygraph's own, which keep no state."""
        if id(op) not in self._pure:
            self._pure[id(op)] = is_ours(op)
        return self._pure[id(op)]

    def _check_state(self, node: Node, op: Op) -> None:
        """Refuse an op that gives another value now than was recorded: it draws at random, or what it reads changed."""
        try:
            again = np.asarray(self._run(op, list(node.values()[: len(node.inputs)]), node))
        except Exception as error:
            raise ReplayError(f"what_if: {self._place(node)} cannot be computed again: {error}") from error
        if again.dtype != node.dtype or again.tobytes() != node.data.tobytes():
            raise ReplayError(
                f"what_if: {self._place(node)} gives another value now than was recorded:"
                " it draws at random, or reads something that has changed since"
            )

    def _run(self, op: Op, arguments: Sequence[Any], node: Node) -> Any:
        value = op.forward(*arguments, **node.attributes)
        return value[0] if op.saves is not None else value

    def _place(self, node: Node, op: Op | None = None) -> str:
        line = f", {self._trace.place(node)}" if node.source else ""
        return f"{op or node.op} at {self._trace.symbols.of(node)}{line}"

    def _leading_to_output(self) -> tuple[list[Node], list[Node]]:
        leads: set[Node] = {self.output}
        waiting: list[Node] = [self.output]
        while waiting:
            for source in waiting.pop().inputs:
                if source not in leads:
                    leads.add(source)
                    waiting.append(source)
        nodes: list[Node] = []
        origins: list[Node] = []
        for origin, twin in self._twin_of.items():
            for node in (twin, self._cuts[origin]) if origin in self._cuts else (twin,):
                if node in leads:
                    node.index = len(nodes)
                    nodes.append(node)
                    origins.append(origin)
        return nodes, origins

    def twin(self, node: Node) -> Node | None:
        """Return what stands for a node of the original; None where it no longer leads to the output."""
        twin = self._twin_of[node]
        return twin if twin.index < len(self.nodes) and self.nodes[twin.index] is twin else None

    # -- backward -----------------------------------------------------------------------------------------------------

    def backward(self) -> tuple[list[Any], list[Node], dict[Node, Any]]:
        """Return the adjoints, the nodes of their steps and the gradients of the leaves, summed as the pass sums."""
        if not self.output.requires_grad:
            raise ValueError("what_if: no parameter leads to the output any more, so there is no backward pass")
        sums: dict[Node, Any] = {self.output: self._trace.adjoints[0]}
        owned: set[Node] = set()
        steps: list[Node] = []
        adjoints: list[Any] = []
        with np.errstate(all="ignore"):
            for node in reversed(self.nodes):
                if not node.requires_grad or node.op is None or (adjoint := sums.pop(node, None)) is None:
                    continue
                if type(adjoint) is Sparse:
                    adjoint = adjoint.dense()
                for source, term in zip(node.inputs, self._pulled(node, adjoint), strict=False):
                    if term is not None:
                        total = sums.get(source)
                        sums[source] = add(total, source in owned, term)
                        if total is not None:
                            owned.add(source)
                steps.append(node)
                adjoints.append(adjoint)
        return adjoints, steps, sums

    def _pulled(self, node: Node, adjoint: Any) -> tuple[Any, ...]:
        if not isinstance(node.op, Op) or node.op.saves is not None:
            return pull(node, adjoint)
        return node.op.pull(adjoint, node._value, self._given[node], node.inputs, node.attributes or None)

    # -- the graph ----------------------------------------------------------------------------------------------------

    def graph(self) -> Graph:
        """Return the graph of the nodes, in which each has the name and the time step of its origin."""
        timeline = Timeline(self.nodes)
        original = self._trace.graph.timeline
        timeline.op_timesteps = [
            original.op_timesteps[origin.index] if node.kind == "op" else None
            for node, origin in zip(self.nodes, self.origins, strict=True)
        ]
        timeline.timesteps = [original.timesteps[origin.index] for origin in self.origins]
        origins = [origin.index for node, origin in zip(self.nodes, self.origins, strict=True) if node.kind == "op"]
        kept = original.wiring.position[origins]
        timeline.visits = original.visits.some(kept)
        return Graph(self.nodes, [self.output], timeline, self._name_of)

    def _name_of(self, node: Node) -> str | None:
        origin = self.origins[node.index]
        return f"{origin.name or 'value'}_cut" if self._cuts.get(origin) is node else origin.name

    def frozen(self) -> list[tuple[Node, Node]]:
        """Return constants that hold what a value was when it was recorded, which is another now, each with that value.

        The program made them of the value outside of the graph, by ``.data``, ``item()``, ``np.asarray``.
        """
        constants: dict[bytes, list[tuple[Node, Node]]] = {}
        for node, origin in zip(self.nodes, self.origins, strict=True):
            if self._is_of_the_program(origin) and origin not in self.moved and _is_telling(origin):
                constants.setdefault(_content(origin), []).append((node, origin))
        pairs: list[tuple[Node, Node]] = []
        for value in sorted(self.moved if constants else (), key=lambda value: value.index):
            alike = constants.get(_content(value), [])
            if alike and value.index < alike[0][1].index:  # else the value may have come of the constant
                pairs += [(node, value) for node, _ in alike]
        return pairs

    def _is_of_the_program(self, leaf: Node) -> bool:
        """Tell whether a node is a constant that the program made, and no earlier replay."""
        return leaf.kind in ("input", "constant") and leaf.source is not None


def _content(node: Node) -> bytes:
    return np.asarray(node.data, float).tobytes() if node.dtype.kind in "biuf" else b""


def _is_telling(node: Node) -> bool:
    """Tell whether an array is hardly equal to another one by chance: neither whole numbers nor one number all over."""
    data = node.data
    return data.size > 1 and data.dtype.kind == "f" and not np.equal(data, np.round(data)).all() and np.ptp(data) > 0
