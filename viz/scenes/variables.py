"""A graph as the textbook draws it: the variables that the program named, and nothing in between.

Unnamed results are contracted. A parameter that stands on the way from one variable to another (`W` in
``h = np.tanh(W @ h + U @ x + b)``) becomes the label of that edge; one that is only added (`b`) a mark at the variable.
"""

from __future__ import annotations

from dataclasses import replace

import tinygraph as tg

from .contraction import Contraction
from .equal_inputs import merge_equal_inputs
from .labels import at_time, loss_label, short
from .scene import Node, Scene
from .unrolled import Unrolled
from .window import without_empty_columns

__all__ = ["variables_scene"]


def variables_scene(graph: tg.Graph) -> Scene:
    """Return the named variables of `graph`, a column a time step and a row a variable."""
    unrolled = Unrolled(graph)
    names = unrolled.names
    kept = {node.index for node in graph.nodes if names.kind(node) in ("variable", "input", "loss")}
    reads = ((node, [(source.index, 0) for source in node.inputs]) for node in graph.nodes)
    contraction = Contraction(reads, kept, lambda i: names.of_parameter(graph.nodes[i]), unrolled.hues)
    edges = contraction.edges()
    read = {edge.source for edge in edges}
    boxes = [replace(_box(unrolled, graph.nodes[i]), tags=contraction.tags(i)) for i in contraction.kept]
    nodes = [box for box in boxes if box.kind != "input" or box.id in read]
    scene = unrolled.scene("Unrolled network", nodes, edges, round=True)
    _raise_targets(scene)
    return without_empty_columns(merge_equal_inputs(scene, graph, {f"n{node.index}": [node] for node in graph.nodes}))


def _box(unrolled: Unrolled, node: tg.Node) -> Node:
    names = unrolled.names
    unnamed = loss_label(node) if node.kind == "op" else "input"
    name = names.called(node) or short(names.of(node).typeset) or unnamed
    timestep = unrolled.timestep(node)
    return unrolled.draw(node, at_time(name, timestep), "", names.tooltip(node))


def _raise_targets(scene: Scene) -> None:
    """Let a target stand above the loss that it feeds, as in the textbook's figure."""
    inputs = {node.id: node for node in scene.nodes if node.kind == "input"}
    columns = {node.id: node.column for node in scene.nodes}
    sources: dict[str, set[str]] = {}
    readers: dict[str, set[str]] = {}
    for edge in scene.edges:
        if columns[edge.source] == columns[edge.target]:
            sources.setdefault(edge.target, set()).add(edge.source)
            readers.setdefault(edge.source, set()).add(edge.target)
    leaves = set(inputs)
    for id, node in inputs.items():
        read_by = readers.get(id, set())
        node.above = bool(read_by) and all(not sources[r] <= leaves and r not in readers for r in read_by)
