"""Which part of a line is its own: where its label stands, so that it says nothing of edges that share the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..scenes.scene import Scene
from .geometry import Path, Point, samples
from .positions import Layout
from .surroundings import ink

WHOLE, NEAR_HEAD = 4.0, 14.0  # a line is its own from so near its start, and as far as so near its end
CROSSING = 12.0  # where another line only crosses, it is no less its own
SAME = 2.0  # pixels: what lies nearer is one line
LEAST = 12.0  # a part that is shorter is too short for a label
FEW, MANY = 134, 200  # points looked at along the last part of a line, and along all of it
NEAR_END = 300.0  # so near its end a label is looked for
MOST_OTHERS, MOST_PARTS = 300, 3
CROWDED = 150  # routes with which a drawing has too many for every point of each to be looked at
EARLIER = 1.5  # what it costs to have a label on the part before


class Part(NamedTuple):
    """A part of a line, from one fraction of its length to another, and what it costs to have the label there.

    `length` is that of the part, in pixels.
    """

    start: float
    end: float
    cost: float
    length: float = 0.0


class OwnParts:
    """Finds the own part of each line of a drawing, and which lines share an arrowhead and a label."""

    def __init__(self, scene: Scene, layout: Layout) -> None:
        self._edges, self._layout = scene.edges, layout
        self._of_source: dict[str, list[int]] = defaultdict(list)
        self._of_target: dict[str, list[int]] = defaultdict(list)
        self._joined: dict[tuple[str, str, Point], list[int]] = defaultdict(list)
        for number, route in enumerate(layout.routes):
            self._of_source[self._edges[route.edge].source].append(number)
            self._of_target[self._edges[route.edge].target].append(number)
            self._joined[self._arrowhead(number)].append(number)
        self._known: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        crowd = max(1.0, len(layout.routes) / CROWDED)
        self._few, self._many, self._most = (max(20, int(most / crowd)) for most in (FEW, MANY, MOST_OTHERS))

    def parts(self, numbers: Collection[int]) -> list[Part]:
        """Return the parts of like routes that no other edge runs along, the last one first.

        Edges that join it under its label may do so.
        """
        places, own, together = self._common(numbers)
        runs = _runs(places, own)
        if not (together & ~own).any() and not (own & ~together).any():
            return runs
        return [*_runs(places, together), *(part._replace(cost=part.cost + EARLIER) for part in runs)]

    def tail(self, numbers: Collection[int]) -> float | None:
        """Return from which fraction of its length on a line is its own in like routes; None if its end is not."""
        places, own = self._common(numbers)[:2]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], own.astype(int), [0]])))
        if not len(edges) or places[edges[-1] - 1] < places[-1] - NEAR_HEAD:
            return None
        first = len(edges) - 2
        while first and places[edges[first]] - places[edges[first - 1] - 1] < CROSSING:
            first -= 2
        start = float(places[edges[first]])
        return 0.0 if start < WHOLE else start / float(places[-1])

    def labelled(self, number: int) -> bool:
        """Return whether a route has a label of its own: of those that join under one label only the first has it."""
        return number == self._joined[self._arrowhead(number)][0]

    def _common(self, numbers: Collection[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what `_own` tells of like routes, as far as it holds for all of them."""
        for number in numbers:
            if number not in self._known:
                self._known[number] = self._own(number)
        masks = [self._known[number] for number in numbers]
        return masks[0][0], *(np.logical_and.reduce([mask[kind] for mask in masks]) for kind in (1, 2))

    def _own(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return places along a route, which of them are its own, and where all run that join it under its label."""
        edge, joined = self._edges[self._layout.routes[number].edge], self._joined[self._arrowhead(number)]
        meeting = self._of_target[edge.target] if edge.kind != "gradient" else []  # those are summed there
        others = self._of_source[edge.source] + meeting
        places, points = _along(self._path(number), self._few, self._many)
        own = ~self._covered(points, [other for other in others if other not in joined])
        together = own.copy()
        for other in joined[: self._most]:
            together &= self._covered(points, [other])
        return places, own, together if together.any() and np.ptp(places[together]) >= LEAST else own

    def _arrowhead(self, number: int) -> tuple[str, str, Point]:
        """Return what is alike for routes that come to one arrowhead in one straight line, under one label."""
        route = self._layout.routes[number]
        edge, (x, y) = self._edges[route.edge], route.path.tip or route.path.points[-1]
        if route.path.points[-2] != route.path.points[-1]:
            return edge.target, edge.label, (-1.0, number)
        return edge.target, edge.label, (round(x + self._layout.origin(route.column)), round(y))

    def _path(self, number: int) -> Path:
        route = self._layout.routes[number]
        return route.path.moved(self._layout.origin(route.column), 0.0)

    def _covered(self, points: np.ndarray, others: list[int]) -> np.ndarray:
        """Return which of `points` lie on one of the other routes."""
        low, high = points.min(0) - SAME, points.max(0) + SAME
        near = np.array(others, int)
        near = near[_meet(self._extents[near], low, high)][: self._most]
        bodies = np.concatenate([np.zeros((0, 4)), *(self._bodies[other] for other in near.tolist())])
        left, top, right, bottom = bodies[_meet(bodies, low, high)].T
        x, y = points[:, :1], points[:, 1:]
        return ((x > left - SAME) & (x < right + SAME) & (y > top - SAME) & (y < bottom + SAME)).any(axis=1)

    @cached_property
    def _bodies(self) -> list[np.ndarray]:
        """What each route covers without its arrowhead."""
        inks = [ink(self._path(number)) for number in range(len(self._layout.routes))]
        return [
            corners[:-1] if route.path.tip else corners
            for corners, route in zip(inks, self._layout.routes, strict=True)
        ]

    @cached_property
    def _extents(self) -> np.ndarray:
        """The box around what each route covers."""
        return np.array([(*body[:, :2].min(0), *body[:, 2:].max(0)) for body in self._bodies])


def _meet(boxes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which boxes (left, top, right, bottom) meet the one from `low` to `high`."""
    return np.asarray((boxes[:, :2] < high).all(1) & (boxes[:, 2:] > low).all(1))


def _along(path: Path, few: int, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places along a path, as fractions of its length, close together near its end, and the points there."""
    corners = samples(path).points
    lengths = np.concatenate([[0.0], np.hypot(*np.diff(corners, axis=0).T).cumsum()])
    length = lengths[-1]
    at = np.sort(np.append(np.linspace(0.0, length, many), np.linspace(max(0.0, length - NEAR_END), length, few)))
    points = np.column_stack([np.interp(at, lengths, corners[:, i]) for i in (0, 1)])
    return at, points


def _runs(places: np.ndarray, own: np.ndarray) -> list[Part]:
    """Return the runs of `own` places that are long enough for a label, the last one first; all if there are none.

    >>> _runs(np.array([0.0, 20, 40, 60, 80]), np.array([True, True, False, True, True]))
    [Part(start=0.75, end=1.0, cost=0.0, length=20.0), Part(start=0.0, end=0.25, cost=1.5, length=20.0)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], own.astype(int), [0]])))
    runs = [
        (float(places[first]), float(places[last - 1])) for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]
    long = [(start, end) for start, end in runs if end - start >= LEAST] or runs or [(0.0, float(places[-1]))]
    if long[-1][1] - long[-1][0] > 2 * NEAR_END:
        long[-1:] = [(long[-1][0], long[-1][1] - NEAR_END), (long[-1][1] - NEAR_END, long[-1][1])]
    length = float(places[-1])
    return [
        Part(start / length, end / length, EARLIER * before, end - start)
        for before, (start, end) in enumerate(long[: -MOST_PARTS - 1 : -1])
    ]
