"""Where the labels of edges stand: beside their own line, off everything else, alike in every column.

A label is tried at several places along its line and on both sides of it; each is judged by what it would cover in a
few of the columns that repeat it, and the best is taken in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter

import numpy as np

from ..scenes.scene import Scene
from .geometry import Box, Path, curve
from .positions import Layout
from .size import LABEL_SIZE
from .surroundings import Surroundings, corners, ink, name_box, overlaps
from .typeset import typeset_width

HEIGHT = 14.0
GAP = 3.0  # between a line and its label
FRACTIONS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
MOST = 120  # distinct labelled lines; beyond, labels stay where they are


def place_labels(scene: Scene, layout: Layout) -> None:
    """Move the labels of all routes to where they are read best."""
    alike: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, route in enumerate(layout.routes):
        label = scene.edges[route.edge].label
        if label:
            alike[id(route.path), label].append(number)
    if not alike or len(alike) > MOST:
        return
    _name_frames(layout)
    around = _look_around(scene, layout, alike.values())
    in_rows = {node.id for node in scene.nodes if node.row is not None and node.place is None}
    shared = _shared_parts(scene, layout) if in_rows else {}
    for (_, label), numbers in alike.items():
        columns = [layout.routes[number].column for number in numbers]
        path = layout.routes[numbers[0]].path
        width, target = typeset_width(label, LABEL_SIZE, True), scene.edges[layout.routes[numbers[0]].edge].target
        places = list(_candidates(path, width, shared.get(numbers[0], 0.0)))
        if target in in_rows:
            places += _beside_foot(path, width, layout.places[target][1].x)
        box = _cheapest(places, path, [around[column] for column in _samples(columns)])
        for surroundings in around.values():
            surroundings.take(box, set(columns))
        for number in numbers:
            layout.routes[number] = layout.routes[number]._replace(label=(box.x, box.y))


def _shared_parts(scene: Scene, layout: Layout) -> dict[int, float]:
    """Return for each route which part of it, from its start, another one from the same node runs along."""
    nets: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number, route in enumerate(layout.routes):
        nets[scene.edges[route.edge].source, route.column].append(number)
    shared = dict.fromkeys(range(len(layout.routes)), 0.0)
    for numbers in nets.values():
        corners = {number: _corners(layout.routes[number].path) for number in numbers}
        for number, own in corners.items():
            for other, line in corners.items():
                if other != number:
                    shared[number] = max(shared[number], _along(own, line))
    return shared


def _corners(path: Path) -> np.ndarray:
    return np.concatenate([curve(piece) for piece in path.pieces()])


def _along(line: np.ndarray, other: np.ndarray) -> float:
    """Return which part of a line, from its start, lies on another.

    >>> _along(np.array([(0, 0), (4, 0), (4, 4.0)]), np.array([(0, 0), (2, 0), (4, 0), (8, 0.0)]))
    0.5
    """
    near = np.hypot(*(line[:, None] - other[None]).transpose(2, 0, 1)).min(axis=1) < 3.0
    last = len(near) if near.all() else int(np.argmin(near))
    lengths = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    return float(lengths[max(last - 1, 0)] / lengths[-1])


def _cheapest(places: Iterable[tuple[Box, float]], path: Path, around: list[Surroundings]) -> Box:
    """Return the place for a label of `path` that costs least in the dearest of its surroundings."""
    costs = [(cost + max(surroundings.cost(box, path) for surroundings in around), box) for box, cost in places]
    return min(costs, key=itemgetter(0))[1]


def _samples(columns: list[int]) -> set[int]:
    """Return the first two columns and the last: where a label stands alike in all, the ends may still differ."""
    return {*columns[:2], columns[-1]}


def _look_around(scene: Scene, layout: Layout, labels: Iterable[list[int]]) -> dict[int, Surroundings]:
    """Return the surroundings of each column that is a sample for a label, as far as the label's lines reach."""
    spans = []
    for route in layout.routes:
        start = layout.places[scene.edges[route.edge].source][0]
        ends = (start if start >= 0 else route.column, route.column)
        spans.append((min(ends), max(ends)))
    reaches: dict[int, int] = {}
    for numbers in labels:
        longest = max(high - low for low, high in (spans[number] for number in numbers))
        for column in _samples([layout.routes[number].column for number in numbers]):
            reaches[column] = max(reaches.get(column, 0), longest + 1)
    return {column: Surroundings(scene, layout, spans, column, reach) for column, reach in reaches.items()}


def _candidates(path: Path, width: float, shared: float) -> Iterator[tuple[Box, float]]:
    """Yield places along a path and what they cost: less in the middle, and over or to the right of the path."""
    yield from _beside_loop(path, width)
    points = np.concatenate([curve(piece) for piece in path.pieces()])
    steps = np.hypot(*np.diff(points, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    for fraction in FRACTIONS:
        at = (shared + fraction * (1.0 - shared)) * length[-1]
        i = min(int(np.searchsorted(length, at, "right")) - 1, len(steps) - 1)
        part = (at - length[i]) / (steps[i] or 1.0)
        x, y = points[i] + part * (points[i + 1] - points[i])
        dx, dy = (points[i + 1] - points[i]) / (steps[i] or 1.0)
        for side in (1.0, -1.0):
            nx, ny = side * dy, -side * dx
            reach = abs(nx) * width / 2 + abs(ny) * HEIGHT / 2 + GAP
            awkward = (ny > 0.5) or (abs(ny) <= 0.5 and nx < 0)
            box = Box(float(x + nx * reach), float(y + ny * reach), width, HEIGHT)
            yield box, 2 * abs(fraction - 0.5) + 0.4 * awkward


def _beside_loop(path: Path, width: float) -> Iterator[tuple[Box, float]]:
    """Yield the place to the right of a loop, where its label is expected; nothing for other paths."""
    (x, y), (control_x, _) = path.points[:2]
    end_x, end_y = path.tip or path.points[-1]
    if len(path.points) == 4 and abs(x - end_x) <= 0.1 and control_x > x:
        yield Box((x + 3 * control_x) / 4 + GAP + width / 2, (y + end_y) / 2, width, HEIGHT), -1.0


def _beside_foot(path: Path, width: float, middle: float) -> Iterator[tuple[Box, float]]:
    """Yield the places beside the last piece of a line that ends upward off the middle of a node, on the outer side."""
    pieces = path.pieces()
    (x, y), (end, top) = pieces[-1][0], pieces[-1][3]
    if len(pieces) > 2 and abs(x - end) < 0.1 and y - top >= HEIGHT and abs(x - middle) > 1.0:
        for part in (0.4, 0.6, 0.2):
            place = x + (GAP + width / 2) * (1.0 if x > middle else -1.0), y + part * (top - y)
            yield Box(*place, width, HEIGHT), part - 2.0


def _name_frames(layout: Layout) -> None:
    """Put the name of a frame around all time steps in the corner where it covers least."""
    if all(frame.column >= 0 for frame in layout.frames):
        return
    nodes = corners(box for _, box in layout.places.values())
    covered = np.concatenate([nodes, *(ink(route.path) for route in layout.routes)])
    for i, frame in enumerate(layout.frames):
        if frame.column < 0:
            left, low = frame.name
            xs = left, frame.box.width - left - name_box(frame).width
            named = [frame._replace(name=(x, y)) for y in (low, 12.0 - frame.box.height) for x in xs]
            layout.frames[i] = min(named, key=lambda place: overlaps(covered, name_box(place), 1.0).any())
