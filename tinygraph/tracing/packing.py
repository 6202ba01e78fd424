"""Arrays in one block of bytes, each with the layout it had in memory: the rules then give the same bits again."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal

import numpy as np

from .checks import bounded, checked, reference
from .pooled import ALIGNMENT, Form, InBlock

_MOST_ELEMENTS = 2**28  # of an array that repeats one element: a short file must not ask for all memory
_KINDS = "biufc"


class Packer:
    """A block of arrays, each with a number.

    Attributes
    ----------
    entries : list
        For each array its dtype, its shape in the block, its place, its order, and its shape.
    chunks : list of bytes
        The block, in pieces.
    """

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []
        self.chunks: list[bytes] = []
        self._size = 0
        self._known: dict[int, tuple[int, Any]] = {}
        self._equal: dict[tuple, int] = {}

    def add(self, array: Any) -> int:
        """Return the number of `array`; the same object has the same number, and so has an equal one."""
        if id(array) in self._known:
            return self._known[id(array)][0]
        shape = np.shape(array)
        base = _unrepeated(np.asarray(array))
        order: Literal["C", "F"] = "F" if base.flags.f_contiguous and not base.flags.c_contiguous else "C"
        stored = np.array(base, base.dtype.newbyteorder("<"), order=order)
        scalar = isinstance(array, np.generic)
        data = stored.tobytes(order="A" if order == "F" else "C")
        content = stored.dtype.str, base.shape, order, shape, scalar, blake2b(data, digest_size=20).digest()
        number = self._equal.setdefault(content, len(self.entries))
        self._known[id(array)] = (number, array)  # held, so that its id stays its own
        if number < len(self.entries):
            return number
        self.entries.append([stored.dtype.str, list(base.shape), self._size, order, list(shape), scalar])
        padding = -len(data) % ALIGNMENT
        self.chunks += [data, bytes(padding)]
        self._size += len(data) + padding
        return number


def _unrepeated(array: np.ndarray) -> np.ndarray:
    """Return one element along each axis that repeats it, as ``np.broadcast_to`` does."""
    pairs = zip(array.shape, array.strides, strict=True)
    return array[tuple(slice(0, 1) if stride == 0 and n > 1 else slice(None) for n, stride in pairs)]


def unpack(entries: Any, block: bytes | memoryview) -> InBlock:
    """Return the arrays of a block, all of them checked, each made when somebody asks for it.

    Raises
    ------
    ValueError
        If an entry is malformed, or points outside of the block.
    """
    forms: list[Form] = []
    known: dict[str, int] = {}  # entries that differ in their places alone are checked once
    places, codes, apart = array("q"), array("i"), list[Any]()
    for number, entry in enumerate(checked(entries, list, "the list of arrays")):
        row = checked(entry, list, f"array {number}")
        key = repr((row[:2], row[3:]))
        code = known.get(key)
        if code is None:
            view = _unpacked(row, block, f"array {number}")
            is_scalar = isinstance(view, np.generic)
            forms.append(Form(np.dtype(row[0]), view.shape, view.strides, is_scalar))
            code = known[key] = len(forms) - 1
        form = forms[code]
        place = bounded(row[2], 0, len(block) - form.stored_bytes + 1, f"the place of array {number}")
        if not form.dtype.isnative:
            apart.append(_unpacked(row, block, f"array {number}"))
            place = -len(apart)
        places.append(place)
        codes.append(code)
    return InBlock(block, forms, places, codes, apart)


def _unpacked(entry: Any, block: bytes | memoryview, what: str) -> Any:
    try:
        kind, stored_shape, place, order, shape, scalar = entry
        dtype = np.dtype(str(kind))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} is malformed") from error
    if dtype.kind not in _KINDS:
        raise ValueError(f"{what} has the type {dtype}, which is no number")
    stored_shape, shape = _shape(stored_shape, what), _shape(shape, what)
    if len(stored_shape) != len(shape) or any(a not in (b, 1) for a, b in zip(stored_shape, shape, strict=True)):
        raise ValueError(f"{what}: shape {stored_shape} does not stretch to {shape}")
    count = math.prod(stored_shape)
    bounded(place, 0, len(block) - count * dtype.itemsize + 1, f"the place of {what}")
    if order not in ("C", "F"):
        raise ValueError(f"{what} is in no known order")
    if math.prod(shape) > max(count, _MOST_ELEMENTS):
        raise ValueError(f"{what} would have {math.prod(shape)} elements")
    flat = np.frombuffer(block, dtype, count, place) if count else np.empty(0, dtype)
    array = flat.astype(dtype.newbyteorder("="), copy=False).reshape(stored_shape, order=order)
    if stored_shape != shape:
        array = np.broadcast_to(array, shape)
    return array[()] if scalar and not shape else array


def _shape(lengths: Any, what: str) -> tuple[int, ...]:
    lengths = checked(lengths, list, f"the shape of {what}")
    if len(lengths) > 32:
        raise ValueError(f"{what} has {len(lengths)} axes")
    return tuple(bounded(n, 0, 2**40, f"the shape of {what}") for n in lengths)


# -- static arguments, as axis= and an index -------------------------------------------------------------------------


def encode(value: Any, packer: Packer) -> Any:
    """Return a static argument as JSON; what JSON has no word for is tagged.

    Raises
    ------
    TypeError
        If it is none that an op takes.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, complex):
        return {"complex": [repr(value.real), repr(value.imag)]}
    if isinstance(value, tuple | list):
        return {type(value).__name__ if type(value) in (tuple, list) else "tuple": [encode(x, packer) for x in value]}
    if isinstance(value, slice):
        return {"slice": [encode(x, packer) for x in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {"ellipsis": None}
    if isinstance(value, np.ndarray | np.generic):
        return {"array": packer.add(value)}
    if isinstance(value, type | np.dtype):
        return {"dtype": np.dtype(value).str}
    raise TypeError(f"a static argument of type {type(value).__name__} cannot be saved")


def decode(value: Any, arrays: Sequence[Any]) -> Any:
    """Return the static argument that `encode` made JSON of.

    Raises
    ------
    ValueError
        If it is malformed.
    """
    if isinstance(value, dict) and len(value) != 1:
        raise ValueError("a static argument is malformed")
    match value:
        case None | bool() | int() | float() | str():
            return value
        case {"float": "nan" | "inf" | "-inf" as number}:
            return float(number)
        case {"complex": [real, imaginary]}:
            return complex(float(real), float(imaginary))
        case {"tuple": [*items]}:
            return tuple(decode(item, arrays) for item in items)
        case {"list": [*items]}:
            return [decode(item, arrays) for item in items]
        case {"slice": [start, stop, step]}:
            return slice(*(decode(bound, arrays) for bound in (start, stop, step)))
        case {"ellipsis": None}:
            return Ellipsis
        case {"array": number}:
            return reference(arrays, number)
        case {"dtype": str(name)} if np.dtype(name).kind in _KINDS:
            return np.dtype(name)
    raise ValueError(f"a static argument is malformed: {value!r:.40}")
