"""Which loops over time run side by side, and which after each other.

Runs of loops over time are joined into a *segment* where data passes between them at a constant distance in time: a
cell, its loss, the layer above it. A segment that reads another in any other way (a decoder, its encoder) comes after.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from itertools import chain

import networkx as nx

from tinygraph.loops.timeline import Timeline

__all__ = ["Segment", "find_segments"]

NEAR = 3  # data that passes over more time steps joins no runs

Part = Hashable  # what is in one segment in any case: the run of a loop, or a slot that is in time by its labels alone


@dataclass(eq=False, slots=True)
class Segment:
    """Loops over time that share their columns: the first and last time step, and how many segments precede it."""

    first: int
    last: int
    level: int


def find_segments(timeline: Timeline) -> list[Segment | None]:
    """Return the segment of every op that has a time step, by the node's index; None for other nodes."""
    parts = _parts(timeline)
    distinct = dict.fromkeys(part for part in parts if part is not None)
    joined = nx.utils.UnionFind(distinct)
    for ends, distances in _distances(timeline, parts).items():
        if _together(distances.values()):
            joined.union(*ends)
    root_of = {part: joined[part] for part in distinct}
    roots = [root_of.get(part) for part in parts]
    levels = _levels(timeline, roots)
    timesteps: dict[Part, list[int]] = {}
    for root, timestep in zip(roots, timeline.timesteps, strict=True):
        if root is not None and timestep is not None:
            timesteps.setdefault(root, []).append(timestep)
    segments = {root: Segment(min(steps), max(steps), levels[root]) for root, steps in timesteps.items()}
    return [segments.get(root) for root in roots]


def _parts(timeline: Timeline) -> list[Part]:
    return [run and (run if run.loop else slot) for run, slot in zip(timeline.runs, timeline.slots, strict=True)]


def _distances(timeline: Timeline, parts: list[Part]) -> dict[tuple[Part, Part], dict[tuple[int, int], list[int]]]:
    """Return how far data passes in time from one part to another, for each pair of slots that it passes between."""
    distances: dict[tuple[Part, Part], dict[tuple[int, int], list[int]]] = {}
    for node in timeline.ops:
        into = parts[node.index]
        others = [source for source in node.inputs if parts[source.index] not in (None, into)]
        for source in others if into is not None else ():
            start, end = timeline.timesteps[source.index], timeline.timesteps[node.index]
            if start is not None and end is not None:
                slots = timeline.slots[source.index], timeline.slots[node.index]
                distances.setdefault((parts[source.index], into), {}).setdefault(slots, []).append(end - start)
    return distances


def _together(distances: Collection[list[int]]) -> bool:
    """Tell whether data passes at a constant and small distance, again and again if any does."""
    repeated = [of_slots for of_slots in distances if len(of_slots) > 1]
    if repeated:
        return any(len(set(of_slots)) == 1 and abs(of_slots[0]) <= NEAR for of_slots in repeated)
    return set(chain.from_iterable(distances)) <= {0, 1}


def _levels(timeline: Timeline, roots: list[Part]) -> dict[Part, int]:
    """Return how many segments must have run before each; segments that need each other count as one."""
    order = nx.DiGraph()
    alone = {root: frozenset((root,)) for root in dict.fromkeys(roots)}
    order.add_nodes_from(root for root in alone if root is not None)
    latest: list[frozenset[Part]] = []  # the segments that each node reads, as far as no other stands between
    for node, root in zip(timeline.nodes, roots, strict=True):
        read = {latest[source.index] for source in node.inputs}
        if root is None:
            latest.append(frozenset().union(*read))
        else:
            latest.append(alone[root])
            read.discard(alone[root])
            order.add_edges_from((other, root) for before in read for other in before if other != root)
    condensed = nx.condensation(order)
    level_of = {c: level for level, same in enumerate(nx.topological_generations(condensed)) for c in same}
    return {root: level_of[component] for root, component in condensed.graph["mapping"].items()}
