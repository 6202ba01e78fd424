"""Where lines meet a circle: moved along its border until no line seems to go on in another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .bends import passes_through
from .geometry import Box, Path, Point
from .spacing import apart

GAP = 11.0  # pixels of border between an arrowhead and the next line


class Landing(NamedTuple):
    """An end of a line: the number of the line, whether it arrives there, and its angle around the node."""

    line: int
    arrives: bool
    angle: float


def spread_landings(paths: list[Path], ends: Sequence[tuple[int, int]], boxes: Sequence[Box]) -> None:
    """Move the ends of `paths`, between the `boxes` numbered in `ends`, along the borders of circles; not of loops."""
    landings: dict[int, list[Landing]] = defaultdict(list)
    for line, ((source, target), path) in enumerate(zip(ends, paths, strict=True)):
        landings[source].append(Landing(line, False, _angle(boxes[source], path.points[0])))
        landings[target].append(Landing(line, True, _angle(boxes[target], path.tip or path.points[-1])))
    for node, around in landings.items():
        box = boxes[node]
        if len(around) > 1 and abs(box.width - box.height) < 8.0:
            for landing, angle in _spread(around, GAP / (box.width / 2)):
                if ends[landing.line][0] == ends[landing.line][1]:
                    continue
                path = _turned(paths[landing.line], box, angle - landing.angle, landing.arrives)
                others = [boxes[i] for i in range(len(boxes)) if i not in ends[landing.line]]
                if path is not paths[landing.line] and not passes_through(path, others):
                    paths[landing.line] = path


def _spread(around: list[Landing], gap: float) -> list[tuple[Landing, float]]:
    """Return the landings around a node, each with its new angle; what leaves is one net, and needs no gap."""
    around = sorted(around, key=lambda landing: landing.angle)
    gaps = [after.angle - before.angle for before, after in pairwise([*around, around[0]])]
    gaps[-1] += math.tau
    first = (max(range(len(gaps)), key=gaps.__getitem__) + 1) % len(around)
    around = around[first:] + around[:first]
    wishes = [landing.angle + (math.tau if landing.angle < around[0].angle else 0.0) for landing in around]
    least = [gap if before.arrives or after.arrives else 0.0 for before, after in pairwise(around)]
    angles = apart(wishes, [min(part, math.tau / len(around)) for part in least])
    return [(landing, landing.angle + new - wish) for landing, new, wish in zip(around, angles, wishes, strict=True)]


def _angle(box: Box, point: Point) -> float:
    return math.atan2(point[1] - box.y, point[0] - box.x)


def _turned(path: Path, box: Box, angle: float, at_end: bool) -> Path:
    """Return the path with one of its ends turned about the middle of a node."""
    if abs(angle) < 0.01:
        return path
    points, end = path.points, path.points[-1 if at_end else 0]
    moved = _rotated(end, box, angle)
    follow = lambda point: (point[0] + moved[0] - end[0], point[1] + moved[1] - end[1])
    if at_end:
        return Path((*points[:-2], follow(points[-2]), moved), path.tip and _rotated(path.tip, box, angle))
    return Path((moved, follow(points[1]), *points[2:]), path.tip)


def _rotated(point: Point, box: Box, angle: float) -> Point:
    x, y = point[0] - box.x, point[1] - box.y
    cos, sin = math.cos(angle), math.sin(angle)
    return box.x + cos * x - sin * y, box.y + sin * x + cos * y
