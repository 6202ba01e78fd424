"""A function that numba compiles: loops, and between them what runs for all iterations at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Stale
from ..forms.batching import index_of_all, one_product, written
from ..forms.form import ASSEMBLE, CALL, JOIN, SAVED, TOTAL, Read, Value
from ..forms.own import CROSS_ENTROPY
from ..forms.recurrence import Recurrence
from ..forms.rules import CROSS_ENTROPY_ADJOINT
from ..forms.scalars import FLOATS, expression, is_elementwise
from ..forms.totals import factors_of_sum, summed
from .kernels import KernelWriter
from .places import Arguments, are_apart

if TYPE_CHECKING:
    from ..emitting import Emitter


class Function:
    """Collects statements, and writes them as functions that numba compiles.

    What runs for all iterations at once waits until there is a loop; where none follows, it is left to NumPy. A value
    that NumPy computes of what a function does ends that function.

    Attributes
    ----------
    arguments : Arguments
    computed : set of Value
        What the function computes, or will.
    """

    def __init__(self, emitter: Emitter):
        self.emitter = emitter
        self.waiting: list[Value] = []
        self.begun: set[Value] = set()  # arrays of which parts are written in their places
        self.wholes: dict[str, str] = {}  # by names of these parts, those of the arrays
        self._begin()

    def _begin(self) -> None:
        self.arguments = Arguments()
        self.computed = set[Value](self.waiting)
        self.constants: dict[str, object] = {}
        self.body: list[str] = []
        self.targets = ""  # what is called where a target is no class
        self.number = self.waiting[0].dtype if self.waiting else None

    def end(self) -> None:
        """Append the call of the function, if it has begun, to the emitter's lines."""
        if self.body:
            self._write_call()
        waiting, self.waiting = self.waiting, []
        self._begin()
        for value in waiting:
            self.emitter.once(value)

    def _write_call(self) -> None:
        name = f"loop_{len(self.emitter.kernels) + 1}"
        lines = "".join(f"    {line}\n" for line in [*self.body, "return True"])
        types = [argument.type for argument in self.arguments.values()]
        text = f"def loop({', '.join(self.arguments)}):\n{lines}"
        assert self.number is not None
        apart = are_apart(self.arguments.values(), self.emitter.space, self.wholes)
        self.emitter.compile_loop(name, text, self.number, types, self.constants, apart)
        call = f"{name}({', '.join([argument.passed for argument in self.arguments.values()])})"
        self.emitter.lines.append(f"{call} or {self.targets}" if self.targets else call)

    # -- loops --------------------------------------------------------------------------------------------------------

    def loop(self, members: list[Value], sunk: set[Value], outside: set[Value]) -> None:
        """Write a recurrence.

        Raises
        ------
        NotTaken
            Where numba is not to compile it.
        """
        if any(not self.computed.isdisjoint(_before(value, members)) for value in members):
            self.end()
        try:
            self._loop(members, sunk, outside)
        except Stale:
            self.end()
            self._loop(members, sunk, outside)
        self.computed.update(members)

    def _loop(self, members: list[Value], sunk: set[Value], outside: set[Value]) -> None:
        for value in self.waiting:
            self._write(value)
        self.waiting = []
        writer = KernelWriter(Recurrence(self.emitter, members), sunk, outside, Arguments(self.arguments))
        if self.number not in (None, writer.number):
            raise Stale
        self.body += writer.body()
        self.number = writer.number
        self.arguments = writer.arguments
        self.constants.update(writer.constants)

    # -- for all iterations at once -----------------------------------------------------------------------------------

    def take(self, value: Value) -> bool:
        """Take what computes a value for all iterations at once; tell whether that could be done.

        Where it could not, and NumPy is to compute it of what the function does, the function ends.
        """
        fits = value.dtype in FLOATS and value.dtype == (self.number or value.dtype)
        fits = fits and all(0 not in source.shape for source in (value, *self._sources(value)))
        if fits and self._writer(value) is not None:
            try:
                there = value.kind == ASSEMBLE and not value.loop  # its parts were written in their places
                self._write(value) if self.body or there else self.waiting.append(value)
                self.computed.add(value)
                self.number = value.dtype
                return True
            except Stale:
                pass
        if not self.computed.isdisjoint(self._sources(value)):
            self.end()
        return False

    def _sources(self, value: Value) -> list[Value]:
        """Return what NumPy would read to compute a value."""
        sources = value.sources()
        return sources + [s for source in sources if source in self.emitter.absorbed for s in self._sources(source)]

    def _write(self, value: Value) -> None:
        writer = self._writer(value)
        assert writer is not None
        writer(value)

    def _writer(self, value: Value) -> Callable[[Value], None] | None:
        """Return the method that writes a value; None where there is none."""
        same = {read.source.dtype for read in value.reads} == {value.dtype}
        if value.kind == SAVED:  # which has a name
            return self.emitter.once if value.reads[0].source in self.computed else None
        if value.kind == TOTAL:
            rows = summed(self.emitter, value)
            reads = factors_of_sum(self.emitter, value) or ([rows] if rows else [])
            return self._total if reads and all(read.source.dtype == value.dtype for read in reads) else None
        if value.kind == ASSEMBLE:
            there = value.loop or all(self.emitter.name(read.source) in self.wholes for read in value.reads)
            return self._assemble if same and there else None
        if value.kind != CALL:
            return None
        operands = self.emitter.operands(value) if value.loop else []
        if value.op is CROSS_ENTROPY["each"] and operands and all(operand.batched for operand in operands):
            o, target = (read.source.dtype for read in value.reads)
            return self._cross_entropy if o == value.dtype and target.kind in "iu" else None
        if value.op is CROSS_ENTROPY_ADJOINT and operands and all(operand.batched for operand in operands[1:]):
            return self._cross_entropy_adjoint
        if operands and same and one_product(value, operands) is not None:
            return self._product
        if not value.loop and value.shape == () and is_elementwise(value):
            others = [read.source for read in value.reads if read.source not in self.emitter.known]
            ready = all(source in self.computed and not source.loop for source in others)
            return self._scalar if ready and others else None
        return None

    def _read(self, read: Read, low: int, high: int) -> str:
        """Return the name of what is read in some iterations."""
        source, emitter = read.source, self.emitter
        operand = emitter.operand(read, low, high)
        name = operand.text if operand.text.isidentifier() else f"{emitter.name(source)}_part"
        text = f"plain({operand.text})"
        rows = emitter.rows.get(source)
        plain = rows.flags.c_contiguous and read.step >= 0 if rows is not None else not source.loop
        if plain and (rows is not None or source in self.computed):
            text = operand.text  # a part of it is as plain
        elif source in self.computed:
            raise Stale
        return self.arguments.array(name, text, source.dtype, operand.batched + len(source.shape))

    def _buffer(self, value: Value) -> str:
        name = self.emitter.buffer(value)
        return self.arguments.array(name, name, value.dtype, 1 + len(value.shape), writes=True)

    def _ones(self, count: int, value: Value) -> str:
        """Return the name of a column of ones."""
        name = f"ones_{count}_{value.dtype}"
        self.emitter.space[name] = np.ones((count, 1), value.dtype)
        return self.arguments.array("ones", name, value.dtype, 2)

    def _once(self, value: Value) -> str:
        """Return the name of an array for a value outside loops, which each run makes anew if it is a result."""
        name, emitter = self.emitter.name(value), self.emitter
        whole = next((reader for reader in emitter.readers[value] if self._is_put_together(reader)), None)
        if value in emitter.results:
            emitter.lines.append(f"{name} = np.empty({value.shape}, np.{value.dtype})")
            emitter.fresh.add(value)
        elif whole is not None:
            if whole not in self.begun:
                self.begun.add(whole)
                self._once(whole)
                del self.arguments[emitter.name(whole)]
            self.wholes[name] = emitter.name(whole)
            number = [read.source for read in whole.reads].index(value)
            emitter.lines.append(f"{name} = {emitter.name(whole)}[{written(whole.data[number])}]")
        else:
            emitter.space[name] = np.empty(value.shape, value.dtype)
        return self.arguments.array(name, name, value.dtype, len(value.shape), writes=True)

    def _product(self, value: Value) -> None:
        a, b, *bias = (self._read(read, *value.span) for read in value.reads)
        if not self.emitter.operands(value)[0].batched:
            a, b = b, f"{a}.T"
        elif value.op.name == "linear":
            b = f"{b}.T"
        out, rows = self._buffer(value), int(np.prod((value.count, *value.shape[:-1])))
        self.body += [f"dot_rows({self._ones(rows, value)}, {vector}, {out})" for vector in bias]
        self.body.append(f"{'add_rows' if bias else 'dot_rows'}({a}, {b}, {out})")

    def _total(self, value: Value) -> None:
        low, high = value.data
        factors, read = factors_of_sum(self.emitter, value), summed(self.emitter, value)
        if factors is not None:
            a, b = (self._read(factor, low, high) for factor in factors)
        elif read is not None:
            count = (high - low) * int(np.prod(read.source.shape)) // int(np.prod(value.shape))
            a, b = self._read(read, low, high), self._ones(count, value)
        self.body.append(f"dot_of_rows({a}, {b}, {self._once(value)})")

    def _scalar(self, value: Value) -> None:
        operands = []
        for read in value.reads:
            name = self.emitter.name(read.source)
            if read.source in self.computed:
                operands.append(f"{self.arguments.array(name, name, value.dtype, 0, writes=True)}[()]")
            else:
                constant = f"c{read.source.number}"
                self.emitter.space[constant] = value.dtype.type(self.emitter.known[read.source])
                operands.append(self.arguments.array(constant, constant, value.dtype, 0))
        self.body.append(f"{self._once(value)}[()] = {expression(value, operands)}")

    def _is_put_together(self, value: Value) -> bool:
        """Tell whether sums are the parts of an array, beside each other: each is written in its place."""
        if value.kind != ASSEMBLE or value.loop or value not in self.emitter.needed:
            return False
        like, parts = np.empty(value.shape, np.int8), [read.source for read in value.reads]
        plain = all(like[index].flags.c_contiguous for index in value.data)
        alone = all(part.kind == TOTAL and self.emitter.readers[part] == [value] for part in parts)
        return plain and alone and self.emitter.results.isdisjoint(parts) and all(p.dtype == value.dtype for p in parts)

    def _assemble(self, value: Value) -> None:
        if not value.loop:
            return  # all its parts are there
        reads = [self._read(read, *value.span) for read in value.reads]
        name = self.emitter.buffer(value)
        for number, (index, part) in enumerate(zip(value.data, reads, strict=True)):
            place = self.emitter.rows[value][index_of_all(index)]
            at, variables = f"{name}_part{number}", "ijklmn"[: place.ndim]
            self.emitter.space[at] = place
            self.arguments.array(at, at, value.dtype, place.ndim, "A", writes=True)
            for axis, variable in enumerate(variables):
                self.body.append(f"{'    ' * axis}for {variable} in range({part}.shape[{axis}]):")
            element = ", ".join(variables)
            self.body.append(f"{'    ' * place.ndim}{at}[{element}] = {part}[{element}]")

    # -- cross-entropy ------------------------------------------------------------------------------------------------

    def _flat(self, read: Read, value: Value, columns: tuple[int, ...]) -> str:
        """Return the name of what is read in all iterations, as rows of so many columns."""
        source, emitter = read.source, self.emitter
        shape, ndim = (-1, *columns), 1 + len(columns)
        saved = f"saved{source.reads[0].source.number}" if source.kind == SAVED else ""
        rows = emitter.space.get(saved) if saved else emitter.rows.get(source)
        name, dtype = f"{saved or emitter.name(source)}_flat", value.dtype if saved else source.dtype
        if rows is not None and rows.flags.c_contiguous and (saved or read.step == 1) and len(rows) == value.count:
            emitter.space[name] = rows.reshape(shape)
            return self.arguments.array(name, name, dtype, ndim, writes=True)
        if source in self.computed:
            raise Stale
        text = saved or emitter.operand(read, *value.span).text
        if dtype.kind != "f" and dtype != np.int64:
            dtype, text = np.dtype(np.int64), f"{text}.astype(np.int64)"
        return self.arguments.array(name, f"plain({text}).reshape({shape})", dtype, ndim)

    def _cross_entropy(self, value: Value) -> None:
        (o, target), emitter, K = value.reads, self.emitter, value.reads[0].source.shape[-1:]
        shape, saved = (value.count, *o.source.shape), f"saved{value.number}"
        emitter.buffer(value)
        emitter.space[saved] = p = np.empty(shape, value.dtype)
        emitter.space[f"{saved}_flat"] = p.reshape(-1, *K)
        names = [self._flat(o, value, K), self._flat(target, value, ()), self._flat(Read(value, 1, 0), value, ())]
        names.append(self.arguments.array(f"{saved}_flat", f"{saved}_flat", value.dtype, 2, writes=True))
        self.body += [f"if not cross_entropy({', '.join(names)}):", "    return False"]
        classes = emitter.operand(target, *value.span).text
        self.targets = f"cross_entropy(np.zeros({shape}), {classes})"  # which says what is wrong

    def _cross_entropy_adjoint(self, value: Value) -> None:
        (g, p, target), emitter, K = value.reads, self.emitter, value.shape[-1:]
        names = self._flat(p, value, K), self._flat(target, value, ())
        if g.varies:
            adjoint = self._flat(g, value, ())
        elif g.source in self.computed:
            raise Stale
        else:  # the same for all of them
            name = passed = f"{emitter.name(g.source)}_flat"
            shape = (1,) if np.prod(g.source.shape) == 1 else (value.count, *value.shape[:-1])
            if g.source in emitter.known:
                emitter.space[name] = spread(emitter.known[g.source], shape, value.dtype)
            else:
                passed = f"spread({emitter.operand(g, *value.span).text}, {shape}, np.{value.dtype})"
            adjoint = self.arguments.array(name, passed, value.dtype, 1)
        emitter.buffer(value)
        out = self._flat(Read(value, 1, 0), value, K)
        self.body.append(f"cross_entropy_adjoint({adjoint}, {', '.join(names)}, {out})")


def spread(x: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return numbers for all places of a shape, one after the other."""
    x = np.asarray(x, dtype)
    return x.reshape(1) if shape == (1,) else np.array(np.broadcast_to(x, shape)).reshape(-1)


def _before(value: Value, members: list[Value]) -> list[Value]:
    """Return what NumPy reads of a value of a recurrence before the loop."""
    outside = [case for case in value.cases if case.read.source not in members]
    early = value.kind == JOIN or any((case.low, case.high) != value.span for case in outside)
    return [case.read.source for case in outside] if early else []
