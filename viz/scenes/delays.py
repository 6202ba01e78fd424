"""What a folded edge says of time: how many time steps it reaches back or ahead, or which one of another loop."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from itertools import pairwise, zip_longest

import networkx as nx
import numpy as np

from tinygraph.folding.folded import FoldedEdge, FoldedGraph, FoldedLoop, FoldedNode
from tinygraph.folding.indices import AT, DELAY
from tinygraph.loops.over_time import Run
from tinygraph.loops.places import shared_depth

from .loop_letters import LoopLetters
from .segments import find_segments

__all__ = ["Delay", "Moment", "Times", "delay_text", "is_carried"]


class Moment(str):
    """The time step of another loop that is read, by its number, or the one time that something is read at all."""


class Moments(Moment):
    """Several time steps that one op reads, told together."""


_MOST_DISTANCES = 3  # of an edge that reaches back differently
_MOST_TOLD = 5  # time steps that are told one by one


Delay = int | str | Moment  # by how many time steps, ahead if negative; in words where that is not one number


def _listed(steps: list[int]) -> str:
    """Return time steps in words.

    >>> _listed([1, 2, 4]), _listed(list(range(2, 138, 2)))
    ('t=1, 2, 4', 't=2, 4, …, 136')
    """
    told = [*map(str, steps)] if len(steps) <= _MOST_TOLD else [str(steps[0]), str(steps[1]), "…", str(steps[-1])]
    return f"t={', '.join(told)}"


def delay_text(delay: Delay) -> str:
    """Return the time step that a folded edge reads.

    >>> delay_text(1), delay_text(-1), delay_text("varies"), delay_text(0)
    ('t−1', 't+1', 'varies', '')
    """
    if isinstance(delay, str):
        return delay
    return f"t−{delay}" if delay > 0 else f"t+{-delay}" if delay else ""


def is_carried(delay: Delay) -> bool:
    """Return whether an edge leads to another iteration of the loop that it leaves."""
    return bool(delay) and not isinstance(delay, Moment)


class Times:
    """The time steps of a folded graph's nodes, and which of its loops share one axis of time."""

    def __init__(self, folded: FoldedGraph) -> None:
        self.folded = folded
        self.timeline = folded.graph.timeline
        self.letters = LoopLetters(folded)
        self._segments = find_segments(self.timeline)
        self._steps = [np.nan if step is None else step for step in self.timeline.timesteps]

    @cached_property
    def stride(self) -> int:
        """The distance of one time step from the next, which is 1 unless labels say otherwise."""
        return min((after - before for before, after in pairwise(self.folded.timesteps)), default=1)

    def in_time(self, node: FoldedNode) -> bool:
        """Return whether a node is one of each time step."""
        return bool(node.loops) and all(
            self.timeline.timesteps[k] is not None for k in node.positions[[0, -1]].tolist()
        )

    def moment(self, node: FoldedNode) -> int | None:
        """Return the time step of what a run of several time steps has only once; None for what each of them has."""
        steps = {self.timeline.timesteps[k] for k in node.positions.tolist()}
        run = self.run(node)
        return steps.pop() if len(steps) == 1 and run is not None and run.first < run.last else None

    def run(self, node: FoldedNode) -> Run | None:
        """Return the first run of a node, or of what reads it."""
        return self.timeline.runs[self._op(node)]

    def level(self, node: FoldedNode) -> int | None:
        """Return how many segments must have run before that of a node, or of what reads it."""
        segment = self._segments[self._op(node)]
        return segment.level if segment else None

    def _op(self, node: FoldedNode) -> int:
        first = int(node.positions[0])
        return first if node.kind == "op" else next((reader.index for reader, _ in self.timeline.reads[first]), first)

    def presence(self, node: FoldedNode) -> str:
        """Return in which time steps of its run a node is there, if that is not all; the last ones may lack it."""
        steps: dict[Run, set[int]] = {}
        for k in node.positions.tolist() if node.kind == "op" and node.times > 1 else ():
            run, step = self.timeline.runs[k], self.timeline.timesteps[k]
            if run is not None and step is not None:
                steps.setdefault(run, set()).add(step)
        texts = {self._presence(run, sorted(of_run)) for run, of_run in steps.items()}
        if len(texts) > 1:  # runs of different lengths: what they begin with alike
            texts = {text.partition("…")[0] + "…" if "…" in text else "" for text in texts}
        return texts.pop() if len(texts) == 1 and self.moment(node) is None else ""

    def _presence(self, run: Run, present: list[int]) -> str:
        first, last = (present[0], run.last) if run.backward else (run.first, present[-1])
        if len(present) * self.stride > last - first:
            return ""
        if present[-1] - present[0] == (len(present) - 1) * self.stride:
            return f"t = {present[0]} … {present[-1]}"
        return _listed(present).replace("=", " = ")

    def runs_backward(self, node: FoldedNode) -> bool:
        """Return whether the loop over time of a node goes through the sequence from its end."""
        run = self.run(node)
        return run is not None and run.backward

    def numbers(self, node: FoldedNode) -> list[str]:
        """Return the numbers of a node in loops other than that over time, a letter where it stands for all."""
        subscripts = [self.timeline.subscripts[k] for k in node.positions.tolist()]
        numbers = [of_loop[0] if len(set(of_loop)) == 1 else None for of_loop in zip_longest(*subscripts)]
        of_loops = self.letters.of(node)
        time = of_loops.index("t") if "t" in of_loops else -1
        inside = [letter for level, letter in enumerate(of_loops) if level != time]
        varying = numbers.count(None)
        shown = iter([""] * (varying - len(inside)) + inside[max(len(inside) - varying, 0) :])
        return [text for n in numbers if (text := next(shown) if n is None else str(n))]

    # -- frames -------------------------------------------------------------------------------------------------------

    def frame(self, loop: FoldedLoop) -> int:
        """Return the number of the frame of a loop: one for all loops that run side by side in time."""
        return self._frames[self._joined[loop]]

    @cached_property
    def _joined(self) -> nx.utils.UnionFind:
        joined = nx.utils.UnionFind(self.folded.loops)
        for node in self.folded.nodes:
            if node.loops:
                for segment in {self._segments[k] for k in node.positions.tolist()} - {None}:
                    joined.union(node.loops[-1], segment)
        return joined

    @cached_property
    def _frames(self) -> dict[object, int]:
        roots = dict.fromkeys(self._joined[loop] for loop in self.folded.loops)
        return {root: number for number, root in enumerate(roots)}

    @cached_property
    def around_time(self) -> set[FoldedLoop]:
        """The loops around loops over time."""
        around: set[FoldedLoop] = set()
        for loop in self.folded.loops:
            outer = loop.parent if loop.over_time else None
            while outer and not outer.over_time:
                around.add(outer)
                outer = outer.parent
        return around

    # -- delays -------------------------------------------------------------------------------------------------------

    def delays(self) -> list[Delay]:
        """Return the delay of each edge; edges to one reader that leave from a time step each say so together."""
        delays = [self.delay(edge) for edge in self.folded.edges]
        leaving: dict[tuple[FoldedNode, FoldedNode], dict[int, int]] = {}
        for number, (edge, delay) in enumerate(zip(self.folded.edges, delays, strict=True)):
            step = re.fullmatch(r"t=(-?\d+)", delay) if isinstance(delay, Moment) else None
            if step and edge.target.times == 1:
                leaving.setdefault((edge.source, edge.target), {})[number] = int(step[1])
        for (source, _), numbers in leaving.items():
            steps = sorted(set(numbers.values()))
            if len(steps) > 1:
                for number in numbers:
                    delays[number] = Moments("all t" if len(steps) == source.times else _listed(steps))
        return delays

    def delay(self, edge: FoldedEdge) -> Delay:
        """Return the delay of an edge, 0 where it does not leave its time step; for loops in loops one of each."""
        delay, end = self._outer_delay(edge), self._end_of_inner(edge)
        if edge.source.kind in ("constant", "input") and isinstance(delay, str) and is_carried(delay):
            delay = delay if self._readers[edge.source] > 1 else 0  # what is given to one op alone is of its time step
        if not end or (isinstance(delay, Moment) and delay.startswith("all")):
            return delay
        text = ", ".join(filter(None, (delay_text(delay), end)))
        return text if is_carried(delay) else Moment(text)

    def _outer_delay(self, edge: FoldedEdge) -> Delay:
        learned = edge.source.kind == "parameter" and int(edge.source.positions[0]) in self.timeline.learned_states
        if edge.source.kind != "op" and not learned and (not edge.source.loops or self._is_named_by_time(edge.source)):
            return self._begins(edge)
        if (
            edge.target.times > 1 and self.moment(edge.source) is not None and edge.source is not edge.target
        ):  # the name of the source says which
            return Moment("once") if len(edge.pairs()[0]) < edge.target.times else 0
        instance, _, row = edge.pairs()
        if edge.source.kind == "parameter":  # a learned initial state
            return Moment("once" if len(row) == 1 < edge.target.times else "")
        pairs = [*zip(edge.source.positions[row].tolist(), edge.target.positions[instance].tolist(), strict=True)]
        timed = self.in_time(edge.source) and self.in_time(edge.target)
        if timed and not self._outside_time(edge) and all(self._axis(j) is self._axis(k) for j, k in pairs):
            within = "" if any(loop.over_time for loop in edge.target.loops) else self._of_iterations(edge)
            return self._at_one_moment(edge) or self._on_one_axis(pairs) or within or 0
        return self._of_iterations(edge) or self._from_another(edge, pairs)

    @cached_property
    def _readers(self) -> Counter[FoldedNode]:
        return Counter(edge.source for edge in self.folded.edges)

    def _of_iterations(self, edge: FoldedEdge) -> Delay:
        return _of_iterations(edge, self.letters.of(edge.target))

    def _at_one_moment(self, edge: FoldedEdge) -> Delay:
        """Return the time step in which an edge is taken to what there is only then, in place of what else there is."""
        moment = self.moment(edge.target)
        delays = edge.delay if isinstance(edge.delay, tuple) else (edge.delay,)
        return (
            Moment(f"t={moment}") if moment is not None and self.moment(edge.source) is None and not any(delays) else 0
        )

    def taken(self, source: FoldedNode, pairs: list[tuple[int, int]]) -> Delay:
        """Return which time step is read by what takes elements of a stack: pairs of an element and its reader."""
        steps = [(self.timeline.timesteps[j], self.timeline.timesteps[k]) for j, k in pairs]
        if source.times == 1 or any(then is None for then, _ in steps):
            return Moment("" if source.times == 1 else "varies")
        if len({k for _, k in pairs}) == 1:
            return Moments(
                "all t" if len(pairs) == source.times else _listed(sorted({then for then, _ in steps if then}))
            )
        if any(now is None for _, now in steps):
            return Moment("varies")
        delay = self._on_one_axis(pairs)
        return delay if self._axis(pairs[0][0]) is self._axis(pairs[0][1]) else Moment(delay_text(delay))

    def _end_of_inner(self, edge: FoldedEdge) -> str:
        """Return which iteration is read of loops that the reader does not stand in, where the name counts them."""
        shared, names = shared_depth(edge.source.loops, edge.target.loops), self.letters.of(edge.source)
        shown = set(self.numbers(edge.source)) - {"t"} if edge.source.kind == "op" and edge.source.name else ()
        of_target = self.letters.of(edge.target)
        ends = (
            _end(edge, of_target, level, names[level]) for level in range(shared, len(names)) if names[level] in shown
        )
        return ", ".join(filter(None, ends))

    def _outside_time(self, edge: FoldedEdge) -> bool:
        """Return whether an edge reaches to other iterations of a loop that is not the one over time."""
        delays = edge.delay if isinstance(edge.delay, tuple) else (edge.delay,)
        timed = [level for level, loop in enumerate(edge.target.loops) if loop.over_time] or [0]
        return any(delay != 0 and level not in timed for level, delay in enumerate(delays))

    def _is_named_by_time(self, leaf: FoldedNode) -> bool:
        """Return whether the name of a leaf says its time step: an initial state, or a target fed one step later."""
        first, last = leaf.positions[[0, -1]].tolist()
        return self.timeline.precedes[first] is not None or last in self.timeline.again

    def _begins(self, edge: FoldedEdge) -> Delay:
        """Say of what is an initial state that it is read once in each run."""
        is_state = all(self.timeline.precedes[k] is not None for k in edge.source.positions.tolist())
        return Moment("once") if is_state and len(edge.pairs()[0]) < edge.target.times else 0

    def _axis(self, index: int) -> object:
        """Return the segment in time of an op, or for a leaf of what reads it."""
        reads = self.timeline.reads[index] if self._segments[index] is None else ()
        return self._segments[reads[0][0].index if reads else index]

    def _on_one_axis(self, pairs: list[tuple[int, int]]) -> Delay:
        distances = {self._steps[k] - self._steps[j] for j, k in pairs}
        if len(distances) == 1 and (distance := distances.pop()) == distance:
            return int(distance) // self.stride
        read = {self._steps[j] for j, _ in pairs}
        if len(read) == 1:
            return f"t={int(read.pop())}"
        if any(step != step for step in read):
            return "varies"
        reach = sorted(int(distance) // self.stride for distance in distances)
        if reach[0] < 0 or len({k for _, k in pairs}) < len(pairs):  # several at once
            all_before = reach[0] in (0, 1) and self._reads_all(pairs, reach[0])
            return f"{int(min(read))}…{_at(reach[0])}" if all_before else "varies"
        return f"{_at(reach[0])}{' or ' if len(reach) == 2 else '…'}{_at(reach[-1])}"

    def _reads_all(self, pairs: list[tuple[int, int]], nearest: int) -> bool:
        """Tell whether each time step reads all those from the first to so many steps before it."""
        read: dict[int, set[int]] = {}
        for j, k in pairs:
            read.setdefault(int(self._steps[k]), set()).add(int(self._steps[j]))
        first, stride = min(map(min, read.values())), self.stride
        return all(steps == set(range(first, now - nearest * stride + 1, stride)) for now, steps in read.items())

    def _from_another(self, edge: FoldedEdge, pairs: list[tuple[int, int]]) -> Delay:
        """Say which time step of another loop is read, and whether that is only once."""
        once = "once" if _is_read_once(edge) else ""
        if edge.source.times == 1 or not self.in_time(edge.source):
            return Moment(once)
        runs = [self.timeline.runs[j] for j, _ in pairs]
        read = {self._steps[j] for j, _ in pairs}
        if len(read) == 1:
            read_text = f"t={int(read.pop())}"
        elif all(run is not None and self._steps[j] == run.last for run, (j, _) in zip(runs, pairs, strict=True)):
            read_text = "last t"
        else:
            read_text = "all t" if {j for j, _ in pairs} == set(edge.source.positions.tolist()) else ""
        return Moment(", ".join(filter(None, (read_text, once))))


def _is_read_once(edge: FoldedEdge) -> bool:
    """Tell whether an edge is taken in only one of many iterations, in each of the loops around both of its ends."""
    shared = shared_depth(edge.source.loops, edge.target.loops)
    instances = edge.pairs()[0]
    around = np.unique(edge.target.iterations[instances, :shared], axis=0) if shared else instances[:1]
    return len(around) == len(instances) < edge.target.times and len(edge.target.loops) > shared


def _at(distance: int) -> str:
    return delay_text(distance) or "t"


def _of_iterations(edge: FoldedEdge, of_target: list[str]) -> Delay:
    """Return how many iterations of the loops around both ends an edge reaches back: of each loop by its letter."""
    delays = edge.delay if isinstance(edge.delay, tuple) else (edge.delay,)
    if not any(delay != 0 for delay in delays):
        return 0
    parts: list[str] = []
    for level, (delay, letter) in enumerate(zip(delays, of_target, strict=False)):
        if delay is None:
            parts.append(_end(edge, of_target, level, letter))
            if not parts[-1]:
                return _several(edge, of_target)
        elif delay:
            parts.append(_back(letter, delay))
    return ", ".join(parts)


def _several(edge: FoldedEdge, of_target: list[str]) -> str:
    """Return how many iterations an edge reaches back where that differs: each of a few distances."""
    shared = shared_depth(edge.source.loops, edge.target.loops)
    instance, _, row = edge.pairs()
    distances = edge.target.iterations[instance, :shared] - edge.source.iterations[row, :shared]
    distinct = np.unique(distances, axis=0)
    if len(distinct) > _MOST_DISTANCES:
        return "varies"
    varying = np.flatnonzero((distinct != distinct[0]).any(0)).tolist()
    alike = [_back(of_target[k], int(distinct[0, k])) for k in range(shared) if k not in varying and distinct[0, k]]
    shown = lambda distance: varying if len(varying) == 1 else np.flatnonzero(distance).tolist() or varying[-1:]
    ways = [", ".join(_back(of_target[k], int(distance[k])) for k in shown(distance)) for distance in distinct]
    return ", ".join([*alike, " or ".join(ways)])


def _back(letter: str, distance: int) -> str:
    return f"{letter}−{distance}" if distance > 0 else f"{letter}+{-distance}" if distance else letter


def _end(edge: FoldedEdge, of_target: list[str], level: int, letter: str) -> str:
    index = edge.index[level] if edge.index else None
    if index is not None and index.kind == DELAY and index.level != level and not index.offset:
        other = of_target[index.level] if 0 <= index.level < len(of_target) else letter
        return f"{letter} = {other}" if other != letter else ""
    end = {0: "first", -1: "last"}.get(index.offset) if index is not None and index.kind == AT else None
    return f"{end} {letter}" if end else ""
