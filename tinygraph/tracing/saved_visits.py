"""Where and when ops ran, in a trace file: time is read from this in the same way as from a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..loops.keys import grouped
from ..loops.places import Loop, Order, Place
from ..loops.visits import Visits
from .checks import bounded, checked, integers, optional, optional_reference, reference
from .packing import Packer

_MOST_EMPTY = 100  # times as many iterations as ops: a short file must not ask for all memory


def described_visits(visits: Visits, packer: Packer) -> dict[str, Any]:
    """Return places and iterations as plain data, their arrays added to `packer`."""
    loops = {loop: k for k, loop in enumerate(dict.fromkeys(loop for place in visits.places for loop in place.loops))}
    return {
        "loops": [
            [
                None if loop.parent is None else loops[loop.parent],
                loop.function,
                loop.filename,
                loop.lineno,
                loop.variables,
                loop.counter,
                loop.branches,
            ]
            for loop in loops
        ],
        "places": [[[loops[loop] for loop in place.loops], place.order] for place in visits.places],
        "place": packer.add(visits.place),
        "iterations": packer.add(visits.iterations),
    }


def restored_visits(row: dict[str, Any], count: int, arrays: Sequence[Any]) -> Visits:
    """Return the places and the iterations of `count` ops that `described_visits` made `row` of.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the file is damaged.
    """
    loops: list[Loop] = []
    for parent, function, filename, lineno, *assigned in row["loops"]:
        around = optional_reference(loops, parent)  # only an earlier one: no circle can be made
        source = checked(function, str, "a function"), checked(filename, str, "a file"), optional(lineno, int, "a line")
        names, counter, branches = assigned or ((), "", False)  # files of older versions have none
        variables = tuple(checked(name, str, "a variable") for name in names)
        loops.append(
            Loop(around, *source, variables, checked(counter, str, "a variable"), checked(branches, bool, "a flag"))
        )
    places = [Place(tuple(reference(loops, k) for k in chain), _order(order)) for chain, order in row["places"]]
    for place in places:
        if place.loops != (place.loops[-1].chain if place.loops else ()):
            raise ValueError("loops do not stand in one another")
        if place.order.count(None) != len(place.loops):
            raise ValueError("the order of ops does not fit their loops")
    number = integers(reference(arrays, row["place"]), (count,), "the places of ops")
    visited = [reference(places, k) for k in number.tolist()]  # refuses what is not there
    depths = np.array([len(place.loops) for place in visited], int)
    iterations = integers(reference(arrays, row["iterations"]), (count, depths.max(initial=0)), "the iterations of ops")
    _check_iterations(iterations, number, visited, depths)
    return Visits(places, number.astype(np.int32), iterations.astype(np.int32)).some(slice(None))


def _order(numbers: Any) -> Order:
    return tuple(None if n is None else bounded(n, -(2**62), 2**62, "the order of ops") for n in numbers)


def _check_iterations(iterations: np.ndarray, number: np.ndarray, visited: list[Place], depths: np.ndarray) -> None:
    """Check that ops have an iteration of each loop around them, and that none ran twice in the same."""
    levels = range(iterations.shape[1])
    if ((iterations >= 0) != (np.array(levels) < depths[:, None])).any():
        raise ValueError("an op has iterations of loops that it is not in")
    if len(grouped(np.column_stack([number, iterations]))[1]) != len(visited):
        raise ValueError("an op ran twice in the same iteration")
    for level in levels:
        inside = np.flatnonzero(depths > level)
        loops = np.array([id(visited[k].loops[level]) for k in inside.tolist()])
        outer, first = grouped(np.column_stack([loops, iterations[inside, :level]]))
        trips = np.zeros(len(first))
        np.maximum.at(trips, outer, iterations[inside, level] + 1.0)
        if trips.sum() > _MOST_EMPTY * len(visited):
            raise ValueError("loops have too many iterations in which nothing ran")
