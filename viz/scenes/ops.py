"""A graph as a scene, op by op: every recorded node, in the column of its time step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tinygraph.array_text import shape_text

from .calendar import Calendar, Place, make_calendar
from .labels import (
    Names,
    Words,
    at_time,
    loss_label,
    number_text,
    op_name,
    scope_text,
    short_expression,
    tooltip,
)
from .scene import Edge, Node, Scene

__all__ = ["carried_hues", "describe", "ops_scene", "parameter_hues"]


VIEWS = frozenset(("transpose", "reshape", "swapaxes", "moveaxis", "expand_dims", "squeeze", "getitem", "astype"))


def ops_scene(graph: Any) -> Scene:
    """Every node of `graph`, with shapes; each parameter once, in a colour of its own."""
    calendar = make_calendar(graph)
    hues = parameter_hues(graph)
    carried = carried_hues(((node, node.inputs) for node in graph.nodes), hues)
    writer = _Writer(graph, calendar, hues)
    nodes = [writer.node(node) for node in graph.nodes]
    edges = [
        Edge(f"n{source.index}", f"n{node.index}", argument, hue=carried.get(source.index))
        for node in graph.nodes
        for argument, source in enumerate(node.inputs)
    ]
    return Scene(nodes, edges, calendar.columns, title="Computational graph", description=describe(graph, calendar))


def parameter_hues(graph: Any) -> dict[int, int]:
    """A colour number for each parameter, by its node's index, in the order of their names."""
    return {node.index: i for i, node in enumerate(n for n in graph.nodes if n.kind == "parameter")}


def describe(graph: Any, calendar: Calendar) -> str:
    """The graph in a sentence, for readers who do not see it."""
    steps = sum(column.kind == "step" for column in calendar.columns)
    ops = sum(node.kind == "op" for node in graph.nodes)
    names = [at_time(str(node.name or "unnamed"), None) for node in graph.nodes if node.kind == "parameter"]
    shared = f"; parameters {', '.join(names[:12])}{'…' if len(names) > 12 else ''}" if names else ""
    time = f" in {steps:,} time steps, from left to right" if steps else ""
    return f"{ops:,} ops{time}{shared}."


def carried_hues(nodes: Iterable[tuple[Any, Sequence[Any]]], hues: dict[int, int]) -> dict[int, int]:
    """The hue of each parameter, and of what is only its transpose or another view of it.

    `nodes` are given with their arguments, in the order of recording.
    """
    carried = dict(hues)
    for node, inputs in nodes:
        if node.kind == "op" and op_name(node) in VIEWS:
            given = {carried.get(source.index) for source in inputs if source.kind != "constant"}
            if len(given) == 1 and None not in given:
                carried[node.index] = next(iter(given))  # type: ignore[assignment]
    return carried


class _Writer:
    """Makes scene nodes; texts that depend on the place alone are worked out once."""

    def __init__(self, graph: Any, calendar: Calendar, hues: dict[int, int]) -> None:
        self.calendar = calendar
        self.hues = hues
        self.outputs = {node.index for node in graph.outputs}
        self.names = Names(graph)
        self.usual = graph.outputs[0].dtype

    def node(self, node: Any) -> Node:
        place = self.calendar.places[node.index]
        words = self.names.of(node, place.slot)
        kind = "loss" if node.index in self.outputs else self.names.kind(node, place.slot)
        label, detail = self._texts(node, place, kind, words)
        hue = self.hues.get(node.index)
        title = tooltip(node, words, label, self.usual)
        return Node(
            f"n{node.index}", label, detail, kind, place.column, place.band, place.slot, hue, scope_text(node), title
        )

    def _texts(self, node: Any, place: Place, kind: str, words: Words) -> tuple[str, str]:
        shape = shape_text(node.shape)
        if node.kind in ("constant", "input") and number_text(node):
            name = self._leaf_name(node, words)
            timed = kind == "input" or node.index in self.calendar.states
            label = at_time(name, place.timestep if timed else None) if name else ""
            return (label, number_text(node) or "") if label else (number_text(node) or "", "")
        if node.kind == "parameter":
            return at_time(words.name or "parameter", None), shape
        if node.kind != "op":
            return at_time(self._leaf_name(node, words) or "input", place.timestep), shape
        detail = f"{op_name(node)} · {shape}"
        if words.name or kind == "loss":
            return at_time(words.name or loss_label(node), place.timestep), detail
        expression = short_expression(words.expression)
        return (expression, detail) if expression else (op_name(node), shape)

    def _leaf_name(self, node: Any, words: Words) -> str | None:
        """The name of a leaf; an initial state has that of the state which it precedes."""
        state = self.calendar.states.get(node.index)
        if state is not None:
            name = self.names.of(state, self.calendar.places[state.index].slot).name
            if name:
                return name
        return words.name or (None if number_text(node) else words.expression) or None
