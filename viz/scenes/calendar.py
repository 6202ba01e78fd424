"""Which column every node of a graph stands in: time from left to right.

For each level of segments (loops over time that run one after another) there are, from left to right: initial states,
its time steps, final states of what runs backward, and what is computed after it; before all, what no loop precedes.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

import tinygraph as tg

from .scene import Column
from .segments import find_segments
from .slots import slots
from .states import InitialStates

__all__ = ["Calendar", "CellPlace", "make_calendar"]

Moment = tuple[int, int, int]  # a column before it has a number: level, phase, time step since the first; in order
STATES, STEPS, FINAL_STATES, AFTER = range(4)  # the phases


class CellPlace(NamedTuple):
    """A node's column (None: shared by many), its band, its slot there, and the time step that it is labelled with."""

    column: int | None
    band: int
    slot: Hashable
    timestep: int | None = None


class Calendar(NamedTuple):
    """The columns, and every node's place by its index; `states` maps an initial state to the node that it precedes."""

    columns: list[Column]
    places: dict[int, CellPlace]
    states: dict[int, tg.Node]


def make_calendar(graph: tg.Graph) -> Calendar:
    """Return columns and places for all nodes of `graph`; no columns where nothing is known of time."""
    return _Maker(graph).calendar()


class _Maker:
    """Finds first the columns, then the places of ops, then those of the leaves that they read."""

    def __init__(self, graph: tg.Graph) -> None:
        self.graph = graph
        self.slot_of = slots(node for node in graph.nodes if node.kind == "op")
        self.segment_of = find_segments(graph.nodes, self.slot_of)
        self.states = InitialStates(graph, self.segment_of, self.slot_of).find()
        self.column_of: dict[int, int] = {}
        self.places: dict[int, CellPlace] = {}
        self._bands: dict[Hashable, int] = {}
        self._taken: set[tuple[int, Hashable]] = set()

    def calendar(self) -> Calendar:
        if not self.segment_of:
            return Calendar([], {node.index: CellPlace(None, 0, node.index) for node in self.graph.nodes}, {})
        columns = self._columns()
        for node in self.graph.nodes:
            if node.kind == "op":
                self.places[node.index] = self._op(node)
        for node in self.graph.nodes:
            if node.kind != "op":
                self.places[node.index] = self._state(node) if node.index in self.states else self._leaf(node)
        self._mark_masked(columns)
        return Calendar(columns, self.places, {index: state.precedes for index, state in self.states.items()})

    # -- columns ------------------------------------------------------------------------------------------------------

    def _columns(self) -> list[Column]:
        """Return the columns, having found which one each op and each initial state stands in."""
        moments = self._moments()
        timesteps = self._timesteps()
        order = sorted({*moments.values(), *timesteps})
        number = {moment: column for column, moment in enumerate(order)}
        self.column_of = {index: number[moment] for index, moment in moments.items()}
        steps = map(timesteps.get, order)
        return [Column(kind="boundary") if t is None else Column(f"t = {t}", "step", t) for t in steps]

    def _timesteps(self) -> dict[Moment, int]:
        """Return the time steps of each level, also those in which nothing happened."""
        segments = {id(segment): segment for segment in self.segment_of.values()}.values()
        first: dict[int, int] = {}
        for segment in segments:
            first[segment.level] = min(segment.first, first.get(segment.level, segment.first))
        return {
            (segment.level, STEPS, step): first[segment.level] + step
            for segment in segments
            for step in range(segment.last - segment.first + 1)
        }

    def _moments(self) -> dict[int, Moment]:
        moments: dict[int, Moment] = {}
        for index, state in self.states.items():
            moments[index] = state.segment.level, FINAL_STATES if state.at_end else STATES, 0
        levels: dict[int, int] = {}  # the highest that each node depends on, -1 for none
        for node in self.graph.nodes:
            segment = self.segment_of.get(node.index)
            if segment is not None and node.timestep is not None:
                levels[node.index] = segment.level
                moments[node.index] = segment.level, STEPS, segment.column(node.timestep)
            else:
                levels[node.index] = max((levels[source.index] for source in node.inputs), default=-1)
                if node.kind == "op":
                    moments[node.index] = levels[node.index], AFTER, 0
        return moments

    def _mark_masked(self, columns: list[Column]) -> None:
        """Mark the time steps that are all padding: every mask in them is false throughout."""
        active: dict[int, bool] = {}
        for node in self.graph.nodes:
            column = self.places[node.index].column
            if node.kind == "constant" and node.dtype == np.bool_ and column is not None:
                active[column] = active.get(column, False) or bool(np.any(node.data))
        for column, active_somewhere in active.items():
            columns[column].masked = not active_somewhere

    # -- places -------------------------------------------------------------------------------------------------------

    def _op(self, node: tg.Node) -> CellPlace:
        column, segment, t = self.column_of[node.index], self.segment_of.get(node.index), node.timestep
        if segment is None or t is None:
            return CellPlace(column, self._band(("outside of time", column)), node.index)
        in_sequence = segment.first + segment.last - t if segment.backward else t
        return CellPlace(column, self._band(segment.group), self.slot_of[node.index], in_sequence)

    def _state(self, node: tg.Node) -> CellPlace:
        column, (value, segment, at_end) = self.column_of[node.index], self.states[node.index]
        slot = self.slot_of[value.index] if value.kind == "op" else self._leaf_slot(value)
        while (column, slot) in self._taken:  # the same array given twice is two nodes
            slot = ("another", slot)
        self._taken.add((column, slot))
        return CellPlace(column, self._band(segment.group), slot, segment.last + 1 if at_end else segment.first - 1)

    def _leaf(self, node: tg.Node) -> CellPlace:
        readers = self.graph.consumers(node)
        places = [self.places[reader.index] for reader, _ in readers]
        columns = [place.column for place in places if place.column is not None]
        span = max(columns) - min(columns) if columns else None
        fed_again = node.kind == "input" and len(readers) == 2 and span == 1  # a target, in the step after its own
        if node.kind == "parameter" or not (span == 0 or fed_again):
            return CellPlace(None, -1, node.index)
        return places[0]._replace(slot=("leaf", places[0].slot, readers[0][1]))

    def _leaf_slot(self, leaf: tg.Node) -> Hashable:
        reader, argument = self.graph.consumers(leaf)[0]
        return ("leaf", self.slot_of[reader.index], argument)

    def _band(self, key: Hashable) -> int:
        return self._bands.setdefault(key, len(self._bands))
