"""Columns side by side: every cell laid out once, repeated in each column of its band, and joined.

Four kinds of edges: *inside* a column (the cell's own), through a *port* from a rail under the columns (what many
columns share), through the *gutter* between neighbours, and over a *lane* above the columns between distant ones.
"""

from __future__ import annotations

from collections.abc import Hashable

from ..scenes.scene import Scene
from .cell import Wire
from .columns import place_columns
from .edges import fill_cells
from .geometry import Path, rounded
from .positions import Frame, Layout, Rail, Route
from .plan import Plan
from .routes import arch, route
from .rows import stack_rows

__all__ = ["tile"]

BESIDE = 7.0  # a gradient's arrow runs so far under the one that it answers
Found = tuple[Path, tuple[float, float] | None]


def tile(scene: Scene) -> Layout:
    """Positions for a scene that has columns."""
    plan = Plan(scene)
    fill_cells(plan)
    stack_rows(plan)
    place_columns(plan)
    _place_nodes(plan)
    _join(plan)
    return plan.result


def _place_nodes(plan: Plan) -> None:
    for node in plan.scene.nodes:
        if node.column is not None:
            box = plan.cells[node.band].boxes[node.slot]
            moved = box.moved(plan.shifts[node.band, node.column], plan.lifts[node.band])
            plan.result.places[node.id] = (node.column, moved)
    for (band, column), shift in plan.shifts.items():
        frames = plan.cells[band].frames if plan.scene.columns[column].kind == "step" else {}
        for scope, frame in frames.items():
            plan.result.frames.append(Frame(column, scope, frame.moved(shift, plan.lifts[band])))


def _join(plan: Plan) -> None:
    memo: dict[Hashable, Found] = {}
    for i, wire, band, column in plan.inside:
        shift = plan.shifts[band, column]
        found = memo.get((wire, band, shift))
        if found is None:
            found = memo[wire, band, shift] = _wire(plan, wire, band, shift)
        plan.result.routes.append(Route(i, column, *found))
    for i, wire, band, column, source in plan.ported:
        shift = plan.shifts[band, column]
        found = memo.get((wire, band, shift))
        if found is None:
            path, label = _wire(plan, wire, band, shift)
            height = plan.rail_heights[plan.rows[band], source]
            found = memo[wire, band, shift] = path.after((path.points[0][0], height)), label
        plan.result.routes.append(Route(i, column, *found))
    _cross(plan, memo)
    _rails(plan)


def _wire(plan: Plan, wire: Wire, band: int, shift: float) -> Found:
    cell, lift = plan.cells[band], plan.lifts[band]
    label = cell.labels[wire]
    return cell.paths[wire].moved(shift, lift), label and (label[0] + shift, label[1] + lift)


def _cross(plan: Plan, memo: dict[Hashable, Found]) -> None:
    for crossing in plan.crossings:
        source, target = crossing.source, crossing.target
        column, start = target.column or 0, source.column or 0
        base = plan.strips[column].x
        dx = plan.strips[start].x + plan.shifts[source.band, start] - base
        out = plan.tracks[crossing.out + 1][plan.net(crossing, crossing.out)] - base
        back = plan.tracks[crossing.back + 1][plan.net(crossing, crossing.back)] - base
        lane = plan.lanes[plan.lane_key(crossing)] if crossing.out != crossing.back else None
        shift = plan.shifts[target.band, column]
        key = (source.band, source.slot, target.band, target.slot, dx, out, back, lane, shift, crossing.gradient)
        found = memo.get(key)
        if found is None:
            rightward = crossing.back != column
            ends = plan.end(source, dx), plan.end(target, shift)
            if plan.arches(crossing):
                path = arch(ends[0].box, ends[1].box)
            else:
                path = route(*ends, out, back, lane, rightward, BESIDE if crossing.gradient else 0.0)
            below = 2 * (9 + BESIDE) if crossing.gradient else 0.0
            x, y = _beside(path, out)
            found = memo[key] = path, (x, y + below)
        label = found[1] if plan.scene.edges[crossing.edge].label else None
        plan.result.routes.append(Route(crossing.edge, column, found[0], label))


def _rails(plan: Plan) -> None:
    reach: dict[tuple[int, str], list[float]] = {}
    ported = plan.result.routes[len(plan.inside) :]  # they were joined in this order
    for use, route_ in zip(plan.ported, ported, strict=False):
        x = route_.path.points[0][0] + plan.strips[use.column].x
        reach.setdefault((plan.rows[use.band], use.source), []).append(x)
    for (row, source), ends in reach.items():
        height = plan.rail_heights[row, source]
        plan.result.rails.append(Rail(source, _rail(plan, source, height, min(ends), max(ends))))


def _rail(plan: Plan, source: str, height: float, low: float, high: float) -> Path:
    node = plan.nodes[source]
    if node.column is None:
        box = plan.result.places[source][1]
        if abs(box.y - height) < 1:
            return rounded([(box.right, height), (high, height)], arrow=False)
        return rounded([(box.x, box.bottom), (box.x, height), (high, height)], arrow=False)
    end = plan.end(node, plan.strips[node.column].x + plan.shifts[node.band, node.column])
    x = plan.tracks[node.column + 1][source]
    corners = [(end.box.right, end.box.y)] if end.right else [(end.box.x, end.box.top), (end.box.x, end.above)]
    turn = corners[-1][1]
    return rounded([*corners, (x, turn), (x, height), (high if high > x else low, height)], arrow=False)


def _beside(path: Path, gutter: float) -> tuple[float, float]:
    """Where a label stands: over the longest piece of the path, or to the right of it if that runs up or down."""
    points = path.points
    start, _, _, end = max(
        (points[i : i + 4] for i in range(0, len(points) - 1, 3)),
        key=lambda piece: abs(piece[3][0] - piece[0][0]) + abs(piece[3][1] - piece[0][1]),
    )
    if len(points) == 4:  # one piece: straight across the gutter, or an arch
        return (gutter, start[1] - 9) if abs(start[1] - end[1]) < 1 and points[1][1] == start[1] else path.middle()
    tip_x, tip_y = path.tip or points[-1]
    if abs(points[-1][1] - tip_y) < 1:  # it comes in from the side
        return (tip_x + (-22 if points[-1][0] < tip_x else 22), tip_y - 9)
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    return (x + 10, y) if abs(end[1] - start[1]) > abs(end[0] - start[0]) else (x, y - 9)
