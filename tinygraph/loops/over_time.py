"""Which loop of a program is the one over time, and the time step of each op."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..recording.node import Node
from .grouping import Groups, grouped
from .places import Loop

_RECURRENT, _FED, _PARAMETRIC = 4, 2, 1  # what speaks for a loop being the one over time
_ENOUGH = 50  # data that has not changed in so many iterations is taken to be the same


RunKey = tuple[Loop | None, tuple[int, ...]]  # a loop over time, and the iterations of the loops around it


class OpTimes(NamedTuple):
    """For each op its time step, from 1, and the run of a loop over time that it belongs to; None outside of time."""

    steps: list[int | None]
    runs: list[RunKey | None]


def op_times(groups: Groups, time: set[Loop]) -> OpTimes:
    """Return the time step and the run of each op, given the loops over time."""
    loop_of = [next((loop for loop in reversed(chain) if loop in time), None) for chain in groups.chains]
    at, trips = _counted(groups, loop_of)
    backward = _backward(groups, loop_of, at, trips) if len(time) > 1 else set()
    loops = [loop_of[number] for number in groups.number.tolist()]
    steps = [
        None if loop is None else n - i if loop in backward else i + 1
        for loop, i, n in zip(loops, at.tolist(), trips.tolist(), strict=True)
    ]
    runs = [
        None if loop is None else (loop, tuple(outer[: loop.depth]) if loop.parent else ())
        for loop, outer in zip(loops, groups.iterations.tolist(), strict=True)
    ]
    _add_sums(groups, time, steps, runs)
    return OpTimes(_labelled(groups, loop_of, steps, runs), runs)


def _counted(groups: Groups, loop_of: list[Loop | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return for each op the iteration of its loop over time, and how many that loop makes."""
    at, trips = np.zeros(len(groups.nodes), int), np.zeros(len(groups.nodes), int)
    inside: dict[Loop, list[int]] = {}
    for number, loop in enumerate(loop_of):
        if loop is not None:
            inside.setdefault(loop, []).append(number)
    for loop, numbers in inside.items():
        rows = np.concatenate([groups.members[number] for number in numbers])
        at[rows] = groups.iterations[rows, loop.depth]
        outer, first = grouped(groups.iterations[rows, : loop.depth])
        most = np.zeros(len(first), int)
        np.maximum.at(most, outer, at[rows] + 1)
        trips[rows] = most[outer]
    return at, trips


def _add_sums(groups: Groups, time: set[Loop], steps: list[int | None], runs: list[RunKey | None]) -> None:
    """A sum, in a loop of its own, over what time steps made goes along with them."""
    nests_with_time = {_root(loop) for loop in time}
    alone = [bool(chain) and chain[0] not in nests_with_time for chain in groups.chains]
    for k, node in enumerate(groups.nodes):
        if steps[k] is None and alone[groups.number[k]]:
            read = [groups.position[source] for source in node.inputs if source in groups.position]
            latest = max((j for j in read if steps[j] is not None), key=lambda j: steps[j] or 0, default=None)
            if latest is not None:
                steps[k], runs[k] = steps[latest], runs[latest]


def _labelled(
    groups: Groups, loop_of: list[Loop | None], steps: list[int | None], runs: list[RunKey | None]
) -> list[int | None]:
    """Put the labels of ``tg.timestep`` in the place of iterations, in all of the loop that was labelled."""
    renamed: dict[tuple[Loop, int | None], int] = {}
    labels = [node.timestep_label for node in groups.nodes]
    for k, label in enumerate(labels):
        loop = loop_of[groups.number[k]]
        if label is not None:
            runs[k] = runs[k] or (None, ())
            if loop is not None:
                renamed.setdefault((loop, steps[k]), label)
    return [
        label if label is not None else renamed.get((loop_of[groups.number[k]], steps[k]), steps[k])
        for k, label in enumerate(labels)
    ]


# -- loops that run through the sequence from its end -----------------------------------------------------------------


def _backward(groups: Groups, loop_of: list[Loop | None], at: np.ndarray, trips: np.ndarray) -> set[Loop]:
    """Return the loops over time that run backward, as seen from the first one they are connected with."""
    import networkx as nx  # here, and not at the top: recording and differentiating import NumPy alone

    met: dict[tuple[Loop, Loop], list[tuple[int, int]]] = {}
    for j, k in _meetings(groups):
        a, b = loop_of[groups.number[j]], loop_of[groups.number[k]]
        if a is not None and b is not None and a is not b:
            met.setdefault((a, b), []).append((j, k))
    related = nx.Graph()
    for (a, b), pairs in met.items():
        j, k = np.array(pairs).T
        later = (at[j] > 0) | (at[k] > 0)  # an initial state may be shared whatever the direction
        if (trips[j] == trips[k]).all():
            if (at[j] == at[k]).all():
                related.add_edge(a, b, turned=False)
            elif (at[j] + at[k] == trips[k] - 1)[later].all() and len(set(at[j][later])) > 1:
                related.add_edge(a, b, turned=True)
    backward: set[Loop] = set()
    seen: set[Loop] = set()
    for start in filter(None, loop_of):  # in recorded order
        if start in related and start not in seen:
            for a, b in nx.bfs_edges(related, start):
                if (a in backward) != related.edges[a, b]["turned"]:
                    backward.add(b)
            seen |= nx.node_connected_component(related, start)
    return backward


