"""Numbers as colours: between two limits, which several drawings can share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from ..palette import LEVELS, NOT_FINITE, UNKNOWN, ramp
from .text import rounded

__all__ = ["Scale"]

DECADES = 6  # of a logarithmic scale; what is smaller has the colour of the least


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers as colours, between two limits; what lies beyond one has its colour.

    Attributes
    ----------
    low, high : float
    logarithmic : bool
    below, above, not_finite, unknown : bool
        Whether there are numbers beyond the limits, numbers that are NaN or infinite, and values without a number: the
        legend says so.

    Examples
    --------
    >>> scale = Scale.of([0.001, 0.0, 1.0], logarithmic=True)
    >>> [mark for mark, _ in scale.legend()]
    ['≤ 0.001', '0.01', '0.1', '1']
    """

    low: float
    high: float
    logarithmic: bool = False
    below: bool = False
    above: bool = False
    not_finite: bool = False
    unknown: bool = False

    @property
    def two_ways(self) -> bool:
        """Whether it goes both ways from zero, with a colour for each."""
        return self.low < 0 < self.high

    @classmethod
    def of(cls, values: Iterable[float | None], logarithmic: bool, given: Scale | None = None) -> Scale:
        """Return the scale of some numbers: between given limits, or from the least to the greatest of them.

        What is marked beyond the limits is theirs alone, never what others that share the limits have there.
        """
        values = list(values)
        numbers = [value for value in values if value is not None]
        finite = [value for value in numbers if math.isfinite(value)]
        if given is None:
            shown = [value for value in finite if value > 0 or not logarithmic]
            high = max(shown, default=1.0)
            given = cls(_within_decades(min(shown, default=high), high, logarithmic), high, logarithmic)
        return replace(
            given,
            below=any(value < given.low for value in finite),
            above=any(value > given.high for value in finite),
            not_finite=len(finite) < len(numbers),
            unknown=len(numbers) < len(values),
        )

    @classmethod
    def between(cls, limits: Any, logarithmic: bool) -> Scale:
        """Return the scale between two numbers, to be given to `of`.

        Raises
        ------
        TypeError
            If they are no two numbers.
        ValueError
            If they are not finite, the first is not below the second, or a logarithmic scale would not begin above 0.

        Examples
        --------
        >>> [mark for mark, _ in Scale.between((0.01, 1), logarithmic=True).legend()]
        ['0.01', '0.1', '1']
        >>> [mark for mark, _ in Scale.of([0.001, 0.5], True, Scale.between((0.01, 1), logarithmic=True)).legend()]
        ['≤ 0.01', '0.1', '1']
        """
        pair = tuple(limits) if isinstance(limits, Iterable) and not isinstance(limits, str) else ()
        if len(pair) != 2 or not all(isinstance(limit, Real) for limit in pair):
            raise TypeError(f"limits must be two numbers (low, high), or a picture with such a scale, not {limits!r}")
        low, high = map(float, pair)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(f"limits must be finite, not {low:g} and {high:g}")
        if low >= high:
            raise ValueError(f"the first of limits must be below the second, not {low:g} and {high:g}")
        if logarithmic and low <= 0:
            raise ValueError(f"the scale is logarithmic: its limits must be above 0, not {low:g}")
        return cls(low, high, logarithmic)

    def with_others(self, others: Iterable[Scale]) -> Scale:
        """Return the scale that these share: as wide as is needed, and with everything that any of them marks."""
        scales = [self, *others]
        least, high = min(scale.low for scale in scales), max(scale.high for scale in scales)
        low = _within_decades(least, high, self.logarithmic)
        marks = {
            name: any(getattr(scale, name) for scale in scales) for name in ("below", "above", "not_finite", "unknown")
        }
        return replace(self, low=low, high=high, **marks | {"below": marks["below"] or least < low})

    def colour(self, value: float | None) -> str:
        """Return the colour of one number."""
        if value is None:
            return UNKNOWN
        if not math.isfinite(value):
            return NOT_FINITE
        if self.two_ways:
            extent = max(-self.low, self.high)
            return _colour(abs(min(max(value, self.low), self.high)) / extent, below_zero=value < 0)
        return _colour(self._fraction(value))

    def _fraction(self, value: float) -> float:
        if value <= self.low or value >= self.high:
            return 0.5 if value == self.low == self.high else float(value > self.low)
        if self.logarithmic:
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (value - self.low) / (self.high - self.low)

    def legend(self) -> tuple[tuple[str, str], ...]:
        """Return marks of the scale, powers of ten where it is logarithmic, and what lies outside it."""
        marks = self._marks()
        entries = [(rounded(mark), self.colour(mark)) for mark in marks]
        if self.below:
            beyond = (f"≤ {rounded(self.low)}", self.colour(self.low) if self.two_ways else ramp(0.0))
            entries = [beyond, *(entries if self.low == self.high else entries[1:])]
        if self.above:
            beyond = (f"≥ {rounded(self.high)}", self.colour(self.high) if self.two_ways else ramp(1.0))
            entries = [*(entries if self.low == self.high else entries[:-1]), beyond]
        if self.not_finite:
            entries.append(("not finite", NOT_FINITE))
        if self.unknown:
            entries.append(("none", UNKNOWN))
        return tuple(entries)

    def _marks(self) -> list[float]:
        if self.high == self.low:
            return [self.low]
        if self.two_ways:
            return [self.low, self.low / 2, 0.0, self.high / 2, self.high]
        if not self.logarithmic:
            return np.linspace(self.low, self.high, 5).tolist()
        powers = range(math.ceil(math.log10(self.low) + 0.1), math.floor(math.log10(self.high) - 0.1) + 1)
        between = [10.0**power for power in powers]
        return [self.low, *(between or np.geomspace(self.low, self.high, 5)[1:-1].tolist()), self.high]


def _within_decades(low: float, high: float, logarithmic: bool) -> float:
    return max(low, high * 10.0**-DECADES) if logarithmic else low


def _colour(fraction: float, below_zero: bool = False) -> str:
    return ramp(round(fraction * LEVELS) / LEVELS, below_zero=below_zero)
