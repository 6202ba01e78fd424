"""The drawings of a page as data: which boxes and lines there are, where they stand, and of which value they speak."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tinygraph as tg
from tinygraph.plain_text import clean

from ..layout.geometry import Box, Path
from ..layout.lay_out import lay_out
from ..layout.positions import Layout, Route
from ..layout.typeset import pieces
from ..scenes.folded import folded_scene
from ..scenes.ops import ops_scene
from ..scenes.scene import Edge, Node, Scene
from ..scenes.variables import variables_scene
from ..scenes.window import window as with_timesteps
from .tables import Distinct, table

MOST_LED = 32  # boxes that one value without a box may be a part of
Pieces = tuple[tuple[str, str], ...]  # of a label, each with how it is set


class Views:
    """The drawings of a graph; the unrolled ones with the time steps of a window alone, None for all.

    Attributes
    ----------
    variables, ops, folded : Scene
    boxes : dict of int to int
        The box of the folded drawing that each recorded node has, by their indices.
    instances : dict of int to int
        The recorded node that each box of the folded drawing is shown as: the last in the window, which is the first
        that is pulled back.
    """

    def __init__(self, graph: tg.Graph, window: set[int] | None) -> None:
        self.graph = graph
        self.variables, self.ops = variables_scene(graph), ops_scene(graph)
        if window is not None:
            self.variables, self.ops = (with_timesteps(scene, window) for scene in (self.variables, self.ops))
        self.folded = folded_scene(graph, "variables")
        self.boxes: dict[int, int] = {}
        self.instances: dict[int, int] = {}
        for box in tg.fold(graph).nodes:
            indices = [node.index for node in box.recorded if window is None or node.timestep in window]
            self.instances[box.index] = indices[-1] if indices else box.recorded[-1].index
            self.boxes |= dict.fromkeys((node.index for node in box.recorded), box.index)

    @property
    def drawn(self) -> set[int]:
        """The indices of the recorded nodes that are drawn."""
        return _boxes(self.variables) | _boxes(self.ops) | {self.instances[box] for box in _boxes(self.folded)}

    def data(self, places: Mapping[int, int]) -> dict[str, Any]:
        """Return the drawings as data; `places` are the page's numbers of recorded nodes, by their indices."""
        at_instances = {box: places[self.instances[box]] for box in _boxes(self.folded)}
        owners = self._leading_to({index: places[index] for index in _boxes(self.variables)})
        members = self._leading_to({i: at_instances[box] for i, box in self.boxes.items() if box in at_instances})
        return {
            "variables": _figure(self.variables, places) | {"owners": [owners[index] for index in places]},
            "ops": _figure(self.ops, places),
            "folded": _figure(self.folded, at_instances) | {"members": [members[index] for index in places]},
        }

    def _leading_to(self, box_of: Mapping[int, int]) -> list[int | list[int]]:
        """Return for each node its box, or in a list the boxes that it leads to; -1 where there are none."""
        boxes: list[int | list[int]] = [-1] * len(self.graph.nodes)
        for node in reversed(self.graph.nodes):
            if node.index in box_of:
                boxes[node.index] = box_of[node.index]
            elif node.kind == "op":
                ahead = [boxes[user.index] for user, _ in self.graph.consumers(node)]
                led = dict.fromkeys(box for of in ahead for box in (of if isinstance(of, list) else [of]) if box >= 0)
                boxes[node.index] = list(led)[:MOST_LED] or -1
        return boxes


def _boxes(scene: Scene) -> set[int]:
    return {_number(node) for node in scene.nodes}


