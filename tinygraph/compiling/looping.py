"""A recurrence as a loop over buffers that are there before the program runs: each op writes into its row."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import Irregular
from .forms.batching import index_of_all, is_basic
from .forms.form import ASSEMBLE, CALL, CONSTANT, PART, PULL, SAVED, SUM, Read, Value
from .forms.recurrence import Recurrence

_OFTEN = 64  # rows in all, for which BLAS is given a matrix as it likes it best
_MOST_ROWS = 256  # of which views are made beforehand: of more they would not stay in the cache


class LoopWriter:
    """Writes one recurrence as a loop of NumPy calls."""

    def __init__(self, recurrence: Recurrence):
        self.recurrence = recurrence
        self.emitter = recurrence.emitter
        self.inside = recurrence.inside
        self.variables: dict[str, str] = {}  # of the loop: name and what it goes through
        self.statements: list[str] = []

    def write(self) -> None:
        """Append the loop to the emitter's lines."""
        self.recurrence.allocate()
        self.recurrence.start()
        for value in self.recurrence.members:
            self._statement(value)
        names = ", ".join(self.variables)
        sources = ", ".join(self.variables.values())
        lines = self.emitter.lines
        lines.append(f"for {names}{',' if len(self.variables) == 1 else ''} in zip({sources}):")
        lines += [f"    {statement}" for statement in self.statements]

    # -- in the loop --------------------------------------------------------------------------------------------------

    def _row(self, read: Read) -> str:
        """Return the variable for the row of a value that is read in each iteration."""
        source, step, offset = read
        emitter = self.emitter
        recurrence = self.recurrence
        low, high = recurrence.low, recurrence.high
        if not read.varies:
            return emitter.operand(read, low, high).text
        name = f"{emitter.name(source)}_t" + (f"_{'m' if offset < 0 else 'p'}{abs(offset)}" if offset else "")
        name += "r" if step < 0 else ""
        if name in self.variables:
            return name
        if source in self.inside:
            return self._through(name, recurrence.rows(source, offset))
        if source in emitter.rows and step == 1:
            start = low + offset - source.low
            return self._through(name, emitter.rows[source][start : start + high - low])
        text = emitter.operand(read, low, high).text
        self.variables[name] = text if recurrence.step == 1 else f"{text}[::-1]"
        return name

    def _through(self, name: str, rows: np.ndarray) -> str:
        """Let the loop go through rows under a name."""
        self.variables[name] = f"{name}s{self.recurrence.number}"
        self.emitter.space[self.variables[name]] = _views(rows[:: self.recurrence.step])
        return name

    def _statement(self, value: Value) -> None:
        write, emitter = self.statements.append, self.emitter
        if value in self.recurrence.base or value in self.recurrence.views:
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
        for number, (place, read) in enumerate(self.recurrence.apart(value)):
            name = self._through(f"{self.emitter.name(value)}_part{number}", place)
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
            largest = f"largest_{value.number}"  # what is no greater does not overflow; a row of it, for SIMD's sake
            emitter.space[largest] = np.full(value.shape[-1:], int(np.log(np.finfo(value.dtype).max)), value.dtype)
            write(f"np.negative({operands[0]}, {out})")
            write(f"np.minimum({out}, {largest}, out={out})")
            write(f"np.exp({out}, {out})")
            write(f"add({out}, 1, {out})")
            write(f"np.reciprocal({out}, {out})")
        elif value.op.name == "scatter" and is_basic(value.named["index"]):
            index = index_of_all(value.named["index"])
            write(f"{self._through(f'{out}_part', emitter.rows[value][index])}[...] = {operands[0]}")
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
            often = value.count * value.shape[0] >= _OFTEN
            turned = f"np.ascontiguousarray({W}.T)" if often else f"{W}.T"
            self.emitter.lines.append(f"{W}_T{value.number} = {turned}")
            self.statements.append(f"dot({x}, {W}_T{value.number}, {out})")
        if bias:
            self.statements.append(f"add({out}, {bias[0]}, {out})")


def _views(array: np.ndarray) -> Any:
    """Return the rows of an array, to go through in each run."""
    if array.ndim == 1:
        return [array[k, ...] for k in range(len(array))]
    return list(array) if len(array) <= _MOST_ROWS else array
