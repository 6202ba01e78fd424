"""Boxes that many lines come to from below: as wide as their arrowheads ask, which stand side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from .bends import passes_through
from .geometry import ARROW, Box, Path, Point

Line = TypeVar("Line", bound=Hashable)
Place = TypeVar("Place", bound=Hashable)

APART = 10.0  # pixels from one arrowhead to the next
FEW = 3  # lines that need no more room than a box has
MOST = 600.0  # pixels that a box is wide at most for its lines


def widened(size: tuple[float, float], lines: int) -> tuple[float, float]:
    """Return the size of a box to which so many lines come.

    >>> widened((40.0, 26.0), 3), widened((40.0, 26.0), 20)
    ((40.0, 26.0), (210.0, 26.0))
    """
    width, height = size
    return (max(width, min(APART * (lines + 1), MOST)), height) if lines > FEW else size


def arrivals(ends: Iterable[tuple[Hashable, Hashable]]) -> Mapping[Any, int]:
    """Return how many lines come to each target from elsewhere."""
    return Counter(target for source, target in ends if source != target)


def spread_tips(
    paths: Mapping[Line, Path], ends: Mapping[Line, tuple[Hashable, Place]], boxes: Mapping[Place, Box]
) -> dict[Line, Path]:
    """Return the `paths` that come to a box together with many others from below, each to a place of its own."""
    below: dict[Place, list[Line]] = defaultdict(list)
    for line, (source, target) in ends.items():
        if source != target and paths[line].tip and paths[line].points[0][1] > boxes[target].bottom + ARROW:
            below[target].append(line)
    moved: dict[Line, Path] = {}
    for target, lines in below.items():
        if len(lines) > FEW:
            box = boxes[target]
            lines.sort(key=lambda line: _direction(paths[line].points[0], box))
            step = min(APART, box.width / (len(lines) + 1))
            for place, line in enumerate(lines):
                tip = box.x + step * (place - (len(lines) - 1) / 2), box.bottom
                others = [other for id, other in boxes.items() if id not in ends[line]]
                moved[line] = _to(paths[line], tip, others)
    return moved


def _direction(start: Point, box: Box) -> float:
    """Return from how far to the right a line comes, for its depth: what comes from further out enters further out."""
    return (start[0] - box.x) / (start[1] - box.bottom)


def _to(path: Path, tip: Point, others: Sequence[Box]) -> Path:
    """Return a path that ends at `tip`, from below: as a single curve, unless others are in its way."""
    (x, y), end = path.points[0], (tip[0], tip[1] + ARROW)
    middle = (y + end[1]) / 2
    plain = Path((path.points[0], (x, middle), (tip[0], middle), end), tip)
    if not passes_through(plain, others):
        return plain
    return Path((*path.points[:-2], (tip[0], end[1] + 2 * ARROW), end), tip)
