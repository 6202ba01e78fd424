"""Small arrays in one block: by itself an array of two numbers takes 160 bytes, and a long pass has millions."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..loops.coded import Interned

_SMALL = 512  # bytes; larger arrays stay what they are
_ALIGNMENT = 16  # bytes; as that of an array of its own

Form = tuple[np.dtype, tuple[int, ...], tuple[int, ...]]  # dtype, shape and strides


class Pooled(Sequence[Any]):
    """Arrays, read-only and with the layout that they had, so that rules give the same bits again.

    Examples
    --------
    >>> g = np.array([1.0, 2.0])
    >>> pooled = Pooled([g, g, np.float32(3)])
    >>> pooled[0], pooled[2], pooled.nbytes
    (array([1., 2.]), np.float32(3.0), 20)
    """

    def __init__(self, arrays: Iterable[Any]):
        block = bytearray()
        forms = Interned[Form]()
        known: dict[int, tuple[int, int]] = {}  # an array that several steps hand on stands in the block once
        self._large: list[Any] = []
        self._places = array("i")  # in the block, in units of the alignment; of a large one -1, -2, …
        self._forms = array("i")
        for each in arrays:
            where = known.get(id(each))
            if where is None:
                if type(each) is np.ndarray and each.nbytes <= _SMALL and each.flags.forc:
                    where = len(block) // _ALIGNMENT, forms[each.dtype, each.shape, each.strides]
                    block += each.tobytes(order="A")
                    block += bytes(-len(block) % _ALIGNMENT)
                else:
                    self._large.append(each)
                    where = -len(self._large), 0
                known[id(each)] = where
            self._places.append(where[0])
            self._forms.append(where[1])
        self._block = bytes(block)
        self._form = list(forms)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        place = self._places[k]
        if place < 0:
            return self._large[-place - 1]
        dtype, shape, strides = self._form[self._forms[k]]
        return np.ndarray(shape, dtype, self._block, place * _ALIGNMENT, strides)

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        bases = {id(base): base.nbytes for base in map(_base, self._large)}
        return len(self._block) + sum(bases.values())


def _base(array: Any) -> np.ndarray:
    array = np.asarray(array)
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
