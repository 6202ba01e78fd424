"""Where the labels of edges stand: beside their own line, off everything else, alike in every column.

A label is tried at several places along its line and on both sides of it; each is judged by what it would cover in a
few of the columns that repeat it, and the best is taken in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..scenes.scene import Scene
from .geometry import Box, Path, curve
from .own_parts import OwnParts, Part
from .positions import Layout
from .remarks import place_remarks
from .size import LABEL_SIZE
from .surroundings import Surroundings, corners, ink, name_box, overlaps
from .typeset import typeset_width

HEIGHT = 14.0
GAP = 3.0  # between a line and its label
FRACTIONS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
MOST = 1200  # distinct labelled lines; beyond, labels stay where they are
MOST_LOOKS = 10_000_000  # pieces of lines that are looked at, for all labels together; as well


def place_labels(scene: Scene, layout: Layout) -> None:
    """Move the labels of all routes, and the remarks on nodes, to where they are read best."""
    alike: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, route in enumerate(layout.routes):
        label = scene.edges[route.edge].label
        if label:
            alike[id(route.path), label].append(number)
    _name_frames(layout)
    if not alike and not any(node.tags for node in scene.nodes):
        return
    spans = _spans(scene, layout)
    place_remarks(scene, layout, spans)
    if not alike or len(alike) > MOST:
        return
    around = _look_around(scene, layout, spans, alike.values())
    if len(alike) * max(len(surroundings.lines) for surroundings in around.values()) > MOST_LOOKS:
        return
    in_rows = {node.id for node in scene.nodes if node.row is not None and node.place is None}
    parts = OwnParts(scene, layout)
    for (_, label), numbers in alike.items():
        labelled = [number for number in numbers if parts.labelled(number)]
        for number in set(numbers).difference(labelled):
            layout.routes[number] = layout.routes[number]._replace(label=None)
        if not labelled:
            continue
        columns = [layout.routes[number].column for number in labelled]
        path = layout.routes[numbers[0]].path
        width, target = typeset_width(label, LABEL_SIZE, True), scene.edges[layout.routes[numbers[0]].edge].target
        places = [place for part in parts.parts(_samples(labelled)) for place in _candidates(path, width, part)]
        if target in in_rows:
            places += _beside_foot(path, width, layout.places[target][1].x)
        box = _cheapest(places, path, [around[column] for column in _samples(columns)])
        for surroundings in around.values():
            surroundings.take(box, set(columns))
        for number in labelled:
            layout.routes[number] = layout.routes[number]._replace(label=(box.x, box.y))


def _cheapest(places: Sequence[tuple[Box, float]], path: Path, around: list[Surroundings]) -> Box:
    """Return the place for a label of `path` that costs least in the dearest of its surroundings."""
    boxes, costs = [box for box, _ in places], np.array([cost for _, cost in places])
    return boxes[int(np.argmin(costs + np.max([surroundings.costs(boxes, path) for surroundings in around], axis=0)))]


def _samples(columns: list[int]) -> set[int]:
    """Return the first two and the last: where a label stands alike in all columns, the ends may still differ."""
    return {*columns[:2], columns[-1]}


def _spans(scene: Scene, layout: Layout) -> list[tuple[int, int]]:
    """Return the first and the last column of each route."""
    spans = []
    for route in layout.routes:
        start = layout.places[scene.edges[route.edge].source][0]
        ends = (start if start >= 0 else route.column, route.column)
        spans.append((min(ends), max(ends)))
    return spans


def _look_around(
    scene: Scene, layout: Layout, spans: list[tuple[int, int]], labels: Iterable[list[int]]
) -> dict[int, Surroundings]:
    """Return the surroundings of each column that is a sample for a label, as far as the label's lines reach."""
    reaches: dict[int, int] = {}
    for numbers in labels:
        longest = max(high - low for low, high in (spans[number] for number in numbers))
        for column in _samples([layout.routes[number].column for number in numbers]):
            reaches[column] = max(reaches.get(column, 0), longest + 1)
    return {column: Surroundings(scene, layout, spans, column, reach) for column, reach in reaches.items()}


def _candidates(path: Path, width: float, part: Part) -> Iterator[tuple[Box, float]]:
    """Yield places along a path and what they cost: less in the middle, and over or to the right of the path."""
    yield from _beside_loop(path, width)
    points = np.concatenate([curve(piece) for piece in path.pieces()])
    steps = np.hypot(*np.diff(points, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    for fraction in FRACTIONS:
        at = (part.start + fraction * (part.end - part.start)) * length[-1]
        i = min(int(np.searchsorted(length, at, "right")) - 1, len(steps) - 1)
        x, y = points[i] + (at - length[i]) / (steps[i] or 1.0) * (points[i + 1] - points[i])
        dx, dy = (points[i + 1] - points[i]) / (steps[i] or 1.0)
        for side in (1.0, -1.0):
            nx, ny = side * dy, -side * dx
            reach = abs(nx) * width / 2 + abs(ny) * HEIGHT / 2 + GAP
            awkward = (ny > 0.5) or (abs(ny) <= 0.5 and nx < 0)
            box = Box(float(x + nx * reach), float(y + ny * reach), width, HEIGHT)
            yield box, part.cost + 2 * abs(fraction - 0.5) + 0.4 * awkward


def _beside_loop(path: Path, width: float) -> Iterator[tuple[Box, float]]:
    """Yield the places to the right of a loop, where labels are expected, one over the other; none for other paths."""
    (x, y), (control_x, _) = path.points[:2]
    end_x, end_y = path.tip or path.points[-1]
    if len(path.points) == 4 and abs(x - end_x) <= 0.1 and control_x > x:
        for row in (0, 1, -1, 2, -2, 3):
            place = (x + 3 * control_x) / 4 + GAP + width / 2, (y + end_y) / 2 + row * (HEIGHT + 1.0)
            yield Box(*place, width, HEIGHT), 0.5 * abs(row) - 1.0


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
