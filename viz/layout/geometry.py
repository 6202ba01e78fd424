"""Boxes and paths: the two shapes that a layout is made of. The y axis points down, as in SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

ARROW = 7.0  # length of an arrowhead; a path ends where its head begins
RADIUS = 7.0
STRAIGHT = 0.35  # a curve that bends less than so many pixels is drawn as a line

Point = tuple[float, float]
Piece = tuple[Point, Point, Point, Point]  # a cubic Bézier curve: its start, two control points, its end


class Box(NamedTuple):
    """A rectangle by its centre and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """The x of its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """The y of its upper side."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.y + self.height / 2

    def moved(self, dx: float, dy: float) -> Box:
        """Return the box shifted by (dx, dy)."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def snapped(self) -> Box:
        """Return the box with its sides on whole pixels, for sizes that are even."""
        return Box(float(round(self.x)), float(round(self.y)), self.width, self.height)


@dataclass(frozen=True, slots=True)
class Path:
    """A line of straight and cubic pieces, and where its arrowhead points.

    `points` holds 1 + 3n points: a start and n cubic Bézier pieces; a straight piece has its control points on its
    ends. `tip` is the point of the arrowhead, None for a line without one.
    """

    points: tuple[Point, ...]
    tip: Point | None = None

    def moved(self, dx: float, dy: float) -> Path:
        """Return the path shifted by (dx, dy)."""
        tip = self.tip and (self.tip[0] + dx, self.tip[1] + dy)
        return Path(tuple((x + dx, y + dy) for x, y in self.points), tip)

    def mirrored(self, x: float) -> Path:
        """Return the path with left and right of `x` exchanged."""
        tip = self.tip and (2 * x - self.tip[0], self.tip[1])
        return Path(tuple((2 * x - px, y) for px, y in self.points), tip)

    def tail(self, fraction: float) -> Path:
        """Return what is left of the path behind a fraction of its length.

        >>> Path(((0, 0), (0, 0), (40, 0), (40, 0))).tail(0.5).svg()
        'M20 0H40'
        """
        pieces = self.pieces()
        points, numbers = samples(self)
        lengths = np.bincount(numbers[1:], np.hypot(*np.diff(points, axis=0).T)).tolist()
        ahead = fraction * sum(lengths)
        while ahead >= lengths[0] and len(pieces) > 1:
            ahead -= lengths.pop(0)
            pieces.pop(0)
        first = _behind(pieces[0], min(ahead / (lengths[0] or 1.0), 1.0))
        return Path((first[0], *(point for piece in [first, *pieces[1:]] for point in piece[1:])), self.tip)

    def after(self, *corners: Point) -> Path:
        """Return the path with straight pieces through `corners` put in front of it."""
        steps = pairwise([*corners, self.points[0]])
        straight = [point for start, end in steps for point in (start, end, end)]
        return Path((corners[0], *straight, *self.points[1:]), self.tip)

    def pieces(self) -> list[Piece]:
        """Return the pieces that the path consists of."""
        points = self.points
        return [(points[i], points[i + 1], points[i + 2], points[i + 3]) for i in range(0, len(points) - 1, 3)]

    def middle(self) -> Point:
        """Return the point half-way along, for a label."""
        pieces = self.pieces()
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = pieces[len(pieces) // 2]
        return (ax + 3 * bx + 3 * cx + dx) / 8, (ay + 3 * by + 3 * cy + dy) / 8

    def svg(self) -> str:
        """Return the text of an SVG ``d`` attribute: curves to a tenth of a pixel, straight lines to a pixel."""
        pieces = _merged(self.pieces())
        digits = 0 if _is_straight(pieces[0]) else 1
        x, y = (round(part, digits) for part in pieces[0][0])
        text = [f"M{x:.7g} {y:.7g}"]
        for piece in pieces:
            if _is_straight(piece):
                ex, ey = round(piece[3][0], 0), round(piece[3][1], 0)
                text.append(_line(x, y, ex, ey))
            else:
                ends = [(round(px, 1), round(py, 1)) for px, py in piece[1:]]
                text.append("c" + " ".join(f"{px - x:.3g} {py - y:.3g}" for px, py in ends).replace(" -", "-"))
                ex, ey = x + float(f"{ends[2][0] - x:.3g}"), y + float(f"{ends[2][1] - y:.3g}")
            x, y = ex, ey
        return "".join(text)


def _behind(piece: Piece, part: float) -> Piece:
    """Return what is left of a piece behind a part of its length; its parameter is taken for that."""
    if piece[0] == piece[1] and piece[2] == piece[3]:  # straight, where the parameter runs slowly at the ends
        (x, y), end = piece[0], piece[3]
        start = x + part * (end[0] - x), y + part * (end[1] - y)
        return start, start, end, end
    between = lambda a, b: (a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]))
    a, b, c, d = piece
    late, middle = between(c, d), between(b, c)
    control = between(middle, late)
    return between(between(between(a, b), middle), control), control, late, d


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Return the pieces of a path, with straight ones that follow each other in one direction as one."""
    merged = pieces[:1]
    for piece in pieces[1:]:
        (start, _, _, corner), end = merged[-1], piece[3]
        if _is_straight(piece) and _is_straight(merged[-1]) and _bend(start, corner, end) < STRAIGHT:
            merged[-1] = (start, start, end, end)
        else:
            merged.append(piece)
    return merged


