"""A recurrence's buffers, which are there before the program runs: each op of the loop writes into its row."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Irregular, Uneven
from .batching import index_of_all, is_basic
from .form import ASSEMBLE, CALL, JOIN, PULL, SAVED, SUM, Case, Read, Value
from .schedule import direction, in_iteration

if TYPE_CHECKING:
    from ..emitting import Emitter

RESHAPED = ("reshape", "ravel", "expand_dims", "squeeze")


class Recurrence:
    """What depends on itself, iteration after iteration, and where it is kept.

    A value's buffer has rows before its first and after its last iteration where others read them: the initial state,
    and the zeros that a gradient begins with. What only shifts another value is a view of that one's buffer.
    """

    def __init__(self, emitter: Emitter, members: list[Value]):
        self.emitter = emitter
        self.number = len(emitter.loops)  # names of rows are those of one loop
        self.members = in_iteration(members)
        self.inside = set(members)
        self.step = direction(members)
        self.low, self.high = members[0].span
        if any(value.span != (self.low, self.high) for value in members):
            raise Uneven("a recurrence of ops that are not all in every iteration")
        self.base: dict[Value, tuple[Value, int]] = {}  # what is a shifted view of what
        self.padding: dict[Value, list[int]] = {value: [0, 0] for value in members}
        self.array: dict[Value, np.ndarray] = {}  # with the rows before and after
        self.views: set[Value] = set()  # what needs no op, being a part of another one's rows
        self.filled: dict[tuple[Value, int], Value] = {}  # by which value rows before the first are filled
        for value in self.members:
            self._find_base(value)
        for value in self.members:
            self._pad(value)
        self.passing = self._passing()

    def _passing(self) -> set[Value]:
        """Return the values that no other iteration reads, nor what is outside: one row does for all iterations."""
        readers, results = self.emitter.readers, self.emitter.results
        outside = {v for v in self.members if v in results or not self.inside.issuperset(readers[v])}
        lasting = {self.root(v)[0] for v in self.members if not v.shape or v in outside or any(self.padding[v])}
        wholes = [v for v in self.members if self.is_part(v) or v.kind == ASSEMBLE]
        shares = [{v, self.root(x)[0]} for v in wholes for x in v.sources() if x in self.inside]
        before = -1
        while before < len(lasting):
            before = len(lasting)
            lasting.update(*(pair for pair in shares if not lasting.isdisjoint(pair)))
        return {value for value in self.members if self.root(value)[0] not in lasting}

    def allocate(self, without: Collection[Value] = ()) -> None:
        """Make the buffers of all values but those that need none."""
        for value in self.members:
            if value.kind == ASSEMBLE:
                self._place_parts(value)
        for value in self.members:
            if value not in without:
                self._allocate(value)

    def start(self) -> None:
        """Append the lines that come before the loop."""
        for value in self.members:
            self._start(value)

    # -- buffers ------------------------------------------------------------------------------------------------------

    def _find_base(self, value: Value) -> None:
        """Find whether a value is another one, some iterations later or earlier."""
        if value.kind == JOIN:
            own = [case for case in value.cases if case.read.source in self.inside]
            (case,) = own if len(own) == 1 else (None,)
            if case is None or case.high != value.high or case.low + case.read.offset != self.low:
                raise Irregular("a recurrence that begins in several ways")
            self.base[value] = (case.read.source, case.read.offset)
        elif value.kind == SUM and len(value.cases) == 1 and value.cases[0].read.source in self.inside:
            _, _, read = value.cases[0]
            self.base[value] = (read.source, read.offset)

    def root(self, value: Value) -> tuple[Value, int]:
        """Return the value in whose buffer a value is, and how many iterations later."""
        shift = 0
        while value in self.base:
            value, offset = self.base[value]
            shift += offset
        return value, shift

    def _pad(self, value: Value) -> None:
        for low, high, read in value.cases if value.kind == SUM else ():
            first, last = self.low + read.offset, self.high - 1 + read.offset
            if read.source in self.inside and (
                max(first, self.low) != low + read.offset or min(last, self.high - 1) != high - 1 + read.offset
            ):
                raise Irregular("a recurrence that gives back in some iterations only")
        reads = [(read.source, read.offset) for read in value.all_reads() if read.source in self.inside]
        for source, offset in [*reads, *([(value, 0)] if value in self.base else [])]:
            root, shift = self.root(source)
            padding = self.padding[root]
            padding[0] = max(padding[0], -(offset + shift))
            padding[1] = max(padding[1], offset + shift)

    def _allocate(self, value: Value) -> None:
        if value.kind in (PULL, SAVED):
            return
        root, _ = self.root(value)
        if root not in self.array:
            self.array[root] = self._view(root)
        self.emitter.rows[value] = self.rows(value)
        if value not in self.passing:
            self.emitter.space[self.emitter.name(value)] = self.emitter.rows[value]

    def _place_parts(self, value: Value) -> None:
        """Let the parts of an assembled array be written where they belong: their arrays are views of its array."""
        self.array[value] = self._view(value)
        for index, read in zip(value.data, value.reads, strict=True):
            if read.source not in self.inside or (read.step, read.offset) != (1, 0):
                continue
            root, _ = self.root(read.source)
            computed = root.kind == SUM or (root.kind == CALL and isinstance(root.op.forward, np.ufunc))
            if computed and self.padding[root] == [0, 0]:
                self.array[root] = self.rows(value)[index_of_all(index)]

    def _view(self, value: Value) -> np.ndarray:
        """Return the array of a value: a view of its operand's where NumPy gives one, else an array of zeros."""
        if self._is_view(value):
            rows = self.rows(value.reads[0].source)
            self.views.add(value)
            if value.op.name == "getitem":
                return rows[index_of_all(value.named["index"])]
            return rows.reshape(value.count, *value.shape)
        return self.emitter.zeros(value, *self.padding[value], once=value in self.passing)

    def is_part(self, value: Value) -> bool:
        """Tell whether a value is a part of another one of the same iteration, or that in another shape."""
        if value.kind != CALL or value.op.name not in ("getitem", *RESHAPED):
            return False
        (read,) = value.reads
        if self.padding[value] != [0, 0] or read.source not in self.inside or read.offset:
            return False
        return value.op.name != "getitem" or is_basic(value.named["index"])

    def _is_view(self, value: Value) -> bool:
        if not self.is_part(value):
            return False
        root, _ = self.root(value.reads[0].source)
        return root in self.array and (value.op.name == "getitem" or self.array[root][0].flags.c_contiguous)

    def rows(self, value: Value, offset: int = 0) -> np.ndarray:
        """Return what is read of a value in all iterations, `offset` iterations later."""
        root, shift = self.root(value)
        start = self.padding[root][0] + shift + offset
        return self.array[root][start : start + self.high - self.low]

    def apart(self, value: Value) -> list[tuple[np.ndarray, Read]]:
        """Return places of an assembled array whose parts are not written there already, and these parts."""
        places = [self.emitter.rows[value][index_of_all(index)] for index in value.data]
        return [pair for pair in zip(places, value.reads, strict=True) if not self._is_in(*pair)]

    def _is_in(self, place: np.ndarray, read: Read) -> bool:
        root, _ = self.root(read.source)
        return root in self.array and np.may_share_memory(self.array[root], place)

    # -- before the loop ----------------------------------------------------------------------------------------------

    def _start(self, value: Value) -> None:
        """Fill the rows before the first iteration, and add up what comes from outside the recurrence."""
        lines, emitter = self.emitter.lines, self.emitter
        if value.kind == JOIN:
            root, shift = self.root(value)
            name = f"start{value.number}"
            emitter.space[name] = emitter.rows[value]
            filled = [case for case in value.cases if case.read.source not in self.inside]
            for low, high, read in filled:
                key = (root, self.padding[root][0] + shift + low - self.low)
                if self.filled.setdefault(key, value) is not value:
                    raise Irregular("a recurrence that begins in several ways")
                if read.source in emitter.known:
                    emitter.rows[value][low - self.low : high - self.low] = emitter.known[read.source]
                    continue
                operand = emitter.operand(read, low, high)
                lines.append(f"{name}[{low - self.low}:{high - self.low}] = {operand.text}")
        elif value.kind == SUM and value not in self.base:
            outside = [case for case in value.cases if case.read.source not in self.inside]
            if outside and any((case.low, case.high) != value.span for case in outside):
                given = Value(SUM, value.shape, value.dtype, loop=value.loop, span=value.span, of=value)
                given.cases = outside
                emitter.form.add(given)
                emitter.once(given)
                value.cases = [case for case in value.cases if case.read.source in self.inside]
                value.cases.append(Case(*value.span, Read(given, 1, 0)))
