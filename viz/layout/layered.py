"""A layout of our own, by layers: plainer than Graphviz's, but it always ends. It stands in where Graphviz fails.

Nodes stand as high as their longest way from below. An edge over several layers runs through *bends*, places of no
height in the layers between, which all edges of one source share. What belongs to one scope has a lane of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter

from .bends import loop
from .geometry import ARROW, Box, Path, Point
from .layers import layers
from .request import Placed, Request
from .spacing import apart

SWEEPS = 6
MARGIN = 9.0  # around a scope
BEND = 8.0  # the width that a line takes up
MOST_BENDS = 20_000  # beyond, lines run straight over layers


@dataclass
class _Place:
    """What stands in a layer: a node, or a bend of the lines from a node."""

    width: float
    layer: int
    lane: int
    x: float = 0.0
    below: list[_Place] = field(default_factory=list)
    above: list[_Place] = field(default_factory=list)
    order: float = 0.0
    wish: float = 0.0


def arrange_in_layers(request: Request) -> Placed:
    """Find positions for everything in `request`.

    >>> placed = arrange_in_layers(Request(sizes=[(40, 20)] * 3, edges=[(0, 1, False), (0, 2, False)]))
    >>> [box.y for box in placed.boxes]
    [60.0, 10.0, 10.0]
    """
    return _Arrangement(request).placed()


class _Arrangement:
    def __init__(self, request: Request) -> None:
        self.request = request
        heights = layers(request)
        lanes = {i: number for number, (_, members) in enumerate(request.scopes, 1) for i in members}
        self.nodes = [_Place(size[0], heights[i], lanes.get(i, 0)) for i, size in enumerate(request.sizes)]
        self.bends: dict[tuple[int, int], _Place] = {}
        self.layers: list[list[_Place]] = [[] for _ in range(max(heights, default=0) + 1)]
        for place in self.nodes:
            self.layers[place.layer].append(place)
        self._join()
        self._order()
        self._spread()
        self._find_heights()

    def _join(self) -> None:
        """Join the ends of each edge by way of bends."""
        ends = [self._upward(source, target) for source, target, _ in self.request.edges]
        spans = {(low, self.nodes[high].layer) for low, high in ends}
        bent = sum(max(0, layer - self.nodes[low].layer - 1) for low, layer in spans) <= MOST_BENDS
        for low, high in dict.fromkeys(ends):
            below = self.nodes[low]
            for layer in range(below.layer + 1, self.nodes[high].layer) if bent else ():
                below = self._bend(low, layer, below)
            if below.layer != self.nodes[high].layer:
                _join(below, self.nodes[high])

    def _upward(self, source: int, target: int) -> tuple[int, int]:
        """Return the two ends of an edge, the lower one first."""
        return (source, target) if self.nodes[source].layer <= self.nodes[target].layer else (target, source)

    def _bend(self, low: int, layer: int, below: _Place) -> _Place:
        if (low, layer) not in self.bends:
            place = self.bends[low, layer] = _Place(BEND, layer, self.nodes[low].lane)
            self.layers[layer].append(place)
            _join(below, place)
        return self.bends[low, layer]

    def _order(self) -> None:
        """Put each layer in an order in which few lines cross: everything over the mean of what it is joined to."""
        for layer in self.layers:
            _number(layer)
        for sweep in range(SWEEPS):
            upward = sweep % 2 == 0
            for layer in self.layers if upward else self.layers[::-1]:
                for place in layer:
                    place.wish = _mean_order(place, upward)
                layer.sort(key=attrgetter("lane", "wish"))
                _number(layer)

    def _spread(self) -> None:
        """Find how far right everything stands: each lane by itself, then the lanes side by side."""
        left = 0.0
        lanes: dict[int, list[list[_Place]]] = defaultdict(list)
        for layer in self.layers:
            for lane, places in groupby(layer, key=lambda place: place.lane):
                lanes[lane].append(list(places))
        for _, parts in sorted(lanes.items()):
            for sweep in range(-1, SWEEPS):
                for part in parts if sweep % 2 else parts[::-1]:
                    _align(part, self.request.gap, sweep)
            low = min(place.x - place.width / 2 for part in parts for place in part)
            high = max(place.x + place.width / 2 for part in parts for place in part)
            for part in parts:
                for place in part:
                    place.x += left + MARGIN - low
            left += high - low + 2 * MARGIN + self.request.gap
        self.width = left - self.request.gap if lanes else 0.0

    def _find_heights(self) -> None:
        """Find the top and bottom of every layer; wider gaps where many lines cross from lane to lane."""
        highest = [0.0] * len(self.layers)
        for place, (_, height) in zip(self.nodes, self.request.sizes, strict=True):
            highest[place.layer] = max(highest[place.layer], height)
        gap = self.request.rank_gap + (MARGIN if self.request.scopes else 0.0)
        self.tops: list[float] = [0.0] * len(self.layers)
        y = MARGIN if self.request.scopes else 0.0
        for layer in reversed(range(len(self.layers))):
            self.tops[layer] = y
            y += highest[layer] + gap
        self.bottoms = [top + height for top, height in zip(self.tops, highest, strict=True)]
        self.height = y - gap + (2 * MARGIN if self.request.scopes else 0.0)

    def placed(self) -> Placed:
        """Return the positions."""
        request = self.request
        boxes = []
        for place, (width, height) in zip(self.nodes, request.sizes, strict=True):
            middle = (self.tops[place.layer] + self.bottoms[place.layer]) / 2
            boxes.append(Box(place.x, self.height if place.layer == 0 and request.ports else middle, width, height))
        paths = self._paths(boxes)
        labelled = [*request.labels, *[0.0] * (len(paths) - len(request.labels))]
        return Placed(
            boxes,
            paths,
            [_frame([boxes[i] for i in members]) for _, members in request.scopes],
            [path.middle() if room else None for path, room in zip(paths, labelled, strict=True)],
            max(self.width, *(box.right for box in boxes)) if boxes else 0.0,
            self.height,
        )

    def _paths(self, boxes: list[Box]) -> list[Path]:
        entering: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for number, (source, target, _) in enumerate(self.request.edges):
            entering[target, self.nodes[source].layer < self.nodes[target].layer].append(number)
        paths: dict[int, Path] = {}
        for (target, upward), numbers in entering.items():
            numbers.sort(key=lambda number: self._last(number).x)
            box = boxes[target]
            room = box.width - (min(box.width, box.height) * 0.6 if self.request.round else 10.0)
            step = min(10.0, room / len(numbers))
            for place, number in enumerate(numbers):
                x = box.x + step * (place - (len(numbers) - 1) / 2)
                paths[number] = self._path(boxes, number, _on_edge(box, x, upward, self.request.round))
        return [paths[number] for number in range(len(self.request.edges))]

    def _last(self, number: int) -> _Place:
        """Return the place that an edge comes from to its target."""
        source, target, _ = self.request.edges[number]
        between = self._between(source, target)
        return between[-1] if between else self.nodes[source]

    def _between(self, source: int, target: int) -> list[_Place]:
        """Return the bends of an edge, from its source to its target."""
        low, high = self._upward(source, target)
        span = range(self.nodes[low].layer + 1, self.nodes[high].layer)
        bends = [self.bends[low, layer] for layer in span if (low, layer) in self.bends]
        return bends if low == source else bends[::-1]

    def _path(self, boxes: list[Box], number: int, tip: Point) -> Path:
        source, target, _ = self.request.edges[number]
        if source == target:
            return loop(boxes[source], self.request.round)
        start, end = self.nodes[source], self.nodes[target]
        box = boxes[source]
        if start.layer == end.layer:  # over what stands between
            y = self.tops[start.layer] - 0.9 * self.request.rank_gap
            over = _on_edge(boxes[target], boxes[target].x, False, self.request.round)
            return Path(((box.x, box.top), (box.x, y), (over[0], y), (over[0], over[1] - ARROW)), over)
        upward = start.layer < end.layer
        points: list[Point] = [(box.x, box.top if upward else box.bottom)]
        near, far = (self.bottoms, self.tops) if upward else (self.tops, self.bottoms)
        _straight(points, far[start.layer])
        for bend in self._between(source, target):
            _curve(points, (bend.x, near[bend.layer]))
            _straight(points, far[bend.layer])
        edge = near[end.layer] + (ARROW if upward else -ARROW)
        neck = tip[1] + (ARROW if upward else -ARROW)
        _curve(points, (tip[0], edge if (edge < neck) != upward else neck))
        _straight(points, neck)
        return Path(tuple(points), tip)


def _join(below: _Place, above: _Place) -> None:
    below.above.append(above)
    above.below.append(below)


def _number(layer: Sequence[_Place]) -> None:
    """Note the order of a layer, as fractions of it: layers of different lengths are compared."""
    for number, place in enumerate(layer):
        place.order = (number + 0.5) / len(layer)


def _mean_order(place: _Place, upward: bool) -> float:
    neighbours = place.below if upward else place.above
    return sum(other.order for other in neighbours) / len(neighbours) if neighbours else place.order


def _align(places: list[_Place], gap: float, sweep: int) -> None:
    """Move the places of a layer, in their order, as near to what they are joined to as there is room."""
    gaps = [(left.width + right.width) / 2 + gap for left, right in pairwise(places)]
    for place, x in zip(places, apart([_wish(place, sweep) for place in places], gaps), strict=True):
        place.x = x


def _wish(place: _Place, sweep: int) -> float:
    neighbours = [other for other in (place.below if sweep % 2 else place.above) if other.lane == place.lane]
    if sweep < 0 or not neighbours:
        return place.x
    return sum(other.x for other in neighbours) / len(neighbours)


def _on_edge(box: Box, x: float, below: bool, round: bool) -> Point:
    """Return the point of the lower (or upper) side of a box at `x`; the ends of a round box are half circles."""
    radius = min(box.width, box.height) / 2
    beyond = max(0.0, abs(x - box.x) - (box.width / 2 - radius)) if round else 0.0
    inset = radius - (radius**2 - min(beyond, radius) ** 2) ** 0.5
    return x, box.bottom - inset if below else box.top + inset


def _straight(points: list[Point], y: float) -> None:
    """Lead a line up or down to `y`; a hair's breadth is left to the curve before, which has a direction."""
    x, last = points[-1]
    if abs(last - y) > 2.0:
        points += [(x, last), (x, y), (x, y)]
    elif len(points) > 1:
        points[-1] = (x, y)


def _curve(points: list[Point], end: Point) -> None:
    x, middle = points[-1][0], (points[-1][1] + end[1]) / 2
    points += [(x, middle), (end[0], middle), end]


def _frame(boxes: list[Box]) -> Box:
    """Return the frame around boxes, with room for a name at its bottom."""
    left, right = min(box.left for box in boxes) - MARGIN + 1, max(box.right for box in boxes) + MARGIN - 1
    top, bottom = min(box.top for box in boxes) - MARGIN + 1, max(box.bottom for box in boxes) + 2 * MARGIN
    return Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
