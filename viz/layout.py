"""A scene's positions: columns tiled from one laid-out cell, or a graph without repetition by Graphviz as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .dot import Request, arrange
from .geometry import Box, Path
from .scene import Scene
from .size import node_size

__all__ = ["Frame", "Layout", "Rail", "Route", "Strip", "lay_out"]


class Strip(NamedTuple):
    """Where a column stands: its left end and its width."""

    x: float
    width: float


class Frame(NamedTuple):
    """The frame around a scope: its column (-1 for none), its name and a box relative to that column."""

    column: int
    scope: str
    box: Box


class Route(NamedTuple):
    """How an edge runs, relative to the left end of a column (-1: of the drawing), and where its label stands."""

    edge: int
    column: int
    path: Path
    label: tuple[float, float] | None = None


class Rail(NamedTuple):
    """The line from a shared node along all the columns that use it."""

    source: str
    path: Path


@dataclass(slots=True)
class Layout:
    """Positions of all that a scene holds. `places` maps a node's id to (column or -1, box relative to it)."""

    width: float = 0.0
    height: float = 0.0
    strips: list[Strip] = field(default_factory=list)
    places: dict[str, tuple[int, Box]] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    rails: list[Rail] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    top: float = 0.0
    floor: float = 0.0

    def origin(self, column: int) -> float:
        """The left end of a column; 0 for column -1."""
        return self.strips[column].x if column >= 0 else 0.0

    def box(self, id: str) -> Box:
        """The box of node `id` in the drawing's own coordinates."""
        column, box = self.places[id]
        return box.moved(self.origin(column), 0.0)


def lay_out(scene: Scene) -> Layout:
    """Positions for `scene`: in columns if it has any, else wherever Graphviz puts them.

    Raises
    ------
    ValueError
        If the graph does not repeat and is too large for Graphviz (`viz.dot.arrange`).
    """
    from .tiling import tile  # which needs the classes here

    return tile(scene) if scene.columns else _whole(scene)


def _whole(scene: Scene) -> Layout:
    number = {node.id: i for i, node in enumerate(scene.nodes)}
    scopes: dict[str, list[int]] = {}
    for node in scene.nodes:
        scopes.setdefault(node.scope, []).append(number[node.id])
    named = [(scope, members) for scope, members in scopes.items() if scope] if len(scopes) > 1 else []
    above = {node.id for node in scene.nodes if node.above}
    placed = arrange(
        Request(
            sizes=[node_size(node, scene.round) for node in scene.nodes],
            edges=[(number[e.source], number[e.target], e.source in above) for e in scene.edges],
            scopes=named,
            round=scene.round,
            labels=[edge.label for edge in scene.edges],
            rank_gap=34.0 if scene.round else 28.0,
            loose=frozenset(i for i, edge in enumerate(scene.edges) if edge.kind in ("delay", "gradient")),
        )
    )
    return Layout(
        width=placed.width,
        height=placed.height,
        places={node.id: (-1, box) for node, box in zip(scene.nodes, placed.boxes, strict=True)},
        routes=[
            Route(i, -1, path, place)
            for i, (path, place) in enumerate(zip(placed.paths, placed.label_places, strict=True))
        ],
        frames=[Frame(-1, scope, box) for (scope, _), box in zip(named, placed.frames, strict=True)],
    )
