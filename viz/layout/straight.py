"""Rows put in order and into line with what they are joined to, and straight lines where nothing is in their way."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from .bends import passes_through
from .geometry import Box, Path, Point, rounded
from .spacing import apart

ALIGNED = 30.0  # so far a node is moved to stand over another
AIR = 14.0


def in_line(
    row: Sequence[Hashable], boxes: Mapping[Hashable, Box], joined: Mapping[Hashable, Sequence[Hashable]]
) -> dict[Hashable, Box]:
    """Return the boxes of a row in its order, each over or under one of those that it is `joined` to, if near.

    >>> boxes = {"a": Box(50, 0, 20, 20), "b": Box(0, 0, 20, 20), "c": Box(60, 50, 20, 20)}
    >>> {id: box.x for id, box in in_line("ab", boxes, {"b": ["c"]}).items()}
    {'a': 0.0, 'b': 60.0}
    """
    places = sorted(boxes[id].x for id in row)
    wishes = []
    for id, x in zip(row, places, strict=True):
        near = min((boxes[other].x for other in joined.get(id, ())), key=lambda other: abs(other - x), default=x)
        wishes.append(near if abs(near - x) <= ALIGNED else x)
    widths = [boxes[id].width for id in row]
    gaps = [(left + right) / 2 + AIR for left, right in zip(widths, widths[1:], strict=False)]
    return {id: boxes[id]._replace(x=x) for id, x in zip(row, apart(wishes, gaps), strict=True)}


def overlap(boxes: Iterable[Box], others: Sequence[Box]) -> bool:
    """Tell whether any of `boxes` comes close to any of `others`."""
    return any(
        abs(box.x - other.x) < (box.width + other.width) / 2 + 4.0
        and abs(box.y - other.y) < (box.height + other.height) / 2 + 4.0
        for box in boxes
        for other in others
    )


def follow(path: Path, start: float, end: float) -> Path:
    """Return a path whose ends were moved to the right by these distances, and what is between by a part of them."""
    if not (start or end):
        return path
    last = len(path.points) - 1
    moved = [(x + start + (end - start) * k / last, y) for k, (x, y) in enumerate(path.points)]
    return Path(tuple(moved), path.tip and (path.tip[0] + end, path.tip[1]))


def straight(source: Box, target: Box, round: bool, others: Sequence[Box]) -> Path | None:
    """Return the straight line between two boxes; None if others are in its way."""
    start, tip = border(source, (target.x, target.y), round), border(target, (source.x, source.y), round)
    path = rounded([start, tip])
    return (
        None
        if passes_through(path, [box._replace(width=box.width + 20.0, height=box.height + 8.0) for box in others])
        else path
    )


def is_slanted(path: Path) -> bool:
    """Tell whether a path is one that neither begins level or upright nor ends so.

    >>> is_slanted(rounded([(0, 0), (9, 9)])), is_slanted(rounded([(0, 0), (0, 9), (9, 9)]))
    (True, False)
    """
    (x, y), tip = path.points[0], path.tip or path.points[-1]
    (first_x, first_y), (last_x, last_y) = path.points[1], path.points[-2]
    level = abs(y - tip[1]) < 0.5
    bent = len(path.points) > 4 and (first_x == x or first_y == y) and (last_x == tip[0] or last_y == tip[1])
    return not level and not bent


def border(box: Box, far: Point, round: bool) -> Point:
    """Return where the line from the middle of a box to a point outside leaves it."""
    inside, outside = 0.0, 1.0
    for _ in range(20):
        middle = (inside + outside) / 2
        x, y = box.x + middle * (far[0] - box.x), box.y + middle * (far[1] - box.y)
        inside, outside = (middle, outside) if _contains(box, (x, y), round) else (inside, middle)
    return box.x + inside * (far[0] - box.x), box.y + inside * (far[1] - box.y)


def _contains(box: Box, point: Point, round: bool) -> bool:
    dx, dy = abs(point[0] - box.x), abs(point[1] - box.y)
    if dx > box.width / 2 or dy > box.height / 2:
        return False
    radius = min(box.width, box.height) / 2
    corner = dx - (box.width / 2 - radius), dy - (box.height / 2 - radius)
    return not round or min(corner) < 0 or corner[0] ** 2 + corner[1] ** 2 <= radius**2
