"""Where everything of a scene stands: what a layout results in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..scenes.scene import Node
from .geometry import Box, Path, Point
from .size import tag_boxes


class Strip(NamedTuple):
    """Where a column stands: its left end and its width."""

    x: float
    width: float


class Frame(NamedTuple):
    """The frame around a scope: its column (-1 for none), its name and a box relative to that column.

    `name` is where the scope's name begins, from the lower left corner of the box.
    """

    column: int
    scope: str
    box: Box
    name: Point = (7.0, -5.0)


class Route(NamedTuple):
    """How an edge runs, relative to the left end of a column (-1: of the drawing), and where its label stands.

    `own` is the end of the path that no other edge runs along: it has the colour of the label.
    """

    edge: int
    column: int
    path: Path
    label: Point | None = None
    own: Path | None = None


class Rail(NamedTuple):
    """The line from a shared node along all the columns that use it."""

    source: str
    path: Path


@dataclass(slots=True)
class Layout:
    """Positions of all that a scene holds. `places` maps a node's id to (column or -1, box relative to it).

    `corners` are those of nodes at which their remarks stand, by their numbers in `viz.layout.size.CORNERS`; `forks`
    are where lines between columns part; `overhang` is how far texts reach beyond the left and the right end.
    """

    width: float = 0.0
    height: float = 0.0
    strips: list[Strip] = field(default_factory=list)
    places: dict[str, tuple[int, Box]] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    rails: list[Rail] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    corners: dict[str, int] = field(default_factory=dict)
    forks: list[Point] = field(default_factory=list)
    overhang: tuple[float, float] = (0.0, 0.0)

    def origin(self, column: int) -> float:
        """Return the left end of a column; 0 for column -1."""
        return self.strips[column].x if column >= 0 else 0.0

    def box(self, id: str) -> Box:
        """Return the box of node `id` in the drawing's own coordinates."""
        column, box = self.places[id]
        return box.moved(self.origin(column), 0.0)

    def remarks(self, node: Node) -> list[Box]:
        """Return where the remarks of a node stand, relative to its column."""
        return tag_boxes(node, self.places[node.id][1], self.corners.get(node.id, 0))
