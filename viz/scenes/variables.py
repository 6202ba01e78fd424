"""A graph as the textbook draws it: the variables that the program named, and nothing in between.

Unnamed results are contracted. A parameter that stands on the way from one variable to another (`W` in
``h = np.tanh(W @ h + U @ x + b)``) becomes the label of that edge; one that is only added (`b`) a mark at the variable.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import tinygraph as tg

from .cell_parts import CellParts
from .contraction import contract
from .elements import Stacks, find_elements, leading_to
from .labels import short, unnamed_label
from .norms import find_norms
from .operands import with_operands
from .scene import Edge, Node, Scene, merge_equal
from .unrolled import Unrolled
from .versions import tell_directions_apart, tell_versions_apart
from .window import without_empty_columns

__all__ = ["variables_scene"]


def variables_scene(graph: tg.Graph, parts: CellParts | None = None) -> Scene:
    """Return the named variables of `graph`, a column a time step and a row a variable.

    With the `parts` of gated cells, their operators too.
    """
    unrolled = Unrolled(graph)
    names = unrolled.names
    kept = {node.index for node in graph.nodes if names.kind(node) in ("variable", "input", "loss")}
    kept |= graph.timeline.learned_states
    kept |= parts.operators.keys() if parts else set()
    stacks = Stacks(lambda node: node.index in kept)
    elements_of = {node: taken for node in graph.timeline.ops if (taken := stacks.elements(node)) is not None}
    inputs_of = lambda node: (*elements_of[node], *node.inputs[1:]) if node in elements_of else node.inputs
    outputs = (output.index for output in graph.outputs)
    kept &= leading_to(outputs, lambda index: [source.index for source in inputs_of(graph.nodes[index])])
    arguments = lambda node: [(source.index, 0, k) for k, source in enumerate(inputs_of(node))]
    norms = find_norms(graph.nodes, arguments, names.called, kept)
    kept = kept - norms.inside | norms.labels.keys()
    reads = lambda: ((node, norms.read(node, arguments(node))) for node in graph.nodes)
    slots = graph.timeline.slots
    of_slots = find_elements((slots[node.index], node) for node in graph.timeline.ops)
    elements = {n.index: of_slots[slots[n.index]] for n in graph.timeline.ops if slots[n.index] in of_slots}
    hues = unrolled.hues | {index: unrolled.hues[element.parameter] for index, element in elements.items()}

    def label(index: int) -> str:
        if index in elements:
            return elements[index].written(names.of_parameter(graph.nodes[elements[index].parameter]))
        return names.of_parameter(graph.nodes[index])

    contraction = contract(reads, kept, graph.nodes, hues, label, unrolled.alike, elements=elements)
    edges = contraction.edges()
    read = {edge.source for edge in edges}
    boxes = [replace(_box(unrolled, graph.nodes[i]), tags=contraction.tags(i)) for i in contraction.kept]
    boxes = [replace(box, label=norms.labels.get(int(box.id[1:]), box.label)) for box in boxes]
    boxes = [parts.shown(box, int(box.id[1:])) for box in boxes] if parts else boxes
    nodes = [box for box in boxes if box.kind != "input" or box.id in read]
    node_of = lambda box: graph.nodes[int(box.id[1:])]
    run_of = lambda box: unrolled.run(node_of(box))
    nodes = tell_directions_apart(nodes, run_of, lambda box: unrolled.level(node_of(box)))
    nodes = tell_versions_apart(nodes, nodes, lambda box: (box.column if run_of(box) else None, run_of(box)))
    nodes = _with_operands(unrolled, nodes, edges)
    scene = unrolled.scene("Unrolled network", nodes, edges, round=True)
    _raise_targets(scene)
    return without_empty_columns(merge_equal(scene, _inputs(scene, graph)))


def _box(unrolled: Unrolled, node: tg.Node) -> Node:
    names = unrolled.names
    if node.kind == "parameter":
        return unrolled.draw(node, names.of_parameter(node), "", names.tooltip(node))
    expression = short(names.of(node).typeset)
    name = names.called(node) or (unnamed_label(node, names.kind(node), expression) if node.kind == "op" else None)
    name = name or expression or "input"
    return unrolled.draw(node, unrolled.numbered(name, node), "", names.tooltip(node))


def _with_operands(unrolled: Unrolled, nodes: list[Node], edges: list[Edge]) -> list[Node]:
    """Return the nodes, those that show an expression with the time steps of what it is computed from."""
    labels = {node.id: node.label for node in nodes}
    operands: dict[str, list[str]] = {}
    for edge in edges:
        operands.setdefault(edge.target, []).append(labels.get(edge.source, ""))
    text_of = lambda node: short(unrolled.names.of(unrolled.graph.nodes[int(node.id[1:])]).typeset)
    return with_operands(nodes, text_of, operands)


def _inputs(scene: Scene, graph: tg.Graph) -> dict[str, Hashable]:
    """Return what an input shows, by its id: an array given to several ops of a step, or fed again, is one node."""
    again = graph.timeline.again
    inputs = {int(node.id[1:]): node for node in scene.nodes if node.kind == "input"}
    keys: dict[str, Hashable] = {}
    for index in sorted(inputs, key=lambda index: index in again):
        node = inputs.get(again.get(index, index), inputs[index])
        data, precedes = graph.nodes[index].data, graph.timeline.precedes[int(node.id[1:])]
        keys[inputs[index].id] = (node.column, node.band, node.label, precedes, data.shape, data.tobytes())
    return keys


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
