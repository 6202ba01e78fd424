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
        firsts: list[tuple[str, set[int | None], _Values]] = []
        for node in nodes if len(nodes) > 1 else ():
            before = {graph.timeline.precedes[each.index] for each in recorded[node.id]}
            values = _values(graph, recorded[node.id])
            into = next((id for id, b, v in firsts if b == before and _are_equal(v, values)), None)
            if into is None:
                firsts.append((node.id, before, values))
            else:
                merged[node.id] = into
    if not merged:
        return scene
    edges = [replace(edge, source=merged.get(edge.source, edge.source)) for edge in scene.edges]
    return replace(scene, nodes=[node for node in scene.nodes if node.id not in merged], edges=edges)


_Values = dict[tuple[int | None, int], Hashable]


def _values(graph: tg.Graph, leaves: Sequence[tg.Node]) -> _Values:
    """Return what some leaves hold, by the time step and their number in it; what all hold alike, once."""
    values: _Values = {}
    for leaf in leaves:
        step, number = graph.timeline.timesteps[leaf.index], 0
        while (step, number) in values:
            number += 1
        values[step, number] = leaf.data.shape, leaf.data.dtype.str, leaf.data.tobytes()
    return values if len(set(values.values())) > 1 else {(None, 0): next(iter(values.values()))}


def _are_equal(a: _Values, b: _Values) -> bool:
    """Tell whether two leaves hold the same wherever both are read: one may not be in the last time step."""
    shared = a.keys() & b.keys()
    return bool(shared) and all(a[at] == b[at] for at in shared)
