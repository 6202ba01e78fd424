"""Where the labels of edges stand: beside their own line, off everything else, alike in every column.

A label is tried at several places along its line and on both sides of it; each is judged by what it would cover in a
few of the columns that repeat it, and the best is taken in all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from itertools import product
from operator import itemgetter

import numpy as np

from ..scenes.scene import Scene
from .geometry import Box, Path, samples
from .own_parts import OwnParts, Part
from .positions import Layout
from .remarks import place_remarks
from .size import LABEL_SIZE
from .surroundings import Surroundings, corners, ink, name_box, overlaps
from .typeset import typeset_width

HEIGHT = 14.0
GAP = 3.0  # between a line and its label
FRACTIONS = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
MORE_FRACTIONS = tuple(k / 24 for k in range(1, 24))
GAPS, FARTHER = (GAP, 6.0, 9.0), 0.3  # where there is no good place, and what each pixel more costs
DEAR, DEAREST = 5.0, 9.0  # what a label costs that may be taken for another's, and one that covers something
MOST = 1200  # distinct labelled lines; beyond, labels stay where they are
MOST_LOOKS = 5_000_000  # pieces of lines that are looked at, for all labels together; as well
MOST_SECOND_LOOKS = 800_000  # with more, a label without a good place is not tried at others


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
    looks = len(alike) * max(len(surroundings.lines) for surroundings in around.values())
    if looks > MOST_LOOKS:
        return
    in_rows = {node.id for node in scene.nodes if node.row is not None and node.place is None}
    parts, mates = OwnParts(scene, layout), _mates(scene, layout)
    written: set[tuple[str, str]] = set()
    waiting = [(labelled, own, False) for labelled, own in _by_freedom(layout, parts, alike.values())]
    for labelled, own, put_off in waiting:
        edge, path = scene.edges[layout.routes[labelled[0]].edge], layout.routes[labelled[0]].path
        columns = [layout.routes[number].column for number in labelled]
        width = typeset_width(edge.label, LABEL_SIZE, True)
        ids = mates[edge.label] | mates[edge.source, edge.target]
        samples = [around[column] for column in _samples(columns)]
        places = [place for part in own for place in _candidates(path, width, part)]
        if edge.target in in_rows:
            places += _beside_foot(path, width, layout.places[edge.target][1].x)
        box, cost = _cheapest(places, ids, samples)
        if cost > DEAR and looks <= MOST_SECOND_LOOKS:
            places = [place for part in own for place in _candidates(path, width, part, MORE_FRACTIONS, GAPS)]
            box, cost = min((box, cost), _cheapest(places, ids, samples), key=itemgetter(1))
        ends = {(scene.edges[layout.routes[number].edge].target, edge.label) for number in labelled}
        if cost > DEAREST and edge.hue is not None and (not put_off or ends <= written):
            if put_off:  # the colour says it, and the label beside
                for number in labelled:
                    layout.routes[number] = layout.routes[number]._replace(label=None)
            else:
                waiting.append((labelled, own, True))
            continue
        written |= ends
        for surroundings in around.values():
            surroundings.take(box, set(columns))
        for number in labelled:
            layout.routes[number] = layout.routes[number]._replace(label=(box.x, box.y))
    _colour_own_parts(scene, layout, parts, alike.values())


def _colour_own_parts(scene: Scene, layout: Layout, parts: OwnParts, alike: Iterable[list[int]]) -> None:
    """Find the ends of lines that are theirs alone, which are drawn in the colour of their label."""
    for numbers in alike:
        route = layout.routes[numbers[0]]
        start = None if scene.edges[route.edge].hue is None else parts.tail(_samples(numbers))
        if start is not None:
            own = route.path.tail(start) if start else route.path
            for number in numbers:
                layout.routes[number] = layout.routes[number]._replace(own=own)


def _mates(scene: Scene, layout: Layout) -> dict[Hashable, set[int]]:
    """Return the ids of the paths under each label, and between each two nodes: they are not taken for one another."""
    mates: dict[Hashable, set[int]] = defaultdict(set)
    for route in layout.routes:
        edge = scene.edges[route.edge]
        mates[edge.source, edge.target].add(id(route.path))
        if edge.label:
            mates[edge.label].add(id(route.path))
    return mates


def _by_freedom(layout: Layout, parts: OwnParts, alike: Iterable[list[int]]) -> list[tuple[list[int], list[Part]]]:
    """Return the routes under one label each, with the parts where it may stand: first where there is least room.

    Those without a label of their own lose it.
    """
    labels = []
    for numbers in alike:
        labelled = [number for number in numbers if parts.labelled(number)]
        for number in set(numbers).difference(labelled):
            layout.routes[number] = layout.routes[number]._replace(label=None)
        if labelled:
            labels.append((labelled, parts.parts(_samples(labelled))))
    return sorted(labels, key=lambda label: label[1][0].length)


def _cheapest(
    places: Sequence[tuple[Box, float]], own: Collection[int], around: list[Surroundings]
) -> tuple[Box, float]:
    """Return the place for a label of the lines `own` that costs least in the dearest of its surroundings, and that."""
    boxes, costs = [box for box, _ in places], np.array([cost for _, cost in places])
    costs = costs + np.max([surroundings.costs(boxes, own) for surroundings in around], axis=0)
    best = int(np.argmin(costs))
    return boxes[best], float(costs[best])


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


def _candidates(
    path: Path, width: float, part: Part, fractions: Sequence[float] = FRACTIONS, gaps: Sequence[float] = (GAP,)
) -> Iterator[tuple[Box, float]]:
    """Yield places along a path and what they cost: less in the middle, and over or to the right of the path."""
    yield from _beside_loop(path, width)
    points = samples(path).points
    steps = np.hypot(*np.diff(points, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    for fraction in fractions:
        at = (part.start + fraction * (part.end - part.start)) * length[-1]
        i = min(int(np.searchsorted(length, at, "right")) - 1, len(steps) - 1)
        x, y = points[i] + (at - length[i]) / (steps[i] or 1.0) * (points[i + 1] - points[i])
        dx, dy = (points[i + 1] - points[i]) / (steps[i] or 1.0)
        for side, gap in product((1.0, -1.0), gaps):
            nx, ny = side * dy, -side * dx
            reach = abs(nx) * width / 2 + abs(ny) * HEIGHT / 2 + gap
            awkward = (ny > 0.5) or (abs(ny) <= 0.5 and nx < 0)
            box = Box(float(x + nx * reach), float(y + ny * reach), width, HEIGHT)
            yield box, part.cost + 2 * abs(fraction - 0.5) + 0.4 * awkward + FARTHER * (gap - GAP)


def _beside_loop(path: Path, width: float) -> Iterator[tuple[Box, float]]:
    """Yield the places beside a loop, where labels are expected, one over the other; none for other paths."""
    (x, y), (control_x, _) = path.points[:2]
    end_x, end_y = path.tip or path.points[-1]
    if len(path.points) == 4 and abs(x - end_x) <= 0.1 and control_x != x:
        outward = 1.0 if control_x > x else -1.0
        for row in (0, 1, -1, 2, -2, 3):
            place = (x + 3 * control_x) / 4 + outward * (GAP + width / 2), (y + end_y) / 2 + row * (HEIGHT + 1.0)
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
