"""Which loop of a program is the one over time, and the time step of each op."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from .grouping import Classes, grouped
from .places import Loop

if TYPE_CHECKING:
    from ..graphs.graph import Node

_RECURRENT, _FED, _PARAMETRIC = 4, 2, 1  # what speaks for a loop being the one over time
_ENOUGH = 50  # data that has not changed in so many iterations is taken to be the same


def op_steps(classes: Classes) -> list[int | None]:
    """Return the time step of each op, from 1, or None."""
    time = over_time(classes)
    loop_of = [next((loop for loop in reversed(chain) if loop in time), None) for chain in classes.chains]
    at, trips = _counted(classes, loop_of)
    backward = _backward(classes, loop_of, at, trips) if len(time) > 1 else set()
    loops = [loop_of[number] for number in classes.number.tolist()]
    steps = [
        None if loop is None else n - i if loop in backward else i + 1
        for loop, i, n in zip(loops, at.tolist(), trips.tolist(), strict=True)
    ]
    _add_sums(classes, time, steps)
    return _labelled(classes, loop_of, steps)


def _counted(classes: Classes, loop_of: list[Loop | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return for each op the iteration of its loop over time, and how many that loop makes."""
    at, trips = np.zeros(len(classes.nodes), int), np.zeros(len(classes.nodes), int)
    inside: dict[Loop, list[int]] = {}
    for number, loop in enumerate(loop_of):
        if loop is not None:
            inside.setdefault(loop, []).append(number)
    for loop, numbers in inside.items():
        rows = np.concatenate([classes.members[number] for number in numbers])
        at[rows] = classes.iterations[rows, loop.depth]
        groups, first = grouped(classes.iterations[rows, : loop.depth])
        most = np.zeros(len(first), int)
        np.maximum.at(most, groups, at[rows] + 1)
        trips[rows] = most[groups]
    return at, trips


def _add_sums(classes: Classes, time: set[Loop], steps: list[int | None]) -> None:
    """A sum, in a loop of its own, over what time steps made goes along with them."""
    nests_with_time = {_root(loop) for loop in time}
    for k, node in enumerate(classes.nodes):
        chain = classes.chains[classes.number[k]]
        if steps[k] is None and chain and chain[0] not in nests_with_time:
            known = [steps[classes.position[given]] for given in node.inputs if given in classes.position]
            steps[k] = max((step for step in known if step is not None), default=None)


def _labelled(classes: Classes, loop_of: list[Loop | None], steps: list[int | None]) -> list[int | None]:
    """Put the labels of ``tg.timestep`` in the place of iterations, in all of the loop that was labelled."""
    renamed: dict[tuple[Loop, int | None], int] = {}
    labels = [node.timestep_label for node in classes.nodes]
    for k, name in enumerate(labels):
        loop = loop_of[classes.number[k]]
        if name is not None and loop is not None:
            renamed.setdefault((loop, steps[k]), name)
    return [
        name if name is not None else renamed.get((loop_of[classes.number[k]], steps[k]), steps[k])
        for k, name in enumerate(labels)
    ]


# -- loops that run through the sequence from its end -----------------------------------------------------------------


def _backward(classes: Classes, loop_of: list[Loop | None], at: np.ndarray, trips: np.ndarray) -> set[Loop]:
    """Return the loops over time that run backward, as seen from the first one they are connected with."""
    met: dict[tuple[Loop, Loop], list[tuple[int, int]]] = {}
    for j, k in _meetings(classes):
        a, b = loop_of[classes.number[j]], loop_of[classes.number[k]]
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


def _meetings(classes: Classes) -> Iterator[tuple[int, int]]:
    """Yield pairs of ops of which one reads the other, or that read the same data."""
    first: dict[Hashable, dict[int, int]] = {}
    for k, node in enumerate(classes.nodes):
        for given in node.inputs:
            if given in classes.position:
                yield classes.position[given], k
        for read in _identities(node):
            users = first.setdefault(read, {})
            for j in users.values():
                yield j, k
            users.setdefault(int(classes.number[k]), k)


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


def over_time(classes: Classes) -> set[Loop]:
    """Return the loops over time."""
    links = Links(classes)
    children: dict[Loop | None, list[Loop]] = {}
    for chain in classes.chains:
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

    def __init__(self, classes: Classes):
        self.classes = classes
        indices = np.fromiter((node.index for node in classes.nodes), int, len(classes.nodes))
        position = np.full(classes.reads[:, 0].max(initial=indices.max(initial=-1)) + 1, -1)
        position[indices] = np.arange(len(indices))
        edges = np.column_stack([position[classes.reads[:, 0]], classes.reads[:, 1]])
        self.edges = edges[edges[:, 0] >= 0]

    def score(self, loop: Loop) -> int:
        """Say how much speaks for `loop` being the one over time."""
        depth = loop.depth
        members = [n for n, chain in enumerate(self.classes.chains) if chain[depth : depth + 1] == (loop,)]
        score = _PARAMETRIC if any(self.classes.own[n] for n in members) else 0
        if score and self._is_recurrent(members, depth):
            score += _RECURRENT
        return score + (_FED if score and any(self._is_fed(n, depth) for n in members) else 0)

    def _is_recurrent(self, members: list[int], depth: int) -> bool:
        """Does the loop carry a state through parameters?"""
        inside = np.isin(self.classes.number, members)
        source, target = self.edges[inside[self.edges[:, 0]] & inside[self.edges[:, 1]]].T
        before, after = self.classes.iterations[source], self.classes.iterations[target]
        inner = (before[:, :depth] == after[:, :depth]).all(1)
        carried = before[inner, depth] != after[inner, depth]
        ends = self.classes.number[np.column_stack([source[inner], target[inner]])]
        graph = nx.DiGraph(map(tuple, ends[grouped(ends)[1]].tolist()))
        component = {n: k for k, nodes in enumerate(nx.strongly_connected_components(graph)) for n in nodes}
        parametric = {component[n] for n in component if self.classes.own[n]}
        ends = ends[carried]
        return any(
            component[a] in parametric and component[a] == component[b] for a, b in ends[grouped(ends)[1]].tolist()
        )

    def _is_fed(self, number: int, depth: int) -> bool:
        """Does a class take in different data in each iteration, all outer and inner ones being the same?"""
        members = self.classes.members[number][: _ENOUGH**2]
        others, _ = grouped(np.delete(self.classes.iterations[members], depth, axis=1))
        longest = members[others == np.bincount(others).argmax()]
        return takes_other_data(self.classes.nodes[k] for k in longest[:_ENOUGH].tolist())


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
