"""The repeated cell: what stands in one column, laid out once.

All columns of a band (a loop over time) are laid out alike, so the cell holds every slot that occurs in any of them.
A source outside the column, shared by many, enters the cell at a *port* in its floor.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from operator import itemgetter
from typing import NamedTuple

from ..scenes.scene import Edge, Node
from .buses import DEPTH, ROOM, Stretch, bus, foot, gap_below
from .geometry import Box, Path, Point, cross
from .graphviz_layout import arrange
from .landings import spread_landings
from .mend import mended
from .request import Placed, Request, mirror, scope_members
from .routes import End
from .size import label_room, node_size
from .straight import follow, in_line, is_slanted, overlap, straight
from .tips import arrivals, spread_tips, widened

Slot = Hashable
Pairs = Sequence[tuple[Slot, Slot]]
LARGE = 350  # nodes and lines of a cell that Graphviz takes long for
BELOW_BUSES = DEPTH + 12.0
CHANNEL = 8.0  # from the boxes of a rank to the first line that runs along them


class Wire(NamedTuple):
    """What edges of different columns have in common: `source` is a slot, or the id of a node outside.

    `place` tells several between the same two nodes apart. What is `loose` has no say in what stands above what.
    """

    source: Hashable
    target: Slot
    place: int
    port: bool
    loose: bool


@dataclass(slots=True)
class Cell:
    """Boxes, lines with the places of their labels, and frames of one band, from its top-left corner.

    `entering` are the widths of the labels of what comes to a slot from columns on the left, by source; `rooms` is how
    far the lines into a slot from below are apart, where labels stand between them.
    """

    round: bool
    framed: bool
    sizes: dict[Slot, tuple[float, float]] = field(default_factory=dict)
    scopes: dict[Slot, str] = field(default_factory=dict)
    above: set[Slot] = field(default_factory=set)
    rows: dict[Slot, tuple[int, int | None]] = field(default_factory=dict)
    wires: dict[Wire, str] = field(default_factory=dict)
    entering: dict[Slot, dict[Hashable, float]] = field(default_factory=dict)
    rooms: dict[Slot, float] = field(default_factory=dict)
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
        if node.row is not None:
            self.rows[node.slot] = node.row, node.place

    def wire(self, edge: Edge, source: Hashable, target: Slot, place: int, port: bool = False) -> Wire:
        """Return the wire that `edge` is an instance of."""
        wire = Wire(source, target, place, port, edge.kind == "gradient")
        self.wires.setdefault(wire, edge.label)
        return wire

    def end(self, slot: Slot) -> End:
        """Return what a line to or from another column must know of `slot`."""
        if slot not in self._ends:
            box = self.boxes[slot]
            rank = [other for other in self.boxes.values() if other.top < box.bottom and box.top < other.bottom]
            bus = slot in self.rows and self.rows[slot][1] is None
            self._ends[slot] = End(
                box,
                left=all(other.x >= box.x for other in rank) and not bus,
                right=all(other.x <= box.x for other in rank),
                above=min(other.top for other in rank) - CHANNEL,
                below=max(other.bottom for other in rank) + (BELOW_BUSES if bus else CHANNEL),
                room=self.rooms.get(slot, 0.0),
            )
        return self._ends[slot]

    def stacked(self, slots: Collection[Slot]) -> Cell:
        """Return a cell in which only these slots stand, at their heights, over each other where there is room."""
        boxes = {slot: box for slot, box in self.boxes.items() if slot in slots}
        order = sorted(boxes.values(), key=lambda box: box.y)
        if all(high.bottom <= low.top for high, low in pairwise(order)):
            middle = max(box.width for box in order) / 2
            boxes = {slot: box._replace(x=middle) for slot, box in boxes.items()}
        width = max(box.right for box in boxes.values())
        return Cell(self.round, self.framed, boxes=boxes, width=width, height=self.height)

    def arrange(self, left: Collection[Slot], right: Collection[Slot]) -> None:
        """Lay the cell out by Graphviz; `left` and `right` are the slots with lines to columns at that side.

        Graphviz knows nothing of the neighbouring columns: it is asked twice, with the slots in either order, and the
        better answer or its mirror image is taken. Where slots that have lines to other columns are in each other's
        way, they are put one over the other, if that helps. For a large cell it is asked once.
        """
        if self.rows and not self._is_large():
            self._arrange_rows(left, right)
            return
        if not self.round:
            lines = arrivals((wire.source, wire.target) for wire in self.wires)
            self.sizes = {slot: widened(size, lines[slot]) for slot, size in self.sizes.items()}
        blocked = self._take_best(left, right)
        over = self._in_the_way({*left, *right}) if blocked and not self._is_large() else ()
        if over and self._take_best(left, right, over) > blocked:
            self._take_best(left, right)
        self._mend()
        if self.round:
            self._spread(left, right)
        else:
            paths = {wire: path for wire, (path, _) in self.lines.items()}
            moved = spread_tips(paths, {wire: (wire.source, wire.target) for wire in paths}, self.boxes)
            self.lines |= {wire: (path, self.lines[wire][1]) for wire, path in moved.items()}

    def _arrange_rows(self, left: Collection[Slot], right: Collection[Slot]) -> None:
        """Lay out a cell with rows, which run from left to right, with few crossings."""
        self._widen()
        attempts: list[tuple[int, list[Slot], Placed]] = []
        for order in (list(self.sizes), list(self.sizes)[::-1]):
            placed = arrange(self._request(order, ()))
            self._take(order, placed)
            attempts.append((self._crossings(), order, placed))
        _, order, placed = min(attempts, key=itemgetter(0))
        self._take(order, placed)
        self._put_in_line()
        for row in self._rows(ordered=False):
            self._run_buses(row, left)
        self._mend()
        if self.round:
            self._spread(left, right)

    def _widen(self) -> None:
        """Make what is entered by several labelled lines from below as wide as their labels ask."""
        for row in self._rows(ordered=False):
            for slot in row:
                lower = [w for w in self.wires if self.rows.get(w.source, (-1,))[0] < self.rows[slot][0]]
                below = [label_room(self.wires[wire]) for wire in lower if wire.target == slot and not wire.port]
                labels = [*below, *self.entering.get(slot, {}).values()]
                if len(labels) > 2 - (len(below) > 1) and all(labels):
                    width, height = self.sizes[slot]
                    self.rooms[slot] = max(labels)
                    self.sizes[slot] = max(width, 2.0 * round(len(labels) * max(labels) / 2)), height

    def _crossings(self) -> int:
        """Count how often straight lines between the ends of the wires would cross."""
        ends = [(self.boxes[w.source][:2], self.boxes[w.target][:2]) for w in self.wires if not w.port]
        return sum(cross(*one, *other) for one, other in combinations(ends, 2))

    def _put_in_line(self) -> None:
        """Move what stands in an order over or under what it is joined to, and straighten lines."""
        before = dict(self.boxes)
        for row in self._rows(ordered=True) * 2:  # again, for what is joined to a higher row
            joined: dict[Slot, list[Slot]] = {}
            for wire in self.wires if self.round else ():
                if not wire.port and wire.target in row and wire.source not in row:
                    joined.setdefault(wire.target, []).append(wire.source)
            for wishes in (joined, {}):
                placed = in_line(row, self.boxes, wishes)
                if not overlap(placed.values(), [box for slot, box in self.boxes.items() if slot not in placed]):
                    self.boxes |= placed
                    break
        self.width = max([self.width, *(box.right for box in self.boxes.values())])
        moved = {slot: self.boxes[slot].x - box.x for slot, box in before.items()}
        for wire, (path, label) in self.lines.items():
            if not wire.port:
                ends = wire.source, wire.target
                start, end = (moved[slot] for slot in ends)
                others = [box for slot, box in self.boxes.items() if slot not in ends]
                in_row = self.rows.get(wire.source, (-1,))[0] == self.rows.get(wire.target, (-2,))[0]
                wanted = self.round or start or end or in_row
                line = (
                    straight(self.boxes[wire.source], self.boxes[wire.target], self.round, others) if wanted else None
                )
                self.lines[wire] = line or follow(path, start, end), None if line else label

    def _rows(self, ordered: bool) -> list[list[Slot]]:
        """Return the rows in which nodes stand in an order, or side by side without one, from below."""
        rows: dict[int, list[tuple[int, Slot]]] = {}
        for slot, (row, place) in self.rows.items():
            if (place is not None) == ordered:
                rows.setdefault(row, []).append((place or 0, slot))
        return [[slot for _, slot in sorted(rows[row], key=itemgetter(0))] for row in sorted(rows)]

    def _run_buses(self, row: list[Slot], left: Collection[Slot]) -> None:
        """Let the lines from one node below to several of a row run together until they part."""
        fans: dict[Slot, dict[Wire, Slot]] = {}
        for wire in self.wires:
            if not wire.port and wire.target in row and self.boxes[wire.source].top > self.boxes[wire.target].bottom:
                fans.setdefault(wire.source, {})[wire] = wire.target
        fans = {source: wires for source, wires in fans.items() if len(set(wires.values())) > 1}
        gap = gap_below([self.boxes[slot] for slot in row], list(self.boxes.values()))
        entered = any(slot in left for slot in row)
        if gap and (fans or entered):
            self._stretch(Stretch(*gap, ROOM))
        elif entered:
            self.height = max(self.height, max(self.boxes[slot].bottom for slot in row) + 2 * BELOW_BUSES)
        order = sorted(fans, key=lambda source: -self.boxes[source].x)
        for number, source in enumerate(order):
            wires = fans[source]
            others = [box for slot, box in self.boxes.items() if slot != source and slot not in wires.values()]
            targets = [self.boxes[slot] for slot in wires.values()]
            feet = [foot(self.boxes[slot], number, self.rooms.get(slot, 0.0)) for slot in wires.values()]
            paths = bus(self.boxes[source], targets, number, feet, others)
            self.lines |= {wire: (path, None) for wire, path in zip(wires, paths, strict=False)}

    def _mend(self) -> None:
        """Draw lines anew that are tangled."""
        for wire, (path, label) in self.lines.items():
            if not wire.port:
                others = [box for slot, box in self.boxes.items() if slot not in (wire.source, wire.target)]
                line = mended(path, self.boxes[wire.source], self.boxes[wire.target], self.round, others)
                self.lines[wire] = line, label if line is path else None

    def _spread(self, left: Collection[Slot], right: Collection[Slot]) -> None:
        """Move the ends of lines apart where they meet a circle, but for what runs level or on a bus.

        They keep off the lines to other columns.
        """
        number = {slot: i for i, slot in enumerate(self.boxes)}
        wires = [wire for wire, (path, _) in self.lines.items() if is_slanted(path)]
        paths = [self.lines[wire][0] for wire in wires]
        ends = [(len(number) if wire.port else number[wire.source], number[wire.target]) for wire in wires]
        fixed = {
            place: [right_side for slots, right_side in ((left, False), (right, True)) if slot in slots]
            for slot, place in number.items()
        }
        spread_landings(paths, ends, list(self.boxes.values()), fixed)
        self.lines |= {wire: (path, self.lines[wire][1]) for wire, path in zip(wires, paths, strict=True)}

    def _stretch(self, stretch: Stretch) -> None:
        self.boxes = {slot: stretch.box(box) for slot, box in self.boxes.items()}
        self.lines = {w: (stretch.path(path), at and stretch.point(at)) for w, (path, at) in self.lines.items()}
        self.frames = {scope: stretch.frame(box) for scope, box in self.frames.items()}
        self.height = stretch.height(self.height)
        self._ends = {}

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
        rows: dict[int, list[int]] = {}
        for slot in sorted(self.rows, key=lambda slot: (self.rows[slot][0], self.rows[slot][1] or 0)):
            rows.setdefault(self.rows[slot][0], []).append(number[slot])
        ordered = {row for row, place in self.rows.values() if place is not None}
        rising = [(low[0], high[0]) for low, high in pairwise(rows.values())]
        return Request(
            sizes=[*(self.sizes[slot] for slot in slots), *[(2.0, 2.0)] * len(ports)],
            edges=[
                ((ports if w.port else number)[w.source], number[w.target], self._leads_down(w)) for w in self.wires
            ],
            ports=list(ports.values()),
            scopes=self._members(slots),
            round=self.round,
            labels=[label_room(label) for label in self.wires.values()],
            rank_gap=(34.0 if self.round else 28.0) + (10.0 if self.rows else 0.0),
            gap=(34.0 if any(self.wires.values()) else 22.0) if self.rows else 14.4,
            loose=frozenset(i for i, wire in enumerate(self.wires) if wire.loose),
            over=[*[(number[low], number[high]) for low, high in over], *rising],
            rows=list(rows.values()),
            ordered=frozenset(place for place, row in enumerate(rows) if row in ordered),
        )

    def _leads_down(self, wire: Wire) -> bool:
        """Tell whether the source of a wire stands above its target."""
        lower = wire.target in self.rows and self.rows[wire.target][0] < self.rows.get(wire.source, (-1, None))[0]
        return not wire.port and (wire.source in self.above or lower)

    def _take(self, slots: list[Slot], placed: Placed) -> None:
        self.boxes = dict(zip(slots, [box.snapped() for box in placed.boxes], strict=False))  # after them come ports
        self.lines = dict(zip(self.wires, zip(placed.paths, placed.label_places, strict=True), strict=True))
        self.frames = dict(zip(dict(self._members(slots)), placed.frames, strict=True))
        self.width, self.height = placed.width, placed.height
        self._ends = {}

    def _members(self, slots: list[Slot]) -> list[tuple[str, list[int]]]:
        return scope_members(self.scopes[slot] for slot in slots)
