"""Delayed edges that Graphviz draws poorly: from a node to itself, and back to what it feeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .geometry import ARROW, Box, Path, Point

__all__ = ["LOOP", "bow", "loop"]

LOOP = 26.0  # how far a loop reaches out of its node


def loop(box: Box, round: bool) -> Path:
    """A loop at the right of `box`.

    >>> path = loop(Box(0, 0, 40, 40), True)
    >>> path.points[0][1] > 0 > path.tip[1]
    True
    """
    low, high = (_on_side(box, round, dy) for dy in (11.0, -11.0))
    bend = LOOP / 0.75
    controls = (low[0] + bend, box.y + 27.0), (high[0] + bend, box.y - 27.0)
    end = _before(high, controls[1])
    return Path((low, *controls, end), high)


def bow(source: Box, target: Box, round: bool, others: Sequence[Box]) -> Path | None:
    """A bow at the right of both boxes, which stand over each other; None where others are in its way."""
    down = 1.0 if target.y > source.y else -1.0
    start, tip = _on_side(source, round, 10.0 * down), _on_side(target, round, -10.0 * down)
    bend = max(start[0], tip[0]) + LOOP
    controls = (bend, start[1] + 12.0 * down), (bend, tip[1] - 12.0 * down)
    path = Path((start, *controls, _before(tip, controls[1])), tip)
    t = np.linspace(0.0, 1.0, 24)[:, None]
    a, b, c, d = (np.array(point) for point in path.points)
    points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t**3 * d
    hit = any(abs(x - o.x) < o.width / 2 + 2 and abs(y - o.y) < o.height / 2 + 2 for x, y in points for o in others)
    return None if hit else path


def _on_side(box: Box, round: bool, dy: float) -> Point:
    """The point of the right side so far below the middle; the ends of a round box are half circles."""
    radius = min(box.width, box.height) / 2
    inset = radius - (radius**2 - min(abs(dy), radius) ** 2) ** 0.5 if round else 0.0
    return box.right - inset, box.y + dy


def _before(tip: Point, control: Point) -> Point:
    """Where an arrowhead that points at `tip` begins."""
    dx, dy = control[0] - tip[0], control[1] - tip[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    return tip[0] + dx * ARROW / length, tip[1] + dy * ARROW / length
