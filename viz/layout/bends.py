"""Delayed edges that Graphviz draws poorly: from a node to itself, and back to what it feeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .geometry import ARROW, Box, Path, Point, samples, towards

LOOP = 26.0  # how far a loop reaches out of its node
ASIDE = 16.0  # boxes that stand over each other are no further apart


def loop(box: Box, round: bool, right: bool = True) -> Path:
    """Return a loop at the right of `box`, or at its left.

    >>> path = loop(Box(0, 0, 40, 40), True)
    >>> path.points[0][1] > 0 > path.tip[1]
    True
    """
    start, tip = _on_side(box, round, 11.0), _on_side(box, round, -11.0)
    bend = LOOP / 0.75
    path = _curved(start, (start[0] + bend, box.y + 27.0), (tip[0] + bend, box.y - 27.0), tip)
    return path if right else path.mirrored(box.x)


def free_side(box: Box, ends: Sequence[Point], others: Sequence[Box], room: float) -> bool:
    """Return whether a loop with a label of `room` should stand at the right of `box`: fewer lines end there.

    At the left it stands only where none of the `others` is.

    >>> free_side(Box(0, 0, 40, 40), [(18, 8)], [], 30.0), free_side(Box(0, 0, 40, 40), [], [], 30.0)
    (False, True)
    """
    beside = [x > box.x for x, y in ends if abs(y - box.y) < 0.8 * abs(x - box.x) + box.height * 0.1]
    reach = LOOP + room
    place = Box(box.left - reach / 2, box.y, reach, box.height)
    taken = any(
        abs(place.x - other.x) < (place.width + other.width) / 2 + 4.0
        and abs(place.y - other.y) < (place.height + other.height) / 2 + 4.0
        for other in others
    )
    return taken or sum(beside) <= len(beside) - sum(beside)


def bow(source: Box, target: Box, round: bool, others: Sequence[Box]) -> Path | None:
    """Return a bow at the right of two boxes; None if they do not stand in line or others are in its way."""
    if abs(source.x - target.x) > ASIDE:
        return None
    down = 1.0 if target.y > source.y else -1.0
    start, tip = _on_side(source, round, 10.0 * down), _on_side(target, round, -10.0 * down)
    bend = max(start[0], tip[0]) + LOOP
    path = _curved(start, (bend, start[1] + 12.0 * down), (bend, tip[1] - 12.0 * down), tip)
    return None if passes_through(path, others) else path


def passes_through(path: Path, boxes: Sequence[Box]) -> bool:
    """Return whether a path comes nearer than two pixels to one of `boxes`."""
    x, y, width, height = np.array(boxes).reshape(-1, 4).T
    (left, top), (right, bottom) = np.min(path.points, axis=0), np.max(path.points, axis=0)
    near = (x + width > left) & (x - width < right) & (y + height > top) & (y - height < bottom)
    points = samples(path).points
    inside = abs(points[:, :1] - x[near]) < width[near] / 2 + 2
    return bool((inside & (abs(points[:, 1:] - y[near]) < height[near] / 2 + 2)).any())


def _on_side(box: Box, round: bool, dy: float) -> Point:
    """Return the point of the right side so far below the middle; the ends of a round box are half circles."""
    radius = min(box.width, box.height) / 2
    inset = radius - (radius**2 - min(abs(dy), radius) ** 2) ** 0.5 if round else 0.0
    return box.right - inset, box.y + dy


def _curved(start: Point, control: Point, last_control: Point, tip: Point) -> Path:
    """Return the curve that ends where an arrowhead begins that points at `tip`."""
    return Path((start, control, last_control, towards(tip, last_control, ARROW)), tip)
