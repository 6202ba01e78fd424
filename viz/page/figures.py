"""The drawings of a page as data: which boxes and lines there are, where they stand, and of which value they speak."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tinygraph as tg
from tinygraph.plain_text import clean

from ..layout.geometry import Box
from ..layout.lay_out import lay_out
from ..layout.positions import Layout, Route
from ..layout.size import tag_boxes
from ..layout.typeset import pieces
from ..scenes.folded import folded_scene
from ..scenes.ops import ops_scene
from ..scenes.scene import Edge, Node, Scene
from ..scenes.variables import variables_scene
from .tables import Distinct, table

MOST_LED = 32  # boxes that one value without a box may be a part of
Pieces = tuple[tuple[str, str], ...]  # of a label, each with how it is set


def figures(graph: tg.Graph) -> dict[str, Any]:
    """Return the drawings of a graph, by view."""
    variables, ops = variables_scene(graph), ops_scene(graph)
    views = {"variables": _figure(variables), "ops": _figure(ops)}
    views["variables"]["owners"] = _owners(graph, variables)
    folded = folded_scene(graph, "variables")
    last = {node.index: node.recorded[-1].index for node in tg.fold(graph).nodes}  # the first that is pulled back
    views["folded"] = _figure(folded, last) | {"members": _members(graph, folded, last)}
    return views


def _figure(scene: Scene, values: Mapping[int, int] | None = None) -> dict[str, Any]:
    """Return a drawing; `values` says of which value a node speaks, where that is not its number."""
    layout = lay_out(scene)
    writer = _Writer(scene, layout, values)
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
    def __init__(self, scene: Scene, layout: Layout, values: Mapping[int, int] | None) -> None:
        self.scene = scene
        self.value = {_number(node): (values or {}).get(_number(node), _number(node)) for node in scene.nodes}
        self.layout = layout
        self.places = {node.id: i for i, node in enumerate(scene.nodes)}
        self.boxes, self.paths, self.labels, self.tags = Distinct(), Distinct(), Distinct(), Distinct()
        self.middles: list[list[int]] = []

    def node(self, node: Node) -> dict[str, Any]:
        column, box = self.layout.places[node.id]
        name, raised = _split(node.label)
        tags = tuple(
            (pieces(text), hue, round(place.left - box.x, 1), round(place.y - box.y + 4, 1))
            for (text, hue), place in zip(node.tags, tag_boxes(node, box), strict=True)
        )
        data = {
            "index": self.value[_number(node)],
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
        path, known = self.paths.number(route.path.svg()), len(self.middles)
        if path == known:
            self.middles.append([round(x) for x in route.path.middle()])
        label = None
        if edge.label and route.label is not None:
            label = [self.labels.number(pieces(edge.label)), round(route.label[0], 1), round(route.label[1] + 4.5, 1)]
        data = {
            "source": self.places[edge.source],
            "target": self.places[edge.target],
            "argument": edge.argument,
            "column": route.column,
            "path": path,
            "label": label,
            "parts": self.parts(edge) if label else None,
            "hue": edge.hue,
            "kind": edge.kind or None,
        }
        return {key: value for key, value in data.items() if value is not None}

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


def _owners(graph: tg.Graph, scene: Scene) -> list[int | list[int]]:
    """Return for each value its box among the variables, or in a list those that it is a part of."""
    return _leading_to(graph, {_number(node): _number(node) for node in scene.nodes})


def _members(graph: tg.Graph, scene: Scene, last: Mapping[int, int]) -> list[int | list[int]]:
    """Return for each value its box in the folded drawing, or in a list those that it is a part of."""
    shown = {_number(node) for node in scene.nodes}
    alike = {value.index: node.index for node in tg.fold(graph).nodes for value in node.recorded}
    return _leading_to(graph, {value: last[node] for value, node in alike.items() if node in shown})


def _leading_to(graph: tg.Graph, box_of: Mapping[int, int]) -> list[int | list[int]]:
    """Return for each value its box, or in a list the boxes that it leads to; -1 where there are none."""
    boxes: list[int | list[int]] = [-1] * len(graph.nodes)
    for node in reversed(graph.nodes):
        if node.index in box_of:
            boxes[node.index] = box_of[node.index]
        elif node.kind == "op":
            ahead = [boxes[user.index] for user, _ in graph.consumers(node)]
            led = dict.fromkeys(box for led in ahead for box in (led if isinstance(led, list) else [led]) if box >= 0)
            boxes[node.index] = list(led)[:MOST_LED] or -1
    return boxes
