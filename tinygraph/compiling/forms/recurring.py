"""From a folded graph to a form: one value for all the iterations of an op, where those differ in numbers only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...folding.cell import FoldedEdge, FoldedLoop, FoldedNode
from ...folding.fold import fold_in_one_loop
from ...folding.folded import FoldedGraph
from ...folding.indices import AT, DELAY, REVERSE, Index
from ...ops.elementwise import where
from ...ops.indexing import getitem
from ...ops.joining import concatenate
from ...ops.reductions import mean
from ...ops.reductions import sum as total
from ...ops.shapes import expand_dims, moveaxis, reshape
from ...recording.tensor import Tensor
from ..calls.capture import Captured, alike
from ..errors import Irregular
from .batching import is_basic
from .form import CALL, CONSTANT, GATHER, JOIN, ROW, Case, Form, Loop, Read, Value
from .improving import hoist
from .lowering import is_constant, known, leaf
from .own import CROSS_ENTROPY


def folded_form(captured: Captured, peel: bool = False, lengthen: bool = False) -> tuple[Form, dict[Tensor, Read]]:
    """Return the form of a recording folded into its loops; and what its Tensors outside loops, and outputs, became.

    Where the first iterations of a loop lack ops, as those on a state that is a plain array at first, they can be
    peeled off: their ops are then values of their own. Where the last ones lack a `where`, as that of a masked state
    of which nothing is read any more, it can be put there.

    Raises
    ------
    Irregular
        Where the loops are not such that each op reads others at one delay.
    """
    return _Lowering(fold_in_one_loop(captured.graph), captured, peel, lengthen).result()


_MOST_PEELED = 2


class _Lowering:
    def __init__(self, folded: FoldedGraph, captured: Captured, peel: bool, lengthen: bool):
        if not folded.loops:
            raise Irregular("no loops")
        self.folded = folded
        self.lengthen = lengthen
        self.captured = captured
        self.form = Form()
        self.loops: dict[FoldedLoop, Loop] = {}
        self.values: dict[FoldedNode, Value] = {}
        self.joins: dict[tuple[Any, ...], Value] = {}
        self.constants: dict[tuple[Any, ...], Value] = {}
        facts = folded.graph.timeline.wiring.facts
        self.value_of, self.position = facts.value, folded.graph.timeline.wiring.position
        self.shapes, self.dtypes, self.attributes = map(list, map(facts.each, ("shape", "dtype", "attributes")))
        self.edges: dict[FoldedNode, list[FoldedEdge]] = defaultdict(list)
        for edge in folded.edges:
            self.edges[edge.target].append(edge)
        self.peeled: dict[FoldedNode, dict[int, Value]] = defaultdict(dict)
        self.begins: dict[FoldedLoop, int] = defaultdict(int)  # in which iteration what is left of a loop begins
        for node in folded.nodes if peel else ():
            if node.kind == "op" and len(node.loops) == 1 and isinstance(node.when, tuple):
                low = node.when[0].start or 0
                if 0 < low <= _MOST_PEELED:
                    self.begins[node.loops[0]] = max(self.begins[node.loops[0]], low)

    def result(self) -> tuple[Form, dict[Tensor, Read]]:
        for node in self.folded.nodes:
            self.values[node] = self._leaf(node) if node.kind != "op" else self._op(node)
        for node in self.folded.nodes:
            if node.kind == "op":
                self._read(node)
        hoist(self.form)
        tensors: dict[Tensor, Read] = {}
        outputs = [output.index for output in self.folded.graph.outputs]
        for node in self.values:
            for k in np.flatnonzero(np.isin(node.positions, outputs)).tolist() if node.loops else [0]:
                if (tensor := node.recorded[k].tensor) is not None:
                    tensors[tensor] = self._at(node, int(node.iterations[k, 0]) if node.loops else 0)
        return self.form, tensors

    def _at(self, node: FoldedNode, iteration: int) -> Read:
        """Return how the value of a node in one iteration is read."""
        if iteration in self.peeled[node]:
            return Read(self.peeled[node][iteration])
        return Read(self.values[node], 0, iteration if self.values[node].loop else 0)

    # -- nodes --------------------------------------------------------------------------------------------------------

    def _span(self, node: FoldedNode) -> tuple[Loop | None, tuple[int, int]]:
        if not node.loops:
            return None, (0, 1)
        if len(node.loops) > 1:
            raise Irregular("loops inside loops")
        if not isinstance(node.when, tuple):
            raise Irregular("an op that ran in some iterations only")
        trips = node.loops[0].trips
        assert isinstance(trips, int)
        loop = self.loops.setdefault(node.loops[0], Loop(trips, str(node.loops[0].recorded)))
        low, high, _ = node.when[0].indices(trips)
        if self.lengthen and node.kind == "op" and node.recorded[0].op is where:
            high = trips
        return loop, (max(low, self.begins[node.loops[0]]), high) if node.kind == "op" else (low, high)

    def _leaf(self, node: FoldedNode) -> Value:
        values = [self.value_of(position) for position in node.positions.tolist()]
        first = leaf(node.recorded[0], self.captured)
        if len(values) == 1 or (first.kind == CONSTANT and all(alike(values[0], value) for value in values)):
            return self._shared(first) if first.kind == CONSTANT else self.form.add(first)
        constant = all(is_constant(recorded, self.captured) for recorded in node.recorded)
        if not constant or len({np.shape(value) for value in values}) > 1 or len(set(map(type, values))) > 1:
            raise Irregular("other Tensors in each iteration")
        loop, span = self._span(node)
        return self.form.add(
            Value(CONSTANT, first.shape, first.dtype, loop=loop, span=span, data=values, name=first.name)
        )

    def _shared(self, constant: Value) -> Value:
        """Return the one value of a constant: each op that is given a plain array keeps a copy of its own."""
        data = constant.data
        content = data.tobytes() if hasattr(data, "tobytes") else repr(data)
        return self.constants.setdefault((type(data), constant.shape, constant.dtype, content), self.form.add(constant))

    def _op(self, node: FoldedNode) -> Value:
        loop, span = self._span(node)
        peeled = max(0, node.times - (span[1] - span[0])) if loop else 0
        for recorded, (iteration,) in zip(node.recorded[:peeled], node.iterations, strict=False):
            alone = Value(CALL, recorded.shape, recorded.dtype, op=known(recorded.op), name=recorded.name)
            alone.attributes = dict(recorded.attributes) or None
            self.peeled[node][int(iteration)] = self.form.add(alone)
        if peeled >= node.times:
            raise Irregular("an op of the first iterations alone")
        first = node.recorded[peeled]
        if not (_are_same(self._of(self.shapes, node)[peeled:]) and _are_same(self._of(self.dtypes, node)[peeled:])):
            raise Irregular("an op whose value has another shape in other iterations")
        return self.form.add(
            Value(CALL, first.shape, first.dtype, loop=loop, span=span, op=known(first.op), name=first.name)
        )

    def _of(self, values: list[Any], node: FoldedNode) -> list[Any]:
        """Return of each op, in the order of the iterations, what there is a value of for all ops."""
        return [values[position] for position in self.position[node.positions].tolist()]

    # -- what they read -----------------------------------------------------------------------------------------------

    def _read(self, node: FoldedNode) -> None:
        value = self.values[node]
        edges = self.edges[node]
        self._read_peeled(node, edges)
        if any(edge.argument is None for edge in edges):
            self._gather(node, value, edges)
            return
        cases: dict[int, list[Case]] = defaultdict(list)
        for edge in edges:
            assert edge.argument is not None
            cases[edge.argument] += self._cases(edge, value)
        value.reads = tuple([self._operand(cases[k], value) for k in range(len(cases))])
        attributes = self._of(self.attributes, node)[len(self.peeled[node]) :]
        value.attributes = dict(attributes[0] or {}) or None
        if not _all_alike(attributes):
            self._indexed(node, value, attributes)
        for form, op in (("sum", total), ("mean", mean)):
            if value.op is CROSS_ENTROPY[form]:
                self._reduce_later(value, op)

    def _reduce_later(self, value: Value, op: Any) -> None:
        """Let a reduced loss be the losses of all rows, and their sum or mean: two ops that run for all time steps."""
        rows = Value(CALL, value.reads[1].source.shape, value.dtype, loop=value.loop, span=value.span, name=value.name)
        rows.op, rows.reads = CROSS_ENTROPY["each"], value.reads
        value.op, value.reads = op, (Read(self.form.add(rows), *((1, 0) if value.loop else (0, 0))),)

    def _read_peeled(self, node: FoldedNode, edges: list[FoldedEdge]) -> None:
        """Let the ops of iterations that were peeled off read what they read."""
        peeled = self.peeled[node]
        reads: dict[int, dict[int, Read]] = {iteration: {} for iteration in peeled}
        for edge in edges if peeled else ():
            for instance, argument, row in zip(*(part.tolist() for part in edge.pairs()), strict=True):
                iteration = int(node.iterations[instance][0])
                if iteration in peeled:
                    read = int(edge.source.iterations[row][0]) if edge.source.loops else 0
                    reads[iteration][argument] = self._at(edge.source, read)
        for iteration, by_argument in reads.items():
            peeled[iteration].reads = tuple([by_argument[k] for k in range(len(by_argument))])

    def _cases(self, edge: FoldedEdge, target: Value) -> list[Case]:
        """Return what an edge reads, apart where it reads iterations that were peeled off."""
        case = self._case(edge, target)
        if case.low >= case.high:
            return []
        source, step, offset = case.read
        early = self.peeled[edge.source]
        if not early or source.loop is None:
            return [case]
        ones = [i for i in range(case.low, case.high) if step * i + offset in early]
        cases = [Case(i, i + 1, self._at(edge.source, step * i + offset)) for i in ones]
        if len(ones) == case.high - case.low:
            return cases if step else [Case(case.low, case.high, self._at(edge.source, offset))]
        low = max(ones) + 1 if ones and ones[0] == case.low else case.low
        high = min(ones) if ones and low == case.low else case.high
        return [*cases, Case(low, high, case.read)]

    def _case(self, edge: FoldedEdge, target: Value) -> Case:
        source = self.values[edge.source]
        if edge.index is None or not isinstance(edge.when, tuple):
            raise Irregular("an op that reads others of irregular iterations")
        low, high = target.span
        if target.loop:
            start, stop, _ = edge.when[0].indices(target.loop.trips)
            is_last = stop == edge.target.when[0].indices(target.loop.trips)[1]
            low, high = max(low, start), high if is_last else min(high, stop)
        if source.loop is None:
            return Case(low, high, Read(source))
        step, offset = _affine(edge.index[0], source.loop.trips, 1)
        if high > low and step and max(step * low + offset, step * (high - 1) + offset) >= source.high:
            raise Irregular("an op that lacks what it would read in the last iteration")
        return Case(low, high, Read(source, step, offset))

    def _operand(self, cases: list[Case], target: Value) -> Read:
        cases = _merged(sorted(cases, key=lambda case: case.low))
        if len(cases) == 1 and (cases[0].low, cases[0].high) == target.span:
            return cases[0].read
        key = (target.loop, *((low, high, read.source.number, read.step, read.offset) for low, high, read in cases))
        if key not in self.joins:
            self.joins[key] = self._join(cases, target)
        return Read(self.joins[key], 1, 0)

    def _join(self, cases: list[Case], target: Value) -> Value:
        if any(a.high != b.low for a, b in zip(cases, cases[1:])):  # noqa: B905
            raise Irregular("an op that reads others in turn")
        computed = [case.read.source for case in cases if case.read.source.kind != CONSTANT or case.read.source.loop]
        if not computed:
            raise Irregular("constants in turn")
        shape, dtype = computed[0].shape, computed[0].dtype
        for case in cases:
            source = case.read.source
            plain = source.kind == CONSTANT and not hasattr(source.data, "dtype")
            fits = source.shape == shape or (source.kind == CONSTANT and source.shape == ())
            if not fits or (source.dtype != dtype and not plain):
                raise Irregular("an op that reads values of several shapes in turn")
        join = Value(JOIN, shape, dtype, loop=target.loop, span=target.span, of=computed[-1])
        join.cases = cases
        return self.form.add(join)

    def _indexed(self, node: FoldedNode, value: Value, attributes: list[Mapping[str, Any]]) -> None:
        """Let an op that reads another row in each iteration read rows, if they are in order."""
        read = value.reads[0]
        if value.op is not getitem or read.source.loop is not None or node.kind != "op":
            raise Irregular("an op with other attributes in each iteration")
        indices = [a["index"] if isinstance(a["index"], tuple) else (a["index"],) for a in attributes]
        if len({len(index) for index in indices}) > 1:
            raise Irregular("other indices in each iteration")
        moving = [k for k in range(len(indices[0])) if not all(alike(indices[0][k], index[k]) for index in indices)]
        axis = moving[0]
        numbers = [index[axis] for index in indices]
        plain = all(isinstance(part, slice) and part == slice(None) for part in indices[0][:axis])
        if len(moving) > 1 or not plain or not all(isinstance(number, int | np.integer) for number in numbers):
            raise Irregular("other indices in each iteration")
        length = read.source.shape[axis]
        rows = np.array([int(number) % length for number in numbers])
        step, offset = _line(rows, value.low)
        source = read.source
        if axis:
            turned = (length, *source.shape[:axis], *source.shape[axis + 1 :])
            source = Value(CALL, turned, source.dtype, op=moveaxis, reads=[Read(source)], name=value.name)
            source.attributes = {"source": axis, "destination": 0}
            self.form.add(source)
        rest = (*indices[0][:axis], *indices[0][axis + 1 :])
        if all(isinstance(part, slice) and part == slice(None) for part in rest):
            value.kind, value.op, value.attributes = ROW, None, None
            value.reads = (Read(source, step, offset),)
            return
        row = Value(ROW, source.shape[1:], source.dtype, loop=value.loop, span=value.span, name=value.name)
        row.reads = (Read(source, step, offset),)
        value.reads = (Read(self.form.add(row), 1, 0),)
        value.attributes = {"index": rest}

    def _gather(self, node: FoldedNode, value: Value, edges: list[FoldedEdge]) -> None:
        """Let an op that takes one argument of each iteration take the rows as one array."""
        (first, *more) = edges
        name = value.op.name
        attributes = dict(node.recorded[0].attributes)
        axis = attributes.get("axis", 0)
        source = self.values[first.source]
        all_of_them = isinstance(first.when, tuple) and all(part == slice(None) for part in first.when)
        if more or value.loop or not all_of_them or first.index is None or name not in ("stack", "concatenate"):
            raise Irregular("an op with one argument of each iteration")
        if (
            source.loop is None
            or not isinstance(axis, int)
            or (name == "concatenate" and axis % max(1, len(source.shape)))
        ):
            raise Irregular("an op with one argument of each iteration")
        step, offset = _affine(first.index[0], source.loop.trips, 0)
        arity = node.arity
        assert isinstance(arity, int)
        rows = Value(GATHER, (arity, *source.shape), source.dtype, reads=[Read(source, step, offset)], name=value.name)
        if step == 0 or self.peeled[node]:
            raise Irregular("an op with one argument of each iteration")
        if self.peeled[first.source]:
            rows = self._joined(rows, first.source)
        if name == "stack" and axis % len(value.shape) == 0:
            value.kind, value.op, value.reads, value.attributes = rows.kind, rows.op, rows.reads, rows.attributes
            return
        self.form.add(rows)
        value.reads = (Read(rows),)
        if name == "stack":
            value.op, value.attributes = moveaxis, {"source": 0, "destination": axis}
        else:
            value.op, value.attributes = reshape, {"shape": value.shape}

    def _joined(self, rows: Value, node: FoldedNode) -> Value:
        """Return the rows of a loop beside those of the iterations that were peeled off."""
        ((source, step, offset),), count = rows.reads, rows.shape[0]
        parts: list[Read] = []
        inside = [k for k in range(count) if step * k + offset not in self.peeled[node]]
        if not inside or inside[-1] - inside[0] + 1 != len(inside):
            raise Irregular("an op with one argument of each iteration, of which some are apart")
        main = Value(GATHER, (len(inside), *source.shape), source.dtype, name=rows.name)
        main.reads = (Read(source, step, offset + step * inside[0]),)
        for k in range(count):
            if k == inside[0]:
                parts.append(Read(self.form.add(main)))
            elif k not in inside:
                read = self._at(node, step * k + offset)
                one = Value(CALL, (1, *source.shape), source.dtype, op=expand_dims, reads=[read], name=rows.name)
                one.attributes = {"axis": 0}
                parts.append(Read(self.form.add(one)))
        joined = Value(CALL, rows.shape, rows.dtype, op=concatenate, reads=parts, name=rows.name)
        joined.attributes = {"axis": 0}
        return joined


def _merged(cases: list[Case]) -> list[Case]:
    """Return cases in order, those that follow each other and read the same as one."""
    merged: list[Case] = []
    for case in cases:
        if merged and merged[-1].high == case.low and merged[-1].read == case.read:
            merged[-1] = merged[-1]._replace(high=case.high)
        else:
            merged.append(case)
    return merged


def _all_alike(attributes: list[Mapping[str, Any] | None]) -> bool:
    """Tell whether all the instances of an op have the same attributes."""
    first = attributes[0]
    if not first:
        return not any(attributes)
    if first.keys() == {"index"} and is_basic(first["index"]):  # all are, by their signature
        return _are_same(attributes)
    return all(alike(first, other) for other in attributes[1:])


def _are_same(values: list[Any]) -> bool:
    return values.count(values[0]) == len(values)


def _affine(index: Index, trips: int, levels: int) -> tuple[int, int]:
    """Return step and offset of the iteration that is read, as a function of the reader's."""
    if index.kind == DELAY and index.level <= levels:
        return 1, -index.offset
    if index.kind == REVERSE:
        return -1, trips - 1 + index.offset
    if index.kind == AT:
        return 0, index.offset + (trips if index.offset < 0 else 0)
    raise Irregular("an op that reads the latest of others")


def _line(rows: np.ndarray, low: int) -> tuple[int, int]:
    steps = np.diff(rows)
    if len(rows) < 2 or (steps != steps[0]).any() or steps[0] not in (1, -1):
        raise Irregular("indices in no order")
    step = int(steps[0])
    return step, int(rows[0]) - step * low
