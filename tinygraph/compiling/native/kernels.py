"""A recurrence as a loop that numba compiles: products by BLAS, and between them loops over single numbers."""

from __future__ import annotations

from ..errors import NotTaken
from ..forms.form import ASSEMBLE, Value
from ..forms.recurrence import Recurrence
from ..forms.scalars import FLOATS, is_elementwise, is_plain_number
from .arrays import WRITERS, assemble
from .elements import Elements
from .fusing import Groups
from .places import Arguments, Places


class KernelWriter:
    """Writes one recurrence into a function that has some arguments already."""

    def __init__(self, recurrence: Recurrence, sunk: set[Value], read_outside: set[Value], arguments: Arguments):
        self.recurrence = recurrence
        self.emitter = recurrence.emitter
        self.sunk = sunk
        self.groups = Groups(recurrence, read_outside)
        self.arguments = arguments
        self.places = Places(recurrence, sunk, arguments)
        self.constants: dict[str, object] = {}
        self.before: dict[str, str] = {}  # by name, the lines that compute something before the loop
        self.lines: list[str] = []
        numbers = {value.dtype for value in self.groups.statements if value.dtype != bool}
        if not numbers:
            raise NotTaken("truth values alone")
        self.number = max(numbers, key=lambda dtype: dtype.itemsize)
        for value in [*(value for group in self.groups.groups for value in group), *sunk]:
            self._check(value)

    def _check(self, value: Value) -> None:
        """Refuse what no compiled loop does."""
        if value.kind == ASSEMBLE or (value in self.sunk and value.op.name == "getitem"):
            return
        if not is_elementwise(value) and (value.kind != "call" or value.op.name not in WRITERS):
            raise NotTaken(f"{value.op.name if value.op is not None else value.kind}")
        for dtype in [value.dtype, *(source.dtype for source in value.sources() if not is_plain_number(source))]:
            if dtype.kind != "b" and dtype not in FLOATS:
                raise NotTaken(f"numbers of {dtype}")

    def body(self) -> list[str]:
        """Return the loop."""
        recurrence = self.recurrence
        unkept = set(self.groups.statements) - self.groups.kept
        recurrence.allocate(without=unkept)
        written = recurrence.views.union(recurrence.base, self.groups.statements)
        if not written.issuperset(recurrence.members):
            raise NotTaken("a part that is no view")
        recurrence.start()
        for group in self.groups.groups:
            if is_elementwise(group[0]):
                self.lines += Elements(self, group[0].shape, group).lines()
            elif group[0].kind == ASSEMBLE:
                assemble(self, group[0])
            else:
                WRITERS[group[0].op.name](self, group[0])
        T = self.arguments.integer("T", recurrence.high - recurrence.low)
        order = T if recurrence.step == 1 else f"{T} - 1, -1, -1"
        return [*self.before.values(), f"for t in range({order}):", *(f"    {line}" for line in self.lines)]
