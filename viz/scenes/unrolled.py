"""What the views of an unrolled graph share: its columns, its names, its colours."""

from __future__ import annotations

from functools import cached_property

import tinygraph as tg
from tinygraph.graphs.symbols import raised
from tinygraph.loops.over_time import Run

from .calendar import make_calendar
from .hues import parameter_hues
from .labels import at_time, enclosed, is_name, lowered, scope_text, symbol
from .names import Names
from .operands import at_moment
from .scene import Edge, Node, Scene

__all__ = ["Unrolled"]


class Unrolled:
    """A graph, and what every view of it needs to know."""

    def __init__(self, graph: tg.Graph) -> None:
        self.graph = graph
        self.calendar = make_calendar(graph)
        self.names = Names(graph, graph.timeline.slots)
        self.hues = parameter_hues(graph.nodes)

    def numbered(self, name: str, node: tg.Node) -> str:
        """Return the name of a node with its time step, and with the numbers of other loops.

        The gradient of a parameter is of all time steps, and so is a matrix that all of them are given.
        """
        of_all_time = node.pulled is not None and node.pulled.is_of_all_time
        if of_all_time or self.names.is_fixed(node):
            return at_time(name, None)
        timeline = self.graph.timeline
        precedes = timeline.precedes[node.index]  # an initial state is numbered as what it precedes
        subscripts = timeline.subscripts[node.index]
        if precedes is not None and subscripts:
            subscripts = timeline.subscripts[precedes]
        start = timeline.starts.get(node.index)
        timestep = start.timestep if start else self.calendar.places[node.index].timestep
        if is_name(name):
            return at_time(name, timestep, subscripts)
        text = symbol(name)
        index = lowered(subscripts) + raised(timestep)
        is_computed = node.kind == "op" or any(map(str.isalpha, text))
        return at_moment(text, timestep) or (enclosed(text) + index if is_computed and index else text)

    def run(self, node: tg.Node) -> Run | None:
        """Return the run of a node; of a leaf, that of what reads it first."""
        return self.graph.timeline.runs[self._op(node)]

    def level(self, node: tg.Node) -> int | None:
        """Return how many segments must have run before that of a node, or of what reads it first."""
        segment = self.calendar.segments[self._op(node)]
        return segment.level if segment else None

    def _op(self, node: tg.Node) -> int:
        readers = self.graph.timeline.reads[node.index] if node.kind != "op" else ()
        return readers[0][0].index if readers else node.index

    def alike(self, index: int) -> list[int]:
        """Return the indices of the ops in the place of one, in all time steps; none for what is no op."""
        return self._by_slot.get(self.graph.timeline.slots[index], [])

    @cached_property
    def _by_slot(self) -> dict[int, list[int]]:
        by_slot: dict[int, list[int]] = {}
        for node in self.graph.timeline.ops:
            by_slot.setdefault(self.graph.timeline.slots[node.index], []).append(node.index)
        return by_slot

    def draw(self, node: tg.Node, label: str, detail: str, tooltip: str) -> Node:
        """Return the box of a recorded node, with these texts."""
        kind, hue = self.names.kind(node), self.hues.get(node.index)
        column, band, slot, _ = self.calendar.places[node.index]
        return Node(f"n{node.index}", label, detail, kind, column, band, slot, hue, scope_text(node), title=tooltip)

    def scene(self, title: str, nodes: list[Node], edges: list[Edge], round: bool = False) -> Scene:
        """Return the scene with these nodes and edges."""
        return Scene(nodes, edges, self.calendar.columns, title, self._description(), round)

    def _description(self) -> str:
        """Return the graph in a sentence, for readers who do not see it."""
        ops = sum(node.kind == "op" for node in self.graph.nodes)
        steps = sum(column.kind == "step" for column in self.calendar.columns)
        time = f" in {steps:,} time steps, from left to right" if steps else ""
        names = [self.names.of_parameter(node) for node in self.graph.parameters]
        shared = f"; parameters {', '.join(names[:12])}{'…' if len(names) > 12 else ''}" if names else ""
        return f"{ops:,} ops{time}{shared}."
