"""Widths: the margin of shared nodes, then the columns, with a gutter after each as wide as its tracks ask."""

from __future__ import annotations

from collections.abc import Hashable

from ..scenes.scene import Node
from .cell import Cell
from .geometry import Box
from .positions import Strip
from .plan import Crossing, Plan
from .routes import GUTTER, TRACK, Track, entering_height, leaving_height, order_tracks
from .size import label_room, node_size

__all__ = ["place_columns"]

LABEL = 14.0  # room for a label beside the tracks
SKIP = 44.0  # room for the dots that stand for time steps left out


def place_columns(plan: Plan) -> None:
    """Find where every column, gutter, track and shared node stands."""
    extents = _extents(plan)
    gutters = _gutters(plan)
    x = _shared_width(plan)
    first = gutters.get(-1, [])
    plan.tracks = [{} for _ in range(len(plan.scene.columns) + 1)]
    x = _gutter(plan, x, -1, first) if first else x
    for c in range(len(plan.scene.columns)):
        inside = extents[c]
        width = max((high - low for low, high in inside.values()), default=24.0)
        width = float(round(max(width, 8.0 * len(plan.scene.columns[c].label) + 8)))
        plan.strips.append(Strip(x, width))
        for band, (low, high) in inside.items():
            plan.shifts[band, c] = float(round((width - (high - low)) / 2 - low))
        x = _gutter(plan, x + width, c, gutters.get(c, []))
    last = plan.strips[-1]
    plan.result.width = last.x + last.width if not gutters.get(len(plan.strips) - 1) else x
    plan.result.strips = plan.strips


def _gutter(plan: Plan, x: float, number: int, nets: list[Hashable]) -> float:
    for i, net in enumerate(nets):
        plan.tracks[number + 1][net] = x + GUTTER + TRACK * i
    after = plan.scene.columns[number + 1 : number + 2]
    gap = SKIP if after and after[0].skipped else 0.0
    gap += max(LABEL, plan.rooms.get(number, 0.0) - 2) if nets and plan.scene.round else 0.0
    return x + GUTTER * (2 if nets else 1.5) + TRACK * max(0, len(nets) - 1) + gap


def _extents(plan: Plan) -> list[dict[int, tuple[float, float]]]:
    present: list[dict[int, list[Box]]] = [{} for _ in plan.scene.columns]
    for node in plan.scene.nodes:
        if node.column is not None:
            present[node.column].setdefault(node.band, []).append(plan.cells[node.band].boxes[node.slot])
    return [{band: _extent(plan.cells[band], boxes) for band, boxes in bands.items()} for bands in present]


def _extent(cell: Cell, boxes: list[Box]) -> tuple[float, float]:
    if len(boxes) > 0.6 * len(cell.boxes):
        return 0.0, cell.width
    return min(box.left for box in boxes) - 4, max(box.right for box in boxes) + 4


def _gutters(plan: Plan) -> dict[int, list[Hashable]]:
    tracks: dict[int, dict[Hashable, Track]] = {}
    for crossing in plan.crossings:
        entry, leaving, rightward = _heights(plan, crossing)
        lane = plan.lanes.get(plan.lane_key(crossing)) if crossing.out != crossing.back else None
        for gutter, come, go in (
            [(crossing.out, entry, leaving)]
            if lane is None
            else [(crossing.out, entry, lane), (crossing.back, lane, leaving)]
        ):
            net = plan.net(crossing, gutter)
            room = label_room(plan.scene.edges[crossing.edge].label)
            plan.rooms[gutter] = max(plan.rooms.get(gutter, 0.0), room)
            track = tracks.setdefault(gutter, {}).setdefault(net, Track(come, (), rightward))
            track.leaves = (*track.leaves, go) if go not in track.leaves else track.leaves
    for source, gutter in _fan_gutters(plan).items():
        end = plan.end(plan.nodes[source])
        tracks.setdefault(gutter, {})[source] = Track(leaving_height(end, True), (10**6,))
    memo: dict[str, list[Hashable]] = {}
    out: dict[int, list[Hashable]] = {}
    for gutter, found in tracks.items():
        signature = repr(sorted((repr(net), t.entry, t.leaves) for net, t in found.items()))
        if signature not in memo:
            memo[signature] = order_tracks(found)
        out[gutter] = memo[signature]
    return out


def _fan_gutters(plan: Plan) -> dict[str, int]:
    return {
        source: plan.nodes[source].column or 0
        for _, _, _, _, source in plan.ported
        if plan.nodes[source].column is not None
    }


def _heights(plan: Plan, crossing: Crossing) -> tuple[float, float, bool]:
    source, target = plan.end(crossing.source), plan.end(crossing.target)
    leave_right = crossing.out == crossing.source.column
    from_left = crossing.back != crossing.target.column
    return leaving_height(source, leave_right), entering_height(target, from_left), leave_right


def _shared_width(plan: Plan) -> float:
    """The width of the margin on the left in which shared nodes stand; places them there.

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
