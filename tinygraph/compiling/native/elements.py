"""A loop over the elements of an array inside a compiled loop, and what it reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..forms.form import SUM, Read, Value
from ..forms.scalars import expression, is_number
from .places import Place

if TYPE_CHECKING:
    from .kernels import KernelWriter

_VARIABLES = "ijklmn"
_LITERALS = (0, 1, 2, -1, 0.5)


class Elements:
    """A loop over the elements of a shape, with elementwise ops or other statements."""

    def __init__(self, writer: KernelWriter, shape: tuple[int, ...], group: Sequence[Value] = ()):
        self.writer = writer
        self.group = group
        self.shape = shape
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
        if axis not in self.sizes:
            arguments = self.writer.arguments
            self.sizes[axis] = arguments.integer(f"size{len(arguments)}", self.shape[axis])
        return self.sizes[axis]

    def assign(self, place: Place, value: Value, text: str) -> None:
        """Write an element of an array."""
        self.statements.append(f"{self.element(place, value)} = {text}")

    def _compute(self, value: Value) -> str:
        """Write the computation of a number; return its name."""
        reads = value.reads if value.kind != SUM else [case.read for case in value.cases]
        text = expression(value, [self.operand(read) for read in reads])
        name = self.names[value] = f"{self.writer.emitter.name(value)}{self.suffix}"
        kept = value in self.writer.groups.kept
        if kept and not any(directly for _, directly in self.writer.groups.consumers[value]):
            self.assign(self.writer.places.written(value), value, text)
            return name
        self.statements.append(f"{name} = {text}")
        if kept:
            self.assign(self.writer.places.written(value), value, name)
        return name

    def operand(self, read: Read) -> str:
        """Return the source of a number that is read."""
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
        return self.element(self.writer.places.of(read), source)

    def _constant(self, source: Value, number: object) -> str:
        name = self.writer.emitter.name(source)
        if number in _LITERALS and is_number(source):
            self.writer.constants[name] = number
            return name
        dtype = self.writer.number
        return self.writer.arguments.array(f"c{source.number}", f"np.{dtype}({name})", dtype, 0)

    def element(self, place: Place, value: Value) -> str:
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
        return self.writer.arguments.integer(name, start) if start else ""


def shaped(value: Value, shape: tuple[int, ...]) -> Value:
    """Return a value of the same name in another shape."""
    like = Value(value.kind, shape, value.dtype)
    like.number = value.number
    return like
