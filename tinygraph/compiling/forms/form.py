"""The intermediate form: values, each of one op and what it reads, once or for every iteration of a loop.

A program is a list of values. A value of a loop has one instance for each iteration it is present in, and says of each
operand which iteration of the operand's loop it reads, so the form of a recurrence does not grow with its length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

ARGUMENT, CAPTURED, CONSTANT, SEED = "argument", "captured", "constant", "seed"  # leaves
CALL, SAVED = "call", "saved"  # an op run forward, and what it saves for its rules
PULL, PART, SUM, TOTAL = "pull", "part", "sum", "total"  # an op pulled back, a contribution, their sum; all iterations'
JOIN, ROW, GATHER = "join", "row", "gather"  # of several sources; a row of an array; rows made one array
ASSEMBLE = "assemble"  # parts beside each other


class Loop:
    """A loop of the program: how often it goes round, and what it is called in reports."""

    def __init__(self, trips: int, label: str = ""):
        self.trips = trips
        self.label = label

    def __repr__(self) -> str:
        return f"Loop({self.trips}, {self.label})"


class Read(NamedTuple):
    """An operand: of a value in a loop, its iteration ``step * i + offset``, where step is 1, -1 or 0."""

    source: Value
    step: int = 0
    offset: int = 0

    @property
    def varies(self) -> bool:
        """Whether it is another instance in each iteration."""
        return self.source.loop is not None and self.step != 0


class Case(NamedTuple):
    """What a `JOIN` or a `SUM` reads in its iterations from `low` to before `high`."""

    low: int
    high: int
    read: Read


class Value:
    """A value of a program, or all the instances of one of a loop.

    Attributes
    ----------
    kind : str
    loop : Loop or None
    low, high : int
        The iterations in which it is present.
    shape, dtype
        Of one instance.
    op : Primitive or None
        Of a `CALL` or `PULL`.
    reads : tuple of Read
    attributes : dict or None
    cases : list of Case
        Of a `JOIN` or `SUM`.
    data
        Of a constant its number or array, a list of them in a loop; of a captured Tensor the Tensor; of an argument
        its number; of a `PART` which contribution it is; of a `TOTAL` the iterations; of an `ASSEMBLE` the places.
    wanted : tuple of bool
        Of a `PULL`: which arguments receive something.
    name : str or None
        What the program calls it.
    of : Value or None
        Of an adjoint, the value whose it is: for names.
    requires : bool
        Whether a gradient flows through it.
    """

    __slots__ = (
        *("attributes", "cases", "data", "dtype", "high", "kind", "loop", "low", "name", "number", "of", "op"),
        *("reads", "requires", "shape", "wanted"),
    )

    def __init__(
        self,
        kind: str,
        shape: tuple[int, ...],
        dtype: Any,
        *,
        loop: Loop | None = None,
        span: tuple[int, int] = (0, 1),
        op: Any = None,
        reads: Sequence[Read] = (),
        attributes: dict[str, Any] | None = None,
        data: Any = None,
        name: str | None = None,
        of: Value | None = None,
    ):
        self.kind = kind
        self.shape = shape
        self.dtype = dtype
        self.loop = loop
        self.low, self.high = span
        self.op = op
        self.reads = tuple(reads)
        self.attributes = attributes
        self.cases: list[Case] = []
        self.data = data
        self.wanted: tuple[bool, ...] = ()
        self.name = name
        self.of = of
        self.requires = False
        self.number = -1

    @property
    def named(self) -> dict[str, Any]:
        """Its attributes; an empty dict where it has none."""
        return self.attributes or {}

    @property
    def span(self) -> tuple[int, int]:
        """The iterations in which it is present."""
        return self.low, self.high

    @property
    def count(self) -> int:
        """How many instances it has."""
        return self.high - self.low

    def all_reads(self) -> list[Read]:
        """Return how it reads its operands, and in its cases."""
        return [*self.reads, *[case.read for case in self.cases]]

    def sources(self) -> list[Value]:
        """Return all that it reads."""
        return [read.source for read in self.all_reads()]

    def read_as(self, instead: Callable[[Read], Read]) -> None:
        """Read something else in the place of each operand."""
        self.reads = tuple(map(instead, self.reads))
        self.cases = [case._replace(read=instead(case.read)) for case in self.cases]

    def __repr__(self) -> str:
        times = f" ×{self.count}" if self.loop else ""
        return f"<{self.kind} {self.op or ''} {self.shape}{times}>"


class Form:
    """A program as a list of values.

    Attributes
    ----------
    values : list of Value
    outputs : list of Value
        What the function returns, one instance each.
    gradients : list of Value or None
        With respect to what is wanted; None where there is none.
    """

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.outputs: list[Read] = []
        self.gradients: list[Value | None] = []

    def add(self, value: Value) -> Value:
        """Append a value."""
        value.number = len(self.values)
        self.values.append(value)
        return value

    def take_out(self, value: Value) -> None:
        """Take a value out of its loop: whatever iteration of it is read, it is the one that there is."""
        value.loop, value.low, value.high = None, 0, 1
        for reader in self.values:
            reader.read_as(lambda read: Read(value) if read.source is value else read)

    def renumber(self) -> None:
        """Number the values in order."""
        for number, value in enumerate(self.values):
            value.number = number


def needed(form: Form) -> set[Value]:
    """Return the values that lead to outputs and gradients."""
    pending = [read.source for read in form.outputs] + [value for value in form.gradients if value is not None]
    values = set(pending)
    while pending:
        for source in pending.pop().sources():
            if source not in values:
                values.add(source)
                pending.append(source)
    return values


def shape_and_dtype(value: Any) -> tuple[tuple[int, ...], np.dtype]:
    """Return what an array would have, of a plain number too."""
    return np.shape(value), value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
