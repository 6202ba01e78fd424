"""Which part of a backward pass a page shows: all of it, or a window of time steps with gaps around it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import numpy as np

from tinygraph.backward.replay import receives, view
from tinygraph.numeric import norm
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from ..scenes.window import select

Timesteps = slice | int | Iterable[int]

MOST_STEPS = 20_000  # of the backward pass: of a longer one a page shows only the ends, unless asked for more
ENDS = 24  # time steps, at most, of each end of each loop
MOST_POINTS = 300  # of a line of the timeline, in a gap


class Gap(NamedTuple):
    """Consecutive steps of the backward pass that a page does as one, from `first` to `last`."""

    first: int
    last: int


class GapTerm(NamedTuple):
    """What a gap contributes to one value: the sum, the number of terms in it, and the running sum with them.

    The running sum is the one of the pass, which added them one after another; the same contributions added among
    themselves first may differ in the last bit.
    """

    target: Node
    contribution: np.ndarray
    terms: int
    after: np.ndarray


class Excerpt:
    """The steps and the values of a trace that a page shows, and where they stand in it.

    Attributes
    ----------
    trace : Trace
    window : set of int, or None
        The time steps shown; None for all.
    steps : list of int or Gap
        By the page's own numbers.
    nodes : list of Node
        The values shown.
    places, places_of_gaps : dict
        The page's own numbers of these values, by their indices, and of the gaps, which come after them.

    Parameters
    ----------
    drawn : collection of int
        The indices of nodes that are shown in any case, since a drawing shows them.
    """

    def __init__(self, trace: Trace, window: set[int] | None, drawn: Collection[int] = ()):
        self.trace = trace
        self.window = window
        runs = groupby(range(len(trace)), key=lambda k: self._walks(trace.nodes[k]))
        self.steps: list[int | Gap] = []
        for walked, run in runs:
            steps = list(run)
            self.steps += steps if walked else [Gap(steps[0], steps[-1])]
        self.nodes = trace.graph.nodes if window is None else self._shown(set(drawn))
        self.places = {node.index: place for place, node in enumerate(self.nodes)}
        gaps = (step for step in self.steps if isinstance(step, Gap))
        self.places_of_gaps = {gap: place for place, gap in enumerate(gaps, len(self.nodes))}

    def _walks(self, node: Node) -> bool:
        return self.window is None or node.timestep is None or node.timestep in self.window

    def _shown(self, drawn: set[int]) -> list[Node]:
        """Return what the steps shown are about, with all that their ops read, and all parameters."""
        walked = [node for node in self.trace.graph.nodes if node.kind == "op" and self._walks(node)]
        indices = drawn | {self.trace.output.index} | {node.index for op in walked for node in (op, *op.inputs)}
        return [node for node in self.trace.graph.nodes if node.index in indices or node.kind == "parameter"]

    @property
    def forward_bytes(self) -> int:
        """The bytes of all computed values that are shown."""
        return sum(node.nbytes for node in self.nodes if node.kind == "op")

    @cached_property
    def _firsts(self) -> list[int]:
        return [step.first if isinstance(step, Gap) else step for step in self.steps]

    def place_of_step(self, k: int) -> int:
        """Return where step `k` of the trace stands on the page: its own place, or that of the gap it is in.

        Before the first step, at -1, a page is at -1 too.
        """
        return bisect_right(self._firsts, k) - 1

    def inputs(self, node: Node) -> list[Node]:
        """Return what a value is computed from, where the page shows that."""
        return [source for source in node.inputs if source.index in self.places] if self._walks(node) else []

    def terms(self, gap: Gap) -> list[GapTerm]:
        """Return what the steps of a gap contribute to values that are shown."""
        counts: dict[Node, int] = {}
        for k in range(gap.first, gap.last + 1):
            node = self.trace.nodes[k]
            for argument, source in enumerate(node.inputs):
                if source.index in self.places and receives(node, argument):
                    counts[source] = counts.get(source, 0) + 1
        return [self._term(target, gap, count) for target, count in counts.items()]

    def _term(self, target: Node, gap: Gap, count: int) -> GapTerm:
        before, after = self.trace.running(target, gap.first), self.trace.running(target, gap.last + 1)
        assert after is not None
        if before is None:
            return GapTerm(target, after, count, after)
        with np.errstate(all="ignore"):
            return GapTerm(target, np.subtract(after, before), count, after)

    def timesteps(self, gap: Gap) -> list[int]:
        """Return the time steps of a gap, in order."""
        return sorted({t for k in range(gap.first, gap.last + 1) if (t := self.trace.nodes[k].timestep) is not None})

    def norms(self, gap: Gap) -> dict[Node, list[tuple[int, float]]]:
        """Return the norms of adjoints in a gap by time step, for each value shown that it has others in place of.

        Of each stretch of time steps, the largest alone: there are at most `MOST_POINTS` of them.
        """
        slots = self.trace.graph.timeline.slots
        shown = {slots[node.index]: node for node in self.nodes if node.kind == "op" and self._walks(node)}
        points: dict[Node, list[tuple[int, float]]] = {}
        for k in range(gap.first, gap.last + 1):
            node = self.trace.nodes[k]
            like = shown.get(slots[node.index])
            if like is not None and like.timestep is not None and node.timestep is not None:
                size = norm(view(self.trace.adjoints[k]))
                points.setdefault(like, []).append((node.timestep, size))
        return {like: _largest(sorted(of_one)) for like, of_one in points.items()}


def _largest(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the point of the largest norm of each stretch."""
    stretch = -(-len(points) // MOST_POINTS)
    return [max(points[at : at + stretch], key=lambda point: point[1]) for at in range(0, len(points), stretch)]


def window_of(trace: Trace, wanted: Timesteps | None) -> set[int] | None:
    """Return the time steps that a page of a trace shows; None for all.

    Parameters
    ----------
    trace : Trace
    wanted : slice, int or iterable of int, optional
        As `viz.draw` takes them. By default all, but of a pass of more than `MOST_STEPS` steps only the first and last
        time steps of each loop.
    """
    timesteps = trace.graph.timesteps
    if wanted is not None:
        window = select(wanted, timesteps)
    elif len(trace) > MOST_STEPS and timesteps:
        ends = max(1, min(ENDS, MOST_STEPS // 2 * len(timesteps) // len(trace)))
        spans = {(run.first, run.last) for run in trace.graph.timeline.runs if run is not None}
        window = {t for first, last in spans for t in (*range(first, first + ends), *range(last - ends + 1, last + 1))}
    else:
        return None
    return None if window.issuperset(timesteps) else window


def in_words(timesteps: Iterable[int]) -> str:
    """Return time steps as a reader says them.

    Examples
    --------
    >>> in_words([1, 2, 3, 8, 9998, 9999, 10000])
    '1 to 3, 8 and 9,998 to 10,000'
    """
    ordered = sorted(timesteps)
    stretches = [[t for _, t in run] for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])]
    words = [f"{run[0]:,}" if len(run) == 1 else f"{run[0]:,} to {run[-1]:,}" for run in stretches]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
