"""The loops of the recorded program: the iteration in which each node was made, and the loop that is time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from .bytecode import instruction
from .classes import Classes, classes_of
from .visits import Loop, visits

if TYPE_CHECKING:
    from .graph import Graph, Node

__all__ = ["Loop", "instruction", "iterations", "time_steps"]

_RECURRENT, _FED, _PARAMETRIC = 4, 2, 1  # what speaks for a loop being the one over time


def iterations(graph: Graph) -> list[tuple[tuple[Loop, int], ...]]:
    """Return for each node of the graph the loops it was recorded in, outermost first, and their iterations from 0.

    Leaves have none, and neither have the ops of a graph that was loaded from a file.
    """
    ops = [node for node in graph.nodes if node.kind == "op" and node.call is not None]
    found = {
        node: tuple(zip(place.loops, vector, strict=True)) for node, (place, vector) in zip(ops, visits(ops), strict=True)
    }
    return [found.get(node, ()) for node in graph.nodes]


def time_steps(graph: Graph) -> list[int | None]:
    """Return for each node of the graph its time step, from 1, or None where it belongs to none.

    A label by ``tg.timestep`` wins. Otherwise the step is the iteration of the loop over time: the one that carries a
    state through parameters it uses again and again, and that takes in other data each time. Leaves other than
    parameters belong to the time step that uses them, if it is one only.
    """
    ops = [node for node in graph.nodes if node.kind == "op"]
    steps = _op_steps(classes_of(graph)) if ops else []
    found: list[int | None] = [None] * len(graph.nodes)
    for node, step in zip(ops, steps, strict=True):
        found[node.index] = step
    users: dict[Node, set[int | None]] = {}
    for node in ops:
        for given in node.inputs:
            if given.kind in ("input", "constant"):
                users.setdefault(given, set()).add(found[node.index])
    for leaf, used_in in users.items():
        found[leaf.index] = used_in.pop() if len(used_in) == 1 else None
    return found


def _op_steps(classes: Classes) -> list[int | None]:
    time = over_time(classes)
    steps: list[int | None] = [None] * len(classes.nodes)
    position = {node: k for k, node in enumerate(classes.nodes)}
    for number, chain in enumerate(classes.chains):
        columns = [d for d, loop in enumerate(chain) if loop in time]
        if columns:
            for k in classes.members[number].tolist():
                steps[k] = int(classes.iterations[k, columns[-1]]) + 1
    nests_with_time = {_root(loop) for loop in time}
    for k, node in enumerate(classes.nodes):  # a sum over what time steps made goes along with them
        chain = classes.chains[classes.number[k]]
        if steps[k] is None and chain and chain[0] not in nests_with_time:
            known = [steps[position[given]] for given in node.inputs if given in position]
            steps[k] = max((step for step in known if step is not None), default=None)
    return _labelled(classes, time, steps)


def _labelled(classes: Classes, time: set[Loop], steps: list[int | None]) -> list[int | None]:
    """Put the labels of ``tg.timestep`` in the place of iterations, in all of the loop that was labelled."""
    renamed: dict[tuple[Loop, int | None], int] = {}
    labels = [node.timestep_label for node in classes.nodes]
    inner = [next((loop for loop in reversed(chain) if loop in time), None) for chain in classes.chains]
    for k, name in enumerate(labels):
        loop = inner[classes.number[k]]
        if name is not None and loop is not None:
            renamed.setdefault((loop, steps[k]), name)
    return [
        name if name is not None else renamed.get((inner[classes.number[k]], steps[k]), steps[k])
        for k, name in enumerate(labels)
    ]


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
        position = {node: k for k, node in enumerate(classes.nodes)}
        edges = [
            (position[given], k, argument)
            for k, node in enumerate(classes.nodes)
            for argument, given in enumerate(node.inputs)
            if given in position
        ]
        self.edges = np.array(edges, int).reshape(-1, 3)

    def score(self, loop: Loop) -> int:
        """Say how much speaks for `loop` being the one over time."""
        depth = 0
        outer = loop.parent
        while outer is not None:
            depth, outer = depth + 1, outer.parent
        members = [n for n, chain in enumerate(self.classes.chains) if chain[depth : depth + 1] == (loop,)]
        score = _PARAMETRIC if any(self.classes.own[n] for n in members) else 0
        if score and self._is_recurrent(members, depth):
            score += _RECURRENT
        return score + (_FED if score and any(self._is_fed(n, depth) for n in members) else 0)

    def _is_recurrent(self, members: list[int], depth: int) -> bool:
        """Does the loop carry a state through parameters?"""
        inside = np.isin(self.classes.number, members)
        source, target = self.edges[inside[self.edges[:, 0]] & inside[self.edges[:, 1]], :2].T
        before, after = self.classes.iterations[source], self.classes.iterations[target]
        inner = (before[:, :depth] == after[:, :depth]).all(1)
        carried = before[inner, depth] != after[inner, depth]
        ends = self.classes.number[np.column_stack([source[inner], target[inner]])]
        graph = nx.DiGraph(map(tuple, np.unique(ends, axis=0).tolist()))
        component = {n: k for k, nodes in enumerate(nx.strongly_connected_components(graph)) for n in nodes}
        parametric = {component[n] for n in component if self.classes.own[n]}
        return any(
            component[a] == component[b] and component[a] in parametric for a, b in np.unique(ends[carried], axis=0).tolist()
        )

    def _is_fed(self, number: int, depth: int) -> bool:
        """Does a class take in different data in each iteration, all outer and inner ones being the same?"""
        alike: dict[tuple[int, ...], list[Node]] = {}
        for k in self.classes.members[number].tolist():
            others = self.classes.iterations[k].tolist()
            others.pop(depth)
            alike.setdefault(tuple(others), []).append(self.classes.nodes[k])
        return any(map(takes_other_data, alike.values()))


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


def _equal(a: object, b: object) -> bool:
    if a is b or a is None or b is None:
        return True
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or (a != a and b != b)
    try:
        return bool(np.array_equal(a, b, equal_nan=True))
    except TypeError:
        return a == b
