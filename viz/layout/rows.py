"""Heights: bands that share columns stand over each other, with lanes above them all and rails under each row."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush

from .plan import Plan
from .routes import TRACK, arch_height

__all__ = ["stack_rows"]

HEADER = 26.0
LANE = 14.0
ROUND_LANE = 50.0
MARGIN = 10.0


def stack_rows(plan: Plan) -> None:
    """Find the height of every band, lane and rail."""
    spans: dict[int, tuple[int, int]] = {}
    for node in plan.scene.nodes:
        if node.column is not None:
            low, high = spans.get(node.band, (node.column, node.column))
            spans[node.band] = min(low, node.column), max(high, node.column)
    ends: list[int] = []
    for band, (low, high) in sorted(spans.items(), key=lambda item: (-_length(item[1]), item[1], item[0])):
        row = next((r for r, taken in enumerate(ends) if not taken & _bits(low, high)), len(ends))
        if row == len(ends):
            ends.append(0)
        ends[row] |= _bits(low, high)
        plan.rows[band] = row
    _lift_bands(plan, len(ends), spans)


def _lift_bands(plan: Plan, rows: int, spans: dict[int, tuple[int, int]]) -> None:
    top = HEADER + _assign_lanes(plan) + MARGIN
    for row in range(rows):
        bands = [band for band in plan.cells if plan.rows[band] == row]
        height = max(plan.cells[band].height for band in bands)
        for band in sorted(bands, key=lambda b: -plan.cells[b].height):
            slack = height - plan.cells[band].height
            plan.lifts[band] = float(round(top + min(max(_wanted(plan, band, top), 0.0), slack)))
        top += height
        shared = dict.fromkeys(use.source for use in plan.ported if use.band in bands)
        for source in shared:
            small = plan.nodes[source].kind == "parameter" or plan.nodes[source].column is not None
            half = LANE / 2 if small or not plan.scene.round else ROUND_LANE / 2
            plan.rail_heights[row, source] = top + half + 9
            top += 2 * half
        top += MARGIN * 2
    plan.result.height = top
    _lower_lanes(plan)


def _lower_lanes(plan: Plan) -> None:
    """Bring each lane down to the highest of the cells that it runs over."""
    tops: dict[int, float] = {}
    for node in plan.scene.nodes:
        if node.column is not None:
            tops[node.column] = min(tops.get(node.column, plan.result.height), plan.lifts[node.band])
    ceiling = min(plan.lifts.values())
    slack = {
        key: min((tops[c] for c in range(low + 1, high + 1) if c in tops), default=ceiling) - ceiling
        for key, (low, high) in _lane_spans(plan).items()
    }
    for key, height in plan.lanes.items():
        plan.lanes[key] = height + slack[key]


def _wanted(plan: Plan, band: int, top: float) -> float:
    """How far down a band should stand so that its edges to bands already placed run level."""
    wishes = []
    for crossing in plan.crossings:
        for near, far in ((crossing.source, crossing.target), (crossing.target, crossing.source)):
            if near.band == band and far.band in plan.lifts and far.band != band:
                level = plan.lifts[far.band] + plan.cells[far.band].boxes[far.slot].y
                wishes.append(level - plan.cells[band].boxes[near.slot].y - top)
        if len(wishes) > 16:
            break
    return sum(wishes) / len(wishes) if wishes else 0.0


def _assign_lanes(plan: Plan) -> float:
    """A height above the columns for each source (or gathering target) that reaches beyond its neighbours."""
    spans = _lane_spans(plan)
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    used = 0
    for key, (low, high) in sorted(spans.items(), key=lambda item: (item[1], repr(item[0]))):
        while busy and busy[0][0] < low:
            heappush(free, heappop(busy)[1])
        lane = heappop(free) if free else used
        used = max(used, lane + 1)
        heappush(busy, (high, lane))
        plan.lanes[key] = HEADER + TRACK * (lane + 0.5)
    return max(used * TRACK, _highest_arch(plan))


def _lane_spans(plan: Plan) -> dict[Hashable, list[int]]:
    """The first and last gutter of each lane."""
    spans: dict[Hashable, list[int]] = {}
    for crossing in plan.crossings:
        if crossing.out != crossing.back:
            span = spans.setdefault(plan.lane_key(crossing), [10**9, -1])
            span[0] = min(span[0], crossing.out, crossing.back)
            span[1] = max(span[1], crossing.out, crossing.back)
    return spans


def _highest_arch(plan: Plan) -> float:
    """Room for the arches between distant columns, whose distance is only known as the widths of cells."""
    spans = [
        abs((crossing.source.column or 0) - (crossing.target.column or 0))
        * (plan.cells[crossing.source.band].width + 34)
        for crossing in plan.crossings
        if plan.arches(crossing)
    ]
    return max(map(arch_height, spans), default=0.0)


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _bits(low: int, high: int) -> int:
    return (1 << (high + 1)) - (1 << low)
