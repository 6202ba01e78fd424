"""Where in the program a node was made, told apart from when: its slot is the same in every time step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from types import CodeType

import tinygraph as tg
from tinygraph.recording.bytecode import layout
from tinygraph.recording.calls import Call

__all__ = ["slots"]


def slots(nodes: Iterable[tg.Node]) -> dict[int, Hashable]:
    """Return a slot for each op among `nodes`, by the node's index.

    A slot is the instruction, the calls that led to it, and the number of times it had run before in the same time
    step (a loop over layers or gates runs it more than once).
    """
    paths = _Paths()
    places: dict[int, int] = {}
    runs: Counter[Hashable] = Counter()
    slot_of: dict[int, Hashable] = {}
    for node in nodes:
        place = places.setdefault(paths.of(node), len(places))
        at = place, node.timestep
        slot_of[node.index] = place, runs[at]
        runs[at] += 1
    return slot_of


class _Paths:
    """Small numbers for call paths, worked out once for each call."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}
        self.of_call: dict[Call | None, int] = {None: -1}
        self.instructions: dict[tuple[int, int], int] = {}

    def of(self, node: tg.Node) -> int:
        """Return the number of the path that led to a node, its last instruction included."""
        if node.call is None:
            source = node.source
            line = source and (source.filename, source.lineno, source.column)
            return self._number((line, node.scope, str(node.op)))
        return self._number((self._path(node.call), self._instruction(node.call.code, node.lasti), str(node.op)))

    def _path(self, call: Call) -> int:
        pending: list[Call] = []
        caller: Call | None = call
        while caller is not None and caller not in self.of_call:
            pending.append(caller)
            caller = caller.parent
        number = self.of_call[caller]
        for call in reversed(pending):
            at = self._instruction(call.parent.code, call.lasti) if call.parent else call.lasti
            number = self.of_call[call] = self._number((number, id(call.code), at))
        return number

    def _instruction(self, code: CodeType, lasti: int) -> int:
        """Return the offset in the code as it was compiled: the raw one moves while a program runs."""
        key = id(code), lasti
        if key not in self.instructions:
            self.instructions[key] = layout(code).instruction(lasti)
        return self.instructions[key]

    def _number(self, key: Hashable) -> int:
        return self.numbers.setdefault(key, len(self.numbers))
