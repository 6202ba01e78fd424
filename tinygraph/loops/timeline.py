"""Timeline: the one reading of time of a graph. Loops, iterations, time steps, directions, initial states."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from types import CodeType
from typing import TypeVar

import numpy as np

from ..memory import garbage_collector_paused
from ..recording.calls import Call
from ..recording.node import Node
from ..recording.operands import operand_text
from .coded import Coded, Interned
from .fed import fed_again
from .grouping import Groups, group_ops
from .keys import grouped, occurrences
from .leaves import InitialState, Leaves
from .over_time import OpTimes, Run, RunKey, op_times, over_time
from .places import Loop
from .reads import Reads, Wiring
from .visits import Visits, visits

Value = TypeVar("Value")


class Timeline:
    """What is known of time in a graph, by the index of the node; made once, kept as ``graph.timeline``.

    A time step is told by `tg.timestep`, or else the iteration, from 1, of the loop over time: the one that carries a
    state through parameters it uses again and again, and that takes in other data each time. Leaves other than
    parameters belong to the time step that uses them, if it is one only; an initial state, to the step before the
    first that a loop makes (after the last, where it runs backward). A loop that runs through the sequence from its
    end, as half of a bidirectional network, counts backward, where the program connects it with one that does not.

    Parameters
    ----------
    nodes : sequence of Node
        All nodes of a graph.
    wiring : Wiring, optional
        What the ops read; asked of the nodes unless it is given.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> for _ in range(3):
    ...     h = np.tanh(W @ h)
    >>> timeline = tg.graph(h).timeline
    >>> timeline.timesteps
    [None, 0, 1, 1, 2, 2, 3, 3]
    >>> timeline.precedes  # node 1, the initial state, stands where one step later node 3 does
    [None, 3, None, None, None, None, None, None]
    """

    def __init__(self, nodes: Sequence[Node], wiring: Wiring | None = None):
        self.nodes = nodes
        if wiring is not None:
            self.wiring = wiring
        self._is_finding_states = False

    @cached_property
    def wiring(self) -> Wiring:
        """What the ops read."""
        return Wiring.of(self.nodes)

    @property
    def ops(self) -> Sequence[Node]:
        """The ops, in recorded order."""
        return self.wiring.ops

    @cached_property
    @garbage_collector_paused()
    def visits(self) -> Visits:
        """The place of each op, and its iterations, in the order of `ops`."""
        return visits(self.wiring)

    @cached_property
    @garbage_collector_paused()
    def groups(self) -> Groups:
        """The ops, grouped by what they are in the cell, and the loops around them."""
        return group_ops(self.wiring, self.visits)

    @cached_property
    @garbage_collector_paused()
    def groups_in_one_loop(self) -> Groups:
        """The ops grouped with one loop around them at most, that of most iterations."""
        return group_ops(self.wiring, self.visits, longest=True)

    @cached_property
    def over_time(self) -> set[Loop]:
        """The loops over time."""
        return over_time(self.groups)

    @cached_property
    def _op_times(self) -> OpTimes:
        return op_times(self.groups, self.over_time)

    @cached_property
    def op_timesteps(self) -> Sequence[int | None]:
        """The time step of each op; None for leaves and outside of time."""
        return Coded(self._by_index(self._op_times.steps, None))

    @cached_property
    def runs(self) -> Sequence[Run | None]:
        """The run of each op; None for leaves and outside of time."""
        timesteps = self.op_timesteps
        members: dict[RunKey, list[int]] = {}
        for index, key in zip(self.wiring.indices.tolist(), self._op_times.runs, strict=True):
            if timesteps[index] is not None:
                members.setdefault(key or (None, ()), []).append(index)
        del self._op_times  # all that is asked of it, and it is large
        runs: list[Run | None] = [None] * len(self.nodes)
        for (loop, _), ops in members.items():
            steps = [step for step in map(timesteps.__getitem__, ops) if step is not None]
            first, last = min(steps), max(steps)
            run = Run(loop, first, last, backward=steps[0] == last > first)
            for index in ops:
                runs[index] = run
        return Coded(runs)

    @cached_property
    def timesteps(self) -> Sequence[int | None]:
        """The time step of each node, from 1; None where it belongs to none."""
        return self._leaves_in_time[0]

    @cached_property
    @garbage_collector_paused()
    def _leaves_in_time(self) -> tuple[Sequence[int | None], dict[int, InitialState], dict[int, InitialState]]:
        """The time steps of all nodes, now that leaves are known, the initial states, and ops that are such."""
        leaves = self._leaves()  # not kept: it is large
        timesteps = list(self.op_timesteps)
        self._is_finding_states = True
        for index, timestep in leaves.timesteps():
            timesteps[index] = timestep
        ops = self.wiring.indices.tolist()
        started = {index: state for index in ops if timesteps[index] is None and (state := leaves.started(index))}
        self._is_finding_states = False
        return Coded(timesteps), leaves.states, started

    @cached_property
    @garbage_collector_paused()
    def slots(self) -> Sequence[int]:
        """Which op of the cell each node is: the same number in every time step, never twice in one step of one run.

        It is the place in the program and the iterations of all loops around it other than the one over time; unlike a
        group it does not ask which parameters an op uses. A leaf has the slot of what reads it first.
        """
        slots = self._by_index(self._op_slots, -1)
        next_slot = max(slots, default=-1) + 1
        of_reader: dict[tuple[int, int], int] = {}
        for leaf in self.wiring.leaves.tolist():
            first, argument = self.reads.first(leaf) or (-1, -1 - leaf)
            reader = (-1 if first < 0 else slots[first], argument)
            slots[leaf] = next_slot + of_reader.setdefault(reader, len(of_reader))
        return Coded(slots)

    @cached_property
    @garbage_collector_paused()
    def precedes(self) -> list[int | None]:
        """For an initial state, the node in whose place it stands before the first time step; None for other nodes.

        ``W @ h`` reads h⁽⁰⁾ where one step later it reads the h that a step made. That may be a leaf too: the first of
        the targets that teacher forcing feeds.
        """
        _, states, _ = self._leaves_in_time
        return [states[index].precedes if index in states else None for index in range(len(self.nodes))]

    @cached_property
    def starts(self) -> dict[int, InitialState]:
        """For an op outside of time with which a recurrence begins, if it has the name of its state, what it begins.

        ``alpha = log_pi + emitted[0]`` before the loop is α⁽⁰⁾ if the loop makes α⁽¹⁾.
        """
        started = self.begun
        named = {k: state for k, state in started.items() if self.nodes[k].name == self.nodes[state.precedes].name}
        return {k: state for k, state in named.items() if self.nodes[k].name is not None}

    @property
    def begun(self) -> dict[int, InitialState]:
        """For an op outside of time with which a recurrence begins, whatever its name, what it begins.

        Nothing as long as that is being found out: the names of leaves are asked for then.
        """
        return {} if self._is_finding_states else self._leaves_in_time[2]

    @cached_property
    def learned_states(self) -> set[int]:
        """The parameters by index with which a recurrence begins, whatever else reads them."""
        return self._leaves().learned

    @cached_property
    def again(self) -> dict[int, int]:
        """For a leaf that gives what another gave one step earlier, as a fed target: the index of that one."""
        places = self._by_index(self._op_slots, -1)
        return fed_again(self.wiring, self.reads, self.op_timesteps, places, self.runs)

    def _leaves(self) -> Leaves:
        reads = Reads(self.wiring, self.again) if self.again else self.reads
        return Leaves(self.wiring, reads, self.op_timesteps, self.runs, self.slots, self.again)

    def _by_index(self, of_ops: Iterable[Value], of_leaves: Value) -> list[Value]:
        values = [of_leaves] * len(self.nodes)
        for index, value in zip(self.wiring.indices.tolist(), of_ops, strict=True):
            values[index] = value
        return values

    @cached_property
    @garbage_collector_paused()
    def reads(self) -> Reads:
        """The ops that read each node, and as which argument, in recorded order."""
        return Reads(self.wiring)

    # -- slots --------------------------------------------------------------------------------------------------------

    def _sites(self) -> np.ndarray:
        """What tells the ops of one time step apart: place and signature, then the iterations of all other loops."""
        sites = self.groups.sites.copy()
        for members, chain, columns in zip(self.groups.members, self.groups.chains, self.groups.columns, strict=True):
            run = self.runs[self.wiring.indices[members[0]]]
            if run is not None and run.loop is None:  # labels tell the time steps
                sites[members, 1:] = -1
            elif run is not None:
                depth = next((d for d in reversed(range(len(chain))) if chain[d] in self.over_time), len(chain) - 1)
                sites[members, columns[depth]] = -1  # the same in every time step
        return sites

    @cached_property
    def sites(self) -> Sequence[int]:
        """Which place of the program each op stands at, the same number in all iterations; -1 for leaves."""
        return Coded(self._by_index(self._sites()[:, 0].tolist(), -1))

    @cached_property
    @garbage_collector_paused()
    def subscripts(self) -> list[tuple[int, ...]]:
        """What tells a node from others of its place and time step: iterations, from 1, of loops not over time.

        Layers, attention heads, sentences of a minibatch, unless scopes tell them apart. A leaf has the subscripts of
        its readers, without those of loops in which all of them are given the same; an initial state, if there are
        several.
        """
        subscripts = self._by_index(self._op_subscripts(), ())
        recursions = self._count_recursions(subscripts)
        sites = self.sites
        alike: dict[Hashable, list[int]] = {}
        for leaf in self.wiring.leaves.tolist():
            if self.wiring.kind(leaf) != "parameter":
                of_readers = {subscripts[reader] for reader, _ in self.reads.places(leaf)}
                subscripts[leaf] = of_readers.pop() if len(of_readers) == 1 else ()
                if subscripts[leaf]:
                    reader, argument = self.reads.places(leaf)[0]
                    recursion = recursions.get(reader)
                    text = self._operand_text(reader, argument) if recursion else ""
                    place = (recursion, text) if text else (sites[reader], argument)
                    alike.setdefault(place, []).append(leaf)
        for leaves in alike.values():
            states = [leaf for leaf in leaves if self.precedes[leaf] is not None]
            if len(states) == 1:
                subscripts[states[0]] = ()
            data = [leaf for leaf in leaves if self.precedes[leaf] is None]
            varying = self._varying(data, [subscripts[leaf] for leaf in data]) if data else []
            for leaf in data:
                subscripts[leaf] = tuple(number for level, number in enumerate(subscripts[leaf]) if level in varying)
        return subscripts

    def _count_recursions(self, subscripts: list[tuple[int, ...]]) -> dict[int, CodeType]:
        """Number what a recursion makes as the program does, by the arguments of its calls, where they tell all apart.

        Return the function that calls itself, by the index of each op that it makes.
        """
        alike: dict[int, list[tuple[int, Call]]] = {}
        for index, innermost in zip(self.wiring.indices.tolist(), self.wiring.facts.each("call"), strict=True):
            if (call := _counted(innermost)) is not None:
                alike.setdefault(self.sites[index], []).append((index, call))
        recursions: set[CodeType] = set()
        for calls in alike.values():
            numbers = {call.counters for _, call in calls}
            if 1 < len(numbers) == len({subscripts[index] for index, _ in calls}):
                recursions |= {call.code for _, call in calls}
        numbered = {i: call for calls in alike.values() for i, call in calls if call.code in recursions}
        for index, call in numbered.items():
            subscripts[index] = call.counters
        return {index: call.code for index, call in numbered.items()}

    def _varying(self, leaves: list[int], subscripts: list[tuple[int, ...]]) -> list[int]:
        """Return which of the subscripts of some leaves tell apart what they hold."""
        values = [(self.nodes[leaf].shape, self.nodes[leaf].data.tobytes()) for leaf in leaves]
        varying = list(range(max(map(len, subscripts))))
        for level in tuple(varying):
            others = [other for other in varying if other != level]
            held: dict[Hashable, set[Hashable]] = {}
            for leaf, numbers, value in zip(leaves, subscripts, values, strict=True):
                at = tuple(numbers[other] for other in others if other < len(numbers))
                held.setdefault((self.timesteps[leaf], at), set()).add(value)
            if all(len(of_them) == 1 for of_them in held.values()):
                varying = others
        return varying

    def _op_subscripts(self) -> Iterable[tuple[int, ...]]:
        sites = self._sites()
        if sites.shape[1] < 2 or not len(sites):
            return [()] * len(self.ops)
        indices = self.wiring.indices.tolist()
        steps = [-1 if (step := self.op_timesteps[index]) is None else step for index in indices]
        scopes = Interned[Hashable]()
        scope = [scopes[scope] for scope in self.wiring.facts.each("scope")]
        moment, first = grouped(np.column_stack([sites[:, 0], steps, scope]))
        differ = np.zeros((sites[:, 0].max() + 1, sites.shape[1] - 1), bool)
        np.logical_or.at(differ, sites[:, 0], sites[:, 1:] != sites[first[moment], 1:])
        for site, column in self.groups.unpacked:
            differ[site, column - 1] = False
        if not differ.any():
            return [()] * len(self.ops)
        shown = [np.flatnonzero(columns).tolist() for columns in differ]
        return [tuple(row[1 + c] + 1 for c in shown[row[0]] if row[1 + c] >= 0) for row in sites.tolist()]

    @cached_property
    def _op_slots(self) -> Sequence[int]:
        ops = self.wiring.indices.tolist()
        runs, steps = Interned[int](), Interned[int | None]()
        run = [runs[id(self.runs[index])] for index in ops]
        step = [steps[self.op_timesteps[index]] for index in ops]
        site = grouped(self._sites())[0]
        moment = grouped(np.column_stack([site, run, step]))[0]
        return array("i", grouped(np.column_stack([site, occurrences(moment)]))[0].tolist())

    def _operand_text(self, reader: int, argument: int) -> str:
        op = self.nodes[reader]
        return operand_text(op.call, op.lasti, argument)


def _counted(call: Call | None) -> Call | None:
    """Return the innermost call of those around an op that was given numbers in a recursion."""
    while call is not None and not call.counters:
        call = call.parent
    return call
