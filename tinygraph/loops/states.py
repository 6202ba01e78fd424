"""Which loops carry a state from iteration to iteration, as time does; a sum, a tree and layers do not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from ..recording.node import Node
from .grouping import Groups
from .keys import grouped
from .places import Loop

ACCUMULATIONS = frozenset(("add", "subtract", "multiply", "maximum", "minimum", "logaddexp", "concatenate"))


class Carrier:
    """A loop, and the ops in it that depend on themselves in an earlier iteration.

    Parameters
    ----------
    groups : Groups
    loop : Loop
        One of those that are kept.
    """

    def __init__(self, groups: Groups, loop: Loop):
        self.groups = groups
        self.loop = loop
        self.depth = loop.depth

    @property
    def carries_state(self) -> bool:
        """Whether something passes from each iteration to a later one that is more than a sum of what was made."""
        states = [component for component in self._components if self._is_state(component)]
        steady = all(self._passes_steadily(state) and not self._joins(state) for state in states)
        return bool(states) and steady and not self.runs_through_layers

    @cached_property
    def _links(self) -> tuple[np.ndarray, np.ndarray]:
        """Source and reader of what passes within the loop, all outer iterations being the same, by position."""
        groups, depth = self.groups, self.depth
        inside = np.isin(groups.number, groups.inside[self.loop]) & groups.forward
        source, target = groups.links
        both = inside[source] & inside[target]
        source, target = source[both], target[both]
        same = (groups.iterations[source, :depth] == groups.iterations[target, :depth]).all(1)
        return source[same], target[same]

    @cached_property
    def _components(self) -> list[set[int]]:
        """The groups that depend on themselves from one iteration to another, in strongly connected components."""
        import networkx as nx  # here, and not at the top: recording and differentiating import NumPy alone

        source, target = self._links
        ends = self.groups.number[np.column_stack([source, target])]
        carried = self.groups.iterations[source, self.depth] != self.groups.iterations[target, self.depth]
        components = list(nx.strongly_connected_components(nx.DiGraph(list(_distinct(ends)))))
        number = {group: k for k, component in enumerate(components) for group in component}
        recurrent = {number[a] for a, b in _distinct(ends[carried]) if number[a] == number[b]}
        return [components[k] for k in sorted(recurrent)]

    def _is_state(self, component: set[int]) -> bool:
        groups = self.groups
        ops = {str(groups.nodes[groups.members[number][0]].op) for number in component}
        if len(ops) > 1 or not ops <= ACCUMULATIONS:
            return True
        return any(groups.parameters[number] for number in component) or self._is_read_on_the_way(component)

    def _is_read_on_the_way(self, component: set[int]) -> bool:
        """Tell whether other ops read what has been accumulated so far, again and again."""
        source, target = self._links
        inside = np.isin(self.groups.number, list(component))
        leaving = source[inside[source] & ~inside[target]]
        return len(set(self.groups.iterations[leaving, self.depth].tolist())) > 1

    def _passes_steadily(self, component: set[int]) -> bool:
        """Tell whether what an iteration makes is read as many iterations later as what any other makes.

        In a tree it is not: what a left child made waits for the right one.
        """
        source, target = self._links
        at = self.groups.iterations[:, self.depth]
        inside = np.isin(self.groups.number, list(component))
        chosen = inside[source] & inside[target] & (at[source] != at[target])
        source, target = source[chosen], target[chosen]
        nearest = np.full(len(at), len(at))
        sites = np.where(inside, self.groups.sites[:, 0], -1)
        for site in np.unique(sites[inside]):
            j, k = (ends[sites[target] == site] for ends in (source, target))
            present = np.unique(at[sites == site])  # those without the op do not count
            passed = np.searchsorted(present, at[k], side="right") - np.searchsorted(present, at[j], side="right")
            np.minimum.at(nearest, j, passed)
        return len(np.unique(nearest[source])) == 1

    def _joins(self, component: set[int]) -> bool:
        """Tell whether results of several iterations are joined, each once, as in a tree."""
        source, target = self._links
        at = self.groups.iterations[:, self.depth]
        inside = np.isin(self.groups.number, list(component))
        carried = inside[source] & inside[target] & (at[source] != at[target])
        pairs = np.unique(np.column_stack([at[source[carried]], at[target[carried]]]), axis=0)
        most_readers, most_read = (np.unique(ends, return_counts=True)[1].max(initial=0) for ends in pairs.T)
        return bool(most_readers == 1 < most_read)

    @property
    def runs_through_layers(self) -> bool:
        """Whether each iteration has parameters of its own: the next element of an array of them."""
        elements: set[int] = set()
        for number in self._parametric:
            for k in self.groups.members[number].tolist():
                node = self.groups.nodes[k]
                if any(source.kind == "parameter" for source in node.inputs):
                    element = _element(node)
                    if element is None:
                        return False
                    elements.add(element)
        trips = len(np.unique(self.groups.iterations[self.groups.members_in(self.loop), self.depth]))
        return bool(elements) and elements == set(range(trips))

    @property
    def _parametric(self) -> list[int]:
        return [number for number in self.groups.inside[self.loop] if self.groups.parameters[number]]


def _element(node: Node) -> int | None:
    """Return which element of an array an op takes; None if it does something else."""
    index = node.attributes.get("index")
    first = index[0] if isinstance(index, tuple) and index else index
    return first if isinstance(first, int) and str(node.op) == "getitem" else None


def _distinct(pairs: np.ndarray) -> Iterator[tuple[int, int]]:
    return map(tuple, pairs[grouped(pairs)[1]].tolist())
