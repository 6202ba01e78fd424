"""A recurrence as a loop over buffers that are there before the program runs: each op writes into its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .batching import index_of_all, is_basic
from .errors import Irregular, Uneven
from .form import ASSEMBLE, CALL, CONSTANT, JOIN, PART, PULL, SAVED, SUM, Case, Read, Value
from .schedule import direction, in_iteration

if TYPE_CHECKING:
    from .emitting import Emitter

_RESHAPED = ("reshape", "ravel", "expand_dims", "squeeze")
_MOST_ROWS = 256  # of which views are made beforehand: of more they would not stay in the cache


class LoopWriter:
    """Writes one recurrence.

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
        self.variables: dict[str, str] = {}  # of the loop: name and what it goes through
        self.statements: list[str] = []

    def write(self) -> None:
        """Append the loop to the emitter's lines."""
        for value in self.members:
            self._find_base(value)
        for value in self.members:
            self._pad(value)
        for value in self.members:
            if value.kind == ASSEMBLE:
                self._place_parts(value)
        for value in self.members:
            self._allocate(value)
        for value in self.members:
            self._start(value)
        for value in self.members:
            self._statement(value)
        names = ", ".join(self.variables)
        sources = ", ".join(self.variables.values())
        lines = self.emitter.lines
        lines.append(f"for {names}{',' if len(self.variables) == 1 else ''} in zip({sources}):")
        lines += [f"    {statement}" for statement in self.statements]

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

    def _root(self, value: Value) -> tuple[Value, int]:
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
        offsets = [read.offset for read in value.reads if read.source in self.inside]
        offsets += [case.read.offset for case in value.cases if case.read.source in self.inside]
        sources = [read.source for read in value.reads if read.source in self.inside]
        sources += [case.read.source for case in value.cases if case.read.source in self.inside]
        for source, offset in zip(sources, offsets, strict=True):
            root, shift = self._root(source)
            padding = self.padding[root]
            padding[0] = max(padding[0], -(offset + shift))
            padding[1] = max(padding[1], offset + shift)
        if value in self.base:
            root, shift = self._root(value)
            self.padding[root][0] = max(self.padding[root][0], -shift)
            self.padding[root][1] = max(self.padding[root][1], shift)

    def _allocate(self, value: Value) -> None:
        emitter = self.emitter
        if value.kind in (PULL, SAVED):
            return
        if value in self.base:
            root, shift = self._root(value)
            if root not in self.array:
                self._allocate(root)
            start = self.padding[root][0] + shift
            rows = self.array[root][start : start + value.count]
        else:
            if value not in self.array:
                self.array[value] = self._view(value)
            start = self.padding[value][0]
            rows = self.array[value][start : start + value.count]
        emitter.rows[value] = rows
        emitter.space[emitter.name(value)] = rows

    def _place_parts(self, value: Value) -> None:
        """Let the parts of an assembled array be written where they belong: their arrays are views of its array."""
        self.array[value] = self._view(value)
        before = self.padding[value][0]
        rows = self.array[value][before : before + value.count]
        for index, read in zip(value.data, value.reads, strict=True):
            if read.source not in self.inside or (read.step, read.offset) != (1, 0):
                continue
            root, shift = self._root(read.source)
            computed = root.kind == SUM or (root.kind == CALL and isinstance(root.op.forward, np.ufunc))
            place = rows[index_of_all(index)]
            if (
                computed
                and not shift
                and self.padding[root] == [0, 0]
                and root not in self.array
                and place.shape[1:] == root.shape
            ):
                self.array[root] = place

    def _view(self, value: Value) -> np.ndarray:
        """Return the array of a value: a view of its operand's where NumPy gives one, else an array of zeros."""
        before, after = self.padding[value]
        if self._is_view(value):
            array = self.array[self._root(value.reads[0].source)[0]]
            root, shift = self._root(value.reads[0].source)
            start = self.padding[root][0] + shift
            rows = array[start : start + value.count]
            self.views.add(value)
            if value.op == "getitem":
                return rows[index_of_all(value.attributes["index"])]  # type: ignore[index]
            return rows.reshape(value.count, *value.shape)
        return np.zeros((before + value.count + after, *value.shape), value.dtype)

    def _is_view(self, value: Value) -> bool:
        if value.kind != CALL or value.op.name not in ("getitem", *_RESHAPED):
            return False
        (read,) = value.reads
        if self.padding[value] != [0, 0] or read.source not in self.inside or read.offset:
            return False
        root, _ = self._root(read.source)
        if root not in self.array or (value.op == "getitem" and not is_basic(value.attributes["index"])):  # type: ignore[index]
            return False
        return value.op == "getitem" or self.array[root].flags.c_contiguous

    # -- before the loop ----------------------------------------------------------------------------------------------

    def _start(self, value: Value) -> None:
        """Fill the rows before the first iteration, and add up what comes from outside the recurrence."""
        lines, emitter = self.emitter.lines, self.emitter
        if value.kind == JOIN:
            root, shift = self._root(value)
            name = f"start{value.number}"
            emitter.space[name] = emitter.rows[value]
            filled = [case for case in value.cases if case.read.source not in self.inside]
            for low, high, read in filled:
                key = (root, self.padding[root][0] + shift + low - self.low)
                if self.filled.setdefault(key, value) is not value:
                    raise Irregular("a recurrence that begins in several ways")
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

    # -- in the loop --------------------------------------------------------------------------------------------------

    def _row(self, read: Read) -> str:
        """Return the variable for the row of a value that is read in each iteration."""
        source, step, offset = read
        emitter = self.emitter
        if source.loop is None or step == 0:
            return emitter.operand(read, self.low, self.high).text
        name = f"{emitter.name(source)}_t" + (f"_{'m' if offset < 0 else 'p'}{abs(offset)}" if offset else "")
        name += "r" if step < 0 else ""
        if name in self.variables:
            return name
        if source in self.inside:
            root, shift = self._root(source)
            start = self.padding[root][0] + shift + offset
            through = self.array[root][start : start + self.high - self.low][:: self.step]
            emitter.space[f"{name}s{self.number}"] = _views(through)
            self.variables[name] = f"{name}s{self.number}"
        else:
            text = emitter.operand(read, self.low, self.high).text
            if source in emitter.rows and step == 1:
                start = self.low + offset - source.low
                emitter.space[f"{name}s{self.number}"] = _views(
                    emitter.rows[source][start : start + self.high - self.low][:: self.step]
                )
                self.variables[name] = f"{name}s{self.number}"
                return name
            self.variables[name] = text if self.step == 1 else f"{text}[::-1]"
        return name

    def _statement(self, value: Value) -> None:
        write, emitter = self.statements.append, self.emitter
        if value in self.base or value in self.views:
            return
        if value.kind == ASSEMBLE:
            self._copy_parts(value)
        elif value.kind == SUM:
            out = self._row(Read(value, 1, 0))
            first, *rest = [self._row(case.read) for case in value.cases]
            if not rest:
                write(f"{out}[...] = {first}")
                return
            write(f"add({first}, {rest[0]}, {out})")
            for text in rest[1:]:
                write(f"add({out}, {text}, {out})")
        elif value.kind == CALL:
            self._call(value, [self._row(read) for read in value.reads])
        elif value.kind == PULL:
            write(
                f"{emitter.name(value)}_t = {emitter.pulled(value, [self._row_or_saved(read) for read in value.reads])}"
            )
        elif value.kind == PART:
            write(f"{self._row(Read(value, 1, 0))}[...] = dense({emitter.name(value.reads[0].source)}_t[{value.data}])")
        elif value.kind == SAVED:
            if any(reader not in self.inside for reader in emitter.readers[value]):
                raise Irregular("an op in a recurrence that saves something for its rules")
        else:
            raise Irregular(f"a recurrence through a {value.kind}")

    def _copy_parts(self, value: Value) -> None:
        """Copy the parts that are not written in their places already."""
        rows = self.emitter.rows[value]
        for number, (index, read) in enumerate(zip(value.data, value.reads, strict=True)):
            place = rows[index_of_all(index)]
            root, _ = self._root(read.source)
            if root in self.array and np.may_share_memory(self.array[root], place):
                continue
            name = f"{self.emitter.name(value)}_part{number}"
            self.emitter.space[f"{name}s{self.number}"] = _views(place[:: self.step])
            self.variables[name] = f"{name}s{self.number}"
            self.statements.append(f"{name}[...] = {self._row(read)}")

    def _row_or_saved(self, read: Read) -> str:
        if read.source.kind == SAVED and read.source in self.inside:
            return f"saved{read.source.reads[0].source.number}_t"
        return self._row(read)

    def _call(self, value: Value, operands: list[str]) -> None:
        write, emitter = self.statements.append, self.emitter
        out = self._row(Read(value, 1, 0))
        shapes = [len(read.source.shape) for read in value.reads]
        plain = {read.source.dtype for read in value.reads} == {value.dtype}
        if isinstance(value.op.forward, np.ufunc) and not value.attributes:
            named = "out=" if value.op.forward in (np.maximum, np.minimum) else ""  # as NumPy asks
            write(f"{emitter.function(value)}({', '.join(operands)}, {named}{out})")
        elif value.op.name == "linear" and plain and shapes[0] <= 2 and self._once(value.reads[1:]):
            self._linear(value, operands, out)
        elif value.op.name == "matmul" and plain and max(shapes) <= 2 and min(shapes) > 0 and value.shape:
            write(f"dot({operands[0]}, {operands[1]}, {out})")
        elif value.op.name == "sigmoid" and value.dtype.kind == "f":
            largest = int(np.log(np.finfo(value.dtype).max))  # what is no greater does not overflow
            write(f"np.negative({operands[0]}, {out})")
            write(f"np.minimum({out}, {largest}, out={out})")
            write(f"np.exp({out}, {out})")
            write(f"add({out}, 1, {out})")
            write(f"np.reciprocal({out}, {out})")
        elif value.op.name == "scatter" and is_basic(value.attributes["index"]):  # type: ignore[index]
            index = index_of_all(value.attributes["index"])  # type: ignore[index]
            name = f"{out}_part"
            emitter.space[f"{name}s{self.number}"] = _views(emitter.rows[value][index][:: self.step])
            self.variables[name] = f"{name}s{self.number}"
            write(f"{name}[...] = {operands[0]}")
        elif value.op.saves is not None:
            write(f"{out}[...], saved{value.number}_t = {emitter.call(value, operands)}")
        else:
            write(f"{out}[...] = {emitter.call(value, operands)}")

    def _once(self, reads: tuple[Read, ...]) -> bool:
        return all(read.source.loop is None and read.source.kind != CONSTANT for read in reads)

    def _linear(self, value: Value, operands: list[str], out: str) -> None:
        x, W, *bias = operands
        if len(value.reads[0].source.shape) == 1:
            self.statements.append(f"dot({W}, {x}, {out})")
        else:
            self.emitter.lines.append(f"{W}_T{value.number} = {W}.T")
            self.statements.append(f"dot({x}, {W}_T{value.number}, {out})")
        if bias:
            self.statements.append(f"add({out}, {bias[0]}, {out})")


def _views(array: np.ndarray) -> Any:
    """Return the rows of an array, to go through in each run."""
    if array.ndim == 1:
        return [array[k, ...] for k in range(len(array))]
    return list(array) if len(array) <= _MOST_ROWS else array
