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
        states = self._by_name()
        for leaf in self.graph.nodes:
            readers = self.graph.consumers(leaf)
            if leaf.kind != "op" and len({reader.timestep for reader, _ in readers}) == 1:
                reader, argument = readers[0]
                state = carried.get((self.slot_of[reader.index], argument))
                if state is not None:
                    states[leaf.index] = state
        return states

    def _carried(self) -> dict[tuple[Hashable, int], InitialState]:
        """Return what stands before the first value that an argument reads from another time step of its segment."""
        carried: dict[tuple[Hashable, int], InitialState] = {}
        for index, segment in self.segment_of.items():
            for argument, source in enumerate(self.graph.nodes[index].inputs):
                made_by = source if source.kind == "op" else self.graph.consumers(source)[0][0]  # or first read by
                now, then = self.graph.nodes[index].timestep or 0, made_by.timestep or 0
                in_segment = source.kind in ("op", "input") and self.segment_of.get(made_by.index) is segment
                if in_segment and then != now:
                    state = InitialState(source, segment, (then > now) != segment.backward)
                    carried.setdefault((self.slot_of[index], argument), state)
        return carried

    def _by_name(self) -> dict[int, InitialState]:
        """Return the inputs that many time steps read, and that have the name of a result of the first."""
        results: dict[str | None, InitialState] = {}
        for index, segment in self.segment_of.items():
            node = self.graph.nodes[index]
            if node.name and node.timestep == segment.first:
                results.setdefault(node.name, InitialState(node, segment, False))
        return {
            leaf.index: results[leaf.name]
            for leaf in self.graph.nodes
            if leaf.kind == "input" and leaf.timestep is None and leaf.name in results and self.graph.consumers(leaf)
        }
