"""A graph as the textbook draws it: the variables that the program named, and nothing in between.

Unnamed results are contracted. A parameter that stands on the way from one variable to another (`W` in
``h = np.tanh(W @ h + U @ x + b)``) becomes the label of that edge; one that is only added (`b`) a mark at the variable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .calendar import make_calendar
from .contraction import contract, way_label
from .labels import Names, at_time, loss_label, scope_text, short_expression, tooltip
from .ops import describe, parameter_hues
from .scene import Edge, Node, Scene
from .window import without_empty_columns

__all__ = ["variables_scene"]


def variables_scene(graph: Any) -> Scene:
    """The named variables of `graph`, a column a time step and a row a variable."""
    calendar = make_calendar(graph)
    hues = parameter_hues(graph)
    names = Names(graph)
    slot_of = {index: place.slot for index, place in calendar.places.items()}
    kept = _kept(graph, names, slot_of)
    made_of = contract([(n, [(s.index, 0) for s in n.inputs]) for n in graph.nodes], kept)
    by_index = {node.index: node for node in graph.nodes}
    used = {source for index in kept for source, _ in made_of[index].ways}
    outputs = {node.index for node in graph.outputs}
    scene = Scene(columns=calendar.columns, title="Unrolled network", description=describe(graph, calendar), round=True)
    for index in sorted(kept):
        if index not in used and by_index[index].kind != "op":
            continue
        node, place = by_index[index], calendar.places[index]
        state = calendar.states.get(index)
        words = names.of(node, place.slot)
        precedes = names.of(state, slot_of[state.index]).name if state is not None else None
        unnamed = "input" if node.op is None else loss_label(node)
        name = precedes or words.name or short_expression(words.expression) or unnamed
        kind = "loss" if index in outputs else names.kind(node, place.slot)
        tags = tuple((way_label([p], by_index), hues[p]) for p in made_of[index].added)
        scene.nodes.append(
            Node(
                f"n{index}",
                at_time(str(name), place.timestep),
                kind=kind,
                column=place.column,
                band=place.band,
                slot=place.slot,
                scope=scope_text(node),
                title=tooltip(node, words, "", graph.outputs[0].dtype),
                tags=tags,
            )
        )
    for index in sorted(kept):
        for argument, ((source, _), parameters) in enumerate(made_of[index].ways.items()):
            hue = hues[parameters[0]] if parameters else None
            scene.edges.append(Edge(f"n{source}", f"n{index}", argument, way_label(parameters, by_index), hue))
    _raise_targets(scene)
    return without_empty_columns(_merge_equal_inputs(scene, by_index, calendar.states))


def _kept(graph: Any, names: Names, slot_of: dict[int, Any]) -> set[int]:
    """The nodes that stay: named results, outputs and inputs that are data."""
    kept = {node.index for node in graph.outputs}
    for node in graph.nodes:
        if names.kind(node, slot_of[node.index]) in ("variable", "input"):
            kept.add(node.index)
    return kept


def _merge_equal_inputs(scene: Scene, by_index: dict[int, Any], states: dict[int, Any]) -> Scene:
    """One node for an array that was given to several ops of a time step, under the same name."""
    first: dict[Any, str] = {}
    renamed: dict[str, str] = {}
    for node in scene.nodes:
        if node.kind == "input" and int(node.id[1:]) not in states:
            data = np.asarray(by_index[int(node.id[1:])].data)
            key = (node.column, node.band, node.label, data.shape, data.tobytes())
            renamed[node.id] = first.setdefault(key, node.id)
    edges = [replace(edge, source=renamed.get(edge.source, edge.source)) for edge in scene.edges]
    return replace(scene, nodes=[n for n in scene.nodes if renamed.get(n.id, n.id) == n.id], edges=edges)


def _raise_targets(scene: Scene) -> None:
    """Let a target stand above the loss that it feeds, as in the textbook's figure."""
    inputs = {node.id: node for node in scene.nodes if node.kind == "input"}
    leaves = set(inputs)
    columns = {node.id: node.column for node in scene.nodes}
    fed: dict[str, set[str]] = {}
    read: dict[str, set[str]] = {}
    for edge in scene.edges:
        if columns[edge.source] == columns[edge.target]:
            fed.setdefault(edge.target, set()).add(edge.source)
            read.setdefault(edge.source, set()).add(edge.target)
    for id, node in inputs.items():
        readers = read.get(id, set())
        node.above = bool(readers) and all(fed[reader] - leaves and reader not in read for reader in readers)
