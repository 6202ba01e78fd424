"""Where lines meet a circle: moved along its border until no line seems to go on in another."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from .bends import passes_through
from .geometry import Box, Path, Point
from .mend import is_tangled
from .spacing import apart

GAP = 11.0  # pixels of border between an arrowhead and the next line
FARTHEST = 1.3  # of the radius: so far an end is moved at most
SHORT = 12.0  # pixels of a last piece that is drawn as one with the piece before it
FIRM = 1e6  # the weight of what stays where it is


class Landing(NamedTuple):
    """An end of a line: the number of the line (-1 for what stays), whether it arrives there, and where on the border.

    That is how far it is along the border, from the right end of the node on clockwise.
    """

    line: int
    arrives: bool
    place: float


def spread_landings(
    paths: list[Path],
    ends: Sequence[tuple[int, int]],
    boxes: Sequence[Box],
    fixed: Mapping[int, Collection[bool]] | None = None,
) -> None:
    """Move the ends of `paths`, between the `boxes` numbered in `ends`, along the borders of round nodes; not of loops.

    For some nodes `fixed` says at which of their sides, right (True) or left, other lines meet them, which stay there.
    A line whose number at one end is that of no box is left as it is there.
    """
    landings: dict[int, list[Landing]] = defaultdict(list)
    for node, sides in (fixed or {}).items():
        landings[node] += [Landing(-1, True, 0.0 if right else _border(boxes[node]) / 2) for right in sides]
    for line, ((source, target), path) in enumerate(zip(ends, paths, strict=True)):
        if source < len(boxes):
            landings[source].append(Landing(line, False, _place(boxes[source], path.points[0])))
        landings[target].append(Landing(line, True, _place(boxes[target], path.tip or path.points[-1])))
    for node, around in landings.items():
        if len(around) > 1:
            farthest = FARTHEST * _shape(boxes[node])[0]
            for landing, place in _spread(around, _border(boxes[node])):
                if landing.line < 0 or ends[landing.line][0] == ends[landing.line][1]:
                    continue
                border = _border(boxes[node])
                way = (place - landing.place + border / 2) % border - border / 2
                place = landing.place + min(max(way, -farthest), farthest)
                path = _moved(paths[landing.line], boxes[node], landing, place)
                others = [boxes[i] for i in range(len(boxes)) if i not in ends[landing.line]]
                if path is paths[landing.line] or (is_tangled(path) and not is_tangled(paths[landing.line])):
                    continue
                if not passes_through(path, others):
                    paths[landing.line] = path


def _spread(around: list[Landing], border: float) -> list[tuple[Landing, float]]:
    """Return the landings around a node, each with its new place; what leaves is one net, and needs no gap."""
    around = sorted(around, key=lambda landing: landing.place)
    gaps = [after.place - before.place for before, after in pairwise([*around, around[0]])]
    gaps[-1] += border
    first = (max(range(len(gaps)), key=gaps.__getitem__) + 1) % len(around)
    around = around[first:] + around[:first]
    wishes = [landing.place + (border if landing.place < around[0].place else 0.0) for landing in around]
    least = [GAP if before.arrives or after.arrives else 0.0 for before, after in pairwise(around)]
    weights = [FIRM if landing.line < 0 else 1.0 for landing in around]
    places = apart(wishes, [min(part, border / len(around)) for part in least], weights)
    return list(zip(around, places, strict=True))


def _border(box: Box) -> float:
    """Return how long the border of a box is whose ends are half circles."""
    radius, straight = _shape(box)
    return math.tau * radius + 4 * straight


def _shape(box: Box) -> tuple[float, float]:
    """Return the radius of the ends of a round box, and half the length of its level sides."""
    radius = box.height / 2
    return radius, max(box.width / 2 - radius, 0.0)


def _place(box: Box, point: Point) -> float:
    """Return how far along the border of a round box a point is that is on it or near.

    >>> [round(_place(Box(0, 0, 40, 20), point)) for point in ((20, 0), (0, 10), (-20, 0), (0, -10))]
    [0, 26, 51, 77]
    """
    radius, straight = _shape(box)
    x, y, quarter = point[0] - box.x, point[1] - box.y, math.tau / 4 * radius
    if abs(x) <= straight:
        return quarter + straight - x if y > 0 else 3 * quarter + 3 * straight + x
    angle = math.atan2(y, x - math.copysign(straight, x)) % math.tau
    if x < 0:
        return radius * angle + 2 * straight
    return radius * angle + (4 * straight if angle > math.pi else 0.0)


def _at(box: Box, place: float) -> tuple[Point, float]:
    """Return the point so far along the border of a round box, and the angle of what stands upright on it.

    >>> box = Box(0, 0, 40, 20)
    >>> for point in (5, 10), (-5, -10), (20, 0), (10, -10):
    ...     (x, y), angle = _at(box, _place(box, point))
    ...     print(round(x), round(y), round(angle, 2))
    5 10 1.57
    -5 -10 -1.57
    20 0 0.0
    10 -10 -1.57
    """
    radius, straight = _shape(box)
    quarter = math.tau / 4 * radius
    place = (place + quarter) % _border(box) - quarter
    if quarter < place < quarter + 2 * straight:
        return (box.x + quarter + straight - place, box.y + radius), math.pi / 2
    if place > 3 * quarter + 2 * straight:
        return (box.x + place - 3 * quarter - 3 * straight, box.y - radius), -math.pi / 2
    right = place <= quarter
    angle = place / radius if right else (place - 2 * straight) / radius
    middle = straight if right else -straight
    return (box.x + middle + radius * math.cos(angle), box.y + radius * math.sin(angle)), angle


def _moved(path: Path, box: Box, landing: Landing, place: float) -> Path:
    """Return the path with one of its ends moved along the border of a node, and turned with it."""
    if abs(place - landing.place) < 0.2:
        return path
    (old, old_angle), (new, new_angle) = _at(box, landing.place), _at(box, place)
    cos, sin = math.cos(new_angle - old_angle), math.sin(new_angle - old_angle)

    def follow(point: Point) -> Point:
        x, y = point[0] - old[0], point[1] - old[1]
        return new[0] + cos * x - sin * y, new[1] + sin * x + cos * y

    points = path.points
    if landing.arrives:
        if len(points) > 4 and math.dist(points[-4], points[-1]) < SHORT:  # it would be bent to a hook
            points = points[:-4] + points[-1:]
        return Path((*points[:-2], follow(points[-2]), follow(points[-1])), path.tip and follow(path.tip))
    return Path((follow(points[0]), follow(points[1]), *points[2:]), path.tip)
