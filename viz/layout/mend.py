"""Lines that Graphviz draws with a spike or a knot, drawn anew as a plain curve."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .bends import passes_through
from .geometry import ARROW, Box, Path, samples, towards
from .straight import border, straight

SPIKE, KNOT = math.radians(70.0), math.radians(330.0)  # angles that no line turns by in one place, and in all
DETOUR = 1.5  # a line is drawn anew that is so much longer than the way it goes
LEANS = (0.12, -0.12, 0.25, -0.25, 0.4, -0.4, 0.6, -0.6)  # how far a curve leans out, in parts of its length
AIR = 6.0


def mended(path: Path, source: Box, target: Box, round: bool, others: Sequence[Box]) -> Path:
    """Return a plain line from `source` to `target`, off the `others`, if `path` is tangled; else the path.

    >>> down, up = ((0, 20), (0, 60), (0, 60)), ((0, 60), (1, 30), (1, 30))
    >>> tangled = Path(((0, 20), *down, *up, (1, 30), (0, 93), (0, 93)), (0, 100))
    >>> mended(tangled, Box(0, 0, 40, 40), Box(0, 120, 40, 40), True, []).svg()
    'M0 20V93'
    """
    if source == target or not is_tangled(path):
        return path
    line = straight(source, target, round, others)
    if line:
        return line
    aired = [box._replace(width=box.width + AIR, height=box.height + AIR) for box in others]
    curves = (_leaning(source, target, round, lean) for lean in LEANS)
    around = [source, target, *others]
    free = (line for line in curves if _is_within(line, around) and not passes_through(line, aired))
    return next(free, path)


def _is_within(path: Path, boxes: Sequence[Box]) -> bool:
    """Return whether a path stays within what boxes take up together, or very near to it."""
    x, y = samples(path).points.T
    level = min(box.left for box in boxes) - AIR < x.min() and x.max() < max(box.right for box in boxes) + AIR
    return bool(level and min(b.top for b in boxes) - AIR < y.min() and y.max() < max(b.bottom for b in boxes) + AIR)


def is_tangled(path: Path) -> bool:
    """Return whether a path has a spike, turns by more than a line needs to, or goes a long way round."""
    points = np.append(samples(path).points, [path.tip or path.points[-1]], axis=0)
    steps = np.diff(points, axis=0)
    if np.hypot(*steps.T).sum() > DETOUR * np.hypot(*(points[-1] - points[0])):
        return True
    steps = steps[np.hypot(*steps.T) > 0.5]
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = abs((np.diff(angles) + math.pi) % math.tau - math.pi)
    return bool((turns > SPIKE).any() or turns.sum() > KNOT)


def _leaning(source: Box, target: Box, round: bool, lean: float) -> Path:
    """Return a curve between two boxes that leans out to one side."""
    dx, dy = target.x - source.x, target.y - source.y
    out_x, out_y = -dy * lean * 4 / 3, dx * lean * 4 / 3
    controls = [(source.x + dx * part + out_x, source.y + dy * part + out_y) for part in (0.3, 0.7)]
    start, tip = border(source, controls[0], round), border(target, controls[1], round)
    return Path((start, controls[0], controls[1], towards(tip, controls[1], ARROW)), tip)
