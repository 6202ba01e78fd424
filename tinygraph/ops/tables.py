"""Tables: ``a.at[i].set(t)`` and ``a.at[i].add(t)``, JAX's words for filling an array without changing it.

Setting one cell after another costs the same for each, however large the table: what is made is a version of the table
that only notes its cells (a persistent array, Baker 1991), and reading a cell gives the very Tensor that was set. When
the whole is asked for, one op, `fill`, puts all cells into their places.
"""

from __future__ import annotations

import sys
from operator import index as as_integer
from threading import RLock
from types import FrameType
from typing import Any

import numpy as np

from ..recording.broadcasting import sum_to
from ..recording.context import context
from ..recording.op import each, op
from ..recording.source import where
from ..recording.sparse import may_repeat
from ..recording.tensor import Tensor, as_constant, make
from .indexing import keep_index, read, scatter

__all__ = ["fill", "set_at", "zero_at"]

_frame = sys._getframe
_UNSET = object()
_lock = RLock()  # the versions of a table share their cells, also between threads
Key = tuple[int, ...]


# -- ops ---------------------------------------------------------------------------------------------------------------


def _set_at(x: Any, value: Any, index: Any = ()) -> Any:
    y = x.copy()
    y[index] = value
    return y


def _zero_at(x: Any, index: Any = ()) -> Any:
    return _set_at(x, 0, index)


def _fill(base: Any, *cells: Any, index: tuple[Key, ...] = ()) -> Any:
    y = base.copy()
    for key, cell in zip(index, cells, strict=True):
        y[key] = cell
    return y


def _zero_cells(x: Any, index: tuple[Key, ...] = ()) -> Any:
    return _fill(x, *[0] * len(index), index=index)


zero_at: Any = op(
    _zero_at,
    vjp=lambda g, y, x, index=(): zero_at(g, index=index),
    name="zero_at",
    samples=(((3, 4), {"index": (slice(0, 2), 1)}),),
    doc="`x` with zeros at `index`.",
)
set_at = op(
    _set_at,
    vjp=(
        lambda g, y, x, value, index=(): zero_at(g, index=index),
        lambda g, y, x, value, index=(): sum_to(_written(g, index), value.shape),
    ),
    name="set_at",
    samples=(
        ((3, 4), (), {"index": (1, slice(None))}),
        ((3, 4), (2, 1), {"index": (slice(1, None), np.array([0, 2, 0]))}),
    ),
    doc="`x` with `value`, broadcast, in the place of ``x[index]``; of equal indices the last one counts.",
)
zero_cells: Any = op(
    _zero_cells,
    vjp=lambda g, y, x, index=(): zero_cells(g, index=index),
    name="zero_cells",
    samples=(((3, 4), {"index": ((0, 1), (2, 2))}),),
    doc="`x` with zeros in many cells.",
)
fill = op(
    _fill,
    vjp=each(lambda i, g, y, xs, index=(): g[index[i - 1]] if i else zero_cells(g, index=index)),
    name="fill",
    samples=(((3, 4), (), (), {"index": ((0, 1), (2, 2))}), ((3, 4), (4,), {"index": ((1,),)})),
    doc="A table with each cell in its place: ``fill(table, t1, t2, index=((0, 1), (2, 2)))``.",
)


def _written(g: Any, index: Any) -> Any:
    """Return the elements of `g` that were written last: where an index comes twice, the earlier value is lost."""
    if not may_repeat(index):
        return g[index]
    numbers = np.zeros(g.shape, int)
    shape = numbers[index].shape
    order = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    numbers[index] = order
    return g[index] * (numbers[index] == order).astype(g.dtype)


# -- versions of a table -----------------------------------------------------------------------------------------------


class Version:
    """A table and the cells set since: the newest version holds them all, an older one how it differs from a newer."""

    __slots__ = ("base", "before", "cells", "depth", "key", "newer")

    def __init__(self, base: Tensor, depth: int, cells: dict[Key, Any]):
        self.base = base
        self.depth = depth  # how many integers name a cell
        self.cells: dict[Key, Any] | None = cells
        self.newer: Version | None = None
        self.key: Key = ()
        self.before: Any = _UNSET

    def own_cells(self) -> dict[Key, Any]:
        """Make this the version that holds the cells, and return them."""
        newest, path = self, []
        while newest.newer is not None:
            path.append(newest)
            newest = newest.newer
        cells = newest.cells
        assert cells is not None
        for older in reversed(path):
            newest.point_to(older, older.key, cells)
            _put(cells, older.key, older.before)
            older.cells, older.newer = cells, None
            newest = older
        return cells

    def point_to(self, other: Version, key: Key, cells: dict[Key, Any]) -> None:
        """Differ from another version in one cell from now on."""
        self.cells, self.newer, self.key, self.before = None, other, key, cells.get(key, _UNSET)

    def with_cell(self, key: Key, cell: Any) -> Version:
        """Return the version in which one more cell is set."""
        with _lock:
            cells = self.own_cells()
            newer = Version(self.base, self.depth, cells)
            self.point_to(newer, key, cells)
            cells[key] = cell
            return newer

    def read(self, index: Any) -> Tensor | None:
        """Return the table's value at `index`, if that is one cell or a part of one; else None."""
        key = _cell_key(index, self.base.shape)
        if key is None or len(key) < self.depth:
            return None
        with _lock:
            cell = self.own_cells().get(key[: self.depth], _UNSET)
        if cell is _UNSET:
            return self.base[key]
        cell = cell if isinstance(cell, Tensor) else as_constant(cell)
        return cell[key[self.depth :]] if len(key) > self.depth else cell

    def record(self, table: Tensor) -> None:
        """Make the whole of it: the inputs and the value of `fill`."""
        cells = self.own_cells()
        index = tuple(cells)
        values = [cell._value if isinstance(cell, Tensor) else cell for cell in cells.values()]
        table._value = _fill(self.base._value, *values, index=index)
        table._inputs = (self.base, *(cell if isinstance(cell, Tensor) else None for cell in cells.values()))
        table._values = (self.base._value, *values)
        table._attributes = {"index": index}