def _meetings(groups: Groups) -> Iterator[tuple[int, int]]:
    """Yield pairs of ops of which one reads the other, or that read the same data."""
    first: dict[Hashable, dict[int, int]] = {}
    for k, node in enumerate(groups.nodes):
        for given in node.inputs:
            if given in groups.position:
                yield groups.position[given], k
        for read in _identities(node):
            users = first.setdefault(read, {})
            for j in users.values():
                yield j, k
            users.setdefault(int(groups.number[k]), k)


def _identities(node: Node) -> Iterator[Hashable]:
    """Yield what tells the data that a node reads from other data: a leaf, its values, or an element of a node."""
    index = node.attributes.get("index")
    if isinstance(index, int) and node.inputs:
        yield node.inputs[0], index
    for given in node.inputs:
        if given.kind == "input":
            yield given
        elif given.kind == "constant" and isinstance(given._data, np.ndarray) and given._data.size:
            yield given.shape, given._data.tobytes()


# -- which loop -------------------------------------------------------------------------------------------------------


def over_time(groups: Groups) -> set[Loop]:
    """Return the loops over time."""
    links = Links(groups)
    children: dict[Loop | None, list[Loop]] = {}
    for chain in groups.chains:
        for loop in chain:
            if loop not in children.setdefault(loop.parent, []):
                children[loop.parent].append(loop)
    return set().union(*(_over_time(loop, children, links)[0] for loop in children.get(None, ())))


def _over_time(loop: Loop, children: dict[Loop | None, list[Loop]], links: Links) -> tuple[set[Loop], int]:
    """Return the loops over time among `loop` and those inside it, and how much speaks for them."""
    inside = [_over_time(child, children, links) for child in children.get(loop, ())]
    best = max((score for _, score in inside), default=0)
    score = links.score(loop)
    if score > best:
        return {loop}, score
    return set().union(*(found for found, score in inside if score > _PARAMETRIC or score == best)), best


def _root(loop: Loop) -> Loop:
    while loop.parent is not None:
        loop = loop.parent
    return loop


class Links:
    """How the ops of a graph depend on each other and on leaves, as seen from the loops around them."""

    def __init__(self, groups: Groups):
        self.groups = groups
        indices = np.fromiter((node.index for node in groups.nodes), int, len(groups.nodes))
        position = np.full(groups.reads[:, 0].max(initial=indices.max(initial=-1)) + 1, -1)
        position[indices] = np.arange(len(indices))
        edges = np.column_stack([position[groups.reads[:, 0]], groups.reads[:, 1]])
        self.edges = edges[edges[:, 0] >= 0]

    def score(self, loop: Loop) -> int:
        """Say how much speaks for `loop` being the one over time."""
        depth = loop.depth
        members = [n for n, chain in enumerate(self.groups.chains) if chain[depth : depth + 1] == (loop,)]
        score = _PARAMETRIC if any(self.groups.own[n] for n in members) else 0
        if score and self._is_recurrent(members, depth):
            score += _RECURRENT
        return score + (_FED if score and any(self._is_fed(n, depth) for n in members) else 0)

    def _is_recurrent(self, members: list[int], depth: int) -> bool:
        """Does the loop carry a state through parameters?"""
        import networkx as nx  # as above

        inside = np.isin(self.groups.number, members)
        source, target = self.edges[inside[self.edges[:, 0]] & inside[self.edges[:, 1]]].T
        before, after = self.groups.iterations[source], self.groups.iterations[target]
        inner = (before[:, :depth] == after[:, :depth]).all(1)
        carried = before[inner, depth] != after[inner, depth]
        ends = self.groups.number[np.column_stack([source[inner], target[inner]])]
        graph = nx.DiGraph(map(tuple, ends[grouped(ends)[1]].tolist()))
        component = {n: k for k, nodes in enumerate(nx.strongly_connected_components(graph)) for n in nodes}
        parametric = {component[n] for n in component if self.groups.own[n]}
        ends = ends[carried]
        return any(
            component[a] in parametric and component[a] == component[b] for a, b in ends[grouped(ends)[1]].tolist()
        )

    def _is_fed(self, number: int, depth: int) -> bool:
        """Does a group take in different data in each iteration, all outer and inner ones being the same?"""
        members = self.groups.members[number][: _ENOUGH**2]
        others, _ = grouped(np.delete(self.groups.iterations[members], depth, axis=1))
        longest = members[others == np.bincount(others).argmax()]
        return takes_other_data(self.groups.nodes[k] for k in longest[:_ENOUGH].tolist())


def takes_other_data(nodes: Iterable[Node]) -> bool:
    """Do some of the nodes differ in the data that they are, or take in: values of leaves, elements of an array?"""
    first: tuple[object, ...] | None = None
    for node in nodes:
        taken = tuple(_data(node))
        first = first or taken
        if any(not _equal(a, b) for a, b in zip(first, taken, strict=False)):
            return True
    return False


def _data(node: Node) -> Iterable[object]:
    if node.kind != "op":
        yield node._data
    yield node.attributes.get("index")
    for given in node.inputs:
        yield given._data if given.kind in ("input", "constant") else None


def _equal(a: Any, b: Any) -> bool:
    if a is b or a is None or b is None:
        return True
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or (a != a and b != b)
    try:
        return bool(np.array_equal(a, b, equal_nan=True))
    except TypeError:
        return a == b
