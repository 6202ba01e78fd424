"""A folded graph as a scene: one cell, its delayed edges, and what stands before and after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx

from tinygraph.array_text import shape_text
from tinygraph.folding.fold import fold

from ..layout.metrics import clean, shorten
from .contraction import contract, way_label
from .labels import Names, Words, loss_label, number_text, op_name, scope_text, tooltip
from .ops import carried_hues
from .scene import Edge, Node, Scene

__all__ = ["folded_scene"]


def folded_scene(graph: Any, view: str) -> Scene:
    """The recurrence of `graph`: every op of the cell once, ×T where it was recorded T times.

    A delayed edge is marked with the time step that it reads, such as ``t−1``.
    """
    folded = fold(graph)
    made = _Folded(folded, graph)
    scene = made.ops() if view == "ops" else made.variables()
    ops = sum(node.kind == "op" for node in folded.nodes)
    scene.description = f"{ops:,} ops of the recurrence, folded from {len(graph.nodes):,} nodes."
    return scene


class _Folded:
    def __init__(self, folded: Any, graph: Any) -> None:
        self.folded = folded
        self.names = Names(graph)
        self.outputs = {node.index for node in graph.outputs}
        self.usual = graph.outputs[0].dtype
        self.hues = {n.index: i for i, n in enumerate(n for n in folded.nodes if n.kind == "parameter")}
        self.states = self._initial_states()

    def ops(self) -> Scene:
        """Every node of the recurrence."""
        inputs: dict[int, list[Any]] = {}
        for edge in self.folded.edges:
            inputs.setdefault(edge.target.index, []).append(edge.source)
        hues = carried_hues([(node, inputs.get(node.index, [])) for node in self._in_order()], self.hues)
        scene = Scene(title="Folded graph")
        scene.nodes = [self._node(node, self._op_texts) for node in self.folded.nodes]
        for edge in self.folded.edges:
            ends = f"n{edge.source.index}", f"n{edge.target.index}"
            delay = _delay(edge)
            label, kind = (_delay_text(delay), "delay") if delay else ("", "")
            scene.edges.append(Edge(*ends, edge.argument or 0, label, hues.get(edge.source.index), kind))
        return scene

    def variables(self) -> Scene:
        """Only the variables that the program named, and the states."""
        delayed = {edge.source.index for edge in self.folded.edges if _delay(edge)}
        kept = {
            n.index for n in self.folded.nodes if self._is_output(n) or (n.index in delayed and n.kind != "parameter")
        }
        kept |= {n.index for n in self.folded.nodes if self._kind(n) in ("variable", "input")}
        inputs: dict[int, list[tuple[int, Any]]] = {}
        for edge in self.folded.edges:
            inputs.setdefault(edge.target.index, []).append((edge.source.index, _delay(edge)))
        made_of = contract([(node, inputs.get(node.index, [])) for node in self._in_order()], kept)
        scene = Scene(title="Folded network", round=True)
        nodes = self.folded.nodes
        for node in nodes:
            if node.index in kept:
                drawn = self._node(node, self._variable_texts)
                drawn.tags = tuple((way_label([p], nodes), self.hues[p]) for p in made_of[node.index].added)
                scene.nodes.append(drawn)
        for index in sorted(kept):
            for argument, ((source, delay), parameters) in enumerate(made_of[index].ways.items()):
                label = " ".join(filter(None, (way_label(parameters, nodes), _delay_text(delay) if delay else "")))
                hue = self.hues[parameters[0]] if parameters else None
                kind = "delay" if delay else ""
                scene.edges.append(Edge(f"n{source}", f"n{index}", argument, label, hue, kind))
        return scene

    def _in_order(self) -> list[Any]:
        """The nodes, after all that they read in the same time step."""
        graph = nx.DiGraph()
        graph.add_nodes_from(node.index for node in self.folded.nodes)
        graph.add_edges_from((e.source.index, e.target.index) for e in self.folded.edges if not _delay(e))
        if nx.is_directed_acyclic_graph(graph):
            return [self.folded.nodes[i] for i in nx.lexicographical_topological_sort(graph)]
        return list(self.folded.nodes)

    def _initial_states(self) -> dict[int, Any]:
        """Leaves that are read where otherwise the result of an earlier time step is."""
        carried = {(e.target.index, e.argument): e.source for e in self.folded.edges if _delay(e)}
        found = {}
        for edge in self.folded.edges:
            state = carried.get((edge.target.index, edge.argument))
            if state is not None and edge.source.kind != "op" and edge.source.times == 1 < state.times:
                found[edge.source.index] = state
        return found

    def _is_output(self, node: Any) -> bool:
        return any(recorded.index in self.outputs for recorded in node.recorded)

    def _kind(self, node: Any) -> str:
        return self.names.kind(node.recorded[0], ("folded", node.index))

    def _node(self, node: Any, texts: Callable[[Any, Words, str], tuple[str, str]]) -> Node:
        words = self.names.of(node.recorded[0], ("folded", node.index))
        kind = "loss" if self._is_output(node) else self._kind(node)
        label, detail = texts(node, words, kind)
        loop = node.loops[-1] if node.loops and node.index not in self.states else None
        return Node(
            f"n{node.index}",
            label,
            detail,
            kind,
            hue=self.hues.get(node.index),
            scope=" ".join(part for part in (scope_text(node), f"× {_trips(loop)}" if loop else "") if part),
            title=tooltip(node.recorded[0], words, label, self.usual),
        )

    def _name(self, node: Any, words: Words) -> str:
        state = self.states.get(node.index)
        name = (state.name if state is not None else None) or words.name or ""
        if not name:
            return ""
        when = "⁽⁰⁾" if state is not None else "⁽ᵗ⁾" if node.loops and node.times > 1 else ""
        return shorten(clean(name)) + when

    def _op_texts(self, node: Any, words: Words, kind: str) -> tuple[str, str]:
        shape = shape_text(node.shape) + (f" · ×{node.times}" if node.kind == "op" and node.times > 1 else "")
        name = self._name(node, words)
        if node.kind != "op":
            return name or number_text(node.recorded[0]) or "input", shape if node.shape or kind == "input" else ""
        if name or kind == "loss":
            return name or loss_label(node), f"{op_name(node)} · {shape}"
        return op_name(node), shape

    def _variable_texts(self, node: Any, words: Words, kind: str) -> tuple[str, str]:
        return self._name(node, words) or (op_name(node) if node.kind == "op" else "input"), ""


def _delay(edge: Any) -> Any:
    """The delay of an edge: 0 where it does not leave its time step; None within a loop where it varies."""
    delay = edge.delay
    if isinstance(delay, tuple):
        return 0 if not any(part is None or part for part in delay) else delay
    return "varies" if delay is None else delay


def _delay_text(delay: Any) -> str:
    if isinstance(delay, int):
        return f"t−{delay}" if delay > 0 else f"t+{-delay}"
    return (
        "varies" if delay == "varies" else "(" + ", ".join("·" if part is None else str(part) for part in delay) + ")"
    )


def _trips(loop: Any) -> str:
    return str(loop.trips) if isinstance(loop.trips, int) else f"{min(loop.trips)}–{max(loop.trips)}"
