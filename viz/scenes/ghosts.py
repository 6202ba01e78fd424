"""A folded graph in columns: the states of the time step before as ghosts at the left, the cell, and what comes after.

Delayed edges begin at the ghosts, so that none leads back. Loops follow each other from left to right, each with a
column for its initial states, one for each delay, one for its time steps, and one for what is computed after them.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import networkx as nx

from .contraction import Link
from .delays import Delay, Moment, is_carried
from .labels import lowered
from .scene import Column, Edge, Node, Scene

__all__ = ["State", "ghost_label", "in_columns"]

State = tuple[int, Delay]  # the index of a state, and by how much earlier
Group = tuple[int, int]
Place = tuple[int, int, int]  # sorts columns: the loop's number, the kind of column, the time step before first
FAR = 1000  # the distance of a ghost whose delay is in words
LEAVES = ("parameter", "input", "constant")
BEFORE, GHOSTS, STEPS, AFTER = range(4)


def ghost_label(label: str, delay: Delay) -> str:
    """Return the label of a state by so many time steps earlier, later if negative, by iterations, or in words.

    >>> ghost_label("h⁽ᵗ⁾", 1), ghost_label("loss", -2), ghost_label("sumᵢ", "i−1"), ghost_label("h⁽ᵗ⁾", "1…t−1")
    ('h⁽ᵗ⁻¹⁾', 'loss⁽ᵗ⁺²⁾', 'sumᵢ₋₁', 'h, 1…t−1')
    """
    name = label.removesuffix("⁽ᵗ⁾")
    if isinstance(delay, int):
        return f"{name}⁽ᵗ{'⁻' if delay > 0 else '⁺'}{str(abs(delay)).translate(_RAISED)}⁾"
    if re.fullmatch(r"[a-z]−\d+", delay):
        return f"{name.removesuffix(lowered(delay[0]))}{lowered(delay[0])}₋{lowered([delay[2:]])}"
    return f"{name}, {'other t' if delay == 'varies' else delay}"


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def in_columns(
    scene: Scene,
    links: Sequence[Link],
    frames: Mapping[int, int],
    headings: Mapping[int, str],
    starts: Mapping[tuple[int, int], State],
    around: Mapping[int, str],
) -> Scene | None:
    """Return `scene` in columns, with ghosts; None where that cannot be: loops that need each other.

    Parameters
    ----------
    scene : Scene
        Its nodes, called ``"n…"`` by their indices.
    links : sequence of Link
        Its edges.
    frames : mapping
        The loop of each node that is one of every time step, by its index.
    headings : mapping
        What stands above the time steps of a loop.
    starts : mapping
        For (initial state, target) the state and the delay in whose place it is read.
    around : mapping
        How often a loop around time goes round, for each node in it.
    """
    if any(is_carried(link.delay) and link.source not in frames for link in links):
        return None
    columns = _Columns(scene, links, frames, starts)
    return columns.scene(headings, around) if nx.is_directed_acyclic_graph(columns.order) else None


class _Columns:
    """Loops and what stands outside of them as *groups*: (a loop, -1) or (-1, a node)."""

    def __init__(
        self,
        scene: Scene,
        links: Sequence[Link],
        frames: Mapping[int, int],
        starts: Mapping[tuple[int, int], State],
    ) -> None:
        self._scene = scene
        self._frames = frames
        self._boxes = {int(node.id[1:]): node for node in scene.nodes}
        states = dict.fromkeys((link.source, link.delay) for link in links if is_carried(link.delay))
        self._states = {state: f"n{state[0]}g{number}" for number, state in enumerate(states)}
        self._starting: dict[int, State] = {}
        self._edges: dict[tuple[str, str, int], Edge] = {}
        self.order = nx.DiGraph()
        self.order.add_nodes_from(self._group(index) for index in self._boxes)
        for link in links:
            self._add(link, starts.get((link.source, link.target)))
        self.order.remove_edges_from(list(nx.selfloop_edges(self.order)))
        leaves = {i for i, box in self._boxes.items() if i not in frames and box.kind in LEAVES}
        shared = {link.source for link in links if link.source in leaves and link.target in frames}
        self._shared = shared - self._starting.keys()

    def _add(self, link: Link, start: State | None) -> None:
        """Take an edge: from a ghost, if it is delayed; to a ghost, if it brings an initial state."""
        if is_carried(link.delay):
            edge = replace(link._replace(delay=0).edge(), source=self._states[link.source, link.delay])
        elif start in self._states and start is not None and self._group(link.source) == self._group(start[0]):
            return  # the first of its time steps, computed apart: its name says that
        elif start in self._states and start is not None:
            self._starting.setdefault(link.source, start)
            once = link._replace(factors=(), argument=0, delay=link.delay or Moment("once"))
            edge = replace(once.edge(), target=self._states[start], kind="elided")
            self.order.add_edge(self._group(link.source), self._group(start[0]))
        else:
            edge = link.edge()
            self.order.add_edge(self._group(link.source), self._group(link.target))
        self._edges.setdefault((edge.source, edge.target, edge.argument), edge)

    def _group(self, index: int) -> Group:
        return (self._frames[index], -1) if index in self._frames else (-1, index)

    @cached_property
    def _loops(self) -> dict[Group, int]:
        """The number of each loop, from left to right."""
        return {group: number for number, group in enumerate(g for g in self._sorted if g[1] < 0)}

    @cached_property
    def _sorted(self) -> list[Group]:
        """All groups, each after those that it reads, else in the order of the program."""
        first: dict[Group, int] = {}
        for index in sorted(self._boxes):
            first.setdefault(self._group(index), index)
        return list(nx.lexicographical_topological_sort(self.order, key=first.__getitem__))

    @cached_property
    def _latest(self) -> dict[Group, int]:
        """The last loop that each group depends on, or is; -1 for none. A leaf stands with what reads it."""
        latest: dict[Group, int] = {}
        for group in self._sorted:
            before = [latest[other] for other in self.order.predecessors(group)]
            latest[group] = self._loops.get(group, max(before, default=-1))
        for group in self._sorted:
            readers = list(self.order.successors(group))
            if readers and not self.order.in_degree(group) and self._loops.keys().isdisjoint([group, *readers]):
                latest[group] = min(latest[reader] for reader in readers)
        return latest

    def scene(self, headings: Mapping[int, str], around: Mapping[int, str]) -> Scene:
        """Return the scene with its columns; ghosts come first."""
        places = self._places()
        nodes = [(self._ghost_place(*state), self._ghost_node(*state)) for state in self._states]
        nodes += [(place, replace(self._boxes[i], band=band, slot=slot)) for i, (place, band, slot) in places.items()]
        heading = {
            (self._loops[frame, -1], STEPS, 0): text for frame, text in headings.items() if (frame, -1) in self._loops
        }
        order = sorted({place for place, _ in nodes})
        columns = [Column(heading[place]) if place in heading else Column(kind="boundary") for place in order]
        placed = [replace(node, column=order.index(place)) for place, node in nodes]
        loops = ((node.column or 0, around.get(int(node.id[1:].partition("g")[0]), "")) for node in placed)
        _frame_columns(columns, list(loops))
        placed += [replace(self._boxes[index], band=-1, slot=index) for index in sorted(self._shared)]
        return replace(self._scene, nodes=placed, edges=list(self._edges.values()), columns=columns)

    def _places(self) -> dict[int, tuple[Place, int, Hashable]]:
        """Return the column, the band and the slot of each node that is not shared by all time steps."""
        places: dict[int, tuple[Place, int, Hashable]] = {}
        taken: set[tuple[int, int]] = set()
        for index in self._boxes.keys() - self._shared:
            group = self._group(index)
            state, _ = self._starting.get(index, (-1, 0))
            if group in self._loops:
                places[index] = (self._loops[group], STEPS, 0), 2 * self._loops[group] + 1, index
            elif state >= 0 and self._latest[group] < self._loops[self._group(state)]:
                loop = self._loops[self._group(state)]
                places[index] = (loop, BEFORE, 0), 2 * loop + 1, ("start", index) if (loop, state) in taken else state
                taken.add((loop, state))
            else:
                places[index] = (self._latest[group], AFTER, 0), 2 * self._latest[group] + 2, index
        return dict(sorted(places.items()))

    def _ghost_place(self, index: int, delay: Delay) -> Place:
        return self._loops[self._group(index)], GHOSTS, -_distance(delay)

    def _ghost_node(self, index: int, delay: Delay) -> Node:
        box, loop = self._boxes[index], self._loops[self._group(index)]
        label = ghost_label(box.label, delay)
        return Node(self._states[index, delay], label, kind="ghost", band=2 * loop + 1, slot=index, title=box.title)


def _frame_columns(columns: list[Column], around: Sequence[tuple[int, str]]) -> None:
    """Let columns beside each other say that a loop goes around them, if there is one and all of it stands there."""
    of_columns = [{text for place, text in around if place == number} for number in range(len(columns))]
    inside = [number for number, texts in enumerate(of_columns) if any(texts)]
    is_whole = inside == list(range(inside[0], inside[-1] + 1)) if inside else False
    if is_whole and len(set().union(*(of_columns[number] for number in inside))) == 1:
        for number in inside:
            (text,) = of_columns[number]
            is_heading = columns[number].label == text
            columns[number] = replace(Column(kind="boundary") if is_heading else columns[number], around=text)


def _distance(delay: Delay) -> int:
    return abs(delay) if isinstance(delay, int) else FAR
