"""The derivative of a form: each op is pulled back once, for all iterations, and what it gives goes where it read.

What reads a value `offset` iterations later gives back to it `offset` iterations earlier: the recurrence of BPTT.
"""

from __future__ import annotations

from .form import CALL, GATHER, JOIN, PART, PULL, ROW, SAVED, SUM, TOTAL, Case, Form, Read, Value


def differentiate(form: Form, outputs: list[Read], seeds: list[Value], wrt: list[Value]) -> list[Value | None]:
    """Append the backward pass from `outputs`; return the adjoints of `wrt`, None where there is none."""
    _mark(form, wrt)
    forward = len(form.values)
    backward = _Backward(form, outputs, seeds)
    _prune(form.values[forward:], seeds)
    return backward.adjoints_of(wrt)


def _prune(backward: list[Value], seeds: list[Value]) -> None:
    """Take out of the sums of a backward pass what no seed leads to."""
    alive = set(seeds)
    growing = True
    while growing:
        before = len(alive)
        for value in backward:
            if value.kind == SUM:
                reached = any(case.read.source in alive for case in value.cases)
            else:
                reached = value.reads[0].source in alive
            if reached:
                alive.add(value)
        growing = len(alive) > before
    for value in backward:
        value.cases = [case for case in value.cases if case.read.source in alive]


def _mark(form: Form, wrt: list[Value]) -> None:
    """Mark the values that a gradient flows through."""
    for value in wrt:
        value.requires = True
    changed = True
    while changed:
        changed = False
        for value in form.values:
            if not value.requires and value.dtype.kind == "f" and any(_flows(value)):
                value.requires = changed = True


def _flows(value: Value) -> list[bool]:
    """Tell of each operand whether a gradient flows from the value to it."""
    if value.kind == CALL:
        rules = [value.op.rule(k) is not None for k in range(len(value.reads))]
        return [read.source.requires and rule for read, rule in zip(value.reads, rules, strict=True)]
    return [source.requires for source in value.sources()] if value.kind in (JOIN, ROW, GATHER, TOTAL) else []


class _Backward:
    def __init__(self, form: Form, outputs: list[Read], seeds: list[Value]):
        self.form = form
        self.adjoints: dict[Value, Value] = {}
        forward = list(form.values)
        for value in forward:
            if value.requires:
                self.adjoints[value] = Value(SUM, value.shape, value.dtype, loop=value.loop, span=value.span, of=value)
        for output, seed in zip(outputs, seeds, strict=True):
            if output.source in self.adjoints:
                self._give(output, Read(seed), None)
        for value in reversed(forward):
            if value.requires:
                self._add_adjoint(value)

    def adjoints_of(self, wrt: list[Value]) -> list[Value | None]:
        adjoints = [self.adjoints[value] for value in wrt]
        return [adjoint if adjoint.cases else None for adjoint in adjoints]

    def _add_adjoint(self, value: Value) -> None:
        adjoint = self.adjoints[value]
        self.form.add(adjoint)
        if value.kind == CALL:
            self._pull(value, adjoint)
        elif value.kind == JOIN:
            for case in value.cases:
                if case.read.source.requires:
                    self._give(case.read, Read(adjoint, 1, 0), (value, case.low, case.high))
        elif value.kind == ROW:
            (read,) = value.reads
            gathered = Value(GATHER, read.source.shape, read.source.dtype, of=read.source)
            gathered.reads = (Read(adjoint, read.step, -read.step * read.offset),)
            self._give(Read(read.source), Read(self.form.add(gathered)), None)
        elif value.kind == GATHER:
            (read,) = value.reads
            first, last = sorted((read.offset, read.step * (value.shape[0] - 1) + read.offset))
            row = Value(ROW, read.source.shape, value.dtype, loop=read.source.loop, span=(first, last + 1), of=value)
            row.reads = (Read(adjoint, read.step, -read.step * read.offset),)
            self._give(Read(read.source, 1, 0), Read(self.form.add(row), 1, 0), (row, row.low, row.high))
        elif value.kind == TOTAL:
            (source, step, offset), (low, high) = value.reads[0], value.data
            first, last = sorted((step * low + offset, step * (high - 1) + offset))
            self.adjoints[source].cases.append(Case(first, last + 1, Read(adjoint)))

    def _pull(self, value: Value, adjoint: Value) -> None:
        form = self.form
        here = (1, 0) if value.loop else (0, 0)
        operands = [Read(adjoint, *here), Read(value, *here), *value.reads]
        if value.op.saves is not None:
            operands.append(Read(self._saved(value), *here))
        pull = Value(PULL, (), value.dtype, loop=value.loop, span=value.span, op=value.op, reads=operands)
        pull.attributes, pull.of = value.attributes, value
        pull.wanted = tuple(_flows(value))
        form.add(pull)
        for argument, (read, wanted) in enumerate(zip(value.reads, pull.wanted, strict=True)):
            if wanted:
                part = Value(
                    PART, read.source.shape, read.source.dtype, loop=value.loop, span=value.span, data=argument
                )
                part.reads, part.of = (Read(pull, *here),), value
                self._give(read, Read(form.add(part), *here), (value, *value.span))

    def _saved(self, value: Value) -> Value:
        here = (1, 0) if value.loop else (0, 0)
        return self.form.add(
            Value(SAVED, (), value.dtype, loop=value.loop, span=value.span, reads=[Read(value, *here)])
        )

    def _give(self, read: Read, contribution: Read, reader: tuple[Value, int, int] | None) -> None:
        """Let the source of `read`, which `reader` does in its iterations, receive a contribution."""
        source, step, offset = read
        adjoint = self.adjoints[source]
        if reader is None or reader[0].loop is None:  # once
            low, high = (offset, offset + 1) if source.loop else (0, 1)
            adjoint.cases.append(Case(low, high, contribution))
            return
        _, low, high = reader
        if source.loop is None or step == 0:  # by all iterations
            total = Value(TOTAL, source.shape, source.dtype, reads=[contribution], of=source)
            total.low, total.high = 0, 1
            total.data = (low, high)
            at = (offset, offset + 1) if source.loop else (0, 1)
            adjoint.cases.append(Case(at[0], at[1], Read(self.form.add(total))))
            return
        first, last = sorted((step * low + offset, step * (high - 1) + offset))
        adjoint.cases.append(Case(first, last + 1, Read(contribution.source, step, -step * offset)))
