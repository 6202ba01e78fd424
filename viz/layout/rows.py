"""Heights: bands that share columns stand over each other, with lanes above them all and rails under each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from .plan import Plan
from .routes import TRACK, arch_height

HEADER = 26.0
RAIL = 14.0
ROUND_RAIL = 50.0
MARGIN = 10.0


def stack_rows(plan: Plan) -> None:
    """Find the height of every band, lane and rail."""
    columns: dict[int, set[int]] = defaultdict(set)
    for node, column in plan.standing:
        columns[node.band].add(column)
    spans = [(min(used), max(used), band) for band, used in columns.items()]
    taken: list[int] = []
    for low, high, band in sorted(spans, key=lambda span: _before(plan, *span)):
        plan.rows[band] = _take_first(taken, low, high)
    top = HEADER + _assign_lanes(plan) + MARGIN
    for row in range(len(taken)):
        top = _place_row(plan, row, top)
    plan.result.height = top
    _lower_lanes(plan)


def _before(plan: Plan, low: int, high: int, band: int) -> tuple[int, ...]:
    """Return what bands are put in order by: loops as the program has them, before what stands between them."""
    loop = low < high and any(plan.scene.columns[column].kind == "step" for column in (low, high))
    return (0, band) if loop else (1, low - high, low, band)


def _take_first(taken: list[int], low: int, high: int) -> int:
    """Take the first row that is free from `low` to `high`; `taken` holds a bit for each place of a row in use."""
    places = (1 << (high + 1)) - (1 << low)
    row = next((row for row, others in enumerate(taken) if not others & places), len(taken))
    if row == len(taken):
        taken.append(0)
    taken[row] |= places
    return row


def _place_row(plan: Plan, row: int, top: float) -> float:
    """Place the bands of a row and the rails under it, and return where the next row begins."""
    bands = [band for band in plan.cells if plan.rows[band] == row]
    height = max(plan.cells[band].height for band in bands)
    for band in sorted(bands, key=lambda b: -plan.cells[b].height):
        slack = height - plan.cells[band].height
        plan.lifts[band] = float(round(top + min(max(_wanted(plan, band, top), 0.0), slack)))
    top += height
    for source in dict.fromkeys(use.source for use in plan.ported if use.band in bands):
        node = plan.nodes[source]
        small = node.kind == "parameter" or node.column is not None or not plan.scene.round
        room = RAIL if small else ROUND_RAIL
        plan.rail_heights[row, source] = top + room / 2 + 9
        top += room
    return top + MARGIN * 2


def _wanted(plan: Plan, band: int, top: float) -> float:
    """Return how far down a band should stand so that its edges to bands already placed run level."""
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
    """Give a lane above the columns to each source (or gathering target) that reaches beyond its neighbours.

    Returns the height of all lanes and arches.
    """
    taken: list[int] = []
    for key, (low, high) in sorted(_lane_spans(plan).items(), key=lambda item: (item[1], repr(item[0]))):
        plan.lanes[key] = HEADER + TRACK * (_take_first(taken, low, high) + 0.5)
    return max(len(taken) * TRACK, _highest_arch(plan))


def _lane_spans(plan: Plan) -> dict[Hashable, tuple[int, int]]:
    """Return the first and last gutter of each lane."""
    spans: dict[Hashable, tuple[int, int]] = {}
    for crossing in plan.crossings:
        if crossing.passes_over:
            key = plan.lane_key(crossing)
            low, high = spans.get(key, (crossing.first, crossing.first))
            spans[key] = min(low, crossing.first, crossing.last), max(high, crossing.first, crossing.last)
    return spans


def _highest_arch(plan: Plan) -> float:
    """Return the room for arches between distant columns, whose distance is only known as the widths of cells."""
    arched = [crossing for crossing in plan.crossings if plan.arches(crossing)]
    widths = [(abs(c.first - c.last) + 1) * (plan.cells[c.source.band].width + 34) for c in arched]
    return max(map(arch_height, widths), default=0.0)


def _lower_lanes(plan: Plan) -> None:
    """Bring each lane down to the highest of the cells that it runs over."""
    if not plan.lanes:
        return
    tops: dict[int, float] = {}
    for node, column in plan.standing:
        tops[column] = min(tops.get(column, plan.result.height), plan.lifts[node.band])
    ceiling = min(plan.lifts.values())
    for key, (low, high) in _lane_spans(plan).items():
        lowered = min((tops[c] for c in range(low + 1, high + 1) if c in tops), default=ceiling) - ceiling
        plan.lanes[key] = float(round(plan.lanes[key] + lowered))
