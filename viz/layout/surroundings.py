"""What stands around a column, and what it costs to cover a part of it by a label."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from ..scenes.scene import Scene
from .geometry import Box, Path, samples
from .metrics import text_width
from .positions import Frame, Layout

COVERS_TEXT, COVERS_LINE, COVERS_BORDER, WIDENS = 100.0, 10.0, 3.0, 1.0
NEAR_LINE, NEAR_TEXT = ((5.5, 6.0), (9.0, 1.0)), 1.0  # nearer to other lines than so many pixels, and what that costs
NEAR_FRAME = ((5.5, 1.0),)  # of which no label is taken to be
FRAME = -1  # the owner of its border


class Surroundings:
    """What stands in a column and up to `reach` columns beside it, in that column's own coordinates.

    `spans` are the first and last column of each route; `remarks` says whether those on nodes have their places.
    """

    def __init__(
        self, scene: Scene, layout: Layout, spans: list[tuple[int, int]], column: int, reach: int, remarks: bool = True
    ) -> None:
        self.layout, self.column = layout, column
        self.near = range(column - reach, column + reach + 1)
        within = range(max(self.near.start, 0), min(self.near.stop, len(layout.strips)))
        strips = [(scene.columns[i], self._shift(i), layout.strips[i].width) for i in within]
        frames = [frame for frame in layout.frames if frame.column in self.near]
        frames = [frame._replace(box=frame.box.moved(self._shift(frame.column), 0.0)) for frame in frames]
        headings = [
            Box(x + width / 2, 11.0, 8.0 * len(column.label), 15.0) for column, x, width in strips if column.label
        ]
        self.texts = corners([*self._nodes(scene, remarks), *headings, *map(name_box, frames)])
        level = [frame.box._replace(y=y, height=0.0) for frame in frames for y in (frame.box.top, frame.box.bottom)]
        lines = [*self._lines(spans), (corners(level), FRAME)]
        self.lines = np.concatenate([covered for covered, _ in lines])
        self.owners = np.concatenate([np.full(len(covered), owner) for covered, owner in lines])
        bands = [Box(x + width / 2, 0.0, width + 14, np.inf) for column, x, width in strips if column.kind == "step"]
        bands += [frame.box for frame in frames]
        self.borders = corners(box._replace(x=x, width=0.0) for box in bands for x in (box.left, box.right))

    def costs(self, boxes: Sequence[Box], own: Collection[int] = ()) -> np.ndarray:
        """Return what it costs to cover each of `boxes` by a label of the lines of these ids, or by a remark."""
        places = corners(boxes)
        low, high = places[:, :2].min(axis=0), places[:, 2:].max(axis=0)
        around = Box(*((low + high) / 2), *(high - low))
        near = overlaps(self.lines, around, NEAR_LINE[-1][0])
        lines, owners = self.lines[near], self.owners[near]
        texts = self.texts[overlaps(self.texts, around, 4.0)]
        left, right = self._shift(-1) - 8, self._shift(-1) + self.layout.width + 8
        cost = COVERS_TEXT * (meet(places, texts, 1.0).sum(axis=1) + 1.0 * self._above_or_below(places))
        cost += NEAR_TEXT * meet(places, texts, 4.0).any(axis=1)
        cost += WIDENS * ((places[:, 0] < left) | (places[:, 2] > right))
        distances = _gaps(places, lines)
        cost += COVERS_LINE * (distances < 1.0).any(axis=1)
        if own:
            for others, prices in (~np.isin(owners, [*own, FRAME]), NEAR_LINE), (owners == FRAME, NEAR_FRAME):
                nearest = distances[:, others].min(axis=1, initial=np.inf)
                cost += sum(price * (nearest < least) for least, price in prices)
        return np.asarray(cost + COVERS_BORDER * meet(places, self.borders, 0.0).any(axis=1))

    def _above_or_below(self, places: np.ndarray) -> np.ndarray:
        return np.asarray((places[:, 1] < 0) | (places[:, 3] > self.layout.height))

    def take(self, box: Box, columns: set[int]) -> None:
        """Let a label stand at `box` in each of `columns`: later ones keep off it."""
        labels = corners(box.moved(self._shift(column), 0.0) for column in self.near if column in columns)
        self.texts = np.concatenate([self.texts, labels])

    def _shift(self, column: int) -> float:
        return self.layout.origin(column) - self.layout.origin(self.column)

    def _nodes(self, scene: Scene, remarks: bool) -> Iterator[Box]:
        """Yield what nodes cover, and the remarks on them if wanted."""
        for node in scene.nodes:
            column, box = self.layout.places[node.id]
            if column in self.near:
                for covered in (box, *(self.layout.remarks(node) if remarks else ())):
                    yield covered.moved(self._shift(column), 0.0)

    def _lines(self, spans: list[tuple[int, int]]) -> Iterator[tuple[np.ndarray, int]]:
        """Yield what edges and rails cover, and the id of the path of each edge, 0 for a rail."""
        for route, (first, last) in zip(self.layout.routes, spans, strict=True):
            if first < self.near.stop and last >= self.near.start:
                shift = self._shift(route.column)
                yield ink(route.path) + (shift, 0.0, shift, 0.0), id(route.path)
        for rail in self.layout.rails:
            yield ink(rail.path) + (self._shift(-1), 0.0, self._shift(-1), 0.0), 0


@lru_cache(maxsize=1 << 12)
def ink(path: Path) -> np.ndarray:
    """Return what a path covers, as corners: straight level and upright pieces whole, others point by point."""
    ends = np.array((*path.points[::3], path.tip or path.points[-1]))
    boxes = np.hstack([np.minimum(ends[:-1], ends[1:]), np.maximum(ends[:-1], ends[1:])])
    whole = (boxes[:-1, 2:] - boxes[:-1, :2] < 0.5).any(axis=1)
    points, pieces = samples(path)
    curves = np.tile(points[~whole[pieces]], 2)
    head = boxes[-1:] + (-3, -3, 3, 3) if path.tip else boxes[:0]
    return np.concatenate([boxes[:-1][whole], curves, head])


def name_box(frame: Frame) -> Box:
    """Return what the name of a frame covers."""
    width, (dx, dy) = text_width(frame.scope, 9.0), frame.name
    return Box(frame.box.left + dx + width / 2, frame.box.bottom + dy - 3, width, 11.0)


def corners(boxes: Iterable[Box]) -> np.ndarray:
    """Return a row (left, top, right, bottom) for each box."""
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes]).reshape(-1, 4)


def meet(corners: np.ndarray, others: np.ndarray, margin: float) -> np.ndarray:
    """Return whether each row of `corners` comes closer to each of `others` than `margin`."""
    left, top, right, bottom = corners.T[:, :, None]
    level: np.ndarray = (others[:, 0] < right + margin) & (others[:, 2] > left - margin)
    return level & (others[:, 1] < bottom + margin) & (others[:, 3] > top - margin)


def _gaps(corners: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how far each row of `corners` is from each of `others`."""
    left, top, right, bottom = corners.T[:, :, None]
    level = np.maximum(others[:, 0] - right, left - others[:, 2]).clip(0.0)
    return np.asarray(np.hypot(level, np.maximum(others[:, 1] - bottom, top - others[:, 3]).clip(0.0)))


def overlaps(corners: np.ndarray, box: Box, margin: float) -> np.ndarray:
    """Return for each row of `corners` whether it comes closer to `box` than `margin`."""
    left, top, right, bottom = corners.T
    level: np.ndarray = (left < box.right + margin) & (right > box.left - margin)
    return level & (top < box.bottom + margin) & (bottom > box.top - margin)
