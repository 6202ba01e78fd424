"""Which iterations: of a loop that an op runs in, and of the source of an edge as a function of those of its target."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

Region = tuple[slice, ...] | np.ndarray  # a slice for each loop, as Python counts; else a mask

DELAY, REVERSE, AT, LATEST = "delay", "reverse", "at", "latest"


@dataclass(frozen=True)
class Index:
    """The iteration j of one loop of an edge's source, as a function of its target's iterations i.

    ===========  =================================================================================
    ``delay``    j = i[level] - offset; an offset of 0 is the same iteration
    ``reverse``  j counts from the end what i[level] counts from the start, and offset further
    ``at``       j = offset, counted from the end if negative
    ``latest``   the last iteration before i[level] - offset + 1 in which the source is present
    ===========  =================================================================================

    The level after the loops of the target counts its arguments.
    """

    kind: str
    offset: int
    level: int = -1

    def __str__(self) -> str:
        if self.kind == AT:
            return str(self.offset)
        shift = f" - {self.offset}" if self.offset > 0 else f" + {-self.offset}" if self.offset else ""
        variable = "ijklmn"[min(self.level, 5)] + shift
        return {DELAY: variable, REVERSE: f"-1 - ({variable})", LATEST: f"<= {variable}"}[self.kind]

    def of(self, target: np.ndarray, trips: np.ndarray) -> np.ndarray:
        """Return j for the iterations `target`, where the source's loop makes `trips` trips."""
        if self.kind == AT:
            return np.full(len(target), self.offset) + (trips if self.offset < 0 else 0)
        reached = target[:, self.level] - self.offset
        return trips - 1 - reached if self.kind == REVERSE else reached


def fit(target: np.ndarray, source: np.ndarray, trips: np.ndarray, shared: int) -> tuple[Index, ...] | None:
    """Return an index for each loop of the source that holds for all pairs of iterations, or None.

    Parameters
    ----------
    target : ndarray
        (n, levels) iterations of the target, and the argument where arguments run too.
    source : ndarray
        (n, loops) iterations of the source.
    trips : ndarray
        (n, loops) trips of each loop of the source.
    shared : int
        How many leading loops of the two are the same.
    """
    indices = []
    for q in range(source.shape[1]):
        index = _fit_one(target, source[:, q], trips[:, q], q if q < shared else None)
        if index is None:
            return None
        indices.append(index)
    return tuple(indices)


def _fit_one(target: np.ndarray, source: np.ndarray, trips: np.ndarray, same: int | None) -> Index | None:
    levels = list(range(target.shape[1]))[::-1]
    if same is not None and _constant(target[:, same] - source) and target[0, same] >= source[0]:
        return Index(DELAY, int(target[0, same] - source[0]), same)
    from_end = source - trips
    ends = [int(at[0]) for at in (source, from_end) if _constant(at)]
    if ends:
        return Index(AT, min(ends, key=lambda at: at if at >= 0 else -1 - at))
    for level in levels:
        if _constant(target[:, level] - source):
            return Index(DELAY, int(target[0, level] - source[0]), level)
    for level in levels:
        if _constant(target[:, level] + from_end):
            return Index(REVERSE, int(target[0, level] + from_end[0] + 1), level)
    return None


def _constant(values: np.ndarray) -> bool:
    return bool((values == values[0]).all())


def region(chosen: np.ndarray, iterations: np.ndarray, trips: np.ndarray) -> Region:
    """Describe the rows of `iterations` that are `chosen`: by slices if that is exact, else by the mask itself."""
    if chosen.all():
        return (slice(None),) * iterations.shape[1]
    inside, ends = iterations[chosen], trips[chosen]
    bounds = []
    for at, end in zip(inside.T, ends.T, strict=True):
        starts = sorted({int(at.min()), int((at - end).min())}, key=abs)
        stops = sorted({int(at.max()) + 1, int((at - end).max()) + 1}, key=abs)
        bounds.append([slice(start or None, stop or None) for start in starts for stop in stops])
    for slices in product(*bounds):
        if np.array_equal(selected(slices, iterations, trips), chosen):
            return slices
    return chosen


def selected(where: Region, iterations: np.ndarray, trips: np.ndarray) -> np.ndarray:
    """Return the mask of the rows of `iterations` that lie in a region."""
    if isinstance(where, np.ndarray):
        return where
    chosen = np.ones(len(iterations), bool)
    for part, at, end in zip(where, iterations.T, trips.T, strict=True):
        if part.start is not None:
            chosen &= at >= (part.start if part.start >= 0 else end + part.start)
        if part.stop is not None:
            chosen &= at < (part.stop if part.stop >= 0 else end + part.stop)
    return chosen


def row_keys(iterations: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Number the rows of `iterations` in their lexicographic order, where `sizes` are the most trips of each loop."""
    keys = np.zeros(len(iterations), int)
    for at, size in zip(iterations.T, sizes, strict=True):
        keys = keys * size + at
    return keys
