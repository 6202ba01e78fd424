"""Small arrays in one block: by itself an array of two numbers takes 160 bytes, and a long pass has millions."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..loops.coded import Interned

ALIGNMENT = 16  # bytes; as that of an array of its own
_SMALL = 512  # bytes; larger arrays stay what they are


class Form(NamedTuple):
    """What an array in a block is, other than where it stands and what it holds."""

    dtype: np.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_scalar: bool

    @property
    def stored_bytes(self) -> int:
        """The bytes in the block: what an axis repeats stands there once."""
        return self.dtype.itemsize * math.prod(n for n, s in zip(self.shape, self.strides, strict=True) if s or not n)


class InBlock(Sequence[Any]):
    """Arrays in one block of bytes, read-only, each made when somebody asks for it.

    Parameters
    ----------
    block : bytes-like
    forms : list of Form
        The different ones.
    places : sequence of int
        Where each array begins in the block; of one that stands apart -1, -2, …
    codes : array of int
        The position of the form of each among `forms`.
    apart : list of array
        Those that are not in the block.
    """

    def __init__(
        self, block: bytes | memoryview, forms: list[Form], places: Sequence[int], codes: array[int], apart: list[Any]
    ):
        self._block = block
        self._forms = forms
        self._places = array("i" if len(block) < 2**31 else "q", places)
        self._codes = codes
        self._apart = apart

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        place = self._places[k]
        if place < 0:
            return self._apart[-place - 1]
        dtype, shape, strides, is_scalar = self._forms[self._codes[k]]
        view = np.ndarray(shape, dtype, self._block, place, strides)
        return view[()] if is_scalar else view

    def shape(self, k: int) -> tuple[int, ...]:
        """Return the shape of an array, without making it."""
        place = self._places[k]
        return np.shape(self._apart[-place - 1]) if place < 0 else self._forms[self._codes[k]].shape

    def some(self, numbers: Sequence[int]) -> InBlock:
        """Return some of the arrays, in the same block."""
        places, codes = (array(each.typecode, map(each.__getitem__, numbers)) for each in (self._places, self._codes))
        return InBlock(self._block, self._forms, places, codes, self._apart)

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays; of what stands there several times, once."""
        places, first = np.unique(np.array(self._places), return_index=True)
        sizes = np.array([-(-form.stored_bytes // ALIGNMENT) * ALIGNMENT for form in self._forms], np.int64)
        bases = {id(base): base.nbytes for base in (_base(self._apart[-place - 1]) for place in places[places < 0])}
        return int(sizes[np.array(self._codes)[first[places >= 0]]].sum()) + sum(bases.values())


class Pooled(InBlock):
    """Copies of arrays, with the layout that they had, so that rules give the same bits again.

    Examples
    --------
    >>> g = np.array([1.0, 2.0])
    >>> pooled = Pooled([g, g, np.float32(3)])
    >>> pooled[0], pooled[2], pooled.nbytes
    (array([1., 2.]), np.float32(3.0), 32)
    """

    def __init__(self, arrays: Iterable[Any]):
        block = bytearray()
        forms = Interned[Form]()
        places, codes, apart = array("q"), array("i"), list[Any]()
        known: dict[int, tuple[int, int]] = {}  # an array that several steps hand on stands in the block once
        for each in arrays:
            where = known.get(id(each))
            if where is None:
                is_scalar = isinstance(each, np.generic)
                if (is_scalar or type(each) is np.ndarray) and each.nbytes <= _SMALL and each.flags.forc:
                    where = len(block), forms[Form(each.dtype, each.shape, each.strides, is_scalar)]
                    block += each.tobytes(order="A")
                    block += bytes(-len(block) % ALIGNMENT)
                else:
                    apart.append(each)
                    where = -len(apart), 0
                known[id(each)] = where
            places.append(where[0])
            codes.append(where[1])
        super().__init__(bytes(block), list(forms), places, codes, apart)


def _base(array: Any) -> np.ndarray:
    array = np.asarray(array)
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
