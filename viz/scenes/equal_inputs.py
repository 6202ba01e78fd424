"""An array that several ops are given is one node: recording keeps a copy for each op."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import tinygraph as tg

from .scene import Node, Scene

__all__ = ["merge_equal_inputs"]


def merge_equal_inputs(scene: Scene, graph: tg.Graph, recorded: Mapping[str, Sequence[tg.Node]]) -> Scene:
    """Return `scene` with one node for an array given to several ops of a time step, or as one initial state.

    Parameters
    ----------
    scene : Scene
    graph : Graph
        What it is a scene of.
    recorded : mapping
        The recorded nodes that a drawn one stands for, by its id.
    """
    alike: dict[Hashable, list[Node]] = {}
    for node in scene.nodes:
        if node.kind == "input":
            alike.setdefault((node.column, node.band, node.scope, node.label), []).append(node)
    merged: dict[str, str] = {}
    for nodes in alike.values():
        first: dict[Hashable, str] = {}
        for node in nodes if len(nodes) > 1 else ():
            before = {graph.timeline.precedes[each.index] for each in recorded[node.id]}
            values = [(each.data.shape, each.data.dtype.str, each.data.tobytes()) for each in recorded[node.id]]
            into = first.setdefault((*before, *(values if len(set(values)) > 1 else values[:1])), node.id)
            if into != node.id:
                merged[node.id] = into
    if not merged:
        return scene
    edges = [replace(edge, source=merged.get(edge.source, edge.source)) for edge in scene.edges]
    return replace(scene, nodes=[node for node in scene.nodes if node.id not in merged], edges=edges)
