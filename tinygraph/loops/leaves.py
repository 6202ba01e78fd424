"""Leaves in time: the time step that each belongs to, and which of them are initial states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..recording.node import Node
from .grouping import Interned
from .over_time import Run
from .reads import Reads


class InitialState(NamedTuple):
    """The index of the node that an initial state precedes, and its own time step."""

    precedes: int
    timestep: int


class Carried(NamedTuple):
    """What is read from other time steps of a run: the first such value, and how many steps ago they were made."""

    first: Node
    delays: set[int]

    @property
    def delay(self) -> int | None:
        """The one delay that there is; None where it changes."""
        return min(self.delays) if len(self.delays) == 1 else None


@dataclass(eq=False)
class Leaves:
    """The leaves of a graph, seen from the ops that read them.

    Parameters
    ----------
    nodes : sequence of Node
    reads : Reads
        By the index of a node, the ops that read it and as which argument, in recorded order.
    op_timesteps, runs, slots : sequence
        By the index of a node; time steps and runs are None for leaves and outside of time.
    again : mapping of int to int
        For a leaf that gives once more what another gave, that other's index; `reads` are then all of that other.
    """

    nodes: Sequence[Node]
    reads: Reads
    op_timesteps: Sequence[int | None]
    runs: Sequence[Run | None]
    slots: Sequence[int]
    again: Mapping[int, int] = field(default_factory=dict)

    def timestep(self, leaf: Node) -> int | None:
        """Return the time step of an initial state, or of all the reads of another leaf if it is one."""
        if leaf.index in self.states:
            return self.states[leaf.index].timestep
        timesteps = {self._read_at(reader, argument) for reader, argument in self.reads[leaf.index]}
        return timesteps.pop() if len(timesteps) == 1 else None

    def _read_at(self, reader: Node, argument: int) -> int | None:
        """Return the time step of an argument: its reader's, or if inputs are read again here, that of their own."""
        now, carried = self.op_timesteps[reader.index], None
        if self._kind(self._first(reader.inputs[argument])) == "input":
            carried = self._carried.get((self.slots[reader.index], argument, "input"))
        return now if now is None or carried is None else now - (carried.delay or 0)

    def _first(self, node: Node) -> Node:
        return self.nodes[self.again.get(node.index, node.index)]

    def _kind(self, node: Node) -> str:
        """Return the kind of a node; an array that is given twice is an input."""
        return "input" if node.index in self._given_twice else node.kind

    @cached_property
    def _given_twice(self) -> set[int]:
        return set(self.again.values())

    # -- initial states -----------------------------------------------------------------------------------------------

    @cached_property
    def states(self) -> dict[int, InitialState]:
        """The initial states by index: leaves that begin a recurrence, and inputs named as the first of its results."""
        states: dict[int, InitialState] = {}
        for leaf in self.nodes:
            if leaf.kind == "op":
                continue
            reads = self.reads[leaf.index]
            shared = len({self.op_timesteps[reader.index] for reader, _ in reads}) > 1
            if leaf.kind == "parameter" and shared:
                continue
            begun = [state for reader, argument in reads if (state := self._begun(reader, argument))]
            if len({state.timestep for state in begun}) == 1:
                states[leaf.index] = begun[0]
            elif leaf.kind == "input" and shared and leaf.name in self._before_named:
                states[leaf.index] = self._before_named[leaf.name]
        return states

    @cached_property
    def learned(self) -> set[int]:
        """The parameters by index that an op reads in the place of what it reads in other time steps."""
        computed: set[tuple[int, int]] = set()  # slots and arguments that are given what an op made
        for node, step in zip(self.nodes, self.op_timesteps, strict=True):
            if step is not None:
                computed |= {(self.slots[node.index], i) for i, source in enumerate(node.inputs) if source.kind == "op"}
        parameters = (leaf for leaf in self.nodes if leaf.kind == "parameter")
        reads = ((leaf, reader, i) for leaf in parameters for reader, i in self.reads[leaf.index])
        return {leaf.index for leaf, reader, i in reads if (self.slots[reader.index], i) in computed}

    def _begun(self, reader: Node, argument: int) -> InitialState | None:
        """Return what a leaf that is read here begins, if that is a recurrence."""
        now, slot = self.op_timesteps[reader.index], self.slots[reader.index]
        carried = self._carried.get((slot, argument, "op")) or self._carried.get((slot, argument, "input"))
        if now is None or carried is None:
            return None
        steps = self._steps_of[self.slots[carried.first.index]]
        first, last = min(steps), max(steps)
        run = self.runs[reader.index]
        if run is not None and len(steps) < last - first + 1:  # it is held until it is made anew
            timestep = run.last + 1 if run.backward else run.first - 1
        elif carried.delay is None:
            return None
        else:
            timestep = now - carried.delay
        return None if first <= timestep <= last else InitialState(carried.first.index, timestep)

    @cached_property
    def _carried(self) -> dict[tuple[int, int, str], Carried]:
        """What ops of the cell read from other time steps of their run, by slot, argument, and kind of the value."""
        carried: dict[tuple[int, int, str], Carried] = {}
        for source, reader, argument in self._between_time_steps():
            now, then = self.op_timesteps[reader.index], self._timesteps[source.index]
            if now is not None and then is not None and self._is_carried(source, reader):
                key = self.slots[reader.index], argument, self._kind(source)
                carried.setdefault(key, Carried(source, set())).delays.add(now - then)
        return carried

    def _between_time_steps(self) -> Iterator[tuple[Node, Node, int]]:
        """Yield what is read in another time step than its own, its reader, and the argument, in recorded order."""
        rows = self.reads.rows()
        first = np.arange(len(self.nodes))
        first[list(self.again)] = list(self.again.values())
        numbers = Interned[int | None]()
        now = np.array([numbers[step] for step in self.op_timesteps], int)[rows[:, 1]]
        then = np.array([numbers[step] for step in self._timesteps], int)[first[rows[:, 0]]]
        for index, reader, argument in rows[now != then].tolist():
            yield self._first(self.nodes[index]), self.nodes[reader], argument

    def _is_carried(self, source: Node, reader: Node) -> bool:
        """Tell whether a value is of the same run as its reader, and no input that all time steps read."""
        op = source if source.kind == "op" else self.reads[source.index][0][0]
        shared = op is not source and self.slots[op.index] == self.slots[reader.index]
        return self.runs[op.index] is self.runs[reader.index] and not shared

    @cached_property
    def _timesteps(self) -> list[int | None]:
        """The time steps of ops, and for inputs that of the first op that reads them."""
        timesteps = list(self.op_timesteps)
        for node in self.nodes:
            if self._kind(node) == "input" and self.reads[node.index]:
                timesteps[node.index] = self.op_timesteps[self.reads[node.index][0][0].index]
        return timesteps

    @cached_property
    def _steps_of(self) -> dict[int, set[int]]:
        """The time steps of each slot of which values are carried."""
        steps: dict[int, set[int]] = {self.slots[carried.first.index]: set() for carried in self._carried.values()}
        for slot, step in zip(self.slots, self._timesteps, strict=True):
            if slot in steps and step is not None:
                steps[slot].add(step)
        return steps

    @cached_property
    def _before_named(self) -> dict[str | None, InitialState]:
        """What stands before the named results of the time step with which each run begins."""
        states: dict[str | None, InitialState] = {}
        for node, run, step in zip(self.nodes, self.runs, self.op_timesteps, strict=True):
            if run is not None and step == (run.last if run.backward else run.first) and node.name:
                states.setdefault(node.name, InitialState(node.index, step + (1 if run.backward else -1)))
        return states
