"""Which loops over time run side by side, and which after each other.

The slots of a program are joined into a *segment* where data passes between them at a constant distance in time: a
cell, its loss, the layer above it. Two segments whose times add up to a constant run against each other (the halves
of a bidirectional network). A segment that reads another in any other way (a decoder, its encoder) comes after it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

import tinygraph as tg

__all__ = ["Segment", "find_segments"]

NEAR = 3  # an only edge between two slots joins them within so many time steps

Times = list[tuple[int, int]]  # the time steps at the start and the end of each edge between two slots
Root = Hashable  # the slot that stands for all those joined with it


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
        """Return the distance of a time step from the segment's left end."""
        return self.last - timestep if self.backward else timestep - self.first


def find_segments(nodes: Sequence[tg.Node], slot_of: Mapping[int, Hashable]) -> dict[int, Segment]:
    """Return the segment of every op that has a time step, by the node's index.

    Parameters
    ----------
    nodes : sequence of Node
        Of a graph, in recorded order.
    slot_of : mapping
        The slot of every op (`viz.scenes.slots.slots`).
    """
    timesteps = {node.index: t for node in nodes if node.kind == "op" and (t := node.timestep) is not None}
    edges = _edges(nodes, slot_of, timesteps)
    joined = nx.utils.UnionFind(dict.fromkeys(slot_of[index] for index in timesteps))
    for (source, target), times in edges.items():
        if _together(times):
            joined.union(source, target)
    root_of = {index: joined[slot_of[index]] for index in timesteps}
    twins = _twins([(joined[u], joined[v]) for (u, v), times in edges.items() if _opposed(times)])
    return _segments(timesteps, root_of, twins, _levels(nodes, root_of, twins))


def _edges(
    nodes: Sequence[tg.Node], slot_of: Mapping[int, Hashable], timesteps: dict[int, int]
) -> dict[tuple[Hashable, Hashable], Times]:
    """Return the edges between slots in time, by those slots."""
    edges: dict[tuple[Hashable, Hashable], Times] = {}
    for node in nodes:
        if node.index in timesteps:
            for source in node.inputs:
                if source.index in timesteps:
                    key = slot_of[source.index], slot_of[node.index]
                    edges.setdefault(key, []).append((timesteps[source.index], timesteps[node.index]))
    return edges


def _together(times: Times) -> bool:
    """Tell whether data passes at a constant and small distance."""
    distances = {end - start for start, end in times}
    distance = distances.pop()
    return not distances and (distance in (0, 1) or (abs(distance) <= NEAR and len(times) > 1))


def _opposed(times: Times) -> bool:
    """Tell whether one end runs through time against the other."""
    return len({end - start for start, end in times}) > 1 and len({start + end for start, end in times}) == 1


def _twins(opposed: list[tuple[Root, Root]]) -> dict[Root, Root]:
    """Return the segments that run backward, each with the one that it runs against."""
    twins: dict[Root, Root] = {}
    for backward, forward in opposed:
        if backward != forward and backward not in twins and forward not in twins:
            twins[backward] = forward
    return twins


def _levels(nodes: Sequence[tg.Node], root_of: dict[int, Root], twins: dict[Root, Root]) -> dict[Root, int]:
    """Return how many segments must have run before each; segments that need each other count as one."""
    order = nx.DiGraph()
    latest: dict[int, frozenset[Root]] = {}  # the segments that each node reads, as far as no other stands between
    for node in nodes:
        before = frozenset().union(*(latest.get(source.index, frozenset()) for source in node.inputs))
        if node.index in root_of:
            root = twins.get(root_of[node.index], root_of[node.index])
            order.add_node(root)
            order.add_edges_from((other, root) for other in before if other != root)
            before = frozenset((root,))
        latest[node.index] = before
    condensed = nx.condensation(order)
    level_of = {c: level for level, same in enumerate(nx.topological_generations(condensed)) for c in same}
    return {root: level_of[component] for root, component in condensed.graph["mapping"].items()}


def _segments(
    timesteps: dict[int, int], root_of: dict[int, Root], twins: dict[Root, Root], levels: dict[Root, int]
) -> dict[int, Segment]:
    segments: dict[Root, Segment] = {}
    groups: dict[Root, int] = {}
    for index, timestep in timesteps.items():
        root = root_of[index]
        whole = twins.get(root, root)
        group = groups.setdefault(whole, len(groups))
        segment = segments.setdefault(root, Segment(timestep, timestep, levels[whole], root in twins, group))
        segment.first = min(segment.first, timestep)
        segment.last = max(segment.last, timestep)
    return {index: segments[root] for index, root in root_of.items()}
