"""Ops that NumPy alone computed: recording begins where a Tensor is, which in the first time step may be later.

``np.concatenate([x, h])`` is an op in every time step but the first, where x and h are plain arrays and only its result
is known, a constant. The same expression made it: in a completed graph it is an op there too, of x⁽¹⁾ and h⁽⁰⁾.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..loops.over_time import Run
from ..recording.branches import always_read
from ..recording.node import Constant, Node
from ..recording.op import Op
from .graph import Graph

Use = tuple[int, int]  # an op, by its index or slot, and one of its arguments


def unrecorded_uses(graph: Graph) -> set[Use]:
    """Return the arguments, as the indices of ops and their numbers, that another branch cannot have made.

    They are those of which `completed` asks the text of the program, which the file of a trace does not have.
    """
    found = Unrecorded(graph)
    for _ in found.replacements():
        pass
    return found.uses


class Unrecorded:
    """What a graph lacks.

    Attributes
    ----------
    like : dict of Node to Node
        For what is to be added, what it is like in another time step.
    moments : dict of Node to (Node, Node)
        For an op that is to be added, what reads it and what reads its like.
    uses : set of (int, int)
        The arguments of which the program's text was asked, by ops' indices.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.timeline = timeline = graph.timeline
        self.at = {
            (timeline.slots[node.index], timeline.runs[node.index], timeline.timesteps[node.index]): node
            for node in timeline.ops
        }
        self.like: dict[Node, Node] = {}
        self.moments: dict[
            Node, tuple[Node, Node]
        ] = {}  # for an op that is added, what reads it and what reads its like
        self.uses: set[Use] = set()
        self._moments: dict[tuple[Run, int | None, int | None], _Moment] = {}

    def replacements(self) -> Iterator[tuple[Node, int, list[tuple[int, Node]]]]:
        """Yield what reads a constant in place of an op, as which argument, and that op with what leads to it.

        These come with the index of the recorded node that they precede, the op last.
        """
        if any(node.pulled for node in self.graph.nodes):
            return
        of_use = self._ops_read()
        for reader in self.timeline.ops:
            slot, run = self.timeline.slots[reader.index], self.timeline.runs[reader.index]
            for argument, leaf in enumerate(reader.inputs):
                reads = of_use.get((slot, argument), ()) if leaf.kind == "constant" and run is not None else ()
                if not reads or self.timeline.precedes[leaf.index] is not None or leaf.index in self.timeline.again:
                    continue
                step = self.timeline.timesteps[reader.index]
                assert run is not None
                like = min(reads, key=lambda other: self._distance(other, run, step))
                moment = self._moment(reader, like)
                op = moment.op_like(like, argument, leaf.data) if moment is not None else None
                if op is not None and moment is not None:
                    yield reader, argument, [*moment.placed(op)]

    def _ops_read(self) -> dict[Use, list[Node]]:
        """Return what reads ops of its time step, by slot and argument, where a constant is given in another."""
        slots, runs, steps = self.timeline.slots, self.timeline.runs, self.timeline.timesteps
        given = {
            (slots[reader.index], k)
            for reader in self.timeline.ops
            for k, source in enumerate(reader.inputs)
            if source.kind == "constant" and runs[reader.index] is not None
        }
        reads: dict[Use, list[Node]] = {}
        for reader in self.timeline.ops if given else ():
            for k, source in enumerate(reader.inputs):
                at_once = runs[source.index] is runs[reader.index] and steps[source.index] == steps[reader.index]
                if at_once and (slots[reader.index], k) in given and source.kind == "op":
                    reads.setdefault((slots[reader.index], k), []).append(reader)
        return reads

    def _distance(self, other: Node, run: Run, step: int | None) -> tuple[bool, int]:
        there = self.timeline.timesteps[other.index]
        assert step is not None and there is not None
        return self.timeline.runs[other.index] is not run, abs(there - step)

    def _moment(self, reader: Node, like: Node) -> _Moment | None:
        run, step, there = (
            self.timeline.runs[reader.index],
            self.timeline.timesteps[reader.index],
            self.timeline.timesteps[like.index],
        )
        assert run is not None
        if (run, step, there) not in self._moments:
            self._moments[run, step, there] = _Moment(self, reader, like)
        return self._moments[run, step, there]


