"""A graph as the textbook draws it: the variables that the program named, and nothing in between.

Unnamed results are contracted. A parameter that stands on the way from one variable to another (`W` in
``h = np.tanh(W @ h + U @ x + b)``) becomes the label of that edge; one that is only added (`b`) a mark at the variable.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .calendar import make_calendar
from .labels import Names, at_time, loss_label, op_name, tooltip
from .ops_view import describe, parameter_hues
from .scene import Edge, Node, Scene

__all__ = ["variables_scene"]

SCALING = frozenset(("matmul", "multiply", "dot", "einsum", "linear", "tensordot", "divide", "embedding", "conv"))
MOST_LABELS = 3


class _Reach(NamedTuple):
    """What a contracted result is made of.

    `ways` maps a variable's index to the parameters on the way from it; `added` are the parameters that came alone.
    """

    ways: dict[int, tuple[int, ...]]
    added: tuple[int, ...]


def variables_scene(graph: Any) -> Scene:
    """The named variables of `graph`, a column a time step and a row a variable."""
    calendar = make_calendar(graph)
    hues = parameter_hues(graph)
    names = Names(graph)
    slot_of = {index: place.slot for index, place in calendar.places.items()}
    kept = _kept(graph, names, slot_of)
    made_of = _contract(graph, kept)
    by_index = {node.index: node for node in graph.nodes}
    used = {source for index in kept for source in made_of[index].ways}
    outputs = {node.index for node in graph.outputs}
    scene = Scene(columns=calendar.columns, title="Unrolled network", description=describe(graph, calendar), round=True)
    for index in sorted(kept):
        if index not in used and by_index[index].kind != "op":
            continue
        node, place = by_index[index], calendar.places[index]
        state = calendar.states.get(index)
        words = names.of(node, place.slot)
        precedes = names.of(state, slot_of[state.index]).name if state is not None else None
        name = precedes or words.name or words.expression or loss_label(node)
        kind = "loss" if index in outputs else names.kind(node, place.slot)
        tags = tuple((str(by_index[p].name or "parameter"), hues[p]) for p in made_of[index].added)
        scene.nodes.append(
            Node(
                f"n{index}",
                at_time(str(name), place.timestep),
                kind=kind,
                column=place.column,
                band=place.band,
                slot=place.slot,
                scope=node.scope,
                title=tooltip(node, words, "", graph.outputs[0].dtype),
                tags=tags,
            )
        )
    for index in sorted(kept):
        for argument, (source, parameters) in enumerate(made_of[index].ways.items()):
            names = [str(by_index[p].name or "parameter") for p in parameters]
            label = " ".join(names[:MOST_LABELS]) + ("…" if len(names) > MOST_LABELS else "")
            hue = hues[parameters[0]] if parameters else None
            scene.edges.append(Edge(f"n{source}", f"n{index}", argument, at_time(label, None) if label else "", hue))
    _raise_targets(scene)
    return scene


def _kept(graph: Any, names: Names, slot_of: dict[int, Any]) -> set[int]:
    """The nodes that stay: named results, outputs and inputs that are data."""
    kept = {node.index for node in graph.outputs}
    for node in graph.nodes:
        if names.kind(node, slot_of[node.index]) in ("variable", "input"):
            kept.add(node.index)
    return kept


def _contract(graph: Any, kept: set[int]) -> dict[int, _Reach]:
    """For each node, which variables it is made of and which parameters stand on the way."""
    made_of: dict[int, _Reach] = {}
    seen_from: dict[int, _Reach] = {}
    for node in graph.nodes:
        index = node.index
        if node.kind == "parameter":
            seen_from[index] = _Reach({}, (index,))
            continue
        made_of[index] = _join(node, [seen_from[source.index] for source in node.inputs])
        seen_from[index] = _Reach({index: ()}, ()) if index in kept else made_of[index]
    return made_of


def _join(node: Any, parts: list[_Reach]) -> _Reach:
    """What an op makes of its arguments: it scales with parameters, or it adds them."""
    scaling = op_name(node) in SCALING
    factors = [p for i, part in enumerate(parts) if not part.ways for p in part.added if scaling and _factor(node, i)]
    ways: dict[int, tuple[int, ...]] = {}
    added: list[int] = []
    for i, part in enumerate(parts):
        for source, parameters in part.ways.items():
            ways[source] = tuple(dict.fromkeys((*ways.get(source, ()), *parameters, *factors)))
        if part.ways or not (scaling and _factor(node, i)):
            added += part.added
    if not ways:
        added += factors
    return _Reach(ways, tuple(dict.fromkeys(added)))


def _factor(node: Any, argument: int) -> bool:
    """Whether an argument of a scaling op scales: all but the bias of an affine one."""
    return op_name(node) != "linear" or argument < 2


def _raise_targets(scene: Scene) -> None:
    """Let a target stand above the loss that it feeds, as in the textbook's figure."""
    inputs = {node.id: node for node in scene.nodes if node.kind == "input"}
    columns = {node.id: node.column for node in scene.nodes}
    fed: dict[str, set[str]] = {}
    read: dict[str, set[str]] = {}
    for edge in scene.edges:
        if columns[edge.source] == columns[edge.target]:
            fed.setdefault(edge.target, set()).add(edge.source)
            read.setdefault(edge.source, set()).add(edge.target)
    for id, node in inputs.items():
        readers = read.get(id, set())
        node.above = bool(readers) and all(fed[reader] - inputs.keys() and reader not in read for reader in readers)
