"""The drawings of a page as data: which boxes and lines there are, where they stand, and of which value they speak."""

from __future__ import annotations

import re
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
from ..scenes.scene import Node, Scene
from ..scenes.variables import variables_scene
from .tables import Distinct, table

Pieces = tuple[tuple[str, str], ...]  # of a label, each with how it is set


def figures(graph: tg.Graph) -> dict[str, Any]:
    """Return the drawings of a graph, by view."""
    variables, ops = variables_scene(graph), ops_scene(graph)
    views = {"variables": _figure(variables), "ops": _figure(ops)}
    views["variables"]["owners"] = _owners(graph, variables)
    folded = folded_scene(graph, "variables")
    views["folded"] = _figure(folded) | {"members": _members(graph, folded)}
    return views


def _figure(scene: Scene) -> dict[str, Any]:
    layout = lay_out(scene)
    writer = _Writer(scene, layout)
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
    def __init__(self, scene: Scene, layout: Layout) -> None:
        self.scene = scene
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
            "index": int(node.id[1:]),
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
            "hue": edge.hue,
            "kind": edge.kind or None,
        }
        return {key: value for key, value in data.items() if value is not None}


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


def _owners(graph: tg.Graph, scene: Scene) -> list[int]:
    """Return for each value the variable that it is a part of: the first that it leads to; -1 where there is none."""
    return _leading_to(graph, {node.index: node.index for node in graph.nodes}, scene)


def _members(graph: tg.Graph, scene: Scene) -> list[int]:
    """Return for each value the box of the folded drawing that it is a part of; -1 for none."""
    folded = {recorded.index: node.index for node in tg.fold(graph).nodes for recorded in node.recorded}
    return _leading_to(graph, folded, scene)


def _leading_to(graph: tg.Graph, box_of: dict[int, int], scene: Scene) -> list[int]:
    shown = {int(node.id[1:]) for node in scene.nodes}
    boxes = [-1] * len(graph.nodes)
    for node in reversed(graph.nodes):
        box = box_of.get(node.index, -1)
        if box in shown:
            boxes[node.index] = box
        elif node.kind == "op":
            boxes[node.index] = next((boxes[user.index] for user, _ in graph.consumers(node)), -1)
    return boxes
