"""Which loops over time run side by side, and which after each other.

The places of a program are joined into a *segment* where data passes between them at a constant distance in time: a
cell, its loss, the layer above it. Two segments whose times add up to a constant run against each other (the halves
of a bidirectional network). A segment that reads another in any other way (a decoder, its encoder) comes after it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import networkx as nx

__all__ = ["Segment", "find_segments"]

NEAR = 3  # an only edge between two places joins them within so many time steps


@dataclass(slots=True)
class Segment:
    """A loop over time: its first and last time step, how many segments precede it, and if it runs backward.

    Segments that run against each other have the same `group`: they are halves of one cell.

    The column of time step t is t − first, or last − t where it runs backward.
    """

    first: int
    last: int
    level: int = 0
    backward: bool = False
    group: int = 0

    def column(self, timestep: int) -> int:
        """The distance of a time step from the segment's left end."""
        return self.last - timestep if self.backward else timestep - self.first


def find_segments(nodes: Iterable[Any], slot_of: dict[int, Hashable]) -> dict[int, Segment]:
    """The segment of every op that has a time step, by the node's index.

    Parameters
    ----------
    nodes : iterable of Node
        Of a graph, in recorded order.
    slot_of : dict
        The place of every op (`viz.scenes.slots.slots`).
    """
    nodes = list(nodes)
    when = {node.index: node.timestep for node in nodes if node.kind == "op"}
    when = {index: timestep for index, timestep in when.items() if timestep is not None}
    pairs = _distances(nodes, slot_of, when)
    joined = nx.utils.UnionFind(dict.fromkeys(slot_of[index] for index in when))
    for (u, v), times in pairs.items():
        if times.together:
            joined.union(u, v)
    against = [(u, v) for (u, v), times in pairs.items() if times.opposed and joined[u] != joined[v]]
    flipped: set[Hashable] = set()
    for u, v in against:
        if joined[u] != joined[v] and not {joined[u], joined[v]} & flipped:
            flipped.add(joined[u])
    twin = {joined[u]: joined[v] for u, v in against if joined[u] in flipped}
    order = _levels(nodes, slot_of, joined, twin, when)
    return _segments(when, slot_of, joined, twin, order)


class _Times:
    """What is known of all edges between two places: their distance and their sum in time, as far as constant."""

    __slots__ = ("count", "distance", "total")

    def __init__(self, start: int, end: int) -> None:
        self.count = 1
        self.distance: int | None = end - start
        self.total: int | None = start + end

    def add(self, start: int, end: int) -> None:
        self.count += 1
        if self.distance != end - start:
            self.distance = None
        if self.total != start + end:
            self.total = None

    @property
    def together(self) -> bool:
        if self.distance is None:
            return False
        return self.distance == 0 or (abs(self.distance) <= NEAR and (self.count > 1 or self.distance == 1))

    @property
    def opposed(self) -> bool:
        return self.distance is None and self.total is not None and self.count > 1


def _distances(
    nodes: list[Any], slot_of: dict[int, Hashable], when: dict[int, int]
) -> dict[tuple[Hashable, Hashable], _Times]:
    pairs: dict[tuple[Hashable, Hashable], _Times] = {}
    for node in nodes:
        end = when.get(node.index)
        if end is None:
            continue
        target = slot_of[node.index]
        for source in node.inputs:
            start = when.get(source.index)
            if start is not None:
                key = (slot_of[source.index], target)
                if key in pairs:
                    pairs[key].add(start, end)
                else:
                    pairs[key] = _Times(start, end)
    return pairs


def _levels(
    nodes: list[Any], slot_of: dict[int, Hashable], joined: Any, twin: dict[Any, Any], when: dict[int, int]
) -> dict[Any, int]:
    """How many segments must have run before each; segments that need each other count as one."""
    graph = nx.DiGraph()
    behind: dict[int, frozenset[Any]] = {}
    for node in nodes:
        before = frozenset().union(*(behind.get(source.index, frozenset()) for source in node.inputs))
        if node.index in when:
            root = joined[slot_of[node.index]]
            root = twin.get(root, root)
            graph.add_node(root)
            graph.add_edges_from((other, root) for other in before if other != root)
            before = frozenset((root,))
        behind[node.index] = before
    condensed = nx.condensation(graph)
    level: dict[int, int] = {}
    for group in nx.topological_sort(condensed):
        level[group] = max((level[other] + 1 for other in condensed.predecessors(group)), default=0)
    found = {root: level[group] for root, group in condensed.graph["mapping"].items()}
    return found | {root: found[other] for root, other in twin.items() if other in found}


def _segments(
    when: dict[int, int], slot_of: dict[int, Hashable], joined: Any, twin: dict[Any, Any], order: dict[Any, int]
) -> dict[int, Segment]:
    segments: dict[Any, Segment] = {}
    groups: dict[Any, int] = {}
    found: dict[int, Segment] = {}
    for index, timestep in when.items():
        root = joined[slot_of[index]]
        segment = segments.get(root)
        if segment is None:
            group = groups.setdefault(twin.get(root, root), len(groups))
            segment = segments[root] = Segment(timestep, timestep, order[root], root in twin, group)
        segment.first = min(segment.first, timestep)
        segment.last = max(segment.last, timestep)
        found[index] = segment
    return found
