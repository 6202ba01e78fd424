"""The repeated cell: what stands in one column, laid out once.

All columns of a band (a loop over time) are laid out alike, so the cell holds every slot that occurs in any of them.
A source outside the column, shared by many, enters the cell at a *port* in its floor.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter

from ..scenes.scene import Edge, Node
from .geometry import Box, Path, Point
from .graphviz_layout import arrange
from .request import Placed, Request, mirror, scope_members
from .routes import End
from .size import label_room, node_size

Slot = Hashable
Pairs = Sequence[tuple[Slot, Slot]]
LARGE = 350  # nodes and lines of a cell that Graphviz takes long for
CHANNEL = 8.0  # from the boxes of a rank to the first line that runs along them


@dataclass(frozen=True, slots=True)
class Wire:
    """What edges of different columns have in common: `source` is a slot, or the id of a node outside.

    What is `loose` has no say in what stands above what.
    """

    source: Hashable
    target: Slot
    argument: int
    port: bool
    loose: bool


@dataclass(slots=True)
class Cell:
    """Boxes, lines with the places of their labels, and frames of one band, from its top-left corner."""

    round: bool
    framed: bool
    sizes: dict[Slot, tuple[float, float]] = field(default_factory=dict)
    scopes: dict[Slot, str] = field(default_factory=dict)
    above: set[Slot] = field(default_factory=set)
    wires: dict[Wire, str] = field(default_factory=dict)
    boxes: dict[Slot, Box] = field(default_factory=dict)
    lines: dict[Wire, tuple[Path, Point | None]] = field(default_factory=dict)
    frames: dict[str, Box] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0
    _ends: dict[Slot, End] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """Make room for `node` at its slot."""
        width, height = node_size(node, self.round)
        widest, highest = self.sizes.get(node.slot, (0.0, 0.0))
        self.sizes[node.slot] = (max(widest, width), max(highest, height))
        self.scopes.setdefault(node.slot, node.scope if self.framed else "")
        if node.above:
            self.above.add(node.slot)

    def wire(self, edge: Edge, source: Hashable, target: Slot, port: bool = False) -> Wire:
        """Return the wire that `edge` is an instance of."""
        wire = Wire(source, target, edge.argument, port, edge.kind == "gradient")
        self.wires.setdefault(wire, edge.label)
        return wire

    def end(self, slot: Slot) -> End:
        """Return what a line to or from another column must know of `slot`."""
        if slot not in self._ends:
            box = self.boxes[slot]
            rank = [other for other in self.boxes.values() if other.top < box.bottom and box.top < other.bottom]
            self._ends[slot] = End(
                box,
                left=all(other.x >= box.x for other in rank),
                right=all(other.x <= box.x for other in rank),
                above=min(other.top for other in rank) - CHANNEL,
                below=max(other.bottom for other in rank) + CHANNEL,
            )
        return self._ends[slot]

    def arrange(self, left: Collection[Slot], right: Collection[Slot]) -> None:
        """Lay the cell out by Graphviz; `left` and `right` are the slots with lines to columns at that side.

        Graphviz knows nothing of the neighbouring columns: it is asked twice, with the slots in either order, and the
        better answer or its mirror image is taken. Where slots that have lines to other columns are in each other's
        way, they are put one over the other, if that helps. For a large cell it is asked once.
        """
        blocked = self._take_best(left, right)
        over = self._in_the_way({*left, *right}) if blocked and not self._is_large() else ()
        if over and self._take_best(left, right, over) > blocked:
            self._take_best(left, right)

    def _take_best(self, left: Collection[Slot], right: Collection[Slot], over: Pairs = ()) -> int:
        """Take the best of four arrangements, and return how many lines of it cannot run straight in or out."""
        slots = list(self.sizes)
        attempts: list[tuple[int, list[Slot], Placed]] = []
        for order in (slots, slots[::-1]) if (left or right) and not self._is_large() else (slots,):
            placed = arrange(self._request(order, over))
            for arrangement in (placed, mirror(placed)):
                self._take(order, arrangement)
                blocked = sum(not self.end(slot).left for slot in left)
                blocked += sum(not self.end(slot).right for slot in right)
                attempts.append((blocked, order, arrangement))
        blocked, order, arrangement = min(attempts, key=itemgetter(0))
        self._take(order, arrangement)
        return blocked

    def _is_large(self) -> bool:
        return len(self.sizes) + len(self.wires) > LARGE

    def _in_the_way(self, carried: set[Slot]) -> Pairs:
        """Return the pairs of slots with lines to other columns that stand beside each other, and had better not."""
        ranks: dict[float, list[Slot]] = {}
        for slot in self.sizes:
            if slot in carried and not (self.end(slot).left and self.end(slot).right):
                ranks.setdefault(self.boxes[slot].y, []).append(slot)
        return [pair for rank in ranks.values() for pair in pairwise(rank)]

    def _request(self, slots: list[Slot], over: Pairs) -> Request:
        sources = dict.fromkeys(wire.source for wire in self.wires if wire.port)
        ports = {source: i for i, source in enumerate(sources, len(slots))}
        number = {slot: i for i, slot in enumerate(slots)}
        return Request(
            sizes=[*(self.sizes[slot] for slot in slots), *[(2.0, 2.0)] * len(ports)],
            edges=[
                ((ports if w.port else number)[w.source], number[w.target], not w.port and w.source in self.above)
                for w in self.wires
            ],
            ports=list(ports.values()),
            scopes=self._members(slots),
            round=self.round,
            labels=[label_room(label) for label in self.wires.values()],
            rank_gap=34.0 if self.round else 28.0,
            loose=frozenset(i for i, wire in enumerate(self.wires) if wire.loose),
            over=[(number[low], number[high]) for low, high in over],
        )

    def _take(self, slots: list[Slot], placed: Placed) -> None:
        self.boxes = dict(zip(slots, [box.snapped() for box in placed.boxes], strict=False))  # after them come ports
        self.lines = dict(zip(self.wires, zip(placed.paths, placed.label_places, strict=True), strict=True))
        self.frames = dict(zip(dict(self._members(slots)), placed.frames, strict=True))
        self.width, self.height = placed.width, placed.height
        self._ends = {}

    def _members(self, slots: list[Slot]) -> list[tuple[str, list[int]]]:
        return scope_members(self.scopes[slot] for slot in slots)
