"""A folded graph as a scene: one cell, its delayed edges, and what stands before and after it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import networkx as nx

import tinygraph as tg
from tinygraph.array_text import shape_text
from tinygraph.folding.folded import FoldedEdge, FoldedLoop, FoldedNode
from tinygraph.graphs.symbols import raised

from .contraction import Contraction, Delay, Read, delayed_edge
from .hues import carried_hues, parameter_hues
from .labels import loss_label, number_text, op_name, scope_text
from .names import Names
from .scene import Edge, Node, Scene
from .text import shorten

__all__ = ["folded_scene"]


def folded_scene(graph: tg.Graph, view: str) -> Scene:
    """Return the recurrence of `graph`: every op of the cell once, ×T where it was recorded T times.

    A delayed edge is marked with the time step that it reads, such as ``t−1``.
    """
    folded = _Folded(graph)
    scene = folded.ops() if view == "ops" else folded.variables()
    ops = sum(node.kind == "op" for node in folded.nodes)
    scene.description = f"{ops:,} ops of the recurrence, folded from {len(graph.nodes):,} nodes."
    return scene


class _Folded:
    def __init__(self, graph: tg.Graph) -> None:
        folded = tg.fold(graph)
        self.nodes = folded.nodes
        self.edges = [(edge, _delay(edge)) for edge in folded.edges]
        self.reads: dict[FoldedNode, list[Read]] = {node: [] for node in self.nodes}
        for edge, delay in self.edges:
            self.reads[edge.target].append((edge.source.index, delay))
        self.graph = graph
        self.states = self._initial_states()
        self.names = Names(graph)
        self.outputs = set(graph.outputs)
        self.hues = parameter_hues(self.nodes)

    def ops(self) -> Scene:
        """Return every node of the recurrence."""
        inputs = ((node, [self.nodes[i] for i, _ in self.reads[node]]) for node in self._in_order())
        hues = carried_hues(inputs, self.hues)
        edges: list[Edge] = []
        for edge, delay in self.edges:
            source, target = edge.source.index, edge.target.index
            edges.append(delayed_edge(source, target, edge.argument or 0, "", hues.get(source), delay))
        return Scene([self._box(node, *self._op_texts(node)) for node in self.nodes], edges, title="Folded graph")

    def variables(self) -> Scene:
        """Return only the variables that the program named, and the states."""
        delayed = {edge.source for edge, delay in self.edges if delay and edge.source.kind != "parameter"}
        kept = {node for node in self.nodes if self._kind(node) in ("variable", "input", "loss")} | delayed
        reads = ((node, self.reads[node]) for node in self._in_order())
        contraction = Contraction(reads, {node.index for node in kept}, self.nodes, self.hues)
        scene = Scene(title="Folded network", round=True, edges=contraction.edges())
        for index in contraction.kept:
            node = self.nodes[index]
            box = self._box(node, self._name(node) or (op_name(node) if node.kind == "op" else "input"))
            scene.nodes.append(replace(box, tags=contraction.tags(index)))
        return scene

    def _in_order(self) -> list[FoldedNode]:
        """Return the nodes, each after all that it reads in the same time step."""
        graph = nx.DiGraph()
        graph.add_nodes_from(node.index for node in self.nodes)
        graph.add_edges_from((edge.source.index, edge.target.index) for edge, delay in self.edges if not delay)
        if nx.is_directed_acyclic_graph(graph):
            return [self.nodes[i] for i in nx.lexicographical_topological_sort(graph)]
        return self.nodes

    def _initial_states(self) -> dict[FoldedNode, tuple[FoldedNode, list[int]]]:
        """Return the leaves that are read where otherwise an earlier iteration's result is: that, and their numbers."""
        carried = {(edge.target, edge.argument): (edge.source, delay) for edge, delay in self.edges if delay}
        states: dict[FoldedNode, tuple[FoldedNode, list[int]]] = {}
        for edge, _ in self.edges:
            leaf = edge.source
            if leaf.kind != "op" and (edge.target, edge.argument) in carried:
                value, delay = carried[edge.target, edge.argument]
                once = leaf.times == 1 < value.times
                at_once = once and delay == 1 and value.is_everywhere
                numbers = {0} if at_once else {self._number(recorded) for recorded in leaf.recorded}
                if once or None not in numbers:
                    states[leaf] = value, sorted(number or 0 for number in numbers)
        return states

    def _number(self, leaf: tg.Node) -> int | None:
        """Return an initial state's time step, as if the first were 1; None for what is none."""
        timeline = self.graph.timeline
        value, timestep = timeline.precedes[leaf.index], leaf.timestep
        if value is None:
            return None
        run = timeline.runs[value]
        if run is None or timestep is None:
            return 0
        since = run.last - timestep if run.backward else timestep - run.first
        return since // self._stride + 1

    @cached_property
    def _stride(self) -> int:
        """The distance of one time step from the next, which is 1 unless labels say otherwise."""
        return min((after - before for before, after in pairwise(self.graph.timesteps)), default=1)

    def _kind(self, node: FoldedNode) -> str:
        is_output = not self.outputs.isdisjoint(node.recorded)
        return "loss" if is_output else self.names.kind(node.recorded[0])

    def _box(self, node: FoldedNode, label: str, detail: str = "") -> Node:
        trips = f"× {_trips(node.loops[-1])}" if node.loops and node not in self.states else ""
        return Node(
            f"n{node.index}",
            label,
            detail,
            self._kind(node),
            hue=self.hues.get(node.index),
            scope=" ".join(filter(None, (scope_text(node), trips))),
            title=self.names.tooltip(node.recorded[0], label),
        )

    def _name(self, node: FoldedNode) -> str:
        """Return the name of a node, and whether it is one of each time step; empty without a name."""
        value, numbers = self.states.get(node, (node, []))
        name = self.names.of(value.recorded[0]).name or self.names.of(node.recorded[0]).name
        if not name:
            return ""
        if numbers:
            return "…".join(shorten(name) + raised(number) for number in dict.fromkeys((numbers[0], numbers[-1])))
        return shorten(name) + ("⁽ᵗ⁾" if node.loops and node.times > 1 else "")

    def _op_texts(self, node: FoldedNode) -> tuple[str, str]:
        name, kind, shape = self._name(node), self._kind(node), shape_text(node.shape)
        if node.kind != "op":
            return name or number_text(node.recorded[0]) or "input", shape if node.shape or kind == "input" else ""
        if node.times > 1:
            shape += f" · ×{node.times}"
        if name or kind == "loss":
            return name or loss_label(node), f"{op_name(node)} · {shape}"
        return op_name(node), shape


def _delay(edge: FoldedEdge) -> Delay:
    """Return the delay of an edge, 0 where it does not leave its time step; for loops in loops one of each."""
    delay = edge.delay
    if isinstance(delay, tuple):
        parts = ", ".join("·" if part is None else str(part) for part in delay)
        return f"({parts})" if any(part != 0 for part in delay) else 0
    return "varies" if delay is None else delay


def _trips(loop: FoldedLoop) -> str:
    return str(loop.trips) if isinstance(loop.trips, int) else f"{min(loop.trips)}–{max(loop.trips)}"
