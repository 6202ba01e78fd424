"""What a function reads besides its arguments, as it was when a plan was made: is it still the same?

A plan holds as long as every name stands for the same object and every array holds the same numbers. Tensors are read
anew in each call: of them only the object must be the same. `tinygraph.compiling.calls.reach` finds what to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import is_
from typing import Any

import numpy as np

Question = Callable[[], Any]


class State:
    """Names, collections, arrays and answers to questions, as they were when they were noted."""

    def __init__(self) -> None:
        self._names: dict[Callable[[str], Any], tuple[dict[str, Any], dict[str, str]]] = {}
        self._attributes: list[tuple[Mapping, frozenset[str], list[str], list[Any], str]] = []
        self._mappings: list[tuple[Mapping, list[Any], list[Any], str]] = []
        self._collections: list[tuple[Any, list[Any], str]] = []
        self._arrays: list[tuple[np.ndarray, np.ndarray, str]] = []
        self._answers: list[tuple[Question, Any, str]] = []
        self._generators: list[tuple[Question, Callable[[Any], None], Any, str]] = []

    def note_names(self, get: Callable[[str], Any], names: Iterable[str], what: str) -> None:
        """Note what `get` gives for some names; functions of one module share them."""
        values, places = self._names.setdefault(get, ({}, {}))
        for name in names:
            values.setdefault(name, get(name))
            places.setdefault(name, what)

    def note_mapping(self, mapping: Mapping, what: str) -> None:
        """Note the keys and values of a mapping."""
        self._mappings.append((mapping, list(mapping), list(mapping.values()), what))

    def note_attributes(self, mapping: Mapping, names: frozenset[str], what: str) -> dict[str, Any]:
        """Note for what some names stand in the dict of an object, and return those that it has there."""
        there = {name: value for name, value in mapping.items() if name in names}
        self._attributes.append((mapping, names, list(there), list(there.values()), what))
        return there

    def note_collection(self, collection: Any, what: str) -> None:
        """Note what is in a list or its like."""
        self._collections.append((collection, list(collection), what))

    def note_array(self, array: np.ndarray, what: str) -> None:
        """Note the numbers in an array."""
        self._arrays.append((array, np.array(array, order="C"), what))

    def note_answer(self, question: Question, what: str) -> None:
        """Note what a question is answered, which is compared by ``==``, or by ``is`` in a tuple of one."""
        self._answers.append((question, question(), what))

    def note_generator(self, question: Question, put_back: Callable[[Any], None], what: str) -> None:
        """Note where a generator of random numbers stands."""
        self._generators.append((question, put_back, question(), what))

    def change(self) -> str | None:
        """Return what is not the same any more, or None."""
        for get, (values, places) in self._names.items():
            if not all(map(is_, map(get, values), values.values())):
                changed = next(name for name, value in values.items() if get(name) is not value)
                return f"{changed} in {places[changed]}"
        for mapping, some, there, entries, what in self._attributes:
            if (mapping or there) and (
                len(some.intersection(mapping)) != len(there) or not all(map(is_, map(mapping.get, there), entries))
            ):
                return what
        for mapping, keys, entries, what in self._mappings:
            if len(mapping) != len(keys):
                return what
            if keys and (not all(map(is_, mapping.values(), entries)) or list(mapping) != keys):
                return what
        for collection, entries, what in self._collections:
            if len(collection) != len(entries) or not all(map(is_, collection, entries)):
                return what
        for array, numbers, what in self._arrays:
            if not same_numbers(array, numbers):
                return what
        for ask, answer, what in self._answers:
            if not _same(ask(), answer):
                return what
        return None

    def drawn(self) -> str | None:
        """Return which generator of random numbers was used since, or None."""
        return next((what for ask, _, answer, what in self._generators if not _stands_where(ask(), answer)), None)

    def rewind(self) -> None:
        """Put generators of random numbers back to where they stood."""
        for ask, put_back, answer, _ in self._generators:
            if not _stands_where(ask(), answer):
                put_back(answer)


def same_numbers(array: np.ndarray, copy: np.ndarray) -> bool:
    """Tell whether an array holds the same bits as a copy in C order.

    Examples
    --------
    >>> same_numbers(np.array([np.nan, 0.0]), np.array([np.nan, 0.0])), same_numbers(np.array([0.0]), np.array([-0.0]))
    (True, False)
    """
    if array.shape != copy.shape or array.dtype != copy.dtype:
        return False
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    return np.array_equal(array.reshape(-1).view(np.uint8), copy.reshape(-1).view(np.uint8))


def _stands_where(state: Any, before: Any) -> bool:
    if isinstance(before, dict):
        return all(_stands_where(state[key], before[key]) for key in before)
    return np.array_equal(state, before) if isinstance(before, np.ndarray) else bool(state == before)


def _same(answer: Any, before: Any) -> bool:
    if isinstance(before, tuple):
        if len(answer) != len(before):
            return False
        return all(map(is_, answer, before)) or all(map(_is_or_equal, answer, before))
    return _plainly_equal(answer, before)


def _is_or_equal(a: Any, b: Any) -> bool:
    return a is b or _plainly_equal(a, b)


def _plainly_equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, bool | int | str | frozenset) and a == b
