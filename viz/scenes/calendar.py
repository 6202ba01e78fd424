"""Which column every node of a graph stands in: time from left to right.

For each level of segments (loops over time that run one after another) there are, from left to right: what was
computed before it, initial states, its time steps, and final states of what runs backward.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from .scene import Column
from .segments import Segment, find_segments
from .slots import slots

__all__ = ["Calendar", "Place", "make_calendar"]


class Place(NamedTuple):
    """A node's column (None: shared by many), its band, its slot there, and the time step that it is labelled with."""

    column: int | None
    band: int
    slot: Hashable
    timestep: int | None = None


class Calendar(NamedTuple):
    """The columns, and every node's place by its index; `states` maps an initial state to the node that it precedes."""

    columns: list[Column]
    places: dict[int, Place]
    states: dict[int, Any]


def make_calendar(graph: Any) -> Calendar:
    """Columns and places for all nodes of `graph`; no columns where nothing is known of time."""
    return _Maker(graph).make()


class _State(NamedTuple):
    """What an initial state precedes, its segment, and whether it stands at the right end."""

    state: Any
    segment: Segment
    at_end: bool


class _Maker:
    def __init__(self, graph: Any) -> None:
        self.nodes = list(graph.nodes)
        self.ops = [node for node in self.nodes if node.kind == "op"]
        self.slot_of = slots(self.ops)
        self.segment_of = find_segments(self.nodes, self.slot_of)
        self.readers: dict[int, list[tuple[Any, int]]] = {}
        for node in self.ops:
            for argument, source in enumerate(node.inputs):
                self.readers.setdefault(source.index, []).append((node, argument))
        self.bands: dict[Hashable, int] = {}
        self.places: dict[int, Place] = {}
        self._taken: set[tuple[int, Hashable]] = set()

    def make(self) -> Calendar:
        if not self.segment_of:
            return Calendar([], {node.index: Place(None, 0, node.index) for node in self.nodes}, {})
        states = self._initial_states()
        after = self._level_reached()
        starts, columns = self._columns(states, after)
        for node in self.ops:
            segment = self.segment_of.get(node.index)
            if segment is not None:
                column = starts[segment.level] + segment.column(node.timestep)
                self._put(
                    node, column, ("segment", segment.group), self.slot_of[node.index], self._shown(node, segment)
                )
            else:
                self._put(node, self._boundary[after[node.index]], ("between", after[node.index]), node.index, None)
        for node in self.nodes:
            if node.kind != "op":
                self._place_leaf(node, states, starts)
        self._mark_masked(columns)
        return Calendar(columns, self.places, {index: found.state for index, found in states.items()})

    def _mark_masked(self, columns: list[Column]) -> None:
        """Find the time steps that are all padding: every mask in them is false throughout."""
        shown: dict[int, bool] = {}
        for node in self.nodes:
            column = self.places[node.index].column
            if node.kind == "constant" and node.dtype == np.bool_ and column is not None:
                shown[column] = shown.get(column, False) or bool(np.any(node.data))
        for column, something in shown.items():
            columns[column].masked = not something

    def _put(self, node: Any, column: int | None, band: Hashable, slot: Hashable, timestep: int | None) -> None:
        self.places[node.index] = Place(column, self.bands.setdefault(band, len(self.bands)), slot, timestep)

    def _shown(self, node: Any, segment: Segment) -> int:
        """The time step in the name: that of the sequence, also where the loop runs against it."""
        return segment.first + segment.last - node.timestep if segment.backward else node.timestep

    def _level_reached(self) -> dict[int, int]:
        """The highest level among the segments that each op depends on; -1 for none."""
        reached: dict[int, int] = {}
        for node in self.nodes:
            below = max((reached[source.index] for source in node.inputs), default=-1)
            segment = self.segment_of.get(node.index)
            reached[node.index] = below if segment is None else segment.level
        return reached

    def _initial_states(self) -> dict[int, _State]:
        """Leaves that stand where, a time step later, the result of a time step stands; with that result."""
        later: dict[tuple[Hashable, int], tuple[Any, bool]] = {}
        for node in self.ops:
            if node.index in self.segment_of:
                now, slot = node.timestep, self.slot_of[node.index]
                for argument, source in enumerate(node.inputs):
                    made = self._made_in(source)
                    if made is not None and made != now:
                        later.setdefault((slot, argument), (source, made > now))
        found: dict[int, _State] = {}
        for node in self.nodes:
            readers = self.readers.get(node.index, ())
            if node.kind == "op" or not readers:
                continue
            first, argument = readers[0]
            segment = self.segment_of.get(first.index)
            state, against = later.get((self.slot_of[first.index], argument), (None, False))
            alone = len({reader.timestep for reader, _ in readers}) == 1
            if segment and state is not None and alone and self._segment(state) is segment and state is not node:
                found[node.index] = _State(state, segment, against != segment.backward)
        return found | self._states_by_name(found)

    def _made_in(self, source: Any) -> int | None:
        """The time step of an op, or of the first op that reads a leaf."""
        if source.kind == "op":
            return int(source.timestep) if source.index in self.segment_of else None
        reader = self.readers[source.index][0][0]
        return int(reader.timestep) if source.kind == "input" and reader.index in self.segment_of else None

    def _segment(self, node: Any) -> Segment | None:
        return self.segment_of.get(node.index if node.kind == "op" else self.readers[node.index][0][0].index)

    def _slot(self, node: Any) -> Hashable:
        """The slot of an op, or of a leaf: that of the first op that reads it."""
        if node.kind == "op":
            return self.slot_of[node.index]
        reader, argument = self.readers[node.index][0]
        return ("leaf", self.slot_of[reader.index], argument)

    def _states_by_name(self, found: dict[int, Any]) -> dict[int, _State]:
        """Inputs that many time steps read, and that have the name of a result of each: the first of its values."""
        shared = [
            node
            for node in self.nodes
            if node.kind == "input" and node.name and node.timestep is None and node.index not in found
        ]
        results: dict[str, Any] = {}
        if shared:
            for node in self.ops:
                if node.index in self.segment_of and node.timestep == self.segment_of[node.index].first and node.name:
                    results.setdefault(node.name, node)
        return {
            node.index: _State(results[node.name], self.segment_of[results[node.name].index], False)
            for node in shared
            if node.name in results and node.index in self.readers
        }

    def _columns(self, states: dict[int, _State], after: dict[int, int]) -> tuple[dict[int, int], list[Column]]:
        """The first column of each level, and all columns; `_boundary` and `_state` hold those in between."""
        segments = {id(segment): segment for segment in self.segment_of.values()}.values()
        between = {after[node.index] for node in self.ops if node.index not in self.segment_of}
        opening = {(found.segment.level, found.at_end) for found in states.values()}
        self._boundary: dict[int, int] = {}
        self._state: dict[tuple[int, bool], int] = {}
        starts: dict[int, int] = {}
        columns: list[Column] = []

        def boundary() -> int:
            columns.append(Column(kind="boundary"))
            return len(columns) - 1

        if -1 in between:
            self._boundary[-1] = boundary()
        for level in range(max(segment.level for segment in segments) + 1):
            if (level, False) in opening:
                self._state[level, False] = boundary()
            starts[level] = len(columns)
            here = [segment for segment in segments if segment.level == level]
            length = max(segment.last - segment.first for segment in here) + 1
            first = min(segment.first for segment in here)
            columns += [Column(f"t = {first + t}", "step", first + t) for t in range(length)]
            if (level, True) in opening:
                self._state[level, True] = boundary()
            if level in between:
                self._boundary[level] = boundary()
        return starts, columns

    def _place_leaf(self, node: Any, states: dict[int, _State], starts: dict[int, int]) -> None:
        if node.index in states:
            state, segment, at_end = states[node.index]
            column = self._state[segment.level, at_end]
            timestep = segment.last + 1 if at_end else segment.first - 1
            slot = self._slot(state)
            while (column, slot) in self._taken:  # the same array given twice is two nodes
                slot = ("another", slot)
            self._taken.add((column, slot))
            self._put(node, column, ("segment", segment.group), slot, timestep)
            return
        readers = [(self.places[reader.index], argument) for reader, argument in self.readers.get(node.index, ())]
        columns = {place.column for place, _ in readers}
        few = len(columns) == 1 or (node.kind == "input" and len(readers) == 2 and _near(columns))
        if node.kind == "parameter" or not few:
            self.places[node.index] = Place(None, -1, node.index)
            return
        place, argument = readers[0]
        self.places[node.index] = Place(place.column, place.band, ("leaf", place.slot, argument), place.timestep)


def _near(columns: set[int | None]) -> bool:
    """Whether two columns are neighbours: a target is fed again in the time step after its own."""
    known = [column for column in columns if column is not None]
    return len(known) == len(columns) == 2 and max(known) - min(known) == 1
