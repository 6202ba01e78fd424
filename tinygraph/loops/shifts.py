"""Shifts: loops over time that begin with a later time step than the first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from ..recording.node import Node
from .grouping import Groups
from .places import Loop, shared_depth

Pair = tuple[int, int]  # the positions of what is read and of its reader


def shifts(
    groups: Groups, loop_of: Sequence[Loop | None], at: np.ndarray, trips: np.ndarray, backward: Collection[Loop]
) -> dict[Loop, int]:
    """Return by how many time steps some loops begin later than the first.

    ``for row in rows[1:]`` reads in its first iteration what another loop made in its second, and in its last what that
    made in its last: its time steps are those of the other, from the second. So it is if it takes the elements of an
    array from the second to the last.
    """
    ahead: dict[Loop, set[tuple[Loop | None, int]]] = {}
    iterations: dict[Loop, set[int]] = {}
    unfit: set[Loop] = set()

    def note(k: int, other: Loop | None, steps: int, left: int) -> None:
        loop = loop_of[groups.number[k]]
        if loop is not None and loop not in backward:
            ahead.setdefault(loop, set()).add((other, steps))
            iterations.setdefault(loop, set()).add(int(at[k]))
            if left != trips[k] + steps:
                unfit.add(loop)

    for j, k in sorted(_between_loops(groups, loop_of), key=lambda pair: pair[1]):
        note(k, loop_of[groups.number[j]], int(at[j] - at[k]), int(trips[j]))
    for k, number, length in _elements(groups, loop_of):
        note(k, None, number - int(at[k]), length)
    shifted: dict[Loop, int] = {}
    for loop, of_loop in ahead.items():
        steps = {by + (shifted.get(other, 0) if other is not None else 0) for other, by in of_loop}
        if len(steps) == 1 and len(iterations[loop]) > 1 and loop not in unfit:
            shifted[loop] = steps.pop()
    return {loop: steps for loop, steps in shifted.items() if steps > 0}


def _between_loops(groups: Groups, loop_of: Sequence[Loop | None]) -> Iterator[Pair]:
    """Yield what ops of a loop over time read of another one, of a stack the element that they take."""
    loops = {loop: number for number, loop in enumerate(dict.fromkeys(filter(None, loop_of)))}
    of_group = np.array([-1 if loop is None else loops[loop] for loop in loop_of], int)
    source, target = groups.links
    a, b = of_group[groups.number[source]], of_group[groups.number[target]]
    between = (a != b) & (a >= 0) & (b >= 0)
    pairs = list(zip(source[between].tolist(), target[between].tolist(), strict=True))
    for k, node, number in _taking(groups, loop_of):
        stack = node.inputs[0]
        element = stack.inputs[number] if str(stack.op) == "stack" else None
        j = -1 if element is None else int(groups.wiring.position[element.index])
        if j >= 0 and loop_of[groups.number[j]] not in (None, loop_of[groups.number[k]]):
            pairs.append((j, k))
    for j, k in pairs:
        ours, theirs = loop_of[groups.number[k]], loop_of[groups.number[j]]
        depth = shared_depth(ours.chain, theirs.chain) if ours is not None and theirs is not None else 0
        if (groups.iterations[j, :depth] == groups.iterations[k, :depth]).all():
            yield j, k


def _elements(groups: Groups, loop_of: Sequence[Loop | None]) -> Iterator[tuple[int, int, int]]:
    """Yield the position of what takes an element of an array made outside of time, which one, and how many it has."""
    for k, node, number in _taking(groups, loop_of):
        array = node.inputs[0]
        j = int(groups.wiring.position[array.index])
        if j >= 0 and str(array.op) != "stack" and loop_of[groups.number[j]] is None:
            yield k, number % array.shape[0], array.shape[0]


def _taking(groups: Groups, loop_of: Sequence[Loop | None]) -> Iterator[tuple[int, Node, int]]:
    """Yield ops of loops over time that take one element along the first axis: position, op, number."""
    for members, loop in zip(groups.members, loop_of, strict=True):
        if loop is not None and str(groups.nodes[members[0]].op) == "getitem":
            for k in members.tolist():
                index = groups.nodes[k].attributes.get("index")
                first = index[0] if isinstance(index, tuple) and index else index
                if type(first) is int:
                    yield k, groups.nodes[k], first
