"""A scene's positions: columns tiled from one laid-out cell, or a graph without repetition by Graphviz as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..scenes.scene import Edge, Scene
from .bends import LOOP, bow, loop
from .geometry import Box, Path
from .graphviz_layout import Request, arrange
from .size import label_room, node_size

__all__ = ["Frame", "Layout", "Rail", "Route", "Strip", "lay_out"]


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
    name: tuple[float, float] = (7.0, -5.0)


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
        If the graph does not repeat and is too large for Graphviz (`viz.layout.graphviz_layout.arrange`).
    """
    from .edge_labels import place_labels
    from .tiling import tile  # which needs the classes here

    layout = tile(scene) if scene.columns else _whole(scene)
    place_labels(scene, layout)
    return layout


def _whole(scene: Scene) -> Layout:
    number = {node.id: i for i, node in enumerate(scene.nodes)}
    scopes: dict[str, list[int]] = {}
    for node in scene.nodes:
        scopes.setdefault(node.scope, []).append(number[node.id])
    named = [(scope, members) for scope, members in scopes.items() if scope] if len(scopes) > 1 else []
    above = {node.id for node in scene.nodes if node.above}
    ends = {(edge.source, edge.target) for edge in scene.edges}
    beside = {pair for pair in ends if pair[::-1] in ends}
    placed = arrange(
        Request(
            sizes=[node_size(node, scene.round) for node in scene.nodes],
            edges=[(number[e.source], number[e.target], e.source in above) for e in scene.edges],
            scopes=named,
            round=scene.round,
            labels=[_room(edge, beside) for edge in scene.edges],
            gap=22.0 if scene.round else 14.4,
            rank_gap=44.0 if scene.round else 28.0,
            loose=frozenset(i for i, edge in enumerate(scene.edges) if edge.kind in ("delay", "gradient")),
        )
    )
    boxes = {node.id: box for node, box in zip(scene.nodes, placed.boxes, strict=True)}
    return Layout(
        width=placed.width,
        height=placed.height,
        places={id: (-1, box) for id, box in boxes.items()},
        routes=[Route(i, -1, *_redrawn(scene, i, boxes, beside, path)) for i, path in enumerate(placed.paths)],
        frames=[Frame(-1, scope, box) for (scope, _), box in zip(named, placed.frames, strict=True)],
    )


def _room(edge: Edge, beside: set[tuple[str, str]]) -> float:
    """The width to keep free for the label of an edge, and for a loop or bow of its own."""
    bent = edge.source == edge.target or (edge.kind == "delay" and (edge.source, edge.target) in beside)
    air = 8.0 if edge.kind == "delay" else 0.0
    return label_room(edge.label) + air + (LOOP if bent else 0.0)


def _redrawn(
    scene: Scene, number: int, boxes: dict[str, Box], beside: set[tuple[str, str]], path: Path
) -> tuple[Path, tuple[float, float] | None]:
    """The path of an edge, by Graphviz or better, and the place of its label."""
    edge = scene.edges[number]
    source, target = boxes[edge.source], boxes[edge.target]
    if edge.source == edge.target:
        path = loop(source, scene.round)
        return path, path.middle()
    if edge.kind == "delay" and (edge.source, edge.target) in beside:
        others = [box for id, box in boxes.items() if id not in (edge.source, edge.target)]
        path = bow(source, target, scene.round, others) or path
    return path, path.middle()
