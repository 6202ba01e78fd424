"""Leaves in time: the time step that each belongs to, and which of them are initial states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .keys import grouped, split_by
from .over_time import Run
from .reads import INPUT, PARAMETER, Reads, Wiring


class InitialState(NamedTuple):
    """The index of the node that an initial state precedes, and its own time step."""

    precedes: int
    timestep: int


class Carried(NamedTuple):
    """What is read from other time steps of a run: the index of the first value, and how long ago they were made."""

    first: int
    delays: set[int]

    @property
    def delay(self) -> int | None:
        """The one delay that there is; None where it changes."""
        return min(self.delays) if len(self.delays) == 1 else None


class Extent(NamedTuple):
    """The first and the last of some time steps, and how many they are."""

    first: int
    last: int
    length: int


class Leaves:
    """The leaves of a graph, seen from the ops that read them.

    Parameters
    ----------
    wiring : Wiring
    reads : Reads
        By the index of a node, the ops that read it and as which argument, in recorded order.
    op_timesteps, runs, slots : sequence
        By the index of a node; time steps and runs are None for leaves and outside of time.
    again : mapping of int to int
        For a leaf that gives once more what another gave, that other's index; `reads` are then all of that other.
    """

    def __init__(
        self,
        wiring: Wiring,
        reads: Reads,
        op_timesteps: Sequence[int | None],
        runs: Sequence[Run | None],
        slots: Sequence[int],
        again: Mapping[int, int],
    ):
        self.wiring = wiring
        self.nodes = wiring.nodes
        self.reads = reads
        self.op_timesteps = op_timesteps
        self.runs = runs
        self.slots = slots
        self.again = again
        self._is_op = wiring.position >= 0
        self._first = np.arange(len(self.nodes))  # of the leaves that give the same
        self._first[list(again)] = list(again.values())
        self._given_twice = set(again.values())
        self._slot = np.array(slots, int)

    def timesteps(self) -> Iterator[tuple[int, int | None]]:
        """Yield the index of each input and constant, and its time step.

        That is the one of an initial state, or of all the reads of another leaf if it is one.
        """
        common = self._common_timesteps
        leaves = self.wiring.leaves
        for leaf, first in zip(leaves.tolist(), self._first[leaves].tolist(), strict=True):
            is_parameter = self.wiring.kinds[leaf] == PARAMETER
            if not is_parameter and first in self.states:
                yield leaf, self.states[first].timestep
            elif self._is_input(first):
                steps = {self._read_at(reader, argument) for reader, argument in self.reads.places(first)}
                yield leaf, steps.pop() if len(steps) == 1 else None
            elif not is_parameter:
                yield leaf, common[leaf]

    @property
    def _common_timesteps(self) -> list[int | None]:
        """The time step in which each leaf is read, if it is one."""
        of_leaf = ~self._is_op[self.wiring.sources]
        leaf, reader = self.wiring.sources[of_leaf], self.wiring.readers[of_leaf]
        steps, none = _known(self.op_timesteps)
        earliest, latest = np.full((2, len(self.nodes)), steps.max(initial=0))
        latest[:] = steps.min(initial=0)
        np.minimum.at(earliest, leaf, steps[reader])
        np.maximum.at(latest, leaf, steps[reader])
        outside = np.zeros(len(self.nodes), bool)
        outside[leaf[none[reader]]] = True
        one = (earliest == latest) & ~outside
        return [step if is_one else None for step, is_one in zip(latest.tolist(), one.tolist(), strict=True)]

    def _read_at(self, reader: int, argument: int) -> int | None:
        """Return the time step of an input that is read here: its reader's, or its own if inputs are read again."""
        now = self.op_timesteps[reader]
        carried = self._carried.get((self.slots[reader], argument, "input"))
        return now if now is None or carried is None else now - (carried.delay or 0)

    def _is_input(self, leaf: int) -> bool:
        """Tell whether a leaf is an input; an array that is given twice is one."""
        return leaf in self._given_twice or bool(self.wiring.kinds[leaf] == INPUT)

    # -- initial states -----------------------------------------------------------------------------------------------

    @cached_property
    def states(self) -> dict[int, InitialState]:
        """The initial states by index: leaves that begin a recurrence, and inputs named as the first of its results."""
        states: dict[int, InitialState] = {}
        inputs = np.flatnonzero(self.wiring.kinds == INPUT)
        for leaf in sorted({*inputs.tolist(), *self._begin}):
            kind, reads = self.wiring.kind(leaf), self.reads.places(leaf)
            shared = len({self.op_timesteps[reader] for reader, _ in reads}) > 1
            if kind == "parameter" and shared:
                continue
            begun = [state for reader, argument in reads if (state := self._begun(reader, argument))]
            if len({state.timestep for state in begun}) == 1:
                states[leaf] = begun[0]
            elif kind == "input" and shared and (name := self.nodes[leaf].name) in self._before_named:
                states[leaf] = self._before_named[name]
        return states

    @cached_property
    def _begin(self) -> set[int]:
        """The leaves that are read where a value of another time step is."""
        rows = self.wiring.rows
        rows = rows[~self._is_op[rows[:, 0]]]
        arguments = 1 + int(rows[:, 2].max(initial=0))
        carried = [slot * arguments + argument for slot, argument, _ in self._carried if argument < arguments]
        begin = rows[np.isin(self._slot[rows[:, 1]] * arguments + rows[:, 2], carried), 0]
        return {*begin.tolist(), *self._first[begin].tolist()}

    @cached_property
    def learned(self) -> set[int]:
        """The parameters by index that an op reads in the place of what it reads in other time steps."""
        source, reader, argument = self.wiring.rows.T
        _, none = _known(self.op_timesteps)
        of_op = self._is_op[source] & ~none[reader]
        read = np.column_stack([self._slot[reader], argument])[of_op]
        computed = set(map(tuple, read[grouped(read)[1]].tolist()))  # slots and arguments that are given what ops made
        parameters = np.flatnonzero(self.wiring.kinds == PARAMETER).tolist()
        reads = ((leaf, reader, i) for leaf in parameters for reader, i in self.reads.places(leaf))
        return {leaf for leaf, reader, i in reads if (self.slots[reader], i) in computed}

    def started(self, op: int) -> InitialState | None:
        """Return what an op outside of time begins, where all that it begins are the results of one time step."""
        begun = {state for reader, argument in self.reads.places(op) if (state := self._begun(reader, argument))}
        steps = {(self.slots[state.precedes], state.timestep) for state in begun}
        return min(begun) if len(steps) == 1 else None

    def _begun(self, reader: int, argument: int) -> InitialState | None:
        """Return what a leaf that is read here begins, if that is a recurrence."""
        now, slot = self.op_timesteps[reader], self.slots[reader]
        carried = self._carried.get((slot, argument, "op")) or self._carried.get((slot, argument, "input"))
        if now is None or carried is None:
            return None
        first, last, length = self._extents[self.slots[carried.first]]
        run = self.runs[reader]
        if run is not None and length < last - first + 1:  # it is held until it is made anew
            timestep = run.last + 1 if run.backward else run.first - 1
        elif carried.delay is None:
            return None
        else:
            timestep = now - carried.delay
        return None if first <= timestep <= last else InitialState(carried.first, timestep)

    @cached_property
    def _carried(self) -> dict[tuple[int, int, str], Carried]:
        """What ops of the cell read from other time steps of their run, by slot, argument, and kind of the value."""
        source, reader, argument = self._between_time_steps()
        steps, _ = self._steps
        delay = steps[reader] - steps[source]
        distinct = grouped(np.column_stack([self._slot[reader], argument, self._is_op[source], delay]))[1]
        carried: dict[tuple[int, int, str], Carried] = {}
        for k in distinct.tolist():
            first = int(source[k])
            key = self.slots[reader[k]], int(argument[k]), "op" if self._is_op[first] else "input"
            carried.setdefault(key, Carried(first, set())).delays.add(int(delay[k]))
        return carried

    def _between_time_steps(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what is read in another time step of the same run, its readers and the arguments, in recorded order.

        An input that all time steps read is not.
        """
        source, reader, argument = self.wiring.rows.T
        source = self._first[source]
        steps, none = self._steps
        delayed = (steps[source] != steps[reader]) & ~none[source] & ~none[reader]
        source, reader, argument = source[delayed], reader[delayed], argument[delayed]
        op = self._first_op[source]
        run = np.fromiter(map(id, self.runs), np.int64, len(self.runs))
        shared = (op != source) & (self._slot[op] == self._slot[reader])
        carried = (run[op] == run[reader]) & ~shared
        return source[carried], reader[carried], argument[carried]

    @cached_property
    def _first_op(self) -> np.ndarray:
        """By the index of a node, an op itself, and for a leaf the op that reads it first."""
        first = np.arange(len(self.nodes))
        of_leaf = ~self._is_op[self.wiring.sources]
        first[self.wiring.sources[of_leaf][::-1]] = self.wiring.readers[of_leaf][::-1]
        return first

    @cached_property
    def _steps(self) -> tuple[np.ndarray, np.ndarray]:
        """The time steps of ops, and for inputs that of the first op that reads them; and of which none is known."""
        steps, none = _known(self.op_timesteps)
        inputs = [*np.flatnonzero(self.wiring.kinds == INPUT).tolist(), *self._given_twice]
        steps[inputs], none[inputs] = steps[self._first_op[inputs]], none[self._first_op[inputs]]
        return steps, none

    @cached_property
    def _extents(self) -> dict[int, Extent]:
        """The time steps of each slot of which values are carried."""
        steps, none = self._steps
        wanted = list({self.slots[carried.first] for carried in self._carried.values()})
        rows = np.flatnonzero(np.isin(self._slot, wanted) & ~none)
        rows = rows[grouped(np.column_stack([self._slot[rows], steps[rows]]))[1]]
        slots, number = np.unique(self._slot[rows], return_inverse=True)
        of_slots = (steps[rows[members]] for members in split_by(number, len(slots)))
        extents = (Extent(int(of_slot.min()), int(of_slot.max()), len(of_slot)) for of_slot in of_slots)
        return dict(zip(slots.tolist(), extents, strict=True))

    @cached_property
    def _before_named(self) -> dict[str | None, InitialState]:
        """What stands before the named results of the time step with which each run begins."""
        states: dict[str | None, InitialState] = {}
        for index, (run, step) in enumerate(zip(self.runs, self.op_timesteps, strict=True)):
            if run is not None and step == (run.last if run.backward else run.first):
                state = InitialState(index, step + (1 if run.backward else -1))
                if name := self.nodes[index].name:
                    states.setdefault(name, state)
        return states


def _known(timesteps: Sequence[int | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return time steps as an array, and where there is none."""
    none = np.array([step is None for step in timesteps], bool)
    return np.array([0 if step is None else step for step in timesteps], int), none
