"""A graph as a scene, op by op: every recorded node, in the column of its time step."""

from __future__ import annotations

from functools import lru_cache

import tinygraph as tg
from tinygraph.array_text import shape_text

from .equal_inputs import merge_equal_inputs
from .hues import carried_hues
from .labels import at_time, loss_label, number_text, op_name, short
from .scene import Edge, Node, Scene
from .unrolled import Unrolled

__all__ = ["ops_scene"]


def ops_scene(graph: tg.Graph) -> Scene:
    """Return every node of `graph`, with shapes; each parameter once, in a colour of its own."""
    unrolled = Unrolled(graph)
    carried = carried_hues(((node, node.inputs) for node in graph.nodes), unrolled.hues)
    drawn: list[tg.Node] = []
    ids: list[str] = []
    for node in graph.nodes:
        if node.op == "alias":  # only another handle of an argument of a function that was differentiated
            ids.append(ids[node.inputs[0].index])
        else:
            ids.append(f"n{node.index}")
            drawn.append(node)
    edges = [
        Edge(ids[source.index], ids[node.index], argument, hue=carried.get(source.index))
        for node in drawn
        for argument, source in enumerate(node.inputs)
    ]
    scene = unrolled.scene("Computational graph", [_box(unrolled, node) for node in drawn], edges)
    return merge_equal_inputs(scene, graph, {ids[node.index]: [node] for node in drawn if node.kind != "op"})


def _box(unrolled: Unrolled, node: tg.Node) -> Node:
    label, detail = (_op_texts if node.kind == "op" else _leaf_texts)(unrolled, node)
    return unrolled.draw(node, label, detail, unrolled.names.tooltip(node, label))


def _op_texts(unrolled: Unrolled, node: tg.Node) -> tuple[str, str]:
    words, op, shape = unrolled.names.of(node), op_name(node), node.shape
    if words.name or unrolled.names.kind(node) == "loss":
        return unrolled.numbered(words.name or loss_label(node), node), _detail(op, shape)
    expression = short(words.typeset)
    return (expression, _detail(op, shape)) if expression else (op, shape_text(shape))


@lru_cache(maxsize=1 << 12)
def _detail(op: str, shape: tuple[int, ...]) -> str:
    return f"{op} · {shape_text(shape)}"


def _leaf_texts(unrolled: Unrolled, node: tg.Node) -> tuple[str, str]:
    words = unrolled.names.of(node)
    shape = shape_text(node.shape)
    if node.kind == "parameter":
        return unrolled.names.of_parameter(node), shape
    name, number = unrolled.names.called(node), number_text(node)
    if number is None:
        return unrolled.numbered(name or words.expression or "input", node), shape
    if not name:
        return number, ""
    in_time = unrolled.names.kind(node) == "input" or unrolled.graph.timeline.precedes[node.index] is not None
    return unrolled.numbered(name, node) if in_time else at_time(name, None), number
