"""A timeline in a trace file: loops, groups, runs and initial states as plain data, checked when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..loops.grouping import Groups
from ..loops.places import Loop
from ..loops.timeline import Run, Timeline
from ..recording.node import Node
from .packing import Packer, reference


def described_timeline(timeline: Timeline, packer: Packer) -> dict[str, Any]:
    """Return a timeline as plain data, its arrays added to `packer`; time steps are stored with the nodes."""
    groups = timeline.groups
    loops: dict[Loop, int] = {}
    for loop in [*(loop for chain in groups.chains for loop in chain), *groups.dissolved, *timeline.over_time]:
        _number(loop, loops)
    runs = list(dict.fromkeys(run for run in timeline.runs if run is not None))
    run_number = {run: k for k, run in enumerate(runs)}
    return {
        "loops": [
            [None if loop.parent is None else loops[loop.parent], loop.function, loop.filename, loop.lineno]
            for loop in loops
        ],
        "over_time": sorted(loops[loop] for loop in timeline.over_time),
        "runs": [[None if run.loop is None else loops[run.loop], run.first, run.last, run.backward] for run in runs],
        "run_of": packer.add(np.array([-1 if run is None else run_number[run] for run in timeline.runs], int)),
        "precedes": packer.add(np.array([-1 if k is None else k for k in timeline.precedes], int)),
        "slots": packer.add(np.array(timeline.slots, int)),
        "number": packer.add(groups.number),
        "iterations": packer.add(groups.iterations),
        "chains": [[loops[loop] for loop in chain] for chain in groups.chains],
        "own": groups.own,
        "order": groups.order,
        "dissolved": [loops[loop] for loop in groups.dissolved],
    }


def _number(loop: Loop, loops: dict[Loop, int]) -> None:
    if loop.parent is not None:
        _number(loop.parent, loops)
    loops.setdefault(loop, len(loops))


def restored_timeline(
    row: dict[str, Any], nodes: list[Node], timesteps: list[int | None], arrays: list[Any]
) -> Timeline:
    """Return the timeline that `described_timeline` made `row` of.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the file is damaged.
    """
    timeline = Timeline(nodes)
    count = len(nodes)
    loops: list[Loop] = []
    for parent, function, filename, lineno in row["loops"]:
        if type(function) is not str or type(filename) is not str or type(lineno) not in (int, type(None)):
            raise ValueError("a loop is malformed")
        above = None if parent is None else reference(loops, parent)  # only an earlier one: no circle can be made
        loops.append(Loop(above, function=function, filename=filename, lineno=lineno))
    runs: list[Run] = []
    for loop, first, last, backward in row["runs"]:
        if type(first) is not int or type(last) is not int or type(backward) is not bool:
            raise ValueError("a run is malformed")
        runs.append(Run(None if loop is None else reference(loops, loop), first, last, backward))
    timeline.timesteps = timesteps
    timeline.over_time = {reference(loops, k) for k in row["over_time"]}
    timeline.slots = _integers(reference(arrays, row["slots"]), (count,), -1, 2**62).tolist()
    run_of = _integers(reference(arrays, row["run_of"]), (count,), -1, len(runs)).tolist()
    timeline.runs = [None if k < 0 else runs[k] for k in run_of]
    precedes = _integers(reference(arrays, row["precedes"]), (count,), -1, count).tolist()
    timeline.precedes = [None if k < 0 else k for k in precedes]
    timeline.groups = _groups(row, timeline.ops, loops, arrays, count)
    return timeline


def _groups(row: dict[str, Any], ops: list[Node], loops: list[Loop], arrays: list[Any], count: int) -> Groups:
    chains = [tuple(reference(loops, k) for k in chain) for chain in row["chains"]]
    depth = max(map(len, chains), default=0)
    number = _integers(reference(arrays, row["number"]), (len(ops),), 0, len(chains))
    iterations = _integers(reference(arrays, row["iterations"]), (len(ops), depth), -1, 2**40)
    if len(chains) != len(set(number.tolist())):
        raise ValueError("a group of ops is empty")
    for chain in chains:
        if any(loop.parent is not outer for outer, loop in zip((None, *chain), chain, strict=False)):
            raise ValueError("loops do not stand in one another")
    around = np.array([len(chain) for chain in chains], int)[number] if len(ops) else np.zeros(0, int)
    if ((iterations >= 0) != (np.arange(depth) < around[:, None])).any():
        raise ValueError("an op has iterations of loops that it is not in")
    own = [tuple((_index(a, count), _index(p, count)) for a, p in uses) for uses in row["own"]]
    order = [tuple(None if n is None else _index(n, 2**62) for n in numbers) for numbers in row["order"]]
    if len(own) != len(chains) or len(order) != len(chains):
        raise ValueError("the groups of ops are incomplete")
    dissolved = [reference(loops, k) for k in row["dissolved"]]
    return Groups(ops, number, chains, iterations, own, order, dissolved, np.zeros((len(ops), 1), int), [])


def _integers(array: Any, shape: tuple[int, ...], low: int, end: int) -> np.ndarray:
    values = np.asarray(array)
    if values.dtype.kind != "i" or values.shape != shape or (values < low).any() or (values >= end).any():
        raise ValueError("what is known of time does not fit the nodes")
    return values.astype(int)


def _index(value: Any, end: int) -> int:
    if type(value) is not int or not -(2**62) <= value < end:
        raise ValueError(f"{value!r} is no index")
    return value
