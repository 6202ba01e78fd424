"""Which column every node of a graph stands in: time from left to right.

For each level of segments (loops over time that run one after another) there are, from left to right: its time steps,
with initial states before the first or after the last, and what is computed after them; before all, what no loop
precedes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import tinygraph as tg

from .scene import Column
from .segments import Segment, find_segments

__all__ = ["Calendar", "CellPlace", "make_calendar"]

Moment = tuple[int, bool, int]  # a column before it has a number: level, whether after all time steps, time step


class CellPlace(NamedTuple):
    """A node's column (None: shared by many), its band, its slot there, and the time step that it is labelled with."""

    column: int | None
    band: int
    slot: int
    timestep: int | None = None


class Calendar(NamedTuple):
    """The columns, every node's place by its index, and the segment of each op."""

    columns: list[Column]
    places: dict[int, CellPlace]
    segments: list[Segment | None]


def make_calendar(graph: tg.Graph) -> Calendar:
    """Return columns and places for all nodes of `graph`; no columns where nothing is known of time."""
    return _Maker(graph).calendar()


class _Maker:
    """Finds first the columns, then the places of ops, then those of the leaves that they read."""

    def __init__(self, graph: tg.Graph) -> None:
        self.graph = graph
        self.timeline = graph.timeline
        self.segment_of = find_segments(graph.timeline)
        self.states = self._initial_states()
        self.columns: list[Column] = []
        self.column_of: dict[int, int] = {}
        self.places: dict[int, CellPlace] = {}
        self._bands: dict[Segment | int, int] = {}
        self._taken: set[tuple[int, int]] = set()

    def calendar(self) -> Calendar:
        if not any(self.segment_of):
            return Calendar(
                [], {node.index: CellPlace(None, 0, node.index) for node in self.graph.nodes}, self.segment_of
            )
        columns = self.columns = self._columns()
        for node in self.timeline.ops:
            self.places[node.index] = self._op(node)
        for node in self.graph.nodes:
            if node.kind != "op":
                self.places[node.index] = self._state(node) if node.index in self.states else self._leaf(node)
        self._mark_masked(columns)
        return Calendar(columns, self.places, self.segment_of)

    def _initial_states(self) -> dict[int, tuple[Segment, int, int]]:
        """Return by the index of each initial state its segment, the index of what it precedes, and its time step."""
        states: dict[int, tuple[Segment, int, int]] = {}
        for leaf, precedes in enumerate(self.timeline.precedes):
            if precedes is not None:
                value, timestep = self.graph.nodes[precedes], self.timeline.timesteps[leaf]
                op = value if value.kind == "op" else self.graph.consumers(value)[0][0]
                segment, run = self.segment_of[op.index], self.timeline.runs[op.index]
                if segment is not None and run is not None:
                    before = run.last + 1 if run.backward else run.first - 1
                    states[leaf] = segment, precedes, before if timestep is None else timestep
        return states

    # -- columns ------------------------------------------------------------------------------------------------------

    def _columns(self) -> list[Column]:
        """Return the columns, having found which one each op and each initial state stands in."""
        moments = self._moments()
        steps = {  # also those in which nothing happened
            (segment.level, False, timestep)
            for segment in dict.fromkeys(filter(None, self.segment_of))
            for timestep in range(segment.first, segment.last + 1)
        }
        order = sorted({*moments.values(), *steps})
        number = {moment: column for column, moment in enumerate(order)}
        self.column_of = {index: number[moment] for index, moment in moments.items()}
        return [Column(f"t = {m[2]}", "step", m[2]) if m in steps else Column(kind="boundary") for m in order]

    def _moments(self) -> dict[int, Moment]:
        moments = {index: (segment.level, False, step) for index, (segment, _, step) in self.states.items()}
        levels: list[int] = []  # the highest that each node depends on, -1 for none
        for node, segment, timestep in zip(self.graph.nodes, self.segment_of, self.timeline.timesteps, strict=True):
            if segment is not None and timestep is not None:
                levels.append(segment.level)
                moments[node.index] = segment.level, False, timestep
            else:
                levels.append(max((levels[source.index] for source in node.inputs), default=-1))
                if node.kind == "op":
                    moments[node.index] = levels[-1], True, 0
        return moments | self._starting(moments)

    def _starting(self, moments: dict[int, Moment]) -> dict[int, Moment]:
        """Return where ops stand with which a recurrence begins, if they read earlier time steps of what it runs with.

        What leads to them alone stands there too.
        """
        starting: dict[int, Moment] = {}
        for node in reversed(self.graph.nodes):
            if node.kind != "op" or self.segment_of[node.index] is not None:
                continue
            readers = {starting.get(reader.index) for reader, _ in self.graph.consumers(node)}
            start = self.timeline.starts.get(node.index)
            segment = self.segment_of[start.precedes] if start else None
            if start and segment is not None and moments[node.index] == (segment.level, True, 0):
                starting[node.index] = segment.level, False, start.timestep
            elif len(readers) == 1 and (moment := readers.pop()) is not None:
                starting[node.index] = moment
        return starting

    def _mark_masked(self, columns: list[Column]) -> None:
        """Mark the time steps that are padding, in whole or in part: masks say which examples there are."""
        masks: dict[int, list[np.ndarray]] = {}
        for node in self.graph.nodes:
            column = self.places[node.index].column
            if node.kind == "constant" and node.dtype == np.bool_ and column is not None:
                masks.setdefault(column, []).append(_examples(~node.data if self._holds(node) else node.data))
        for column, known in masks.items():
            alike = len({mask.shape for mask in known}) == 1
            active = np.any(known, axis=0) if alike else np.ravel(any(map(np.any, known)))
            padded = active.size - np.count_nonzero(active)
            columns[column].masked = bool(padded == active.size)
            if 0 < padded < active.size:
                columns[column].padded = float(padded / active.size)
                columns[column].label += f", {padded} of {active.size} padded"

    def _holds(self, mask: tg.Node) -> bool:
        """Tell whether a mask says where a state is kept as it was, ``np.where(pad, h, new)``, not where it is made."""
        at = self.timeline.timesteps
        for reader, argument in self.graph.consumers(mask):
            if str(reader.op) == "where" and argument == 0:
                kept, other = (at[source.index] == at[reader.index] for source in reader.inputs[1:])
                return other and not kept
        return False

    # -- places -------------------------------------------------------------------------------------------------------

    def _op(self, node: tg.Node) -> CellPlace:
        column, segment = self.column_of[node.index], self.segment_of[node.index]
        start, slot = self.timeline.starts.get(node.index), self.timeline.slots[node.index]
        if start and self.columns[column].kind == "step":
            segment, slot = self.segment_of[start.precedes], self.timeline.slots[start.precedes]
        band = self._band(column if segment is None else segment)
        return CellPlace(column, band, slot, self.timeline.timesteps[node.index])

    def _state(self, node: tg.Node) -> CellPlace:
        column, (segment, value, timestep) = self.column_of[node.index], self.states[node.index]
        slot = self.timeline.slots[value]
        if (column, slot) in self._taken:  # the same array given twice is two nodes
            slot = -1 - node.index
        self._taken.add((column, slot))
        return CellPlace(column, self._band(segment), slot, timestep)

    def _leaf(self, node: tg.Node) -> CellPlace:
        readers = self.graph.consumers(node)
        places = [self.places[reader.index] for reader, _ in readers]
        columns = [place.column for place in places if place.column is not None]
        span = max(columns) - min(columns) if columns else None
        timestep = self.timeline.timesteps[node.index]
        fed_again = span == 1 and timestep is not None  # a target, in the step after its own
        if node.kind == "parameter" or not (span == 0 or fed_again):
            return CellPlace(None, -1, node.index)
        return places[0]._replace(slot=self.timeline.slots[node.index], timestep=timestep)

    def _band(self, key: Segment | int) -> int:
        """Return the number of a segment, or of a column outside of time."""
        return self._bands.setdefault(key, len(self._bands))


def _examples(mask: np.ndarray) -> np.ndarray:
    """Return which examples a mask lets through: one number for each row of N×1, one for all of any other shape."""
    return mask[:, 0] if mask.ndim == 2 and mask.shape[1] == 1 else np.ravel(np.any(mask))
