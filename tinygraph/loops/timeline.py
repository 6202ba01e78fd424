"""Timeline: the one reading of time of a graph. Loops, iterations, time steps, directions, initial states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..recording.node import Node
from .grouping import Groups, group_ops, grouped
from .over_time import OpTimes, RunKey, op_times, over_time
from .places import Loop


@dataclass(eq=False)
class Run:
    """One pass through a loop over time, compared by identity.

    Attributes
    ----------
    loop : Loop or None
        None for ops that `tg.timestep` labelled outside of all loops.
    first, last : int
        The least and the greatest of its time steps.
    backward : bool
        Whether it goes through the sequence from its end: `last` was recorded first.
    """

    loop: Loop | None
    first: int
    last: int
    backward: bool = False


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

    def __init__(self, nodes: Sequence[Node]):
        self.nodes = nodes
        self.ops = [node for node in nodes if node.kind == "op"]

    @cached_property
    def groups(self) -> Groups:
        """The ops, grouped by what they are in the cell, and the loops around them."""
        return group_ops(self.ops)

    @cached_property
    def over_time(self) -> set[Loop]:
        """The loops over time."""
        return over_time(self.groups) if self.ops else set()

    @cached_property
    def _op_times(self) -> OpTimes:
        return op_times(self.groups, self.over_time) if self.ops else OpTimes([], [])

    @cached_property
    def timesteps(self) -> list[int | None]:
        """The time step of each node, from 1; None where it belongs to none."""
        timesteps: list[int | None] = [None] * len(self.nodes)
        for node, step in zip(self.ops, self._op_times.steps, strict=True):
            timesteps[node.index] = step
        reach = self._reach(timesteps) if self.ops else {}
        for leaf, reads in self._reads.items():
            if self.nodes[leaf].kind in ("input", "constant"):
                timesteps[leaf] = self._leaf_step(self.nodes[leaf], reads, timesteps, reach)
        return timesteps

    @cached_property
    def slots(self) -> list[int]:
        """Which op of the cell each node is: the same number in every time step, never twice in one step of one run.

        It is the place in the program and the iterations of all loops around it other than the one over time; unlike a
        group it does not ask which parameters an op uses. A leaf has the slot of what reads it first.
        """
        slots = [-1] * len(self.nodes)
        if self.ops:
            for node, slot in zip(self.ops, self._op_slots().tolist(), strict=True):
                slots[node.index] = slot
        next_slot = max(slots, default=-1) + 1
        of_reader: dict[tuple[int, int], int] = {}
        for node in self.nodes:
            if node.kind != "op":
                reads = self._reads.get(node.index)
                reader = (slots[reads[0][0].index], reads[0][1]) if reads else (-1 - node.index, 0)
                slots[node.index] = next_slot + of_reader.setdefault(reader, len(of_reader))
        return slots

    @cached_property
    def runs(self) -> list[Run | None]:
        """The run of each op; None for leaves and outside of time."""
        runs: list[Run | None] = [None] * len(self.nodes)
        by_key: dict[RunKey, Run] = {}
        ends: dict[RunKey, tuple[int, int]] = {}
        for node, key in zip(self.ops, self._op_times.runs, strict=True):
            step = self.timesteps[node.index]
            if key is None or step is None:
                continue
            run = by_key.get(key)
            if run is None:
                run = by_key[key] = Run(key[0], step, step)
            run.first, run.last = min(run.first, step), max(run.last, step)
            ends[key] = (ends.get(key, (step, step))[0], step)
            runs[node.index] = run
        for key, (began, ended) in ends.items():
            by_key[key].backward = began > ended
        return runs

    @cached_property
    def precedes(self) -> list[int | None]:
        """For an initial state, the node in whose place it stands before the first time step; None for other nodes.

        ``W @ h`` reads h⁽⁰⁾ where one step later it reads the h that a step made. That may be a leaf too: the first of
        the targets that teacher forcing feeds.
        """
        later = self._read_later()
        precedes: list[int | None] = [None] * len(self.nodes)
        for leaf, reads in self._reads.items():
            state = None if self.nodes[leaf].kind == "op" else self._state_after(reads, later)
            if state is not None and state is not self.nodes[leaf]:
                precedes[leaf] = state.index
        self._add_states_by_name(precedes)
        return precedes

    # -- time steps of leaves -----------------------------------------------------------------------------------------

    @cached_property
    def _reads(self) -> dict[int, list[tuple[Node, int]]]:
        """For the index of each node, the ops that read it and their arguments, in recorded order."""
        reads: dict[int, list[tuple[Node, int]]] = {}
        for node in self.ops:
            for argument, source in enumerate(node.inputs):
                reads.setdefault(source.index, []).append((node, argument))
        return reads

    def _leaf_step(
        self,
        leaf: Node,
        reads: list[tuple[Node, int]],
        timesteps: list[int | None],
        reach: dict[tuple[Node, int], int],
    ) -> int | None:
        used_in = {timesteps[node.index] for node, _ in reads}
        if not leaf.shape or None in used_in:
            return used_in.pop() if len(used_in) == 1 else None
        before = [reach.get(read) for read in reads]
        if len(used_in) == 1:
            (step,) = used_in
            return next((step - back for back in before if back and step is not None), step)
        stands_at = {(timesteps[node.index] or 0) - (back or 0) for (node, _), back in zip(reads, before, strict=True)}
        return stands_at.pop() if all(before) and len(stands_at) == 1 else None

    def _reach(self, steps: list[int | None]) -> dict[tuple[Node, int], int]:
        """Return how many time steps back the arguments lie that begin a recurrence: later steps read results there."""
        spans: dict[int, tuple[int, int]] = {}
        delays: dict[tuple[int, int], set[int]] = {}
        numbers = self.groups.number.tolist()
        for node, number in zip(self.ops, numbers, strict=True):
            now = steps[node.index]
            if now is None:
                continue
            low, high = spans.get(number, (now, now))
            spans[number] = min(low, now), max(high, now)
            for argument, source in enumerate(node.inputs):
                made = steps[source.index] if source.kind == "op" else None
                if made is not None and made != now:
                    delays.setdefault((number, argument), set()).add(now - made)
        reach: dict[tuple[Node, int], int] = {}
        for node, number in zip(self.ops, numbers, strict=True):
            now = steps[node.index]
            for argument, source in enumerate(node.inputs):
                back = delays.get((number, argument), set())
                if now is not None and source.kind != "op" and len(back) == 1:
                    (delay,) = back
                    low, high = spans[number]
                    if not low <= now - delay <= high:
                        reach[node, argument] = delay
        return reach

    # -- slots --------------------------------------------------------------------------------------------------------

    def _op_slots(self) -> np.ndarray:
        groups = self.groups
        sites = groups.sites.copy()
        for members, chain, columns in zip(groups.members, groups.chains, groups.columns, strict=True):
            if not columns or self._op_times.runs[members[0]] is None:
                continue
            depth = next((d for d in range(len(chain) - 1, -1, -1) if chain[d] in self.over_time), len(chain) - 1)
            sites[members, columns[depth]] = -1  # the same in every time step
        slots, _ = grouped(sites)
        run_numbers: dict[RunKey | None, int] = {}
        runs = [run_numbers.setdefault(run, len(run_numbers)) for run in self._op_times.runs]
        steps = [-(2**40) if step is None else step for step in self._op_times.steps]
        occurrences = _occurrences(grouped(np.column_stack([slots, runs, steps]))[0])
        return grouped(np.column_stack([slots, occurrences]))[0] if occurrences.any() else slots

    # -- initial states -----------------------------------------------------------------------------------------------

    def _read_later(self) -> dict[tuple[int, int], Node]:
        """For a slot and an argument, the first value of another time step that is read there."""
        later: dict[tuple[int, int], Node] = {}
        for node in self.ops:
            if self.runs[node.index] is not None:
                for argument, source in enumerate(node.inputs):
                    user = self._belongs_to(source)
                    if user is not None and self.timesteps[user.index] != self.timesteps[node.index]:
                        later.setdefault((self.slots[node.index], argument), source)
        return later

    def _belongs_to(self, node: Node) -> Node | None:
        """Return the op in time that a value belongs to: itself, or for an input the first op that reads it."""
        user = node if node.kind == "op" else self._reads[node.index][0][0] if node.kind == "input" else None
        return user if user is not None and self.runs[user.index] is not None else None

    def _state_after(self, reads: list[tuple[Node, int]], later: dict[tuple[int, int], Node]) -> Node | None:
        first, argument = reads[0]
        run = self.runs[first.index]
        state = later.get((self.slots[first.index], argument))
        if run is None or state is None:
            return None
        leaf = first.inputs[argument]
        steps = {self.timesteps[reader.index] for reader, _ in reads}
        known = self.timesteps[leaf.index]
        outside = known is not None and not run.first <= known <= run.last
        user = self._belongs_to(state)
        return state if (len(steps) == 1 or outside) and user is not None and self.runs[user.index] is run else None

    def _add_states_by_name(self, precedes: list[int | None]) -> None:
        """Inputs that many time steps read, and that have the name of a result of each, precede the first of these."""
        shared = [
            node
            for node in self.nodes
            if node.kind == "input"
            and self.timesteps[node.index] is None
            and precedes[node.index] is None
            and node.index in self._reads
            and node.name
        ]
        if not shared:
            return
        results: dict[str, int] = {}
        for node in self.ops:
            run = self.runs[node.index]
            if run is not None and self.timesteps[node.index] == run.first and node.name:
                results.setdefault(node.name, node.index)
        for node in shared:
            precedes[node.index] = results.get(node.name or "")


def _occurrences(numbers: np.ndarray) -> np.ndarray:
    """Return how often each number occurred before.

    Examples
    --------
    >>> _occurrences(np.array([5, 7, 5, 5])).tolist()
    [0, 0, 1, 2]
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    ranks = np.arange(len(ordered)) - np.repeat(starts, np.diff([*starts, len(ordered)]))
    occurrences = np.empty(len(numbers), int)
    occurrences[order] = ranks
    return occurrences
