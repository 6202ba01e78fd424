"""The arrays of a page: each kept once, or as a recipe by which the page computes it from others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from tinygraph.numeric import norm

from ..debugging.snapshot import json_data
from .tables import Distinct, table

MOST_BYTES = 8_000_000  # of float32; of a larger pass the largest arrays are described alone


class Arrays:
    """What a page knows of arrays, by number.

    An array is kept in a buffer, ``at`` its place and of a ``kind``; or it is made by a recipe: ``product`` (the first,
    transposed, times the second: sums of column × row), ``transpose`` or ``sum`` of others. One with neither is
    described by its norm and extremes alone.

    Parameters
    ----------
    exact : bool
        Whether to keep every number as it was recorded; recipes are then taken only where they give the very bits.
    """

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self._entries: list[dict[str, Any]] = []
        self._stored: dict[int, np.ndarray] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._keys: dict[int, tuple[np.ndarray, tuple[Any, ...]]] = {}
        self._matrices: dict[int, tuple[np.ndarray, list[np.ndarray]]] = {}
        self._norms: dict[tuple[Any, ...], float] = {}
        self._contents: set[tuple[Any, ...]] = set()  # a vector and the same as a row or a column share one place

    def add(self, x: Any) -> int:
        """Return the number of an array; equal ones have the same."""
        array = np.asarray(x)
        key = self._key(array)
        if key not in self._numbers:
            self._stored[len(self._entries)] = np.ascontiguousarray(array)
            self._contents.add(_content(key))
            self._new(key, array, {})
        return self._numbers[key]

    def add_product(self, x: np.ndarray, a: np.ndarray, b: np.ndarray) -> int:
        """Return the number of ``x``, kept as a product of two others where that is it and is shorter."""
        for left, right in self._factors(a, b):
            if self.exact and len(left) > 1:
                continue  # the order in which a sum is taken is the library's own
            if left.shape[1] * right.shape[1] != x.size or left.shape[1] not in (1, *x.shape[:1]):
                continue
            if x.size > left.size + right.size - self._known_size(left, right):
                with np.errstate(all="ignore"):
                    computed = left.T.astype(np.float64) @ right.astype(np.float64)
                if self._is(computed.reshape(x.shape), x):
                    return self._recipe(x, "product", [self.add(left), self.add(right)])
        return self.add(x)

    def add_transpose(self, x: np.ndarray, of: np.ndarray) -> int:
        """Return the number of ``x``, which is the transpose of another array."""
        return self._recipe(x, "transpose", [self.add(of)])

    def add_sum(self, x: np.ndarray, terms: Sequence[np.ndarray]) -> int:
        """Return the number of ``x``, kept as the sum of others where that is it."""
        known = len(terms) > 1 and all(self._key(term) in self._numbers and term.shape == x.shape for term in terms)
        if known and self._is(reduce(np.add, [term.astype(np.float64) for term in terms]), x):
            return self._recipe(x, "sum", [self.add(term) for term in terms])
        return self.add(x)

    def _factors(self, x: np.ndarray, y: np.ndarray) -> Iterable[tuple[np.ndarray, np.ndarray]]:
        """Yield the pairs of matrices (left, right) of which ``left.T @ right`` may be a product of `x` and `y`."""
        for left in self._as_matrices(x):
            for right in self._as_matrices(y):
                if len(left) == len(right):
                    yield left, right
                    yield right, left

    def _as_matrices(self, x: np.ndarray) -> list[np.ndarray]:
        """Return a vector as a row and a column, a matrix and its transpose, each time as the same arrays."""
        if id(x) not in self._matrices:
            ways = [x[None], x[:, None]] if x.ndim == 1 else [x, x.T] if x.ndim == 2 else []
            self._matrices[id(x)] = x, ways
        return self._matrices[id(x)][1]

    def _key(self, x: np.ndarray) -> tuple[Any, ...]:
        if id(x) not in self._keys:
            self._keys[id(x)] = x, (x.shape, x.dtype.str, hashlib.sha1(x.tobytes()).digest())
        return self._keys[id(x)][1]  # the array is held, so its id stays its own

    def _norm(self, x: np.ndarray) -> float:
        key = self._key(x)
        if key not in self._norms:
            self._norms[key] = norm(x)
        return self._norms[key]

    def _known_size(self, *arrays: np.ndarray) -> int:
        return sum(x.size for x in arrays if _content(self._key(x)) in self._contents)

    def _is(self, computed: np.ndarray, x: np.ndarray) -> bool:
        if self.exact:
            return bool(np.array_equal(computed.astype(x.dtype), x))
        size = self._norm(x)
        return np.isfinite(size) and bool((np.abs(computed - x) <= 1e-6 * size + 1e-5 * np.abs(x)).all())

    def _recipe(self, x: np.ndarray, recipe: str, of: list[int]) -> int:
        key = self._key(x)
        if key not in self._numbers:
            number = len(self._entries)
            self._new(key, x, {"recipe": recipe, "of": [number - part for part in of], "kind": _kind(x, True)})
        return self._numbers[key]

    def _new(self, key: tuple[Any, ...], x: np.ndarray, how: dict[str, Any]) -> None:
        self._numbers[key] = len(self._entries)
        self._entries.append({"shape": x.shape, "norm": short(self._norm(x)), **how})

    def pack(self) -> tuple[bytes, dict[str, Any], str]:
        """Return all numbers as one buffer, the entries as a table, and what was rounded or left out, in words."""
        largest = self._largest_kept()
        shapes, buffer = Distinct(), bytearray()
        places: dict[tuple[str, bytes], int] = {}
        for number, entry in enumerate(self._entries):
            entry["shape"] = shapes.number(entry["shape"])
            x = self._stored.get(number)
            if x is None:
                continue
            if x.size > largest:
                entry |= _described(x)
                continue
            packed = _packed(x, self.exact)
            kind, numbers = packed.dtype.str[1:], packed.tobytes()
            if (kind, numbers) not in places:
                buffer += bytes(-len(buffer) % packed.itemsize)
                places[kind, numbers] = len(buffer)
                buffer += numbers
            entry |= {"at": places[kind, numbers], "kind": kind}
        entries = table(self._entries, ["at"]) | {"shapes": shapes.values}
        return bytes(buffer), entries, self._rounded(largest)

    def _largest_kept(self) -> int:
        """Return the size up to which all arrays are kept: the largest with which they fit."""
        sizes, counts = np.unique([0, *(x.size for x in self._stored.values())], return_counts=True)
        fits = 4 * np.cumsum(sizes * counts) <= MOST_BYTES
        return int(sizes[-1 if self.exact else np.flatnonzero(fits)[-1]])

    def _rounded(self, largest: int) -> str:
        if self.exact:
            return ""
        left_out = any(x.size > largest for x in self._stored.values())
        doubles = any(x.dtype == np.float64 for x in self._stored.values())
        said = ["Numbers are rounded to float32."] if doubles else []
        said += ["Sums and products are computed again by this page, and may differ in the last digits."]
        if left_out:
            said.append(f"Arrays of more than {largest:,} numbers are described by their norm and extremes.")
        return " ".join(said)


def _content(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what is known of an array but for its shape."""
    return key[1:]


def short(x: Any) -> Any:
    """Return a number to six digits, as JSON knows it."""
    return json_data(float(f"{float(x):.6g}"))


def _packed(x: np.ndarray, exact: bool) -> np.ndarray:
    return x.astype(f"<{_kind(x, exact)}")


def _kind(x: np.ndarray, exact: bool) -> str:
    if x.dtype.kind == "f":
        return "f8" if exact and x.itemsize == 8 else "f4"
    if x.dtype.kind == "b":
        return "u1"
    return "i4" if x.size == 0 or np.abs(x).max() < 2**31 else "f8"


def _described(x: np.ndarray) -> dict[str, Any]:
    finite = x[np.isfinite(x)]
    return {"low": short(finite.min()), "high": short(finite.max())} if finite.size else {}
