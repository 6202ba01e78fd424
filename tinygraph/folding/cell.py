"""The cell of a recurrence: its loops, its nodes, and the edges that say which iteration an argument reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..loops.places import Loop, Order, shared_depth
from ..loops.timeline import Timeline
from ..recording.node import Node
from .indices import DELAY, Index, Region, row_keys, selected


class FoldedLoop:
    """A loop of the recurrence.

    Attributes
    ----------
    parent : FoldedLoop or None
        The loop around it.
    recorded : Loop
        Where it stands in the program.
    iterations, ends : (n, depth + 1) arrays of int
        All iterations of the loops around it and of itself, in order, and how many trips each loop then makes.
    """

    iterations: np.ndarray
    ends: np.ndarray

    def __init__(self, parent: FoldedLoop | None, recorded: Loop, counts: np.ndarray, timeline: Timeline):
        self.parent = parent
        self.recorded = recorded
        self._timeline = timeline
        self._counts = counts
        outer, ends = (parent.iterations, parent.ends) if parent else (np.zeros((1, 0), int),) * 2
        starts = np.cumsum(counts) - counts
        inner = np.arange(counts.sum()) - np.repeat(starts, counts)
        self.iterations = np.column_stack([np.repeat(outer, counts, axis=0), inner])
        self.ends = np.repeat(np.column_stack([ends, counts]), counts, axis=0)

    @property
    def over_time(self) -> bool:
        """Whether an iteration is a time step."""
        return self.recorded in self._timeline.over_time

    @property
    def trips(self) -> int | tuple[int, ...]:
        """How often it went round, for each iteration of its parent where that differs."""
        counts = self._counts.tolist()
        return counts[0] if len(set(counts)) == 1 else tuple(counts)

    @property
    def depth(self) -> int:
        """How many loops stand around it."""
        return self.parent.depth + 1 if self.parent else 0

    def trips_within(self, outer: np.ndarray) -> np.ndarray:
        """Return the number of trips for each row of iterations of the loops around it."""
        if not self.parent:
            return np.repeat(self._counts, len(outer))
        return self._counts[self.parent.rows(outer)]

    def rows(self, iterations: np.ndarray) -> np.ndarray:
        """Return where `iterations` stand in the list of all iterations."""
        sizes = self.ends.max(0, initial=1)
        return np.searchsorted(row_keys(self.iterations, sizes), row_keys(iterations, sizes))

    def __repr__(self) -> str:
        return f"FoldedLoop({self.recorded!r}, trips={self.trips})"


@dataclass(eq=False, repr=False)
class FoldedNode:
    """All the instances of one op of the recurrence, or of one of its leaves.

    Attributes
    ----------
    index : int
        Its position in ``folded.nodes``.
    recorded : sequence of Node
        The recorded nodes, in the order of the iterations. What they have in common can be asked of it: kind, op,
        name, expression, source, scope, shape, dtype, requires_grad.
    positions : array of int
        Where they stand in the recorded graph.
    loops : tuple of FoldedLoop
        The loops that repeat it, outermost first.
    when : tuple of slice, or boolean array
        In which iterations it is present: a slice for each loop, or a table over all iterations.
    order : tuple of int or None
        Of an op: sorts its instances among those of others, as they were recorded, with iterations for each None.
    arity : int or tuple of int
        How many arguments it has; a number for each instance where they differ.
    parameters : tuple of FoldedNode
        The parameters that every instance uses, and no other instance of a different node in its place.
    """

    index: int
    recorded: Sequence[Node]
    positions: np.ndarray
    loops: tuple[FoldedLoop, ...]
    when: Region
    order: Order
    arity: int | tuple[int, ...]
    parameters: tuple[FoldedNode, ...] = ()

    def __post_init__(self) -> None:
        self.kind = self.recorded[0].kind

    def __getattr__(self, name: str) -> Any:
        if name in ("op", "name", "expression", "source", "scope", "shape", "dtype", "requires_grad"):
            return getattr(self.recorded[0], name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def times(self) -> int:
        """How many instances it has."""
        return len(self.iterations) if self.loops else 1

    @property
    def is_everywhere(self) -> bool:
        """Whether it is present in all iterations of its loops."""
        return isinstance(self.when, tuple) and all(part == slice(None) for part in self.when)

    @cached_property
    def iterations(self) -> np.ndarray:
        """The (times, loops) iterations in which it is present, in order."""
        return self._where_present("iterations")

    @cached_property
    def ends(self) -> np.ndarray:
        """The (times, loops) trips of its loops around each instance."""
        return self._where_present("ends")

    def _where_present(self, name: str) -> np.ndarray:
        if not self.loops:
            return np.zeros((1, 0), int)
        inner = self.loops[-1]
        return getattr(inner, name)[selected(self.when, inner.iterations, inner.ends)]

    @cached_property
    def _sizes(self) -> np.ndarray:
        return self.loops[-1].ends.max(0) if self.loops else np.zeros(0, int)

    @cached_property
    def _keys(self) -> np.ndarray:
        return row_keys(self.iterations, self._sizes)

    def rows(self, iterations: np.ndarray) -> np.ndarray:
        """Return the instances at the given iterations, or the latest before them."""
        return np.searchsorted(self._keys, row_keys(iterations, self._sizes), side="right") - 1

    def __repr__(self) -> str:
        return f"FoldedNode({self.index}, {self.name or self.op or self.kind}, times={self.times})"


@dataclass(eq=False, repr=False)
class FoldedEdge:
    """What one argument of an op reads.

    Attributes
    ----------
    source, target : FoldedNode
    argument : int or None
        Which argument of the target; None where it runs, as in a ``stack`` over time.
    index : tuple of Index, or None
        For each loop of the source, the iteration that is read. None where only a table tells.
    when : tuple of slice, or boolean array
        For which instances of the target: a slice for each loop (and for the argument where it runs), or a table.
    table : array of int, or None
        Where there is no index: the instances of the source that are read.
    """

    source: FoldedNode
    target: FoldedNode
    argument: int | None
    index: tuple[Index, ...] | None
    when: Region
    table: np.ndarray | None = None

    @property
    def delay(self) -> int | tuple[int | None, ...] | None:
        """How many iterations of the loop around both ends lie between them: a tuple for loops in loops.

        None stands where that is not constant.
        """
        delays = []
        for level in range(shared_depth(self.source.loops, self.target.loops)):
            index = self.index[level] if self.index else None
            constant = index is not None and index.kind == DELAY and index.level == level
            delays.append(index.offset if index is not None and constant else None)
        return 0 if not delays else delays[0] if len(delays) == 1 else tuple(delays)

    @property
    def carried_by(self) -> set[FoldedLoop]:
        """The loops that carry it: from one of their iterations to another."""
        shared = shared_depth(self.source.loops, self.target.loops)
        instance, _, row = self.pairs()
        differ = self.target.iterations[instance, :shared] != self.source.iterations[row, :shared]
        levels = set(differ.argmax(1)[differ.any(1)].tolist()) if shared else set()
        return {self.target.loops[level] for level in levels}

    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which instance of the target reads with which argument which instance of the source."""
        instance, argument, iterations, ends = arrivals(self.target, self.argument)
        chosen = selected(self.when, iterations, ends)
        iterations = iterations[chosen]
        if self.index is None:
            assert self.table is not None
            return instance[chosen], argument[chosen], self.table
        read = np.zeros((len(iterations), 0), int)
        for loop, index in zip(self.source.loops, self.index, strict=True):
            read = np.column_stack([read, index.of(iterations, loop.trips_within(read))])
        return instance[chosen], argument[chosen], self.source.rows(read)

    def __repr__(self) -> str:
        return f"FoldedEdge({self.source!r} -> {self.target!r}, argument={self.argument}, delay={self.delay})"


def arrivals(target: FoldedNode, argument: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the instance, the argument, the iterations and their ends for each place where an edge can arrive."""
    instances = np.arange(target.times)
    if argument is not None:
        return instances, np.full(target.times, argument), target.iterations, target.ends
    arity = np.broadcast_to(target.arity, target.times)
    instance = np.repeat(instances, arity)
    argument_of = np.arange(len(instance)) - np.repeat(np.cumsum(arity) - arity, arity)
    iterations = np.column_stack([target.iterations[instance], argument_of])
    return instance, argument_of, iterations, np.column_stack([target.ends[instance], arity[instance]])
