"""Rewriting a program as an expert would write it: the same sums and products, in another order.

A backward pass is linear in its adjoints, so what multiplies an adjoint can be worked out before the loop: `common
factors` are taken out of sums, bounded factors multiplied beforehand, and gradients of slices written side by side.
What is the same in all iterations leaves the loop, and so do running sums of which only the last is read.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ...ops.elementwise import add, multiply, subtract
from .batching import is_basic
from .form import ASSEMBLE, CALL, CONSTANT, GATHER, JOIN, SUM, TOTAL, Form, Read, Value, needed

_BOUNDED = ("tanh", "sigmoid", "softmax")
_REARRANGED = ("getitem", "reshape", "transpose", "swapaxes", "concatenate", "stack")


def improve(form: Form, seeds: list[Value]) -> None:
    """Rewrite the backward pass that begins with `seeds`."""
    read_through(form)
    work = _Improving(form, seeds)
    for value in list(form.values):
        if value.kind == SUM and len(value.cases) > 1:
            work.take_out_factor(value)
    for value in list(form.values):
        if work.is_product(value):
            work.multiply_before(value)
    for value in list(form.values):
        if value.kind == SUM and len(value.cases) > 1:
            work.assemble(value)


def read_through(form: Form) -> None:
    """Let what reads a sum of one term read that term."""
    for value in form.values:
        value.read_as(_through)
    form.gradients = [None if value is None else _through(Read(value)).source for value in form.gradients]


def _through(read: Read) -> Read:
    source = read.source
    while source.kind == SUM and len(source.cases) == 1 and source.cases[0][:2] == source.span:
        (_, _, term) = source.cases[0]
        if source.loop is None:
            if term.source.loop is not None or term.source.shape != source.shape:
                return read
            read = read._replace(source=term.source)  # of an array, a row may be read
        elif not term.varies or read.step == 0:
            return read
        else:
            read = Read(term.source, read.step * term.step, term.step * read.offset + term.offset)
        source = read.source
    return read


class _Improving:
    def __init__(self, form: Form, seeds: list[Value]):
        self.form = form
        self.readers: dict[Value, list[Value]] = defaultdict(list)
        for value in needed(form):
            for source in value.sources():
                self.readers[source].append(value)
        for read in form.outputs:
            self.readers[read.source].append(seeds[0])
        for gradient in form.gradients:
            if gradient is not None:
                self.readers[gradient].append(seeds[0])
        self.adjoints = set(seeds)
        pending = list(seeds)
        while pending:
            for reader in self.readers[pending.pop()]:
                if reader not in self.adjoints:
                    self.adjoints.add(reader)
                    pending.append(reader)

    def is_product(self, value: Value) -> bool:
        """Tell whether a value is an adjoint times something of the forward pass."""
        if value.kind != CALL or value.op is not multiply or value.loop is None or value.dtype.kind != "f":
            return False
        return sum(read.source in self.adjoints for read in value.reads) == 1

    def _factors(self, product: Value) -> tuple[Read, Read]:
        first, second = product.reads
        return (first, second) if first.source in self.adjoints else (second, first)

    def _new(self, op: object, reads: list[Read], like: Value) -> Read:
        """Return the value of an op on values of the forward pass, in the loop of another value."""
        shape = np.broadcast_shapes(*[read.source.shape for read in reads])
        dtype = np.result_type(*[read.source.dtype for read in reads])
        value = Value(CALL, shape, dtype, op=op, name=like.name, of=like.of)
        if any(read.source.loop for read in reads):
            value.loop, value.low, value.high = like.loop, like.low, like.high
        self._let_read(self.form.add(value), *reads)
        return Read(value, 1, 0) if value.loop else Read(value)

    def _let_read(self, value: Value, *reads: Read) -> None:
        value.reads = reads
        for read in reads:
            self.readers[read.source].append(value)

    # -- g a + g b = g (a + b) ----------------------------------------------------------------------------------------

    def take_out_factor(self, value: Value) -> None:
        """Write a sum of products with the same adjoint as one product."""
        signed: list[tuple[int, Value]] = []
        for case in value.cases:
            sign, product = 1, case.read.source
            if product.kind == CALL and product.op.name == "negative" and len(self.readers[product]) == 1:
                sign, (inner,) = -1, product.reads
                product = inner.source if (inner.step, inner.offset) == (1, 0) else product
            here = (case.low, case.high) == value.span and (case.read.step, case.read.offset) == (1, 0)
            fits = product.span == value.span and product.shape == value.shape and product.dtype == value.dtype
            if not here or not self.is_product(product) or len(self.readers[product]) != 1 or not fits:
                return
            signed.append((sign, product))
        adjoints = {self._factors(product)[0] for _, product in signed}
        if len(adjoints) != 1 or signed[0][0] < 0:
            return
        factor = self._factors(signed[0][1])[1]
        for sign, product in signed[1:]:
            factor = self._new(add if sign > 0 else subtract, [factor, self._factors(product)[1]], product)
        if factor.source.dtype == value.dtype:
            (adjoint,) = adjoints
            value.kind, value.op, value.cases = CALL, multiply, []
            self._let_read(value, adjoint, factor)

    # -- (g a) b = g (a b) --------------------------------------------------------------------------------------------

    def multiply_before(self, value: Value) -> None:
        """Multiply the factors of an adjoint with each other first, where they are at most about 1."""
        read, factor = self._factors(value)
        inner = read.source
        if (read.step, read.offset) != (1, 0) or not self.is_product(inner) or len(self.readers[inner]) != 1:
            return
        adjoint, earlier = self._factors(inner)
        same = inner.span == value.span and inner.shape == value.shape == adjoint.source.shape
        if not same or not (is_bounded(factor.source) and is_bounded(earlier.source)):
            return
        both = self._new(multiply, [earlier, factor], value)
        if both.source.dtype == value.dtype:
            self._let_read(value, adjoint, both)

    # -- gradients of slices ------------------------------------------------------------------------------------------

    def assemble(self, value: Value) -> None:
        """Write the gradients of slices beside each other, where they fill the array."""
        parts, indices = [], []
        covered = np.zeros(value.shape, int)
        for case in value.cases:
            scattered = case.read.source
            whole = (case.low, case.high) == value.span == scattered.span
            here = (case.read.step, case.read.offset) in ((1, 0), (0, 0)) and scattered.loop is value.loop
            if not whole or not here or scattered.kind != CALL or scattered.op.name != "scatter":
                return
            index = scattered.named["index"]
            if len(self.readers[scattered]) != 1 or not is_basic(index) or scattered.dtype != value.dtype:
                return
            covered[index] += 1
            parts.append(scattered.reads[0])
            indices.append(index)
        if (covered == 1).all():
            value.kind, value.cases, value.reads, value.data = ASSEMBLE, [], tuple(parts), indices


def is_bounded(value: Value, depth: int = 8) -> bool:
    """Tell whether a value is a number of about 1 at most, whatever the program is given."""
    if not depth:
        return False
    if value.kind == CONSTANT and value.loop is None:
        return bool(np.all(np.abs(value.data) <= 1))
    if value.kind != CALL:
        return False
    name = value.op.name
    inner = [is_bounded(read.source, depth - 1) for read in value.reads] if name not in _BOUNDED else []
    return name in _BOUNDED or (name in ("multiply", "subtract", *_REARRANGED) and all(inner))


# -- out of the loop ---------------------------------------------------------------------------------------------------


def sum_up(form: Form, outputs: list[Read]) -> None:
    """Put one sum over all iterations in the place of running sums, of losses, of which only the last is read."""
    readers: dict[Value, list[tuple[Value | None, Read]]] = defaultdict(list)
    for value in form.values:
        for read in value.all_reads():
            readers[read.source].append((value, read))
    for output in outputs:
        readers[output.source].append((None, output))
    for value in list(form.values):
        if value.kind != CALL or value.op.name != "add" or value.loop is None:
            continue
        for (join, step, offset), term in (value.reads, value.reads[::-1]):
            if not (join.kind == JOIN and _is_running(value, join, term) and (step, offset) == (1, 0)):
                continue
            last = Read(value, 0, value.high - 1)
            others = [pair for pair in readers[value] if pair != (join, Read(value, 1, -1))]
            if len(readers[join]) == 1 and all(read == last for _, read in others):
                _sum_up(form, value, join, term, outputs)
                break


def _is_running(value: Value, join: Value, term: Read) -> bool:
    if len(join.cases) != 2 or join.span != value.span or not term.varies:
        return False
    first, later = join.cases
    begins = first.read.source.loop is None and (first.low, first.high) == (value.low, value.low + 1)
    same = term.source.shape == value.shape and term.source.dtype == value.dtype
    return begins and later.read == Read(value, 1, -1) and same


def _sum_up(form: Form, value: Value, join: Value, term: Read, outputs: list[Read]) -> None:
    total = Value(TOTAL, value.shape, value.dtype, reads=[term], data=value.span, name=value.name)
    form.add(total)
    value.reads = (Read(join.cases[0].read.source), Read(total))
    join.cases, join.reads = [], ()
    form.values.remove(join)
    form.values.remove(value)
    form.add(value)
    form.take_out(value)
    outputs[:] = [Read(value) if read.source is value else read for read in outputs]
    form.renumber()


def hoist(form: Form) -> None:
    """Take out of loops what is the same in all iterations."""
    moving = True
    while moving:
        moving = False
        for value in form.values:
            spread = value.kind == SUM and len(value.cases) == 1 and value.cases[0][:2] == value.span
            varies = any(source.loop for source in value.sources())
            if value.loop is None or varies or not (value.kind == CALL or spread):
                continue
            if not any(reader.kind == GATHER and reader.reads[0].source is value for reader in form.values):
                value.cases = [case._replace(low=0, high=1) for case in value.cases]
                moving = True
                form.take_out(value)