def _put(cells: dict[Key, Any], key: Key, cell: Any) -> None:
    if cell is _UNSET:
        del cells[key]
    else:
        cells[key] = cell


def _cell_key(index: Any, shape: tuple[int, ...]) -> Key | None:
    """Return an index of integers as numbers from 0; None if it is another kind of index, or out of range."""
    parts = index if isinstance(index, tuple) else (index,)
    if not 0 < len(parts) <= len(shape):
        return None
    key = []
    for part, length in zip(parts, shape, strict=False):
        if type(part) is not int and not isinstance(part, np.integer):
            return None
        position = as_integer(part)
        if not -length <= position < length:
            return None
        key.append(position % length)
    return tuple(key)


class Filled(Tensor):
    """A version of a table, of which value, inputs and attributes are made when somebody asks; from then on a Tensor.

    Tensor itself has no ``__getattr__``, which would slow down every attribute that is read of any of them.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name not in ("_value", "_inputs", "_values", "_attributes"):
            raise AttributeError(f"'Tensor' object has no attribute {name!r}", name=name, obj=self)
        with _lock:
            if self._version is not None:
                self._version.record(self)
                self._version = None
                self.__class__ = Tensor  # type: ignore[assignment]
        return getattr(self, name)

    def __getitem__(self, index: Any) -> Tensor:
        version = self._version
        cell = None if version is None else version.read(index)
        return read(self, index, _frame(1)) if cell is None else cell


# -- what users call ---------------------------------------------------------------------------------------------------


class At:
    """``a.at[index]``: a place in an array, of which `set` and `add` make a new array.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> def cumulative(x):
    ...     table = tg.tensor(np.zeros(4))
    ...     for i in range(3):
    ...         table = table.at[i + 1].set(table[i] + x[i] ** 2)
    ...     return table.sum()
    >>> tg.grad(cumulative)(np.array([1.0, 2.0, 3.0]))
    array([6., 8., 6.])
    """

    __slots__ = ("_index", "_table")

    def __init__(self, table: Tensor, index: Any = _UNSET):
        self._table = table
        self._index = index

    def __getitem__(self, index: Any) -> At:
        return At(self._table, keep_index(index))

    def get(self) -> Tensor:
        """Return ``a[index]``."""
        return self._table[self._index]

    def set(self, value: Any) -> Tensor:
        """Return the array with `value`, broadcast, at the index."""
        return _set(self._table, self._index, value, _frame(1))

    def add(self, value: Any) -> Tensor:
        """Return the array with `value`, broadcast, added at the index; an index that comes twice adds twice."""
        table, index, frame = self._table, self._index, _frame(1)
        if _cell_key(index, _base(table).shape) is not None:
            return _set(table, index, table[index] + value, frame)
        selected = table[index]
        addend = selected * 0 + value if isinstance(value, Tensor) else np.broadcast_to(value, selected.shape)
        return table + scatter(addend, index=index, shape=table.shape)


def _set(table: Tensor, index: Any, value: Any, frame: FrameType) -> Tensor:
    if index is _UNSET:
        raise TypeError(f"at: write a.at[index].set(value), with the index{where(frame)}")
    shape = _base(table).shape
    key = _cell_key(index, shape)
    dtype = _base(table).dtype
    cell = _as_cell(value, dtype, frame)
    if key is None or not context().plain or np.shape(cell) != shape[len(key) :]:
        return set_at.apply((table, cell), {"index": index}, frame)
    version: Version | None = table._version
    if version is None or version.depth != len(key):
        version = Version(table, len(key), {})
    filled = make(fill, None, (), (), None, table.requires_grad or getattr(cell, "requires_grad", False), frame)
    filled._version = version.with_cell(key, cell)
    del filled._value, filled._inputs, filled._values, filled._attributes
    filled.__class__ = Filled
    return filled


def _base(table: Tensor) -> Tensor:
    """Return a Tensor of the same shape and dtype that is not still to be made."""
    version = table._version
    return table if version is None else version.base


def _as_cell(value: Any, dtype: np.dtype, frame: FrameType) -> Any:
    """Return a value in the dtype of the table: a Tensor, or an array of the table's own."""
    given_dtype = value.dtype if isinstance(value, Tensor) else np.asarray(value).dtype
    if given_dtype.kind == "f" and dtype.kind != "f":
        raise TypeError(
            f"at: the table holds {dtype}, which would cut off the fraction of what is set;"
            f" make it of float, tg.tensor(table, dtype=float){where(frame)}"
        )
    if isinstance(value, Tensor):
        return value if given_dtype == dtype else value.astype(dtype)
    cell = np.array(value, dtype=dtype)
    return cell if cell.shape else cell[()]
