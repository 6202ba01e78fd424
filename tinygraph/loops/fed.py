"""Data read again one time step after another op read it: targets that are fed, known by their values."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from ..recording.node import Node
from .over_time import Run
from .reads import CONSTANT, INPUT, Reads, Wiring

_ENOUGH_BITS = 8


def fed_again(
    wiring: Wiring,
    reads: Reads,
    timesteps: Sequence[int | None],
    places: Sequence[Hashable],
    runs: Sequence[Run | None],
) -> dict[int, int]:
    """Return for each array that is given anew what it is again: by the indices of both leaves.

    Teacher forcing gives ``y[t - 1]`` to the cell and gave ``y[t - 1]`` to the loss of the time step before: two leaves
    of equal values, in every time step. They are one.

    Parameters
    ----------
    wiring : Wiring
    reads : Reads
        By the index of a node, the ops that read it and as which argument.
    timesteps, places, runs : sequence
        By the index of an op, its time step, its place in the cell, and its run, the length of which must be the same.
    """
    given: dict[tuple[Hashable, int], dict[int, int]] = {}
    spans: dict[tuple[Hashable, int], tuple[int, int] | None] = {}
    for leaf in np.flatnonzero((wiring.kinds == INPUT) | (wiring.kinds == CONSTANT)).tolist():
        if len(of_leaf := reads.places(leaf)) == 1 and _is_array(wiring.facts.value(leaf)):
            ((reader, argument),) = of_leaf
            step = timesteps[reader]
            if step is not None:
                given.setdefault((places[reader], argument), {})[step] = leaf
                run = runs[reader]
                spans[places[reader], argument] = None if run is None else (run.first, run.last)
    if len(given) < 2:
        return {}
    as_bytes = lambda leaf: np.asarray(wiring.facts.value(leaf)).tobytes()
    values = {place: {step: as_bytes(leaf) for step, leaf in by_step.items()} for place, by_step in given.items()}
    again: dict[int, int] = {}
    taken: set[Hashable] = set()
    for later, earlier in permutations(given, 2):
        free = later[0] != earlier[0] and not taken & {("later", later), later, ("later", earlier), earlier}
        like = free and spans[later] == spans[earlier] and _is_again(values[later], values[earlier])
        if like and _is_no_chance([wiring.nodes[leaf] for leaf in given[later].values()][1:]):
            taken |= {("later", later), earlier}
            steps = given[earlier]
            again |= {leaf: steps[t - 1] for t, leaf in given[later].items() if t - 1 in steps}
    return again


def _is_array(value: Any) -> bool:
    return bool(np.shape(value)) and np.asarray(value).dtype.kind in "fiu"


def _is_again(later: dict[int, bytes], earlier: dict[int, bytes]) -> bool:
    """Tell whether in every time step but the first, `later` is what `earlier` was one step before, and not now."""
    steps = sorted(later)
    if len(steps) < 2 or len(earlier) < 2 or steps[-1] - steps[0] != len(steps) - 1:
        return False
    if any(later[step] != earlier.get(step - 1) for step in steps[1:]):
        return False
    return len(set(earlier.values())) > 1 and any(later[step] != earlier.get(step) for step in steps[1:])


def _is_no_chance(leaves: Sequence[Node]) -> bool:
    """Tell whether what some leaves hold is hardly equal by chance, as a few small integers may be."""
    if any(leaf.dtype.kind == "f" for leaf in leaves):
        return True
    if any("[" in (leaf.label or "") for leaf in leaves):
        return False  # its name says already which one it is
    integers = [integer for leaf in leaves for integer in leaf.data.ravel().tolist()]
    return len(integers) * math.log2(len(set(integers)) or 1) >= _ENOUGH_BITS
