"""Columns side by side: every cell laid out once, repeated in each column of its band, and joined.

Four kinds of edges: *inside* a column (the cell's own), through a *port* from a rail under the columns (what many
columns share), through the *gutter* between neighbours, and over a *lane* above the columns between distant ones.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from ..scenes.scene import Scene
from .cell import Wire
from .columns import place_columns
from .edges import fill_cells
from .forks import find_forks
from .geometry import Box, Path, Point, rounded
from .plan import Plan
from .positions import Frame, Layout, Rail, Route
from .routes import Passage, arch, leave, route
from .rows import stack_rows

AROUND = 12.0  # between the columns of a loop and the frame around them
BESIDE = 7.0  # a gradient's arrow runs so far under the one that it answers


def tile(scene: Scene) -> Layout:
    """Find positions for a scene that has columns."""
    plan = Plan(scene)
    fill_cells(plan)
    stack_rows(plan)
    place_columns(plan)
    _place_nodes(plan)
    _run_wires(plan)
    _run_crossings(plan)
    plan.result.forks = find_forks(plan)
    _frame_columns(plan)
    return plan.result


def _place_nodes(plan: Plan) -> None:
    for node, column in plan.standing:
        box = plan.cell(node).boxes[node.slot]
        plan.result.places[node.id] = (column, box.moved(plan.shifts[node.band, column], plan.lifts[node.band]))
    for (band, column), shift in plan.shifts.items():
        frames = plan.cells[band].frames if plan.scene.columns[column].kind == "step" else {}
        for scope, frame in frames.items():
            plan.result.frames.append(Frame(column, scope, frame.moved(shift, plan.lifts[band])))


def _frame_columns(plan: Plan) -> None:
    """Put a frame around the columns of a loop around time."""
    inside = [strip for column, strip in zip(plan.scene.columns, plan.result.strips, strict=True) if column.around]
    if inside:
        left, right = inside[0].x - AROUND, inside[-1].x + inside[-1].width + AROUND
        name = next(column.around for column in plan.scene.columns if column.around)
        height = plan.result.height
        plan.result.frames.append(Frame(-1, name, Box((left + right) / 2, height / 2, right - left, height + 12.0)))


def _run_wires(plan: Plan) -> None:
    """Draw the edges within columns, and those from shared nodes with the rails that they start on."""

    @cache
    def line(wire: Wire, band: int, shift: float, source: str) -> tuple[Path, Point | None]:
        path, label = plan.cells[band].lines[wire]
        lift = plan.lifts[band]
        path = path.moved(shift, lift)
        if source:
            path = path.after((path.points[0][0], plan.rail_heights[plan.rows[band], source]))
        return path, label and (label[0] + shift, label[1] + lift)

    ports: dict[tuple[int, str], list[float]] = defaultdict(list)
    for edge, wire, band, column, source in plan.inside + plan.ported:
        path, label = line(wire, band, plan.shifts[band, column], source)
        plan.result.routes.append(Route(edge, column, path, label))
        if source:
            ports[plan.rows[band], source].append(path.points[0][0] + plan.result.origin(column))
    for (row, source), reached in ports.items():
        rail = _rail(plan, source, plan.rail_heights[row, source], min(reached), max(reached))
        plan.result.rails.append(Rail(source, rail))


def _rail(plan: Plan, source: str, height: float, low: float, high: float) -> Path:
    """Return the line from a shared node to ports from x = `low` to x = `high`, which runs at `height`."""
    node, box = plan.nodes[source], plan.result.box(source)
    if node.column is None:
        corners = [(box.right, height)] if abs(box.y - height) < 1 else [(box.x, box.bottom), (box.x, height)]
        return rounded([*corners, (high, height)], arrow=False)
    x = plan.tracks[node.column][source]
    corners = leave(plan.end(node, plan.result.origin(node.column) + plan.shifts[node.band, node.column]), x)
    return rounded([*corners, (x, height), (high if high > x else low, height)], arrow=False)


def _run_crossings(plan: Plan) -> None:
    """Draw the edges between columns, relative to the column of their target."""

    @cache
    def line(passage: Passage, over: bool) -> tuple[Path, Point]:
        path = arch(passage.source.box, passage.target.box, passage.port) if over else route(passage)
        x, y = _beside(path, passage.first)
        return path, (x, y + 2 * (9 + passage.lower) if passage.lower else y)

    origin = plan.result.origin
    for crossing in plan.crossings:
        edge, source, target = plan.scene.edges[crossing.edge], crossing.source, crossing.target
        start, column = source.column or 0, target.column or 0
        passage = Passage(
            plan.end(source, origin(start) + plan.shifts[source.band, start] - origin(column)),
            plan.end(target, plan.shifts[target.band, column]),
            plan.track(crossing, crossing.first) - origin(column),
            plan.track(crossing, crossing.last) - origin(column),
            plan.lane(crossing),
            crossing.comes_from_left,
            BESIDE if edge.kind == "gradient" else 0.0,
            plan.exit(crossing),
            plan.port(crossing),
            plan.scene.round,
        )
        path, label = line(passage, plan.arches(crossing))
        plan.result.routes.append(Route(crossing.edge, column, path, label if edge.label else None))


def _beside(path: Path, gutter: float) -> Point:
    """Return where a label stands: over the longest piece, or to the right of it if that runs up or down."""
    pieces = path.pieces()
    start, control, _, end = max(pieces, key=lambda p: abs(p[3][0] - p[0][0]) + abs(p[3][1] - p[0][1]))
    if len(pieces) == 1:  # straight across the gutter, or an arch
        return (gutter, start[1] - 9) if abs(start[1] - end[1]) < 1 and control[1] == start[1] else path.middle()
    (last_x, last_y), (tip_x, tip_y) = path.points[-1], path.tip or path.points[-1]
    if abs(last_y - tip_y) < 1:  # it comes in from the side
        return (tip_x + (-22 if last_x < tip_x else 22), tip_y - 9)
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    return (x + 10, y) if abs(end[1] - start[1]) > abs(end[0] - start[0]) else (x, y - 9)
