"""Initial states: leaves that stand where, a time step later, the result of a time step stands."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import tinygraph as tg

from .segments import Segment

__all__ = ["InitialState", "InitialStates"]


class InitialState(NamedTuple):
    """What an initial state precedes, in which segment, and whether it stands at the right end of that."""

    precedes: tg.Node
    segment: Segment
    at_end: bool


class InitialStates:
    """A search for the initial states of a graph, given the segment of every op in time and the slot of every op."""

    def __init__(self, graph: tg.Graph, segment_of: Mapping[int, Segment], slot_of: Mapping[int, Hashable]) -> None:
        self.graph = graph
        self.segment_of = segment_of
        self.slot_of = slot_of

    def find(self) -> dict[int, InitialState]:
        """Return the initial states, by the node's index."""
        carried = self._carried()
        states: dict[int, InitialState] = {}
        for leaf in self.graph.nodes:
            readers = self.graph.consumers(leaf)
            if leaf.kind == "op" or not readers:
                continue
            reader, argument = readers[0]
            segment = self.segment_of.get(reader.index)
            value, later = carried.get((self.slot_of[reader.index], argument), (leaf, False))
            read_once = len({reader.timestep for reader, _ in readers}) == 1
            if segment and value is not leaf and read_once and self._segment(value) is segment:
                states[leaf.index] = InitialState(value, segment, later != segment.backward)
        return self._by_name() | states

    def _carried(self) -> dict[tuple[Hashable, int], tuple[tg.Node, bool]]:
        """Return the first value that each argument reads from another time step, and whether from a later one."""
        carried: dict[tuple[Hashable, int], tuple[tg.Node, bool]] = {}
        for node in self.graph.nodes:
            now = self._time(node)
            for argument, source in enumerate(node.inputs):
                then = self._time(source)
                if now is not None and then is not None and then != now:
                    carried.setdefault((self.slot_of[node.index], argument), (source, then > now))
        return carried

    def _by_name(self) -> dict[int, InitialState]:
        """Return the inputs that many time steps read, and that have the name of a result of the first."""
        results: dict[str, tg.Node] = {}
        for node in self.graph.nodes:
            segment = self.segment_of.get(node.index)
            if segment and node.timestep == segment.first and node.name:
                results.setdefault(node.name, node)
        return {
            leaf.index: InitialState(results[leaf.name], self.segment_of[results[leaf.name].index], False)
            for leaf in self.graph.nodes
            if leaf.kind == "input" and leaf.timestep is None and leaf.name in results and self.graph.consumers(leaf)
        }

    def _time(self, node: tg.Node) -> int | None:
        """Return the time step that an op or an input belongs to, of those in a segment."""
        return self._first_op(node).timestep if node.kind in ("op", "input") and self._segment(node) else None

    def _segment(self, node: tg.Node) -> Segment | None:
        return self.segment_of.get(self._first_op(node).index)

    def _first_op(self, node: tg.Node) -> tg.Node:
        """Return the op itself, or the first op that reads a leaf."""
        return node if node.kind == "op" else self.graph.consumers(node)[0][0]
