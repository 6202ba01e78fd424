"""A recurrence as a loop that numba compiles: products by BLAS, and between them loops over single numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .errors import NotTaken
from .form import ASSEMBLE, SUM, Read, Value
from .fusing import Groups, is_number
from .places import Place, Places
from .recurrence import Recurrence
from .scalars import expression, fits, is_elementwise

_VARIABLES = "ijklmn"


class KernelWriter:
    """Writes one recurrence.

    Attributes
    ----------
    text : str
        The source of the loop, a function.
    """

    def __init__(self, recurrence: Recurrence, sunk: set[Value], read_outside: set[Value]):
        self.recurrence = recurrence
        self.emitter = recurrence.emitter
        self.sunk = sunk
        self.groups = Groups(recurrence, read_outside)
        self.places = Places(recurrence, sunk)
        self.constants: dict[str, object] = {}
        self.before: dict[str, str] = {}  # what is computed before the loop
        self.lines: list[str] = []
        numbers = {value.dtype for value in self.groups.statements if value.dtype != bool}
        if len(numbers) != 1 or not numbers <= _NUMBERS:
            raise NotTaken(f"numbers of {', '.join(sorted(map(str, numbers)))}")
        (self.number,) = numbers
        for value in [*(value for group in self.groups.groups for value in group), *sunk]:
            self._check(value)

    def _check(self, value: Value) -> None:
        """Refuse what no compiled loop does."""
        if value.kind == ASSEMBLE or (value in self.sunk and value.op.name == "getitem"):
            return
        if not is_elementwise(value) and (value.kind != "call" or value.op.name not in _WRITERS):
            raise NotTaken(f"{value.op.name if value.op is not None else value.kind}")
        reason = fits(value, self.number)
        if reason:
            raise NotTaken(reason)

    def write(self) -> None:
        """Append a call of the loop to the emitter's lines, and its source to the emitter's loops."""
        recurrence, emitter = self.recurrence, self.emitter
        unkept = set(self.groups.statements) - self.groups.kept
        recurrence.allocate(without=unkept)
        recurrence.start()
        for group in self.groups.groups:
            if is_elementwise(group[0]):
                self.lines += _Elements(self, group).lines()
            elif group[0].kind == ASSEMBLE:
                self._copy_parts(group[0])
            else:
                _WRITERS[group[0].op.name](self, group[0])
        order = "T" if recurrence.step == 1 else "T - 1, -1, -1"
        body = [f"{name} = {text}" for name, text in self.before.items()]
        body += [f"for t in range({order}):", *(f"    {line}" for line in self.lines)]
        arguments = self.places.arguments
        text = f"def loop(T, {', '.join(arguments)}):\n" + "".join(f"    {line}\n" for line in body)
        types = [None, *(argument.type for argument in arguments.values())]
        name = f"loop_{recurrence.number}"
        emitter.compile_loop(name, text, self.number, types, self.constants)
        passed = [str(recurrence.high - recurrence.low), *(argument.passed for argument in arguments.values())]
        emitter.lines.append(f"{name}({', '.join(passed)})")

    # -- arrays -------------------------------------------------------------------------------------------------------

    def product(self, value: Value) -> None:
        """Write a product of matrices or vectors."""
        first, second, *rest = value.reads
        dims = len(first.source.shape), len(second.source.shape)
        if rest or max(dims) > 2 or min(dims) == 0 or not value.shape:
            raise NotTaken(f"a {value.op.name} of {dims[0]} and {dims[1]} axes")
        a, b = self.places.whole(first), self.places.whole(second)
        if value.op.name == "linear" and dims[0] == 1:
            a, b = b, a
        elif value.op.name == "linear":
            b = self._transposed(b, second)
        place = self.places.written(value)
        if place.is_whole(value.shape):
            self.lines.append(f"dot({a}, {b}, {place.name}[{place.time}])")
        else:
            rows = self.places.rows(self.recurrence.rows(value), f"{self.emitter.name(value)}_rows", writes=True)
            self.lines.append(f"{rows}[...] = dot({a}, {b})")

    def _transposed(self, text: str, read: Read) -> str:
        if read.source.loop is not None and read.step:
            return f"{text}.T"
        name = f"{text}_T"
        self.before[name] = f"np.ascontiguousarray({text}.T)"
        return name

    def _copy_parts(self, value: Value) -> None:
        for number, (place, read) in enumerate(self.recurrence.apart(value)):
            rows = self.places.rows(place, f"{self.emitter.name(value)}_part{number}", writes=True)
            self.lines.append(f"{rows}[...] = {self.places.whole(read)}")


class _Elements:
    """Elementwise ops of one shape, as one loop over its elements."""

    def __init__(self, writer: KernelWriter, group: list[Value]):
        self.writer = writer
        self.group = group
        self.shape = group[0].shape
        self.variables = _VARIABLES[: len(self.shape)]
        self.suffix = f"_{self.variables or 'now'}"
        self.names: dict[Value, str] = {}  # of the numbers computed so far
        self.sizes: dict[int, str] = {}
        self.rows: dict[str, str] = {}  # of arrays in which a row begins somewhere
        self.statements: list[str] = []

    def lines(self) -> list[str]:
        """Return the loop."""
        for value in self.group:
            self._compute(value)
        lines, indent = [], ""
        for axis, variable in enumerate(self.variables):
            if axis == len(self.variables) - 1:
                lines += [f"{indent}{name} = {text}" for name, text in self.rows.items()]
            lines.append(f"{indent}for {variable} in range({self._size(axis)}):")
            indent += "    "
        return lines + [f"{indent}{statement}" for statement in self.statements]

    def _size(self, axis: int) -> str:
        name = f"{self.writer.emitter.name(self.group[0])}_size{axis}"
        return self.sizes.get(axis) or self.writer.places.integer(name, self.shape[axis])

    def _compute(self, value: Value) -> str:
        """Write the computation of a number; return its name."""
        reads = value.reads if value.kind != SUM else [case.read for case in value.cases]
        text = expression(value, [self._operand(read) for read in reads])
        name = self.names[value] = f"{self.writer.emitter.name(value)}{self.suffix}"
        kept = value in self.writer.groups.kept
        if kept and not any(directly for _, directly in self.writer.groups.consumers[value]):
            self.statements.append(f"{self._element(self.writer.places.written(value), value)} = {text}")
            return name
        self.statements.append(f"{name} = {text}")
        if kept:
            self.statements.append(f"{self._element(self.writer.places.written(value), value)} = {name}")
        return name

    def _operand(self, read: Read) -> str:
        source = read.source
        emitter, recurrence = self.writer.emitter, self.writer.recurrence
        if source in emitter.known and source.shape == ():
            return self._constant(source, emitter.known[source])
        if source in recurrence.inside:
            root, shift = recurrence.root(source)
            if root in self.names and shift + read.offset == 0 and root.shape == source.shape:
                return self.names[root]
        elif source in self.writer.sunk and source.op.name != "getitem":
            return self.names.get(source) or self._compute(source)
        return self._element(self.writer.places.of(read), source)

    def _constant(self, source: Value, number: object) -> str:
        name = self.writer.emitter.name(source)
        if number in _LITERALS and is_number(source):
            self.writer.constants[name] = number
            return name
        name = f"c{source.number}"
        self.writer.places.scalar(name, source, self.writer.number)
        return name

    def _element(self, place: Place, value: Value) -> str:
        """Return the element of an array that belongs to the number computed in the loop."""
        before = len(self.shape) - len(value.shape)
        index = [place.time] if place.time else []
        row = ""
        for k, (axis, size) in enumerate(zip(place.axes, place.sizes, strict=True)):
            start = self._start(value, k, axis.start)
            if axis.of is None:
                index.append(start or "0")
                continue
            across = axis.of + before
            variable = "0" if value.shape[axis.of] == 1 and self.shape[across] != 1 else self.variables[across]
            if not start and size == self.shape[across] and variable != "0":
                self.sizes.setdefault(across, f"{place.name}.shape[{k + bool(place.time)}]")
            if start and k == len(place.axes) - 1 and variable == self.variables[-1]:
                row = self._row(value, f"{place.name}[{', '.join([*index, f'{start}:'])}]")
                index = [variable]
            else:
                index.append(variable if not start else start if variable == "0" else f"{variable} + {start}")
        name = row or place.name
        return f"{name}[{', '.join(index)}]" if index else name

    def _row(self, value: Value, text: str) -> str:
        """Return a name for a row of an array, from some place on: LLVM makes no SIMD of indices with a sum in them."""
        name = f"{self.writer.emitter.name(value)}_{self.variables[:-1] or 't'}"
        while self.rows.setdefault(name, text) != text:
            name += "_"
        return name

    def _start(self, value: Value, axis: int, start: int) -> str:
        name = f"{self.writer.emitter.name(value)}_from{axis}"
        return self.writer.places.integer(name, start) if start else ""


_LITERALS = (0, 1, 2, -1, 0.5)
_NUMBERS = {np.dtype(np.float32), np.dtype(np.float64)}
_WRITERS: dict[str, Callable[[KernelWriter, Value], None]] = {
    "linear": KernelWriter.product,
    "matmul": KernelWriter.product,
}