class _Moment:
    """A time step that lacks ops, and one like it that has them."""

    def __init__(self, unrecorded: Unrecorded, reader: Node, like: Node):
        timeline = unrecorded.timeline
        self.timeline, self.at, self.graph = timeline, unrecorded.at, unrecorded.graph
        self.run, self.step = timeline.runs[reader.index], timeline.timesteps[reader.index]
        self.run_there, self.step_there = timeline.runs[like.index], timeline.timesteps[like.index]
        self.found, self.reader, self.like = unrecorded, reader, like
        there = [
            (node, self.at.get((slot, self.run, self.step)))
            for (slot, run, step), node in self.at.items()
            if run is self.run_there and step == self.step_there
        ]
        self.pairs = sorted(((a, b) for a, b in there if b is not None), key=lambda pair: pair[0].index)
        self._of_op: dict[Node, Node | None] = {}

    def op_like(self, reader: Node, argument: int, value: np.ndarray | None) -> Node | None:
        """Return the op like what `reader` is given; None if another expression may have made its value."""
        op = reader.inputs[argument]
        if op not in self._of_op:
            self._of_op[op] = self._op(reader, argument, value)
        return self._of_op[op]

    def _op(self, reader: Node, argument: int, value: np.ndarray | None) -> Node | None:
        op = reader.inputs[argument]
        present = (self.timeline.slots[op.index], self.run, self.step) in self.at
        if present or not self._is_always_read(reader, argument, op):
            return None
        node = op.copy()
        node.context, node.tensor = self.reader.context, None
        node._value = np.full(op.shape, np.nan) if value is None else value
        node.requires_grad = False
        if np.shape(node._value) != op.shape:
            return None
        parts = _arguments_of(op, value)
        inputs = [self._argument(op, k, part) for k, part in enumerate(parts)]
        if None in inputs:
            return None
        node.inputs = tuple(source for source in inputs if source is not None)
        if not _may_be(node):
            return None
        self.found.like[node], self.found.moments[node] = op, (self.reader, self.like)
        self.found.uses.add((reader.index, argument))
        return node

    def _is_always_read(self, reader: Node, argument: int, op: Node) -> bool:
        told = self.graph.unrecorded
        return always_read(reader, argument, op) if told is None else (reader.index, argument) in told

    def _argument(self, op: Node, k: int, value: np.ndarray | None) -> Node | None:
        source = op.inputs[k]
        run, step = self.timeline.runs[source.index], self.timeline.timesteps[source.index]
        if source.kind == "parameter" or (source.kind == "op" and run is not self.run_there):
            return None
        if source.kind == "op" and step == self.step_there:
            return self.op_like(op, k, value)
        if source.kind == "op":
            value = self._state(source, step) if value is None else value
        elif value is None:
            value = self._data(op, k)
        if source.dtype.kind == "b" and value is None:
            return None
        data = np.full(source.shape, np.nan) if value is None else value
        leaf = Constant(
            -1, "constant", None, (), data, context=self.reader.context, call=op.call, lasti=op.lasti, argument=k
        )
        self.found.like[leaf] = source
        return leaf

    def _state(self, source: Node, step: int | None) -> np.ndarray | None:
        """Return the initial value of what is read from an earlier time step, if something else reads it too."""
        assert self.step is not None and self.step_there is not None and step is not None
        slot, moment = self.timeline.slots[source.index], self.step - (self.step_there - step)
        for leaf, value in enumerate(self.timeline.precedes):
            if value is None or self.timeline.timesteps[leaf] != moment:
                continue
            if (self.timeline.slots[value], self.timeline.runs[value]) == (slot, self.run):
                return self.graph.nodes[leaf].data
        return None

    def _data(self, op: Node, k: int) -> np.ndarray | None:
        """Return what is the same in all time steps, or what another op is given that reads the same as this one."""
        source, slot = op.inputs[k], self.timeline.slots[op.index]
        given = [
            node.inputs[k].data for (other, run, _), node in self.at.items() if other == slot and run is self.run_there
        ]
        same = source.data.tobytes()
        if (len(given) > 1 or not source.shape) and all(data.tobytes() == same for data in given):
            return source.data
        for a, b in self.pairs:
            for theirs, ours in zip(a.inputs, b.inputs, strict=False):
                is_leaf = theirs.kind != "op" and ours.kind != "op" and theirs.kind != "parameter"
                if is_leaf and theirs.shape == source.shape and theirs.data.tobytes() == same:
                    return ours.data
        return None

    def placed(self, op: Node) -> Iterator[tuple[int, Node]]:
        """Yield an op after all that leads to it, each with the recorded node that it precedes."""
        like = next(there for there, here in self._of_op.items() if here is op)
        for source in op.inputs:
            if source in self._of_op.values():
                yield from self.placed(source)
        position = next((here.index for there, here in self.pairs if there.index > like.index))
        yield from ((position, source) for source in op.inputs if source.kind != "op")
        yield position, op


def _may_be(op: Node) -> bool:
    """Tell whether an op gives its value, if all its arguments are known."""
    values = op.argument_values()
    known = all(np.asarray(value).dtype.kind in "iub" or not np.any(np.isnan(value)) for value in (*values, op.data))
    if not known or not isinstance(op.op, Op) or op.op.saves is not None:
        return True
    computed = op.op.forward(*values, **op.attributes)
    return np.shape(computed) == op.shape and np.allclose(computed, op.data)


def _arguments_of(op: Node, value: np.ndarray | None) -> list[np.ndarray | None]:
    """Return the arguments that an op was given, as far as its value tells: what it joined, or set in another form."""
    if value is not None and str(op.op) == "concatenate" and op.attributes.get("axis", 0) is not None:
        axis = op.attributes.get("axis", 0)
        ends = np.cumsum([source.shape[axis] for source in op.inputs])
        return list(np.split(value, ends[:-1], axis=axis))
    if value is not None and str(op.op) == "stack":
        return list(np.moveaxis(value, op.attributes.get("axis", 0), 0))
    if value is not None and str(op.op) == "reshape":
        return [value.reshape(op.inputs[0].shape)]
    return [None] * len(op.inputs)
