"""The repeated cell: what stands in one column, laid out once.

All columns of a band (a loop over time) are laid out alike, so the cell holds every slot that occurs in any of them.
A source outside the column, shared by many, enters the cell at a *port* in its floor.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from ..scenes.scene import Edge, Node
from .geometry import Box, Path
from .graphviz_layout import Placed, Request, arrange, mirror
from .size import label_room, node_size

__all__ = ["Cell", "Wire"]

Slot = Hashable
CHANNEL = 8.0  # from the boxes of a rank to the first line that runs along them


@dataclass(frozen=True, slots=True)
class Wire:
    """What edges of different columns have in common: `source` is a slot, or the id of a node outside.

    What is `loose` has no say in what stands above what.
    """

    source: Hashable
    target: Slot
    argument: int
    port: bool = False
    loose: bool = False


@dataclass(slots=True)
class Cell:
    """Boxes, paths and frames of one band, from its top-left corner."""

    round: bool = False
    framed: bool = False
    sizes: dict[Slot, tuple[float, float]] = field(default_factory=dict)
    scopes: dict[Slot, str] = field(default_factory=dict)
    above: set[Slot] = field(default_factory=set)
    wires: dict[Wire, str] = field(default_factory=dict)
    boxes: dict[Slot, Box] = field(default_factory=dict)
    paths: dict[Wire, Path] = field(default_factory=dict)
    labels: dict[Wire, tuple[float, float] | None] = field(default_factory=dict)
    ports: dict[Hashable, float] = field(default_factory=dict)
    frames: dict[str, Box] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0
    over: list[tuple[Slot, Slot]] = field(default_factory=list)
    _clear: dict[Slot, tuple[bool, bool, float, float]] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Make room for `node` at its slot."""
        width, height = node_size(node, self.round)
        old = self.sizes.get(node.slot, (0.0, 0.0))
        self.sizes[node.slot] = (max(old[0], width), max(old[1], height))
        self.scopes.setdefault(node.slot, node.scope)
        if node.above:
            self.above.add(node.slot)

    def wire(self, edge: Edge, source: Hashable, target: Slot, port: bool = False) -> Wire:
        """The wire that `edge` is an instance of."""
        wire = Wire(source, target, edge.argument, port, edge.kind == "gradient")
        self.wires.setdefault(wire, edge.label)
        return wire

    def arrange(self, enters: Iterable[Slot] = (), leaves: Iterable[Slot] = ()) -> None:
        """Lay the cell out by Graphviz, with what it can of `enters` on the left and of `leaves` on the right.

        Graphviz knows nothing of the neighbouring columns: it is asked twice, with the slots in either order, and the
        better answer or its mirror image is taken. Where slots that have lines to other columns are in each other's
        way, they are put one over the other, if that helps.
        """
        enters, leaves = list(enters), list(leaves)
        blocked = self._try_orders(enters, leaves)
        self.over = self._level_with_each_other({*enters, *leaves}) if blocked else []
        if self.over and self._try_orders(enters, leaves) > blocked:
            self.over = []
            self._try_orders(enters, leaves)

    def _try_orders(self, enters: list[Slot], leaves: list[Slot]) -> int:
        """Take the best of four arrangements, and say how many lines of it cannot run straight in or out."""
        orders = [list(self.sizes)] if not (enters or leaves) else [list(self.sizes), list(self.sizes)[::-1]]
        tried: list[tuple[int, list[Slot], Placed]] = []
        for slots in orders:
            placed = arrange(self._request(slots))
            for arrangement in (placed, mirror(placed)):
                self._take(slots, arrangement)
                blocked = sum(not self.side(slot, False) for slot in enters)
                tried.append((blocked + sum(not self.side(slot, True) for slot in leaves), slots, arrangement))
        best, slots, arrangement = min(tried, key=lambda found: found[0])
        self._take(slots, arrangement)
        return best

    def _level_with_each_other(self, carried: set[Slot]) -> list[tuple[Slot, Slot]]:
        """Pairs of slots with lines to other columns that stand beside each other, and had better not."""
        ranks: dict[float, list[Slot]] = {}
        for slot in self.sizes:
            if slot in carried and not (self.side(slot, True) and self.side(slot, False)):
                ranks.setdefault(self.boxes[slot].y, []).append(slot)
        return [pair for rank in ranks.values() for pair in itertools.pairwise(rank)]

    def _request(self, slots: list[Slot]) -> Request:
        wires = list(self.wires)
        ports = list(dict.fromkeys(wire.source for wire in wires if wire.port))
        number = {("slot", slot): i for i, slot in enumerate(slots)}
        number.update({("port", port): len(slots) + i for i, port in enumerate(ports)})
        ends = [
            (
                number["port" if w.port else "slot", w.source],
                number["slot", w.target],
                w.source in self.above and not w.port,
            )
            for w in wires
        ]
        return Request(
            sizes=[*(self.sizes[slot] for slot in slots), *[(2.0, 2.0)] * len(ports)],
            edges=ends,
            ports=range(len(slots), len(slots) + len(ports)),
            scopes=self._clusters(slots),
            round=self.round,
            labels=[label_room(self.wires[wire]) for wire in wires],
            rank_gap=34.0 if self.round else 28.0,
            loose=frozenset(i for i, wire in enumerate(wires) if wire.loose),
            over=[(slots.index(low), slots.index(high)) for low, high in self.over],
        )

    def _take(self, slots: list[Slot], placed: Placed) -> None:
        ports = list(dict.fromkeys(wire.source for wire in self.wires if wire.port))
        self.boxes = {slot: box.snapped() for slot, box in zip(slots, placed.boxes, strict=False)}
        self.ports = {port: box.x for port, box in zip(ports, placed.boxes[len(slots) :], strict=True)}
        self.paths = dict(zip(self.wires, placed.paths, strict=True))
        self.labels = dict(zip(self.wires, placed.label_places, strict=True))
        self.frames = dict(zip(dict(self._clusters(slots)), placed.frames, strict=True))
        self.width, self.height = placed.width, placed.height
        self._clear = {}

    def _clusters(self, slots: Iterable[Slot]) -> list[tuple[str, list[int]]]:
        members: dict[str, list[int]] = {}
        for i, slot in enumerate(slots):
            members.setdefault(self.scopes[slot], []).append(i)
        if not self.framed:
            return []
        return [(scope, inside) for scope, inside in members.items() if scope]

    def side(self, slot: Slot, right: bool) -> bool:
        """Whether nothing stands between `slot` and the right (or left) end of the cell."""
        clear_left, clear_right, _, _ = self._surroundings(slot)
        return clear_right if right else clear_left

    def channel(self, slot: Slot, above: bool) -> float:
        """The height of the free lane above (or below) the boxes of the rank that `slot` is in."""
        return self._surroundings(slot)[2 if above else 3]

    def _surroundings(self, slot: Slot) -> tuple[bool, bool, float, float]:
        found = self._clear.get(slot)
        if found is None:
            box = self.boxes[slot]
            rank = [b for b in self.boxes.values() if b.top < box.bottom and box.top < b.bottom]
            left = all(b.x >= box.x for b in rank)
            right = all(b.x <= box.x for b in rank)
            top, bottom = min(b.top for b in rank), max(b.bottom for b in rank)
            found = self._clear[slot] = (left, right, top - CHANNEL, bottom + CHANNEL)
        return found