def _figure(scene: Scene, numbers: Mapping[int, int]) -> dict[str, Any]:
    layout = lay_out(scene, large=True)
    writer = _Writer(scene, layout, numbers)
    nodes = [writer.node(node) for node in scene.nodes]
    edges = [writer.edge(route) for route in layout.routes]
    return {
        "title": scene.title,
        "description": clean(scene.description),
        "round": scene.round,
        "width": round(layout.width, 1),
        "height": round(layout.height, 1),
        "columns": [
            {"x": round(strip.x, 1), "width": round(strip.width, 1), "label": column.label, "kind": column.kind}
            | ({"skipped": column.skipped} if column.skipped else {})
            for column, strip in zip(scene.columns, layout.strips, strict=True)
        ],
        "nodes": table(nodes, ["index"]),
        "edges": table(edges, ["source", "target"]),
        "rails": [{"source": writer.places[source], "d": path.svg()} for source, path in layout.rails],
        "frames": [
            {"column": frame.column, "scope": clean(frame.scope), "box": _rounded(frame.box)} for frame in layout.frames
        ],
        "boxes": writer.boxes.values,
        "paths": writer.paths.values,
        "middles": writer.middles,
        "labels": writer.labels.values,
        "tags": writer.tags.values,
    }


class _Writer:
    def __init__(self, scene: Scene, layout: Layout, numbers: Mapping[int, int]) -> None:
        self.scene = scene
        self.layout = layout
        self.numbers = numbers
        self.places = {node.id: i for i, node in enumerate(scene.nodes)}
        self.boxes, self.paths, self.labels, self.tags = Distinct(), Distinct(), Distinct(), Distinct()
        self.middles: list[list[int]] = []
        self._known_paths: dict[Path, int] = {}

    def node(self, node: Node) -> dict[str, Any]:
        column, box = self.layout.places[node.id]
        name, raised = _split(node.label)
        tags = tuple(
            (pieces(text), hue, round(place.left - box.x, 1), round(place.y - box.y + 4, 1))
            for (text, hue), place in zip(node.tags, self.layout.remarks(node), strict=True)
        )
        data = {
            "index": self.numbers[_number(node)],
            "column": column,
            "box": self.boxes.number(_rounded(box)),
            "label": self.labels.number(name),
            "raised": raised,
            "detail": node.detail or None,
            "kind": node.kind,
            "hue": node.hue,
            "tags": self.tags.number(tags) if tags else None,
        }
        return {key: value for key, value in data.items() if value is not None}

    def edge(self, route: Route) -> dict[str, Any]:
        edge = self.scene.edges[route.edge]
        label = None
        if edge.label and route.label is not None:
            label = [self.labels.number(pieces(edge.label)), round(route.label[0], 1), round(route.label[1] + 4.5, 1)]
        data = {
            "source": self.places[edge.source],
            "target": self.places[edge.target],
            "argument": edge.argument,
            "column": route.column,
            "path": self._path(route.path),
            "label": label,
            "parts": self.parts(edge) if label else None,
            "hue": edge.hue,
            "kind": edge.kind or None,
        }
        return {key: value for key, value in data.items() if value is not None}

    def _path(self, path: Path) -> int:
        """Return the number of a path; time steps have the same ones, and each is written once."""
        if path not in self._known_paths:
            number, next_number = self.paths.number(path.svg()), len(self.middles)
            if number == next_number:
                self.middles.append([round(x) for x in path.middle()])
            self._known_paths[path] = number
        return self._known_paths[path]

    def parts(self, edge: Edge) -> list[list[int | None]] | None:
        """Return a label that names several parameters in parts, each with its colour."""
        if not edge.factors:
            return None
        rest, parts = edge.label, []
        for name, hue in edge.factors:
            before, _, rest = rest.partition(name)
            parts += [(before, None), (name, hue)]
        return [[self.labels.number(pieces(text)), hue] for text, hue in [*parts, (rest, None)] if text]


def _number(node: Node) -> int:
    """Return the number of what a node shows, or of what the sign or the ghost that it is stands beside."""
    return int(re.sub(r"^n(\d+).*", r"\1", node.id))


def _rounded(box: Box) -> tuple[float, ...]:
    return tuple(round(length, 1) for length in box)


def _split(label: str) -> tuple[Pieces, int | None]:
    """Return a label in pieces, without its time step, and that: the same letter serves all time steps.

    >>> _split("h⁽¹²⁾"), _split("W")
    (((('h', ''),), 12), ((('W', ''),), None))
    """
    *name, (text, kind) = pieces(label)
    step = re.fullmatch(r"\((\d+)\)", text) if kind == "up" and name else None
    return (tuple(name), int(step[1])) if step else (pieces(label), None)
