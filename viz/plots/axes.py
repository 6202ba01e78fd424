"""Axes of a plot: which numbers are marked, and where a number stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tinygraph.graphs.writing import superscript

from ..scenes.text import rounded


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return the round numbers from `low` to `high`, at most so many.

    >>> linear_ticks(-0.63, 1.02)
    [-0.5, 0.0, 0.5, 1.0]
    """
    step = _round_up((high - low) / (most - 1))
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(k * step, digits) + 0.0 for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _round_up(step: float) -> float:
    """Return the least of 1, 2, 5, 10, … or their tenths that is no less than `step`."""
    unit = 10.0 ** math.floor(math.log10(step))
    return next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= step * (1 - 1e-9))


def log_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Return round numbers from `low` to `high`: at most so many powers of ten, others too where there are few.

    >>> log_ticks(3e-4, 1.5), log_ticks(0.4, 6.0), log_ticks(1e-90, 1.0)
    ([0.001, 0.01, 0.1, 1.0], [0.5, 1.0, 2.0, 5.0], [1e-80, 1e-60, 1e-40, 1e-20, 1.0])
    >>> log_ticks(0.96, 1.04)
    [0.96, 0.98, 1.0, 1.02, 1.04]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:
        stride = next(k for k in (1, 2, 5, 10, 20, 50, 100, 200) if (last - first) // k < most)
        return [10.0**k for k in range(math.ceil(first / stride) * stride, last + 1, stride)]
    marks = [float(f"{factor}e{k}") for k in range(first - 1, last + 1) for factor in (1, 2, 5)]
    inside = [mark for mark in marks if low <= mark <= high]
    too_near = high - low < 1e-300  # for round numbers between them
    return inside or [low] if len(inside) > 2 or too_near else linear_ticks(low, high)


def tick_names(ticks: Sequence[float]) -> list[str]:
    """Return how the marks of an axis are written: alike, and no two the same.

    >>> tick_names([1e-6, 1e-3, 1.0]), tick_names([1.0, 1.005, 1.01]), tick_names([0.1, 1.0, 10.0])
    (['10⁻⁶', '10⁻³', '10⁰'], ['1', '1.005', '1.01'], ['0.1', '1', '10'])
    """
    names = [rounded(tick) for tick in ticks]
    powers = [round(math.log10(tick)) if tick > 0 else 0 for tick in ticks]
    if any("10⁻" in name or "·" in name for name in names) and all(
        math.isclose(tick, 10.0**power, rel_tol=1e-6) for tick, power in zip(ticks, powers, strict=True)
    ):
        return [f"10{superscript(power)}" for power in powers]
    return next(
        names for digits in range(2, 17) if len(set(names := [rounded(tick, digits) for tick in ticks])) == len(ticks)
    )


def whole_ticks(numbers: Sequence[int], most: int) -> list[int]:
    """Return which of some time steps are marked: all, or the first and the last and round ones between them.

    >>> whole_ticks([1, 2, 3], 10), whole_ticks(range(1, 25), 8)
    ([1, 2, 3], [1, 5, 10, 15, 20, 24])
    """
    first, last = numbers[0], numbers[-1]
    if len(numbers) <= most:
        return list(numbers)
    step = int(_round_up(max(1, (last - first) / max(1, most - 2))))
    between = [t for t in range(math.ceil(first / step) * step, last, step) if min(t - first, last - t) >= 0.6 * step]
    return [first, *between, last]


@dataclass(frozen=True)
class Axis:
    """Where a number stands, in pixels: `low` at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The numbers that are marked, and how they are written."""
        ticks = (log_ticks if self.logarithmic else linear_ticks)(self.low, self.high)
        return list(zip(ticks, tick_names(ticks), strict=True))

    def at(self, number: float) -> float:
        """Return the place of a number."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, number = math.log(low), math.log(high), math.log(number)
        return self.start + (self.end - self.start) * ((number - low) / (high - low) if high > low else 0.5)


def span(numbers: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    """Return where an axis begins and ends for numbers that are finite, and above 0 if it is logarithmic.

    Another one shows 0 too.
    """
    if logarithmic:
        low, high = math.log(min(numbers, default=1.0)), math.log(max(numbers, default=1.0))
        low, high = (low, high) if high - low > 1e-6 else (low - math.log(2), high + math.log(2))
        room = 0.05 * (high - low)
        return math.exp(max(low - room, -744.44)), math.exp(min(high + room, 709.78))
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    room = 0.06 * (high - low) or 1.0
    return low - room * (low < 0), high + room * (high > 0 or low == 0)
