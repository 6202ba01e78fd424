"""Calls as one node each: a helper, a layer, a cell, named by the call; and opened where somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

import tinygraph as tg
from tinygraph.graphs.calls import call_name, calls_around
from tinygraph.recording.calls import Call

from .labels import at_time, symbol
from .ops import ops_scene
from .scene import Edge, Node, Scene

__all__ = ["calls_scene"]


def calls_scene(graph: tg.Graph, opened: Iterable[str] = ()) -> Scene:
    """Return the ops of `graph`, those of a call as one node: the outermost call that lies within one time step.

    A call that contains all ops, or ops of several time steps, is open by itself; those `opened` by name too.

    Raises
    ------
    ValueError
        If there is no call of a name that is to be opened.
    """
    closed, names = _closed_calls(graph, set(opened))
    scene = ops_scene(graph)
    stand_in = {f"n{node.index}": f"c{call.birth}" for node, call in closed.items()}
    members: dict[Call, list[tg.Node]] = {}
    for node, call in closed.items():
        members.setdefault(call, []).append(node)
    drawn = {node.id: node for node in scene.nodes}
    boxes = [_box(graph, call, names[call], nodes, drawn) for call, nodes in members.items()]
    hidden = {node.id for node in scene.nodes if node.kind == "constant"}
    hidden -= {edge.source for edge in scene.edges if edge.target not in stand_in}
    others = [node for node in scene.nodes if node.id not in stand_in and node.id not in hidden]
    edges = _merged([edge for edge in scene.edges if edge.source not in hidden], stand_in)
    return replace(scene, nodes=[*others, *boxes], edges=edges, title="Calls")


def _closed_calls(graph: tg.Graph, opened: set[str]) -> tuple[dict[tg.Node, Call], dict[Call, str]]:
    """Return for each op the call that it is drawn in, if it is in one, and the names of all calls."""
    ops = [node for node in graph.nodes if node.kind == "op" and node.op != "alias"]
    around = {node: calls_around(node) for node in ops}
    moments: dict[Call, set[Hashable]] = {}
    counts: Counter[Call] = Counter()
    for node, calls in around.items():
        for call in calls:
            moments.setdefault(call, set()).add(node.timestep)
            counts[call] += 1
    names = {call: call_name(call) for call in counts}
    unknown = opened - set(names.values())
    if unknown:
        inner = {names[call] for call in counts if counts[call] < len(ops)}
        known = ", ".join(map(repr, sorted(inner))) or "none"
        raise ValueError(f"there is no call of {', '.join(map(repr, sorted(unknown)))}; those there are: {known}")
    is_open = {call for call in counts if names[call] in opened or len(moments[call]) > 1 or counts[call] == len(ops)}
    closed = {node: next((call for call in calls if call not in is_open), None) for node, calls in around.items()}
    return {node: call for node, call in closed.items() if call is not None}, names


def _box(graph: tg.Graph, call: Call, name: str, nodes: Sequence[tg.Node], drawn: Mapping[str, Node]) -> Node:
    """Return the node of a call: its name, and what comes out of it."""
    inside = set(nodes)
    results = [
        node
        for node in nodes
        if node in graph.outputs or any(reader not in inside for reader, _ in graph.consumers(node))
    ]
    last = drawn[f"n{(results or nodes)[-1].index}"]
    texts = dict.fromkeys(at_time(node.name, node.timestep) for node in results if node.name)
    count = f"{len(nodes)} op{'' if len(nodes) == 1 else 's'}"
    return replace(
        last,
        id=f"c{call.birth}",
        label=symbol(name),
        detail=", ".join(texts) or count,
        kind="loss" if inside & set(graph.outputs) else "variable",
        title=f"{name}(…) · {count}",
    )


def _merged(edges: Iterable[Edge], stand_in: Mapping[str, str]) -> list[Edge]:
    """Return the edges between what is drawn; of several alike, the first."""
    merged: dict[tuple[str, str, int | None], Edge] = {}
    for edge in edges:
        source, target = stand_in.get(edge.source, edge.source), stand_in.get(edge.target, edge.target)
        if source != target:
            argument = edge.argument if target == edge.target else len(merged)
            key = source, target, None if target != edge.target else argument
            merged.setdefault(key, replace(edge, source=source, target=target, argument=argument))
    return list(merged.values())
