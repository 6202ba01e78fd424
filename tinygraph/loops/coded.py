"""A value for each of millions of nodes, where few are different: by their numbers."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar

import numpy as np

Value = TypeVar("Value", bound=Hashable)


class Interned(dict[Value, int], Generic[Value]):
    """The numbers of things, counted in the order in which they are first asked for."""

    def __missing__(self, key: Value) -> int:
        self[key] = number = len(self)
        return number


class Coded(Sequence[Value]):
    """A sequence that holds equal values once, and four bytes for each place.

    Attributes
    ----------
    values : list
        The different values, in the order in which they first come.

    Examples
    --------
    >>> times = Coded([None, 5, 5, None])
    >>> times, times[1], times.values, times.codes.tolist()
    ([None, 5, 5, None], 5, [None, 5], [0, 1, 1, 0])
    """

    def __init__(self, values: Iterable[Value]):
        numbers = Interned[Value]()
        self._codes = array("i", map(numbers.__getitem__, values))
        self.values = list(numbers)

    @property
    def codes(self) -> np.ndarray:
        """For each place, the position of its value among `values`."""
        return np.frombuffer(self._codes, np.int32)

    def __len__(self) -> int:
        return len(self._codes)

    def __getitem__(self, place: Any) -> Any:
        codes = self._codes[place]
        return list(map(self.values.__getitem__, codes)) if isinstance(place, slice) else self.values[codes]

    def __iter__(self) -> Iterator[Value]:
        return map(self.values.__getitem__, self._codes)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Coded | list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


class Pairs(Sequence[tuple[int, int]]):
    """Pairs of integers, of eight bytes each.

    Examples
    --------
    >>> pairs = Pairs([(7, 0), (9, 1)])
    >>> pairs[-1], list(pairs)
    ((9, 1), [(7, 0), (9, 1)])
    """

    def __init__(self, pairs: Iterable[tuple[int, int]]):
        self._numbers = array("i", chain.from_iterable(pairs))

    def __len__(self) -> int:
        return len(self._numbers) // 2

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        first, second = self._numbers[2 * (k := range(len(self))[place]) : 2 * k + 2]
        return first, second


class Places(Generic[Value]):
    """Where each value of a sequence stands.

    Examples
    --------
    >>> places = Places([None, 5, 5, None])
    >>> places[5], places[None], places[7]
    ([1, 2], [0, 3], [])
    """

    def __init__(self, values: Sequence[Value]):
        self._numbers = Interned[Value]()
        numbers = np.fromiter(map(self._numbers.__getitem__, values), np.int32, len(values))
        self._order = np.argsort(numbers, kind="stable").astype(np.int32)
        self._ends = np.cumsum(np.bincount(numbers, minlength=len(self._numbers)))

    def __getitem__(self, value: Value) -> list[int]:
        number = self._numbers.get(value)
        if number is None:
            return []
        return self._order[self._ends[number - 1] if number else 0 : self._ends[number]].tolist()