def _is_straight(piece: Piece) -> bool:
    a, b, c, d = piece
    return _bend(a, b, d) < STRAIGHT and _bend(a, c, d) < STRAIGHT


def _bend(a: Point, b: Point, c: Point) -> float:
    """Return how far b lies from the line through a and c."""
    dx, dy = c[0] - a[0], c[1] - a[1]
    return abs(dx * (b[1] - a[1]) - dy * (b[0] - a[0])) / ((dx * dx + dy * dy) ** 0.5 or 1.0)


def cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether the line from a to b crosses that from c to d, away from their ends.

    >>> cross((0, 0), (2, 2), (0, 2), (2, 0)), cross((0, 0), (2, 2), (2, 2), (4, 0))
    (True, False)
    """
    side = lambda p, q, r: (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _line(x: float, y: float, ex: float, ey: float) -> str:
    if y == ey:
        return f"H{ex:.7g}"
    return f"V{ey:.7g}" if x == ex else f"L{ex:.7g} {ey:.7g}"


def rounded(corners: Sequence[Point], arrow: bool = True) -> Path:
    """Return the line through `corners`, its corners rounded, with an arrowhead at its end.

    >>> rounded([(0, 0), (20, 0)]).svg()
    'M0 0H13'
    """
    points = _without_straight_corners(corners)
    tip = points[-1] if arrow else None
    if arrow:
        points[-1] = towards(points[-1], points[-2], ARROW)
    line = points[:1]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(RADIUS, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = towards(corner, before, radius), towards(corner, after, radius)
        controls = towards(corner, before, radius * 0.45), towards(corner, after, radius * 0.45)
        line += [line[-1], start, start, *controls, end]
    return Path((*line, line[-1], points[-1], points[-1]), tip)


class Samples(NamedTuple):
    """Points along a path, shape (n, 2), and the numbers of the pieces that they are of."""

    points: np.ndarray
    pieces: np.ndarray


@lru_cache(maxsize=1 << 10)
def samples(path: Path) -> Samples:
    """Return points of each piece of a path, from its start to its end, at most some 4 pixels apart.

    >>> samples(Path(((0, 0), (0, 0), (8, 0), (8, 0), (8, 0), (8, 2), (8, 2)))).pieces
    array([0, 0, 0, 1, 1])
    """
    corners = np.array(path.pieces())
    steps = np.maximum(1, np.abs(np.diff(corners, axis=1)).reshape(-1, 6).sum(axis=1) // 4).astype(int)
    pieces = np.repeat(np.arange(len(corners)), steps + 1)
    places = np.arange(len(pieces)) - (np.cumsum(steps + 1) - steps - 1)[pieces]
    t = np.where(places < steps[pieces], places * (1.0 / steps)[pieces], 1.0)[:, None]
    s = 1 - t
    a, b, c, d = corners[pieces].swapaxes(0, 1)
    points = s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d
    points.flags.writeable = pieces.flags.writeable = False
    return Samples(points, pieces)


def towards(start: Point, end: Point, distance: float) -> Point:
    """Return the point so far from `start` on the way to `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    return start[0] + dx * distance / length, start[1] + dy * distance / length


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _without_straight_corners(corners: Sequence[Point]) -> list[Point]:
    points: list[Point] = []
    for point in corners:
        if points and _distance(points[-1], point) < 0.5:
            continue
        if len(points) > 1 and _bend(points[-2], points[-1], point) < 1e-6:
            points.pop()
        points.append(point)
    return points if len(points) > 1 else [corners[0], corners[-1]]
