"""Which loop of a program is the one over time, and the time step of each op."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..recording.node import Node
from .directions import backward_loops
from .grouping import Groups
from .keys import grouped, grouped_but
from .meetings import identities, meetings_of_loops
from .places import Loop
from .shifts import shifts
from .states import Carrier

_ANY, _FED, _PARAMETRIC = 1, 4, 2  # what speaks for a loop being the one over time
_ENOUGH = 50  # data that has not changed in so many iterations is taken to be the same


RunKey = tuple[Loop | None, tuple[int, ...]]  # a loop over time, and the iterations of the loops around it


@dataclass(eq=False, frozen=True)
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


class OpTimes(NamedTuple):
    """The time step of each op, from 1, and the run of a loop over time that it belongs to; None outside of time."""

    steps: list[int | None]
    runs: list[RunKey | None]


def op_times(groups: Groups, time: set[Loop]) -> OpTimes:
    """Return the time step and the run of each op, given the loops over time."""
    loop_of = [next((loop for loop in reversed(chain) if loop in time), None) for chain in groups.chains]
    counted = _counted(groups, time)
    backward = backward_loops(groups, loop_of, counted.at, counted.trips)
    turned = np.array([loop in backward for loop in loop_of], bool)[groups.number]
    shifted = shifts(groups, loop_of, counted.at, counted.trips, backward)
    later = np.array([shifted.get(loop, 0) if loop else 0 for loop in loop_of], int)[groups.number]
    numbers = np.where(turned, counted.trips - counted.at, counted.at + 1 + later)
    names = [None, *range(1, int(numbers.max(initial=0)) + 1)]  # one integer for all ops of a time step
    steps = _taken(names, np.where(counted.run < 0, 0, numbers))
    runs = _taken([None, *counted.keys], counted.run + 1)
    _add_sums(groups, time, steps, runs)
    return OpTimes(_labelled(groups, loop_of, steps), runs)


def _taken(values: Sequence[Any], where: np.ndarray) -> list[Any]:
    """Return the values at some positions."""
    return np.fromiter(values, object, len(values))[where].tolist()


class _Counted(NamedTuple):
    """Of each op the iteration of its loop over time, how many that loop makes, and the number of the run, or -1."""

    at: np.ndarray
    trips: np.ndarray
    run: np.ndarray
    keys: list[RunKey]


def _counted(groups: Groups, time: set[Loop]) -> _Counted:
    at, trips, run = np.full((3, len(groups.nodes)), -1)
    counted = _Counted(at, trips, run, [])
    for loop in sorted(time, key=lambda loop: loop.depth):  # the innermost has the last word
        rows = groups.members_in(loop)
        counted.at[rows] = groups.iterations[rows, loop.depth]
        outer, first = grouped(groups.iterations[rows, : loop.depth])
        most = np.zeros(len(first), int)
        np.maximum.at(most, outer, counted.at[rows] + 1)
        counted.trips[rows] = most[outer]
        counted.run[rows] = len(counted.keys) + outer
        counted.keys.extend((loop, tuple(row)) for row in groups.iterations[rows[first], : loop.depth].tolist())
    return counted


def _add_sums(groups: Groups, time: set[Loop], steps: list[int | None], runs: list[RunKey | None]) -> None:
    """Let a sum over what time steps made, in a loop of its own, go along with what it adds to the sum so far."""
    nests_with_time = {loop.chain[0] for loop in time}
    alone = np.array([bool(chain) and chain[0] not in nests_with_time for chain in groups.chains], bool)
    number, position = groups.number, groups.wiring.position
    for k in np.flatnonzero(alone[number]).tolist():
        if steps[k] is None:
            read = (int(position[source.index]) for source in groups.nodes[k].inputs)
            timed = [(number[j] != number[k], steps[j], j) for j in read if j >= 0 and steps[j] is not None]
            if timed:
                latest = max(timed, key=lambda term: term[:2])[2]
                steps[k], runs[k] = steps[latest], runs[latest]


def _labelled(groups: Groups, loop_of: list[Loop | None], steps: list[int | None]) -> list[int | None]:
    """Return the labels of ``tg.timestep`` in the place of time steps, in all of a loop that was labelled."""
    labels = groups.labels
    if labels is None:
        return steps
    loops = [loop_of[number] for number in groups.number.tolist()]
    renamed: dict[tuple[Loop, int | None], int] = {}
    for loop, step, label in zip(loops, steps, labels, strict=True):
        if label is not None and loop is not None:
            renamed.setdefault((loop, step), label)
    return [
        label if label is not None else step if loop is None else renamed.get((loop, step), step)
        for loop, step, label in zip(loops, steps, labels, strict=True)
    ]


# -- which loop -------------------------------------------------------------------------------------------------------


def over_time(groups: Groups) -> set[Loop]:
    """Return the loops over time: those that carry a state or were told, and those that run in step with one."""
    time = _best(groups, {loop for loop in groups.inside if not loop.branches and _carries(groups, loop)})
    while later := _in_step(groups, time):
        time |= later
    return time


def _best(groups: Groups, candidates: set[Loop]) -> set[Loop]:
    """Return of the candidates that stand in each other those for which most speaks."""
    children: dict[Loop | None, list[Loop]] = {}
    for loop in groups.inside:
        children.setdefault(loop.parent, []).append(loop)
    best = (_best_of(loop, children, groups, candidates)[0] for loop in children.get(None, ()))
    return set().union(*best)


def _best_of(
    loop: Loop, children: dict[Loop | None, list[Loop]], groups: Groups, candidates: set[Loop]
) -> tuple[set[Loop], int]:
    """Return the loops over time among `loop` and those inside it, and how much speaks for them."""
    inside = [_best_of(child, children, groups, candidates) for child in children.get(loop, ())]
    best = max((score for _, score in inside), default=0)
    score = _score(groups, loop) if loop in candidates else 0
    if score > best:
        return {loop}, score
    return set().union(*(loops for loops, _ in inside)), best


def _score(groups: Groups, loop: Loop) -> int:
    """Say how much speaks for `loop` being the one over time."""
    numbers = groups.inside[loop]
    parametric = _PARAMETRIC if any(groups.parameters[number] for number in numbers) else 0
    return _ANY + parametric + (_FED if any(_is_fed(groups, number, loop.depth) for number in numbers) else 0)


def _carries(groups: Groups, loop: Loop) -> bool:
    """Tell whether a loop is one over time by itself: it was told, or it carries a state or targets that are fed."""
    members = groups.members_in(loop)
    if groups.labels is not None and any(groups.labels[k] is not None for k in members.tolist()):
        return not any(loop in other.chain and other is not loop for other in groups.inside)
    return Carrier(groups, loop).carries_state or _is_fed_again(groups, loop)


def _in_step(groups: Groups, time: set[Loop]) -> set[Loop]:
    """Return loops that meet one over time at a constant distance: each iteration belongs to a time step."""
    around = {outer for loop in time for outer in loop.chain}
    free = {loop for loop in groups.inside if loop not in around and time.isdisjoint(loop.chain) and not loop.branches}
    candidates = _best(groups, {loop for loop in free if any(groups.parameters[n] for n in groups.inside[loop])})
    if not time or not candidates:
        return set()
    both = time | candidates
    loop_of = [next((loop for loop in reversed(chain) if loop in both), None) for chain in groups.chains]
    at = _counted(groups, both).at
    joined = set()
    for (a, b), pairs in meetings_of_loops(groups, loop_of).items():
        if (a in time) != (b in time) and _keep_step(groups, at, pairs):
            joined.add(b if a in time else a)
    return joined


def _keep_step(groups: Groups, at: np.ndarray, pairs: list[tuple[int, int]]) -> bool:
    """Tell whether some two ops of two loops meet at a constant distance, or in the opposite order, again and again."""
    met: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for j, k in pairs:
        met.setdefault((int(groups.number[j]), int(groups.number[k])), []).append((int(at[j]), int(at[k])))
    for moments in met.values():
        first, second = np.array(moments).T
        steady = len(np.unique(second - first)) == 1 or len(np.unique(second + first)) == 1
        if steady and len(np.unique(first)) > 1:
            return True
    return False


def _is_fed_again(groups: Groups, loop: Loop) -> bool:
    """Tell whether data that an op reads is read by another in the next iteration, as by teacher forcing."""
    read: dict[Hashable, set[int]] = {}
    members = groups.members_in(loop)
    for k in members.tolist():
        for data in identities(groups.nodes[k]):
            outer = tuple(groups.iterations[k, : loop.depth].tolist())
            read.setdefault((data, outer), set()).add(int(groups.iterations[k, loop.depth]))
    passed_on = {min(at) for at in read.values() if len(at) == 2 and max(at) - min(at) == 1}
    trips = int(groups.iterations[members, loop.depth].max()) + 1
    return trips > 2 and len(passed_on) == trips - 1 and len(read) > trips


def _is_fed(groups: Groups, number: int, depth: int) -> bool:
    """Tell whether a group takes in other data in each iteration, all outer and inner ones being the same."""
    members = groups.members[number][: _ENOUGH**2]
    others = grouped_but(groups.iterations[members], depth)
    longest = members[others == np.bincount(others).argmax()]
    return _takes_other_data([groups.nodes[k] for k in longest[:_ENOUGH].tolist()])


def _takes_other_data(ops: list[Node]) -> bool:
    """Tell whether some ops differ in the data that they take in: values of leaves, elements of an array."""
    first, *rest = (list(_data_read(op)) for op in ops)
    return any(not _equal(a, b) for data in rest for a, b in zip(first, data, strict=False))


def _data_read(op: Node) -> Iterator[object]:
    yield op.attributes.get("index")
    for source in op.inputs:
        yield source._value if source.kind in ("input", "constant") else None


def _equal(a: Any, b: Any) -> bool:
    if a is b or a is None or b is None:
        return True
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or (a != a and b != b)
    try:
        return bool(np.array_equal(a, b, equal_nan=True))
    except TypeError:
        return a == b
