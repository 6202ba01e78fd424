"""Widths: the margin of shared nodes, then the columns, with a gutter after each as wide as its tracks ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from ..scenes.scene import Node
from .cell import Cell
from .geometry import Box
from .plan import Crossing, Plan
from .ports import assign_exits, assign_ports
from .positions import Strip
from .routes import GUTTER, TRACK, Net, Track, order_tracks
from .size import label_room, node_size, tag_boxes

LABEL = 14.0  # room for a label beside the tracks
SKIP = 104.0  # room to say how many time steps are left out
DEEPEST = 10**6  # below everything: where a track goes that ends in a rail


def place_columns(plan: Plan) -> None:
    """Find where every column, gutter, track and shared node stands."""
    layout, columns = plan.result, plan.scene.columns
    plan.exits = assign_exits(plan)
    plan.ports = assign_ports(plan)
    extents, gutters = _extents(plan), _gutters(plan)
    widths = [_width(column.label, extent) for column, extent in zip(columns, extents, strict=True)]
    for c, (width, extent) in enumerate(zip(widths, extents, strict=True)):
        for band, (low, high) in extent.items():
            plan.shifts[band, c] = float(round((width - (high - low)) / 2 - low))
    rooms = _label_rooms(plan, widths)
    sums = _sum_rooms(plan)
    tagged: dict[int, list[Node]] = defaultdict(list)
    for node, c in plan.standing:
        if node.tags:
            tagged[c].append(node)
    x = _place_shared(plan)
    if -1 in gutters:
        x = _place_gutter(plan, x, -1, gutters[-1], rooms[-1])
    for c, width in enumerate(widths):
        layout.strips.append(Strip(x, width))
        layout.width = x + width
        end = max(x + width, x + _tags_end(plan, c, tagged[c]) - TRACK) + sums[c]
        x = _place_gutter(plan, end, c, gutters.get(c, []), rooms[c])
    if len(columns) - 1 in gutters:
        layout.width = x


def _tags_end(plan: Plan, column: int, tagged: Iterable[Node]) -> float:
    """Return where the remarks on the nodes of a column end, from its left end, with a little air; 0 without any."""
    boxes = ((node, plan.cell(node).boxes[node.slot], plan.shifts[node.band, column]) for node in tagged)
    ends = (max(tag.right for tag in tag_boxes(node, box.moved(shift, 0.0))) for node, box, shift in boxes)
    return max(ends, default=0.0)


def _place_gutter(plan: Plan, x: float, number: int, nets: list[Net], room: float) -> float:
    """Place the tracks of a gutter that begins at `x`, with `room` for labels, and return where it ends."""
    plan.tracks[number] = {net: x + GUTTER + TRACK * i for i, net in enumerate(nets)}
    after = plan.scene.columns[number + 1 : number + 2]
    gap = SKIP if after and after[0].skipped else 0.0
    gap += max(LABEL, room - 2) if nets and plan.scene.round else 0.0
    return x + GUTTER * (2 if nets else 1.5) + TRACK * max(0, len(nets) - 1) + gap


def _extents(plan: Plan) -> list[dict[int, tuple[float, float]]]:
    """Return for each column the bands in it, with the left and right end of what stands in each."""
    present: list[dict[int, list[Node]]] = [{} for _ in plan.scene.columns]
    for node, column in plan.standing:
        present[column].setdefault(node.band, []).append(node)
    return [{band: _extent(plan.cell(nodes[0]), nodes) for band, nodes in bands.items()} for bands in present]


def _extent(cell: Cell, nodes: list[Node]) -> tuple[float, float]:
    if len(nodes) > 0.6 * len(cell.boxes):
        return 0.0, cell.width
    boxes = [cell.boxes[node.slot] for node in nodes]
    return min(box.left for box in boxes) - 4, max(box.right for box in boxes) + 4


def _sum_rooms(plan: Plan) -> dict[int, float]:
    """Return for each gutter the room at its left for the labels of what is summed there."""
    rooms: dict[int, float] = defaultdict(float)
    for crossing in plan.crossings:
        edge = plan.scene.edges[crossing.edge]
        if edge.kind == "gradient" and edge.label and not crossing.comes_from_left:
            rooms[crossing.last] = max(rooms[crossing.last], label_room(edge.label))
    return rooms


def _width(label: str, extent: dict[int, tuple[float, float]]) -> float:
    """Return the width of a column with that heading, from the ends of what stands in it."""
    width = max((high - low for low, high in extent.values()), default=24.0)
    return float(round(max(width, 8.0 * len(label) + 8)))


def _label_rooms(plan: Plan, widths: Sequence[float]) -> dict[int, float]:
    """Return for each gutter the most width that a label of an edge through it needs there.

    A line that runs on within the column of its target has room for a part of its label there.
    """
    rooms: dict[int, float] = defaultdict(float)
    for crossing in plan.crossings:
        room = label_room(plan.scene.edges[crossing.edge].label)
        column = crossing.target.column or 0
        box = plan.end(crossing.target, plan.shifts[crossing.target.band, column]).box
        within = (box.left if crossing.comes_from_left else widths[column] - box.right) - TRACK
        if plan.arches(crossing):
            rooms[crossing.first] = max(rooms[crossing.first], room)
            within = 0.0
        rooms[crossing.last] = max(rooms[crossing.last], room - max(within, 0.0))
    return rooms


def _gutters(plan: Plan) -> dict[int, list[Net]]:
    """Return the nets of each gutter from left to right; like gutters are put in order once."""
    order = cache(lambda tracks: order_tracks(dict(tracks)))
    return {gutter: order(frozenset(tracks.items())) for gutter, tracks in _tracks(plan).items()}


def tracks_of(plan: Plan, crossings: Iterable[Crossing]) -> dict[int, dict[Net, Track]]:
    """Return what every net of edges between columns does in each gutter that it runs through."""
    gutters: dict[int, dict[Net, Track]] = defaultdict(dict)
    for crossing in crossings:
        entry = plan.leaving_height(crossing)
        leaving = plan.end(crossing.target).entering_height(crossing.comes_from_left, plan.port(crossing))
        lane = plan.lane(crossing)
        passages = [(crossing.first, entry, leaving if lane is None else lane)]
        passages += [] if lane is None else [(crossing.last, lane, leaving)]
        for gutter, come, go in passages:
            tracks, net = gutters[gutter], plan.net(crossing, gutter)
            track = tracks.get(net)
            if track is None:
                tracks[net] = Track(come, (go,), crossing.leaves_right)
            elif go not in track.leaves:
                tracks[net] = track._replace(leaves=(*track.leaves, go))
    return gutters


def _tracks(plan: Plan) -> dict[int, dict[Net, Track]]:
    """Return what every net does in each gutter that it runs through."""
    gutters = tracks_of(plan, plan.crossings)
    for use in plan.ported:
        source = plan.nodes[use.source]
        if source.column is not None:
            gutters[source.column][source.id] = Track(plan.end(source).leaving_height(True), (DEEPEST,))
    return gutters


def _place_shared(plan: Plan) -> float:
    """Place the shared nodes in a margin on the left, and return its width.

    Every second one stands further to the right than its neighbours, so that their rails may run close.
    """
    heights: dict[str, float] = {}
    for (_, source), height in plan.rail_heights.items():
        if plan.nodes[source].column is None:
            heights.setdefault(source, height)
    sizes = {id: _shared_size(plan.nodes[id], plan.scene.round) for id in heights}
    widest = max((width for width, _ in sizes.values()), default=0.0)
    for place, (id, (width, height)) in enumerate(sizes.items()):
        right = widest + (widest + 10 if place % 2 else 0)
        plan.result.places[id] = (-1, Box(right - width / 2, heights[id], width, height))
    return widest * min(2, len(sizes)) + 28 if sizes else 0.0


def _shared_size(node: Node, round: bool) -> tuple[float, float]:
    width, height = node_size(node, round and node.kind != "parameter")
    return max(width, 24.0), height if round else min(height, 20.0)
