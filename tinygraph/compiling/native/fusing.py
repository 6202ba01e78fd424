"""Which ops of a recurrence share one loop over elements, and which numbers are then kept in registers alone."""

from __future__ import annotations

from collections import defaultdict

from ...ops.elementwise import add
from ..forms.batching import is_basic
from ..forms.form import ASSEMBLE, CALL, Form, Read, Value
from ..forms.own import LINEAR
from ..forms.recurrence import Recurrence
from ..forms.scalars import CHEAP, is_elementwise


class Groups:
    """The statements of one iteration in groups: elementwise ops of one shape together, each other op alone.

    Attributes
    ----------
    groups : list of list of Value
        In order.
    kept : set of Value
        What needs a buffer: it is read by another group, in another iteration, as a part, or outside.
    """

    def __init__(self, recurrence: Recurrence, read_outside: set[Value]):
        self.recurrence = recurrence
        self.statements = [value for value in recurrence.members if self._is_statement(value)]
        self.consumers: dict[Value, list[tuple[Value, bool]]] = defaultdict(list)
        for value in self.statements:
            for read in value.all_reads():
                for source, directly in self._producers(read):
                    self.consumers[source].append((value, directly and is_elementwise(value)))
        self.groups = self._grouped()
        number = {value: k for k, group in enumerate(self.groups) for value in group}
        self.kept = {value for value in self.statements if not is_elementwise(value) or value in read_outside}
        for source, consumers in self.consumers.items():
            if any(not directly or number[value] != number[source] for value, directly in consumers):
                self.kept.add(source)
        for value in recurrence.members:
            if value not in number:
                self.kept.add(value)
            for read in value.all_reads():
                if read.source in number and (value not in number or read.offset):
                    self.kept.add(read.source)

    def _is_statement(self, value: Value) -> bool:
        part = value.kind == CALL and value.op.name == "getitem" and self.recurrence.is_part(value)
        return value not in self.recurrence.base and not part

    def _producers(self, read: Read) -> list[tuple[Value, bool]]:
        """Return the statements of this iteration that an operand needs; and whether it is the very value of one."""
        source, _, offset = read
        if source not in self.recurrence.inside:
            return []
        if source in self.recurrence.base:
            source, shift = self.recurrence.root(source)
            offset += shift
        if offset:
            return []  # of another iteration
        if self._is_statement(source):
            parts = source.reads if source.kind == ASSEMBLE else ()
            return [(source, True), *[(producer, False) for part in parts for producer, _ in self._producers(part)]]
        return [(producer, False) for producer, _ in self._producers(source.reads[0])]

    def _grouped(self) -> list[list[Value]]:
        """Return the groups, made from the last to the first: what is needed late is computed late."""
        order = {value: k for k, value in enumerate(self.statements)}
        waiting = {value: len(self.consumers[value]) for value in self.statements}
        feeds: dict[Value, list[tuple[Value, bool]]] = defaultdict(list)
        for source, consumers in self.consumers.items():
            for value, directly in consumers:
                feeds[value].append((source, directly))
        ready = {value for value in self.statements if not waiting[value]}
        groups: list[list[Value]] = []
        while ready:
            alone = [value for value in ready if not is_elementwise(value)]
            first = max(alone or ready, key=order.__getitem__)
            blocked: set[Value] = set()  # what the group reads otherwise than element by element
            pending = [first] if alone else sorted(ready, key=order.__getitem__)
            group = []
            while pending:
                value = pending.pop()
                if value in blocked or value not in ready or (not alone and value.shape != first.shape):
                    continue
                ready.discard(value)
                group.append(value)
                for source, directly in feeds[value]:
                    waiting[source] -= 1
                    if not directly:
                        blocked.add(source)
                    if not waiting[source]:
                        ready.add(source)
                        if not alone and is_elementwise(source):
                            pending.append(source)
            groups.append(sorted(group, key=order.__getitem__))
        return groups[::-1]


def sunk(members: list[Value], readers: dict[Value, list[Value]], results: set[Value]) -> set[Value]:
    """Return what is computed outside a recurrence for it alone, cheaply and element by element: it can be in its loop.

    So are parts of what is computed outside: they are read in their places.
    """
    inside, taken = set(members), set[Value]()
    low, high = members[0].span

    def is_for_the_loop(value: Value) -> bool:
        if value.kind != CALL or value.loop is None or value in results or value.low > low or value.high < high:
            return False
        if value.op.name == "getitem":
            index = value.named["index"]
            (read,) = value.reads
            if not is_basic(index) or read.step != 1 or read.offset or not _of_unit_steps(index):
                return False
        elif value.op.name not in CHEAP or not is_elementwise(value):
            return False
        for reader in readers[value]:
            plain = all((read.step, read.offset) == (1, 0) for read in reader.all_reads() if read.source is value)
            here = reader in taken or (reader in inside and is_elementwise(reader))
            same = reader.shape == value.shape or value.op.name == "getitem"
            whole = all((c.low, c.high) == (low, high) for c in reader.cases)
            if not plain or not here or not same or not whole:
                return False
        return bool(readers[value])

    pending = [source for value in members for source in value.sources() if source not in inside]
    while pending:
        value = pending.pop()
        if value not in taken and is_for_the_loop(value):
            taken.add(value)
            pending += value.sources()
    return taken


def _of_unit_steps(index: object) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is not None and (not isinstance(part, slice) or part.step in (None, 1)) for part in parts)


def without_bias(form: Form, members: list[Value]) -> None:
    """Let the ops ``W x + b`` of a recurrence be a product and a sum, which another op's loop can take up."""
    for value in members:
        if value.kind == CALL and value.op.name == "linear" and len(value.reads) == 3:
            *factors, bias = value.reads
            product = Value(CALL, value.shape, value.dtype, loop=value.loop, span=value.span, name=value.name)
            product.op, product.reads, product.of = _WITHOUT[value.op.facts["form"]], tuple(factors), value.of
            value.op, value.reads = add, (Read(form.add(product), 1, 0), bias)


_WITHOUT = {f"{form} with bias": LINEAR[form] for form in ("vector", "rows", "stack")}
