"""Where the labels of edges stand: beside their own line, off everything else, alike in every column.

A label is tried at several places along its line and on both sides of it; each is judged by what it would cover in a
few of the columns that repeat it, and the best is taken in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..scenes.scene import Scene
from .geometry import Box, Path
from .metrics import text_width
from .positions import Frame, Layout
from .size import LABEL_SIZE, tag_boxes
from .typeset import typeset_width

__all__ = ["place_labels"]

HEIGHT = 14.0
GAP = 3.0  # between a line and its label
FRACTIONS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
MOST = 120  # distinct labelled lines; beyond, labels stay where they are
COVERS_TEXT, COVERS_LINE, COVERS_BORDER, NEAR_LINE = 100.0, 10.0, 3.0, 2.0

Corners = tuple[float, float, float, float]  # left, top, right, bottom


class _Candidate(NamedTuple):
    x: float
    y: float
    cost: float


def place_labels(scene: Scene, layout: Layout) -> None:
    """Move the labels of all routes to where they are read best."""
    uses: dict[tuple[int, str], list[int]] = {}
    for number, route in enumerate(layout.routes):
        edge = scene.edges[route.edge]
        if edge.label:
            uses.setdefault((id(route.path), edge.label), []).append(number)
    if not uses or len(uses) > MOST:
        return
    spans = _spans(scene, layout)
    columns = {key: [layout.routes[i].column for i in numbers] for key, numbers in uses.items()}
    samples = {key: sorted({found[0], found[min(1, len(found) - 1)], found[-1]}) for key, found in columns.items()}
    around: dict[int, _Surroundings] = {}
    for key, numbers in uses.items():
        reach = max(high - low for low, high in (spans[i] for i in numbers))
        for column in samples[key]:
            found = around.setdefault(column, _Surroundings(column))
            found.reach = max(found.reach, reach + 1)
    _name_frames(layout)
    _survey(scene, layout, around, spans)
    labels = _Labels(around)
    for key, numbers in uses.items():
        path = layout.routes[numbers[0]].path
        width = typeset_width(key[1], LABEL_SIZE, True)
        places = [*_beside_loop(path, width), *_candidates(path, width)]
        best = min(places, key=lambda c: c.cost + labels.cost(c, width, samples[key], path))
        labels.take(_box(best.x, best.y, key[1]), set(columns[key]), layout)
        for number in numbers:
            layout.routes[number] = layout.routes[number]._replace(label=(best.x, best.y))


def _box(x: float, y: float, label: str) -> Box:
    return Box(x, y, typeset_width(label, LABEL_SIZE, True), HEIGHT)


def _candidates(path: Path, width: float) -> Iterator[_Candidate]:
    """Places along a path, on both sides of it; those in the middle, over or to the right of it are dearer to us."""
    points = np.array([point for piece in _pieces(path) for point in _along(piece)])
    steps = np.hypot(*np.diff(points, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    for fraction in FRACTIONS:
        at = fraction * length[-1]
        i = min(int(np.searchsorted(length, at, "right")) - 1, len(steps) - 1)
        part = (at - length[i]) / (steps[i] or 1.0)
        x, y = points[i] + part * (points[i + 1] - points[i])
        dx, dy = (points[i + 1] - points[i]) / (steps[i] or 1.0)
        for side in (1.0, -1.0):
            nx, ny = side * dy, -side * dx
            reach = abs(nx) * width / 2 + abs(ny) * HEIGHT / 2 + GAP
            awkward = (ny > 0.5) or (abs(ny) <= 0.5 and nx < 0)
            yield _Candidate(float(x + nx * reach), float(y + ny * reach), 2 * abs(fraction - 0.5) + 0.4 * awkward)


def _beside_loop(path: Path, width: float) -> list[_Candidate]:
    """To the right of a loop, where its label is expected; nothing for other paths."""
    (x, y), (ex, ey) = path.points[0], path.tip or path.points[-1]
    if len(path.points) != 4 or abs(x - ex) > 0.1 or path.points[1][0] <= x:
        return []
    return [_Candidate((x + 3 * path.points[1][0]) / 4 + GAP + width / 2, (y + ey) / 2, -1.0)]


def _pieces(path: Path) -> Iterator[np.ndarray]:
    for i in range(0, len(path.points) - 1, 3):
        piece = np.array(path.points[i : i + 4])
        if np.abs(piece[3] - piece[0]).sum() > 0.01:
            yield piece


def _along(piece: np.ndarray) -> np.ndarray:
    """Points of a cubic piece, at most some 4 pixels apart."""
    count = max(2, int(np.abs(np.diff(piece, axis=0)).sum() / 4) + 1)
    t = np.linspace(0.0, 1.0, count)[:, None]
    s = 1 - t
    found: np.ndarray = s**3 * piece[0] + 3 * s * s * t * piece[1] + 3 * s * t * t * piece[2] + t**3 * piece[3]
    return found


def _ink(path: Path) -> Iterator[Corners]:
    """What a path covers, as boxes: straight level and upright pieces whole, others point by point."""
    for piece in _pieces(path):
        (x, y), (ex, ey) = piece[0], piece[3]
        if abs(x - ex) < 0.5 or abs(y - ey) < 0.5:
            yield min(x, ex), min(y, ey), max(x, ex), max(y, ey)
        else:
            for px, py in _along(piece):
                yield px, py, px, py
    if path.tip:
        (x, y), (ex, ey) = path.points[-1], path.tip
        yield min(x, ex) - 3, min(y, ey) - 3, max(x, ex) + 3, max(y, ey) + 3


def _name(frame: Frame) -> Box:
    """What the name of a frame covers."""
    width, (dx, dy) = text_width(frame.scope, 9.0), frame.name
    return Box(frame.box.left + dx + width / 2, frame.box.bottom + dy - 3, width, 11.0)


def _name_frames(layout: Layout) -> None:
    """Put the name of a frame around all time steps in the corner where it covers least."""
    frames = [(i, frame) for i, frame in enumerate(layout.frames) if frame.column < 0]
    if not frames:
        return
    covered = _array([corners for route in layout.routes for corners in _ink(route.path)])
    covered = np.concatenate([covered, _array([_corners(box) for _, box in layout.places.values()])])
    for i, frame in frames:
        left, right = 7.0, frame.box.width - 7.0 - text_width(frame.scope, 9.0)
        corners = [(x, y) for y in (-5.0, 12.0 - frame.box.height) for x in (left, right)]
        named = [frame._replace(name=corner) for corner in corners]
        layout.frames[i] = min(named, key=lambda place: _hits(covered, _corners(_name(place)), 1.0).any())


def _corners(box: Box) -> Corners:
    return box.left, box.top, box.right, box.bottom


class _Surroundings:
    """What stands around one column, in its own coordinates."""

    def __init__(self, column: int) -> None:
        self.column = column
        self.reach = 1
        self.texts: list[Corners] = []
        self.lines: list[np.ndarray] = []
        self.owners: list[int] = []
        self.borders: list[float] = []
        self.bounds: Corners = (0.0, 0.0, 0.0, 0.0)
        self._arrays: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def cost(self, corners: Corners, path: Path) -> float:
        """What it costs to cover the box with these corners by a label of `path`."""
        if self._arrays is None:
            self._arrays = _array(self.texts), np.concatenate([np.zeros((0, 4)), *self.lines]), np.array(self.owners)
        texts, lines, owners = self._arrays
        left, top, right, bottom = corners
        cost = COVERS_TEXT * _hits(texts, corners, 1.0).sum()
        cost += COVERS_LINE * bool(_hits(lines, corners, 1.0).any())
        cost += NEAR_LINE * bool((_hits(lines, corners, 5.0) & (owners != id(path))).any())
        cost += COVERS_BORDER * any(left < border < right for border in self.borders)
        low, high = self.bounds[0], self.bounds[2]
        cost += COVERS_TEXT * (left < low or right > high or top < self.bounds[1] or bottom > self.bounds[3])
        return float(cost)

    def is_near(self, low: int, high: int) -> bool:
        """Whether what runs from column `low` to column `high` may meet what runs to this one."""
        return low <= self.column + self.reach and high >= self.column - self.reach

    def add_line(self, corners: np.ndarray, shift: float, owner: int = 0) -> None:
        self.lines.append(corners + (shift, 0.0, shift, 0.0))
        self.owners += [owner] * len(corners)

    def add_text(self, box: Box) -> None:
        self.texts.append(_corners(box))
        self._arrays = None


def _array(boxes: list[Corners]) -> np.ndarray:
    return np.array(boxes).reshape(-1, 4)


def _hits(boxes: np.ndarray, corners: Corners, margin: float) -> np.ndarray:
    left, top, right, bottom = corners
    found: np.ndarray = (
        (boxes[:, 0] < right + margin)
        & (boxes[:, 2] > left - margin)
        & (boxes[:, 1] < bottom + margin)
        & (boxes[:, 3] > top - margin)
    )
    return found


class _Labels:
    """The labels that have their places already; later ones keep off them."""

    def __init__(self, around: dict[int, _Surroundings]) -> None:
        self.around = around

    def cost(self, place: _Candidate, width: float, columns: list[int], path: Path) -> float:
        """What a place costs in the worst of some columns."""
        corners = place.x - width / 2, place.y - HEIGHT / 2, place.x + width / 2, place.y + HEIGHT / 2
        return max(self.around[column].cost(corners, path) for column in columns)

    def take(self, box: Box, columns: set[int], layout: Layout) -> None:
        """Let a label have its place in all its columns."""
        for column, around in self.around.items():
            for near in range(column - around.reach, column + around.reach + 1):
                if near not in columns:
                    continue
                around.add_text(box.moved(layout.origin(near) - layout.origin(column), 0.0))


def _spans(scene: Scene, layout: Layout) -> list[tuple[int, int]]:
    """The columns between which each route runs."""
    found = []
    for route in layout.routes:
        source = layout.places[scene.edges[route.edge].source][0]
        start = source if source >= 0 else route.column
        found.append((min(start, route.column), max(start, route.column)))
    return found


def _survey(scene: Scene, layout: Layout, around: dict[int, _Surroundings], spans: list[tuple[int, int]]) -> None:
    """Fill in all that stands in the columns of `around` and beside them."""
    everything = list(around.values())
    for node in scene.nodes:
        column, box = layout.places[node.id]
        for found in everything:
            if found.is_near(column, column):
                shift = layout.origin(column) - layout.origin(found.column)
                for covered in (box, *tag_boxes(node, box)):
                    found.add_text(covered.moved(shift, 0.0))
    ink: dict[int, np.ndarray] = {}
    for route, span in zip(layout.routes, spans, strict=True):
        for found in everything:
            if found.is_near(*span):
                owner = id(route.path)
                if owner not in ink:
                    ink[owner] = _array(list(_ink(route.path)))
                found.add_line(ink[owner], layout.origin(route.column) - layout.origin(found.column), owner)
    rails = _array([corners for rail in layout.rails for corners in _ink(rail.path)])
    for found in everything:
        origin = layout.origin(found.column)
        found.add_line(rails, -origin)
        found.bounds = (-origin - 8, 0.0, layout.width - origin + 8, layout.height)
        _survey_columns(scene, layout, found, origin)


def _survey_columns(scene: Scene, layout: Layout, found: _Surroundings, origin: float) -> None:
    """Add the borders and headings of columns, and the frames of scopes."""
    for column in range(max(found.column - found.reach, 0), min(found.column + found.reach + 1, len(layout.strips))):
        strip, heading = layout.strips[column], scene.columns[column]
        if heading.kind == "step":
            found.borders += [strip.x - origin - 7, strip.x + strip.width - origin + 7]
        if heading.label:
            found.add_text(Box(strip.x + strip.width / 2 - origin, 11.0, 8.0 * len(heading.label), 15.0))
    for frame in layout.frames:
        if found.is_near(frame.column, frame.column):
            shift = layout.origin(frame.column) - origin
            box = frame.box.moved(shift, 0.0)
            found.borders += [box.left, box.right]
            found.add_line(_array([(box.left, y, box.right, y) for y in (box.top, box.bottom)]), 0.0)
            found.add_text(_name(frame).moved(shift, 0.0))
