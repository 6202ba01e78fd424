"""A form as NumPy source: what is on no cycle for all iterations at once, the rest in loops over buffers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from ..recording.sparse import dense
from .errors import NotTaken
from .forms.batching import BATCHED, Operand, aligned, index_of_all, one_product, written
from .forms.form import (
    ARGUMENT,
    ASSEMBLE,
    CALL,
    CAPTURED,
    CONSTANT,
    GATHER,
    PART,
    PULL,
    ROW,
    SAVED,
    SEED,
    SUM,
    TOTAL,
    Form,
    Read,
    Value,
    needed,
)
from .forms.lowering import Foreign
from .forms.recurrence import Recurrence
from .forms.rules import cross_entropy
from .forms.schedule import components, is_recurrent
from .forms.totals import absorbed, total
from .looping import LoopWriter
from .native.functions import Function, spread
from .native.fusing import sunk, without_bias


class Receives:
    """What a rule is told of an argument: that it receives a gradient."""

    requires_grad = True


_RECEIVES = Receives()


class Emitter:
    """Writes the source of a form.

    Attributes
    ----------
    space : dict
        What the names in the source stand for that it does not define: ops, constants, buffers.
    lines : list of str
    loops : list of list of Value
        What runs one iteration after the other.
    """

    def __init__(self, form: Form, backend: str = "numpy"):
        self.form = form
        self.compiled: Function | None = None
        self.space: dict[str, Any] = {"np": np, "dense": dense, "dot": np.dot, "add": np.add}
        self.space["cross_entropy"] = cross_entropy
        self.lines: list[str] = []
        self.loops: list[list[Value]] = []
        self.kernels: list[str] = []  # the sources of loops that numba compiled
        self.refused: list[str] = []  # of the other ones why not
        self.buffers: dict[int, str] = {}  # names of arrays that are there before the program runs, by id
        if backend == "numba":
            from .llvm.numeric import plain  # of an optional package

            self.compiled = Function(self)
            self.space.update(plain=plain, spread=spread)
            for members in components(form, needed(form)):
                if is_recurrent(members):
                    without_bias(form, members)
        self.needed = needed(form)
        self.captured = [value for value in form.values if value.kind == CAPTURED and value in self.needed]
        self.readers: dict[Value, list[Value]] = defaultdict(list)
        for value in form.values:
            if value in self.needed:
                for source in value.sources():
                    self.readers[source].append(value)
        self.absorbed = absorbed(self.needed, self.readers)
        self.known: dict[Value, Any] = {}  # numbers that are the same in every run
        self.alias: dict[Value, str] = {}  # what is another name for something
        self.rows: dict[Value, np.ndarray] = {}  # buffers that are there before the program runs
        self.fresh: set[Value] = set()  # what is in an array that each run makes for it alone
        self.results = {read.source for read in form.outputs} | {v for v in form.gradients if v is not None}

    def source(self) -> str:
        """Return the source of ``plan(arguments, captured) -> (outputs, gradients)``."""
        in_order = components(self.form, self.needed)
        taken: dict[Value, set[Value]] = {}  # by the first of a recurrence, what it computes in its loop besides
        if self.compiled is not None:
            taken = {m[0]: sunk(m, self.readers, self.results) for m in in_order if is_recurrent(m)}
        elsewhere = self.absorbed.union(*taken.values())
        for members in in_order:
            if is_recurrent(members):
                self.loops.append(members)
                self._recurrence(members, taken.get(members[0]))
            elif members[0] not in elsewhere and (self.compiled is None or not self.compiled.take(members[0])):
                self.once(members[0])
        if self.compiled is not None:
            self.compiled.end()
            self.compiled = None  # it holds what has the buffers, in a reference cycle
        outputs = ", ".join([self._result(read) for read in self.form.outputs])
        gradients = ", ".join(["None" if v is None else self._result(Read(v)) for v in self.form.gradients])
        body = "\n".join(f"    {line}" for line in self.lines)
        return f"def plan(arguments, captured):\n{body}\n    return [{outputs}], [{gradients}]\n"

    def _result(self, read: Read) -> str:
        """Return what is returned: an array that nobody else has."""
        text, source = self.operand(read, 0, 1).text, read.source
        results = [output.source for output in self.form.outputs] + self.form.gradients
        alone = results.count(source) == 1 and not self.readers[source]
        return text if alone and source in self.fresh else f"np.array({text})"

    def _recurrence(self, members: list[Value], taken: set[Value] | None) -> None:
        """Write a loop, compiled by numba if that is wanted and can be."""
        if taken is not None and self.compiled is not None:
            inside = set(members)
            read_outside = {v for v in members if any(reader not in inside for reader in self.readers[v])}
            outside = read_outside | self.results.intersection(members)
            try:
                self.compiled.loop(members, taken, outside)
                return
            except NotTaken as refusal:
                self.refused.append(str(refusal))
            self.compiled.end()
            for value in sorted(taken, key=lambda value: value.number):
                self.once(value)
        LoopWriter(Recurrence(self, members)).write()

    def compile_loop(self, name: str, text: str, *description: Any) -> None:
        """Let a name in the source stand for a loop that numba compiles."""
        from .llvm.numeric import kernel  # of an optional package

        self.space[name] = kernel(text, *description)
        self.kernels.append(text.replace("def loop(", f"def {name}(", 1))

    # -- names --------------------------------------------------------------------------------------------------------

    def name(self, value: Value) -> str:
        """Return the name of a value in the source."""
        return f"v{value.number}"

    def bind(self, prefix: str, value: Value, content: Any) -> str:
        """Give the source a name for something that is there before."""
        name = f"{prefix}{value.number}"
        self.space[name] = content
        return name

    def buffer(self, value: Value) -> str:
        """Give a value an array that is there before the program runs, a row for each iteration."""
        self.rows[value] = self.zeros(value)
        self.space[self.name(value)] = self.rows[value]
        return self.name(value)

    def zeros(self, value: Value, before: int = 0, after: int = 0, *, once: bool = False) -> np.ndarray:
        """Return an array with a row for each iteration, and some more at its ends; or `once`, the same one for all."""
        shape = (before + value.count + after, *value.shape)
        array = np.zeros(shape[once:], value.dtype)
        name = f"{self.name(value)}_all" if before or after else self.name(value)
        self.space[name], self.buffers[id(array)] = array, name
        return np.ndarray(shape, value.dtype, array, strides=(0, *array.strides)) if once else array

    def operand(self, read: Read, low: int, high: int) -> Operand:
        """Return what is read in the iterations from `low` to before `high`, all at once."""
        source, step, offset = read
        name = self.alias.get(source) or self.name(source)
        if source.loop is None:
            return Operand(name, False, source.shape)
        first, last = (step * i + offset - source.low for i in (low, high - 1))
        assert min(first, last) >= 0 and max(first, last) < source.count, (read, low, high)
        if step == 0:
            return Operand(f"{name}[{first}]", False, source.shape)
        if step == 1:
            whole = first == 0 and last == source.count - 1
            return Operand(name if whole else f"{name}[{first}:{last + 1}]", True, source.shape)
        return Operand(f"{name}[{first}{f':{last - 1}' if last else ':'}:-1]", True, source.shape)

    def operands(self, value: Value) -> list[Operand]:
        """Return all that a value reads, in all its iterations at once."""
        return [self.operand(read, value.low, value.high) for read in value.reads]

    # -- values outside recurrences -----------------------------------------------------------------------------------

    def once(self, value: Value) -> None:
        """Append the lines that compute a value, in all its iterations at once."""
        write, name = self.lines.append, self.name(value)
        if value.kind == ARGUMENT:
            write(f"{name} = arguments[{value.data}]")
        elif value.kind == CAPTURED:
            write(f"{name} = captured[{self.captured.index(value)}]")
        elif value.kind in (CONSTANT, SEED):
            self.space[name] = value.data if value.loop is None else _rows_of(value, self.readers[value])
            self.known.update({} if value.loop else {value: value.data})
        elif value.kind == CALL and not value.loop and self._is_constant(value):
            self._fold(value)
        elif value.kind == CALL and value.loop:
            self._batched(value)
        elif value.kind == CALL:
            both = f"{name}, saved{value.number}" if value.op.saves is not None else name
            write(f"{both} = {self.call(value, [operand.text for operand in self.operands(value)])}")
        elif value.kind == SAVED:
            self.alias[value] = f"saved{value.reads[0].source.number}"
        elif value.kind == PULL:
            self._pull(value)
        elif value.kind == PART:
            if value.loop is None:
                write(f"{name} = dense({self.name(value.reads[0].source)}[{value.data}])")
        elif value.kind == TOTAL:
            write(f"{name} = {total(self, value)}")
            self.fresh.update([value] if value.shape else [])  # else it is no array
        elif value.kind == ROW:
            source, step, offset = value.reads[0]
            rows = Value(ROW, value.shape, value.dtype, loop=value.loop, span=(0, source.shape[0]))
            self.alias[rows] = self.alias.get(source) or self.name(source)
            self._name_rows(value, self.operand(Read(rows, step, offset), *value.span).text)
        elif value.kind == GATHER:
            self._gather(value)
        elif value.kind == ASSEMBLE:
            self._assemble(value)
        elif value.loop is None:
            terms = [self.operand(case.read, 0, 1).text for case in value.cases]
            if len(terms) == 1:
                self.alias[value] = terms[0]
            else:
                write(f"{name} = {' + '.join(terms)}")
        else:
            self._cases(value)

    def _is_constant(self, value: Value) -> bool:
        return not isinstance(value.op, Foreign) and all(read.source in self.known for read in value.reads)

    def _fold(self, value: Value) -> None:
        """Work out now what depends on constants alone."""
        result = value.op.forward(*[self.known[read.source] for read in value.reads], **value.named)
        if getattr(value.op, "saves", None) is not None:
            result, self.space[f"saved{value.number}"] = result
        self.space[self.name(value)] = self.known[value] = result

    def call(self, value: Value, texts: list[str]) -> str:
        """Return the call of an op's forward function."""
        attributes = f", **{self.bind('a', value, value.attributes)}" if value.attributes else ""
        return f"{self.function(value)}({', '.join(texts)}{attributes})"

    def function(self, value: Value) -> str:
        """Return the name of an op's forward function."""
        function = value.op.forward
        name = getattr(function, "__name__", "")
        if isinstance(function, np.ufunc) and getattr(np, name, None) is function:
            return f"np.{name}"
        return self.bind("f", value, function)

    def _batched(self, value: Value) -> None:
        operands, name = self.operands(value), self.name(value)
        ufunc = isinstance(value.op.forward, np.ufunc)
        if value.op.elementwise or ufunc:
            texts = [aligned(operand, len(value.shape)) for operand in operands]
            if ufunc and not value.attributes:
                self.lines.append(f"{self.function(value)}({', '.join(texts)}, out={self.buffer(value)})")
            else:
                self.lines.append(f"{name} = {self.call(value, texts)}")
            return
        same = not any(operand.batched for operand in operands)
        product = one_product(value, operands)
        if product is not None and {read.source.dtype for read in value.reads} == {value.dtype}:
            buffer = self.buffer(value)
            rows = self.bind(f"{name}_rows_", value, self.rows[value].reshape(-1, value.shape[-1]))
            self.lines.append(f"dot({product[0]}, {product[1]}, {rows})")
            if len(operands) > 2:
                self.lines.append(f"add({buffer}, {operands[2].text}, {buffer})")
            return
        batched = None if same else BATCHED.get(value.op.name)
        text = None if batched is None else batched(value, operands)
        if text is None:
            self._one_by_one(value, operands)
            return
        if "{f}" in text:
            text = text.replace("{f}", self.function(value))
        both = f"{name}, saved{value.number}" if getattr(value.op, "saves", None) is not None else name
        self.lines.append(f"{both} = {text}")

    def _one_by_one(self, value: Value, operands: list[Operand]) -> None:
        """Run an op that knows no other way for one iteration after the other."""
        name = self.buffer(value)
        call = self.call(value, [f"{x.text}[k]" if x.batched else x.text for x in operands])
        saves = value.op.saves is not None
        if saves:
            self.lines.append(f"saved{value.number} = [None] * {value.count}")
        self.lines.append(f"for k in range({value.count}):")
        self.lines.append(f"    {name}[k]{f', saved{value.number}[k]' if saves else ''} = {call}")

    def parts(self, pull: Value) -> list[Value]:
        """Return the contributions of a pull-back that are needed."""
        return [value for value in dict.fromkeys(self.readers[pull]) if value.kind == PART]

    def pulled(self, pull: Value, texts: list[str]) -> str:
        """Return the call that pulls an adjoint back through an op."""
        adjoint, y, *operands = texts
        function = self.bind("f", pull, pull.op.pull)
        receives = self.bind("r", pull, tuple(_RECEIVES if wanted else None for wanted in pull.wanted))
        attributes = self.bind("a", pull, pull.attributes)
        return f"{function}({adjoint}, {y}, ({''.join(f'{x}, ' for x in operands)}), {receives}, {attributes})"

    def _pull(self, pull: Value) -> None:
        operands, name = self.operands(pull), self.name(pull)
        if pull.loop is None:
            self.lines.append(f"{name} = {self.pulled(pull, [x.text for x in operands])}")
            return
        parts = [(self.buffer(part), part.data) for part in self.parts(pull)]
        self.lines.append(f"for k in range({pull.count}):")
        self.lines.append(
            f"    {name} = {self.pulled(pull, [f'{x.text}[k]' if x.batched else x.text for x in operands])}"
        )
        self.lines += [f"    {part}[k] = dense({name}[{argument}])" for part, argument in parts]

    def _name_rows(self, value: Value, text: str) -> None:
        if text.isidentifier():
            self.alias[value] = text
        else:
            self.lines.append(f"{self.name(value)} = {text}")

    def _assemble(self, value: Value) -> None:
        if value.loop:
            name = self.buffer(value)
        else:
            name = self.name(value)
            self.lines.append(f"{name} = np.empty({value.shape}, np.{value.dtype})")
            self.fresh.add(value)
        for index, part in zip(value.data, self.operands(value), strict=True):
            self.lines.append(f"{name}[{written(index_of_all(index) if value.loop else index)}] = {part.text}")

    def _gather(self, value: Value) -> None:
        (read,) = value.reads
        (source, step, offset), count = read, value.shape[0]
        low, high = sorted((step * (source.low - offset), step * (source.high - 1 - offset)))
        low, high = max(low, 0), min(high + 1, count)
        if (low, high) == (0, count):
            self.lines.append(f"{self.name(value)} = {self.operand(read, 0, count).text}")
            return
        self.lines.append(f"{self.name(value)} = np.zeros({value.shape}, np.{value.dtype})")
        if high > low:
            self.lines.append(f"{self.name(value)}[{low}:{high}] = {self.operand(read, low, high).text}")

    def _cases(self, value: Value) -> None:
        """Write a `JOIN` or a `SUM` of all iterations."""
        whole = [case for case in value.cases if (case.low, case.high) == value.span]
        if len(value.cases) == 1 and whole:
            operand = self.operand(value.cases[0].read, *value.span)
            source = value.cases[0].read.source
            if operand.batched and operand.text == (self.alias.get(source) or self.name(source)):
                self.alias[value] = operand.text
                if source in self.rows:
                    self.rows[value] = self.rows[source]
                return
            spread = (
                operand.text if operand.batched else f"np.broadcast_to({operand.text}, {(value.count, *value.shape)})"
            )
            self.lines.append(f"{self.name(value)} = {spread}")
            return
        name = self.buffer(value)
        first = whole[0] if whole else None
        if value.kind == SUM and first is None:
            self.lines.append(f"{name}[...] = 0")
        elif first is not None:
            operand = self.operand(first.read, *value.span)
            self.lines.append(f"{name}[...] = {operand.text}")
        for case in value.cases:
            if case is not first:
                operand = self.operand(case.read, case.low, case.high)
                at = f"{name}[{case.low - value.low}:{case.high - value.low}]"
                self.lines.append(f"{at} {'+=' if value.kind == SUM else '='} {operand.text}")


def _rows_of(value: Value, readers: list[Value]) -> np.ndarray:
    """Return the constants of all iterations as one array; plain numbers in the dtype of what is computed of them."""
    if hasattr(value.data[0], "dtype"):
        return np.stack(value.data)
    dtypes = {reader.dtype for reader in readers if reader.dtype.kind == "f"}
    return np.array(value.data, dtypes.pop() if len(dtypes) == 1 and value.dtype.kind in "if" else value.dtype)
