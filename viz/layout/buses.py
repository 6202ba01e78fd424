"""Lines from one node to several of a row above it: up to a common line, along it, and up into each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .bends import passes_through
from .geometry import Box, Path, Point, rounded

LEVEL = 7.0  # between the common lines of two sources
DEPTH = 30.0  # from a row to the first common line below it: room for labels and remarks
ROOM = 30.0  # so much wider is the gap below a row with common lines


class Stretch:
    """More room at one height: what stands below is moved down.

    >>> stretch = Stretch(10.0, 20.0, 5.0)
    >>> [stretch.height(y) for y in (0.0, 15.0, 20.0, 30.0)]
    [0.0, 17.5, 25.0, 35.0]
    """

    def __init__(self, top: float, bottom: float, room: float) -> None:
        self._top, self._bottom, self._room = top, bottom, room

    def height(self, y: float) -> float:
        """Return where the height `y` comes to be."""
        return y + self._room * float(np.clip((y - self._top) / (self._bottom - self._top), 0.0, 1.0))

    def box(self, box: Box) -> Box:
        """Return a box that stands where there is more room above it or none, moved."""
        return box.moved(0.0, self.height(box.y) - box.y)

    def frame(self, box: Box) -> Box:
        """Return a box that the room may lie in, made higher."""
        top, bottom = self.height(box.top), self.height(box.bottom)
        return Box(box.x, (top + bottom) / 2, box.width, bottom - top)

    def point(self, point: Point) -> Point:
        """Return a point, moved."""
        return point[0], self.height(point[1])

    def path(self, path: Path) -> Path:
        """Return a path, drawn longer."""
        return Path(tuple(map(self.point, path.points)), path.tip and self.point(path.tip))


def gap_below(row: Sequence[Box], boxes: Sequence[Box]) -> tuple[float, float] | None:
    """Return the heights between which there is nothing below a row; None if that is the lowest."""
    bottom = max(box.bottom for box in row)
    below = [box.top for box in boxes if box.top > bottom]
    return (bottom, min(below)) if below else None


def bus(source: Box, targets: Sequence[Box], number: int, feet: Sequence[float], others: Sequence[Box]) -> list[Path]:
    """Return the lines of source `number` to the `feet` of its targets; none if something is in their way."""
    height = max(box.bottom for box in targets) + DEPTH + LEVEL * number
    paths = [
        rounded([(source.x, source.top), (source.x, height), (foot, height), (foot, box.bottom - 1.0)])
        for box, foot in zip(targets, feet, strict=True)
    ]
    blocked = height > source.top - LEVEL or any(passes_through(path, others) for path in paths)
    return [] if blocked else paths


def foot(box: Box, number: int, room: float) -> float:
    """Return where line `number` from the right enters a box from below: with `room` for a label beside each, if any.

    >>> foot(Box(0, 0, 44, 44), 1, 0.0), foot(Box(0, 0, 80, 44), 1, 30.0)
    (5.0, -5.0)
    """
    if room:
        return box.right - room * (number + 0.5)
    return box.x + max(box.width * 0.25 - 6.0 * number, 1.0)
