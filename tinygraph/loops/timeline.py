"""Timeline: the one reading of time of a graph. Loops, iterations, time steps, directions, initial states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..recording.node import Node
from .grouping import Groups, group_ops, grouped
from .leaves import Leaves, Read
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
    def op_timesteps(self) -> list[int | None]:
        """The time step of each op; None for leaves and outside of time."""
        timesteps: list[int | None] = [None] * len(self.nodes)
        for node, step in zip(self.ops, self._op_times.steps, strict=True):
            timesteps[node.index] = step
        return timesteps

    @cached_property
    def timesteps(self) -> list[int | None]:
        """The time step of each node, from 1; None where it belongs to none."""
        timesteps = self.op_timesteps.copy()
        for node in self.nodes:
            if node.kind in ("input", "constant"):
                timesteps[node.index] = self._leaves.timestep(node)
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
                reads = self.reads[node.index]
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
            step = self.op_timesteps[node.index]
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
        states = self._leaves.states
        return [states[node.index].precedes if node.index in states else None for node in self.nodes]

    @cached_property
    def _leaves(self) -> Leaves:
        return Leaves(self.nodes, self.reads, self.op_timesteps, self.runs, self.slots)

    @cached_property
    def reads(self) -> list[list[Read]]:
        """The ops that read each node, and as which argument, in recorded order."""
        reads: list[list[Read]] = [[] for _ in self.nodes]
        for node in self.ops:
            for argument, source in enumerate(node.inputs):
                reads[source.index].append((node, argument))
        return reads

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
