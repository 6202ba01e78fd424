"""Which recorded ops are one op of the cell: the same instruction, signature and parameters in other iterations.

The choices made here (which loops are kept, and which are only labels of what they repeat) decide how small a folded
graph is, never whether it is right.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, Generic, TypeVar

import numpy as np

from ..numeric import padded
from ..recording.node import Node
from .places import Loop, Place, Vector, told_visits, visits

_INDEX = attrgetter("index")
Key = TypeVar("Key", bound=Hashable)
Own = tuple[tuple[int, int], ...]  # the parameters that a node uses: (argument, index of the parameter's node)


class _Interned(dict[Key, int], Generic[Key]):
    """Numbers things as they are first seen."""

    def __missing__(self, key: Key) -> int:
        self[key] = number = len(self)
        return number


@dataclass
class Groups:
    """The ops of a graph, grouped.

    Attributes
    ----------
    nodes : the op nodes, in recorded order
    number : (N,) the group of each
    chains : the kept loops around each group, outermost first
    iterations : (N, D) the iterations of those loops, -1 beyond them
    own : the parameters that each group uses
    order : for each group the numbers, with None for an iteration, that sort its nodes as they were recorded
    dissolved : loops that are only labels
    sites : (N, 1 + L) what told them apart but for parameters: place and signature, then the iterations of all loops
    columns : for each group, the columns of `sites` that count the iterations of its kept loops
    """

    nodes: Sequence[Node]
    number: np.ndarray
    chains: list[tuple[Loop, ...]]
    iterations: np.ndarray
    own: list[Own]
    order: list[tuple[int | None, ...]]
    dissolved: list[Loop]
    sites: np.ndarray
    columns: list[tuple[int, ...]]

    @cached_property
    def position(self) -> dict[Node, int]:
        """Where each op node stands in `nodes`."""
        return {node: k for k, node in enumerate(self.nodes)}

    @cached_property
    def reads(self) -> np.ndarray:
        """What the ops read: rows of the index of a node in the graph, the position of the op, the argument."""
        inputs = [node.inputs for node in self.nodes]
        arity = np.fromiter(map(len, inputs), int, len(inputs))
        source = np.fromiter(map(_INDEX, chain.from_iterable(inputs)), int, arity.sum())
        first = np.repeat(np.cumsum(arity) - arity, arity)
        return np.column_stack([source, np.repeat(np.arange(len(arity)), arity), np.arange(len(source)) - first])

    @cached_property
    def members(self) -> list[np.ndarray]:
        """For each class, the positions of its nodes."""
        by_class = np.argsort(self.number, kind="stable")
        return np.split(by_class, np.searchsorted(self.number[by_class], np.arange(1, len(self.chains))))


def group_ops(nodes: Sequence[Node]) -> Groups:
    """Group op nodes, given in recorded order."""
    return _Grouping(nodes).groups()


class _Grouping:
    def __init__(self, nodes: Sequence[Node]):
        self.nodes = nodes
        visited, vectors = _visited(nodes)
        places: _Interned[Place] = _Interned()
        self.place = np.fromiter(map(places.__getitem__, visited), int, len(visited))
        self.loops = [place.loops for place in places]
        self.order = [place.order for place in places]
        self.vectors = padded(vectors)
        signatures: _Interned[Hashable] = _Interned()
        self.signature = np.fromiter(map(signatures.__getitem__, map(signature, nodes)), int, len(nodes))
        owns: _Interned[Own] = _Interned()
        self.own = np.fromiter(map(owns.__getitem__, parameters_used(nodes)), int, len(nodes))
        self.no_parameters = owns[()]
        self.owns = list(owns)
        order = np.argsort(self.place, kind="stable")
        self.rows = np.split(order, np.searchsorted(self.place[order], np.arange(1, len(places))))

    def groups(self) -> Groups:
        self._forget_first_parameters()
        for split in (self._split_if_restarted, self._split_if_periodic):
            for loop in list(self._places_in_loops()):
                split(loop, self._places_in_loops()[loop])
        where = self._places_in_loops()
        kept = {loop for loop in where if self._repeats(where[loop])}
        keep = np.zeros((len(self.loops), self.vectors.shape[1]), bool)
        for p, loops in enumerate(self.loops):
            keep[p, : len(loops)] = [loop in kept for loop in loops]
        labels = np.where(keep[self.place], -1, self.vectors)
        number, first = grouped(np.column_stack([self.place, self.signature, self.own, labels]))
        chains, orders = self._chains(first, labels, kept)
        kept_first = np.argsort(~keep, axis=1, kind="stable")[self.place]
        iterations = np.take_along_axis(np.where(keep[self.place], self.vectors, -1), kept_first, axis=1)
        depth = max(map(len, chains), default=0)
        own = [self.owns[self.own[k]] for k in first]
        dissolved = [x for x in where if x not in kept and any(labels[self.rows[p], d].any() for p, d in where[x])]
        site = grouped(np.column_stack([self.place, self.signature]))[0]
        columns = [tuple((1 + np.flatnonzero(keep[self.place[k]])).tolist()) for k in first]
        sites = np.column_stack([site, self.vectors])
        return Groups(self.nodes, number, chains, iterations[:, :depth], own, orders, dissolved, sites, columns)

    def _chains(self, first: np.ndarray, labels: np.ndarray, kept: set[Loop]) -> tuple[list, list]:
        """Return for each class its kept loops and its order; below a label, every label has a loop of its own."""
        copies: dict[tuple, Loop] = {}
        chains, orders = [], []
        for k in first:
            around: tuple[Loop, ...] = ()
            label: Vector = ()
            iterations: list[int | None] = []
            for loop, at in zip(self.loops[self.place[k]], labels[k].tolist(), strict=False):
                if loop not in kept:
                    label += (at,)
                    iterations.append(at)
                    continue
                iterations.append(None)
                if (loop, label) not in copies:
                    copies[loop, label] = loop.copy(around[-1] if around else None)
                around += (copies[loop, label],)
            chains.append(around)
            at_none = iter(iterations)
            orders.append(tuple(next(at_none) if n is None else n for n in self.order[self.place[k]]))
        return chains, orders

    def _places_in_loops(self) -> dict[Loop, list[tuple[int, int]]]:
        """For each loop, the places in it and the column of their vectors that counts its iterations."""
        found: dict[Loop, list[tuple[int, int]]] = {}
        for p, loops in enumerate(self.loops):
            for column, loop in enumerate(loops):
                found.setdefault(loop, []).append((p, column))
        return found

    def _forget_first_parameters(self) -> None:
        """Parameters that an argument has in first iterations only are a learned initial state: data, not identity."""
        interned: _Interned[Own] = _Interned((own, k) for k, own in enumerate(self.owns))
        for argument in {argument for own in self.owns for argument, _ in own}:
            has = np.array([any(at == argument for at, _ in own) for own in self.owns])
            for rows in self.rows:
                user = has[self.own[rows]]
                if not user.any() or user.all():
                    continue
                vectors = self.vectors[rows]
                if ((vectors[user] == 0).all(0) & (vectors[~user] > 0).any(0)).any():
                    for k in rows[user].tolist():
                        self.own[k] = interned[tuple(use for use in self.owns[self.own[k]] if use[0] != argument)]
            self.owns = list(interned)

    def _repeats(self, where: list[tuple[int, int]]) -> bool:
        """Is the loop kept? Not if it repeats no op, or none that has parameters with the same ones."""
        without_parameters = False
        differ = False
        for p, column in where:
            found = self._recurrence(p, column)
            if found in ("same", "mixed") and self.owns[self.own[self.rows[p][0]]]:
                return True
            without_parameters |= found == "same"
            differ |= found == "differ"
        return without_parameters and not differ

    def _recurrence(self, p: int, column: int) -> str:
        """What the parameters at a place do from iteration to iteration, all else being the same."""
        rows = self.rows[p]
        if len(rows) == 1:
            return "single"
        others = grouped(np.delete(self.vectors[rows], column, axis=1))[0]
        groups = others.max() + 1
        pairs = grouped(np.column_stack([others, self.own[rows]]))[0].max() + 1
        if groups == len(rows):
            return "single"
        return "same" if pairs == groups else "differ" if pairs == len(rows) else "mixed"

    def _split_if_restarted(self, loop: Loop, where: list[tuple[int, int]]) -> None:
        """Tell a loop from the one around it where nothing was recorded between them.

        The outer loop then seems to run once, and the inner one to go on. It starts anew where the ops with
        parameters take nothing from the iteration before.
        """
        column = where[0][1]
        around = loop.parent
        if around is None or around.code is None or around.code is not loop.code:
            return
        if any(self.vectors[self.rows[p], d].any() for p, d in self._places_in_loops()[around]):
            return
        rows = np.concatenate([self.rows[p] for p, _ in where])
        prefix = np.full(len(self.nodes), -1)
        prefix[rows] = grouped(self.vectors[rows, :column])[0]
        linked = np.zeros((prefix.max() + 1, self.vectors[rows, column].max() + 1), bool)
        position = {node: k for k, node in enumerate(self.nodes)}
        for k in rows[self.own[rows] != self.no_parameters].tolist():
            for given in self.nodes[k].inputs:
                j = position.get(given, -1)
                if j >= 0 and prefix[j] == prefix[k] and self.vectors[j, column] == self.vectors[k, column] - 1:
                    linked[prefix[k], self.vectors[k, column]] = True
        if linked.any():
            starts = np.where(linked, 0, np.arange(linked.shape[1]))
            rest = np.arange(linked.shape[1]) - np.maximum.accumulate(starts, axis=1)
            restarts = np.cumsum(~linked, axis=1) - 1
            if restarts.any():
                at = (prefix[rows], self.vectors[rows, column])
                self._split(loop, Loop(around, loop.code, around.offset), where, restarts[at], rest[at])

    def _split_if_periodic(self, loop: Loop, where: list[tuple[int, int]]) -> None:
        """Where parameters come back every few iterations, a loop over time has swallowed one over layers."""
        periods = {self._period(p, column) for p, column in where if self._recurrence(p, column) == "mixed"}
        if len(periods) == 1 and 0 not in periods:
            iterations = np.concatenate([self.vectors[self.rows[p], column] for p, column in where])
            outer = loop.copy(loop.parent)
            self._split(loop, outer, where, *np.divmod(iterations, periods.pop()))

    def _split(
        self, loop: Loop, outer: Loop, where: list[tuple[int, int]], quotient: np.ndarray, rest: np.ndarray
    ) -> None:
        """Count the iterations of `loop` in two loops, given the numbers for its places in turn."""
        column = where[0][1]
        rows = np.concatenate([self.rows[p] for p, _ in where])
        self.vectors = np.pad(self.vectors, ((0, 0), (0, 1)), constant_values=-1)
        vectors = self.vectors[rows]
        self.vectors[rows] = np.column_stack([vectors[:, :column], quotient, rest, vectors[:, column + 1 : -1]])
        for p, _ in where:
            self.loops[p] = (*self.loops[p][:column], outer, *self.loops[p][column:])
            at = [k for k, n in enumerate(self.order[p]) if n is None][column]
            self.order[p] = (*self.order[p][:at], None, 0, *self.order[p][at:])

    def _period(self, p: int, column: int) -> int:
        """Return after how many iterations the parameters at a place come back, or 0."""
        rows = self.rows[p]
        vectors = self.vectors[rows]
        others = grouped(np.delete(vectors, column, axis=1))[0]
        by_iteration = np.lexsort([vectors[:, column], others])
        own, group = self.own[rows][by_iteration], others[by_iteration]
        again = np.flatnonzero(own[1:] == own[0])
        period = int(again[0]) + 1 if len(again) else len(rows)
        comparable = group[period:] == group[:-period]
        repeated = own[period:] == own[:-period]
        contiguous = np.diff(vectors[by_iteration, column])[np.diff(group) == 0] == 1
        return period if comparable.any() and repeated[comparable].all() and contiguous.all() else 0


def parameters_used(nodes: Sequence[Node]) -> list[Own]:
    """For each op node, the parameters it uses, directly or through ops of one argument such as a transpose."""
    carried: dict[Node, int] = {}
    found: list[Own] = []
    for node in nodes:
        own: Own = tuple(
            (argument, given.index if given.kind == "parameter" else carried[given])
            for argument, given in enumerate(node.inputs)
            if given.kind == "parameter" or given in carried
        )
        if own and len(node.inputs) == 1:
            carried[node] = own[0][1]
        found.append(own)
    return found


def signature(node: Node) -> Hashable:
    """Return what makes two ops the same: the op and its static attributes. Which element of an array is data."""
    attributes = node.attributes
    return (id(node.op), freeze(attributes)) if attributes else id(node.op)


def freeze(value: Any, key: str = "") -> Hashable:
    """Return a hashable stand-in for static attributes."""
    if isinstance(value, dict):
        return tuple((name, freeze(value[name], name)) for name in sorted(value))
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item, key) for item in value)
    if key == "index" and not (value is None or value is Ellipsis or isinstance(value, bool)):
        return type(value).__name__ if isinstance(value, (slice, np.ndarray)) else "integer"
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _visited(nodes: Sequence[Node]) -> tuple[list[Place], list[Vector]]:
    """Return the place and the iterations of each op: told, read from the program, or counted if neither is known."""
    told = [node for node in nodes if node.told_loops]
    others = [node for node in nodes if not node.told_loops] if told else nodes
    read = visits if all(node.call is not None for node in others) else occurrences
    if not told:
        return read(others)
    of_told, of_others = (zip(*part, strict=True) for part in (told_visits(told), read(others)))
    merged = [next(of_told if node.told_loops else of_others) for node in nodes]
    return [place for place, _ in merged], [vector for _, vector in merged]


def occurrences(nodes: Sequence[Node]) -> tuple[list[Place], list[Vector]]:
    """Stand in for `visits` where calls are not known (a file of an old version): count how often the same happened."""
    loop = Loop(None)
    places: dict[Hashable, Place] = {}
    counts: dict[Place, int] = {}
    found: list[Place] = []
    vectors: list[Vector] = []
    for node, own in zip(nodes, parameters_used(nodes), strict=True):
        source = node.source and (node.source.filename, node.source.lineno, node.source.column, node.source.end_column)
        key = (signature(node), own, source, node.scope)
        if key not in places:
            places[key] = Place((loop,), (0, None, len(places)))
        place = places[key]
        counts[place] = counts.get(place, -1) + 1
        found.append(place)
        vectors.append((counts[place],))
    return found, vectors


def grouped(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the rows of `keys` so that equal rows have equal numbers, in order of first appearance.

    Returns
    -------
    (N,) numbers, and the first row of each number.
    """
    if not keys.shape[1]:
        keys = np.zeros((len(keys), 1), int)
    order = np.lexsort(keys.T[::-1])
    ordered = keys[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(1)]) if len(keys) else np.zeros(0, bool)
    first = np.minimum.reduceat(order, np.flatnonzero(new)) if len(keys) else order
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(len(first))
    numbers = np.empty(len(keys), int)
    numbers[order] = rank[np.cumsum(new) - 1]
    return numbers, np.sort(first)
