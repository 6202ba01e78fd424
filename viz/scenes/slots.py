"""Where in the program a node was made, told apart from when: the same line in the next time step is the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

from tinygraph.recording.bytecode import layout

__all__ = ["slots"]


def slots(nodes: Iterable[Any]) -> dict[int, Hashable]:
    """A place for each op among `nodes`, by the node's index.

    A place is the instruction, the calls that led to it, and the number of times it had run before in the same time
    step (a loop over layers or gates runs it more than once).
    """
    paths = _Paths()
    places: dict[int, int] = {}
    seen: Counter[Hashable] = Counter()
    found: dict[int, Hashable] = {}
    for node in nodes:
        path = paths.of(node)
        place = places.setdefault(path, len(places))
        when = (place, node.timestep)
        occurrence = seen[when]
        seen[when] = occurrence + 1
        found[node.index] = (place, occurrence)
    return found


class _Paths:
    """Small numbers for call paths, worked out once for each call."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}
        self.of_call: dict[int, int] = {}
        self.instructions: dict[tuple[int, int], int] = {}

    def of(self, node: Any) -> int:
        if node.call is None:
            return self._number(("source", _line(node), node.scope, str(node.op)))
        return self._number((self._path(node.call), self._instruction(node.call.code, node.lasti), str(node.op)))

    def _path(self, call: Any) -> int:
        pending = []
        while call is not None and id(call) not in self.of_call:
            pending.append(call)
            call = call.parent
        number = self.of_call[id(call)] if call is not None else -1
        for call in reversed(pending):
            number = self._number(
                (number, id(call.code), self._instruction(call.parent and call.parent.code, call.lasti))
            )
            self.of_call[id(call)] = number
        return number

    def _instruction(self, code: Any, lasti: int) -> int:
        """The offset in the code as it was compiled: the raw one moves while a program runs."""
        if code is None:
            return lasti
        key = (id(code), lasti)
        if key not in self.instructions:
            self.instructions[key] = layout(code).instruction(lasti)
        return self.instructions[key]

    def _number(self, key: Hashable) -> int:
        return self.numbers.setdefault(key, len(self.numbers))


def _line(node: Any) -> Hashable:
    source = node.source
    return (source.filename, source.lineno, source.column) if source is not None else None
