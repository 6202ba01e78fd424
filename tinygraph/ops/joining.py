"""Joining arrays, splitting one, and putting an order on its elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.op import each, op
from .elementwise import plain
from .indexing import take_along_axis
from .shapes import as_array, atleast_1d, atleast_2d, atleast_3d

__all__ = [
    "append",
    "array_split",
    "block",
    "column_stack",
    "concat",
    "concatenate",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "insert",
    "partition",
    "sort",
    "split",
    "stack",
    "unstack",
    "vsplit",
    "vstack",
]

# -- joining -----------------------------------------------------------------------------------------------------------


def _concatenate(*xs: Any, axis: int | None = 0) -> Any:
    return np.concatenate(xs, axis=axis)


def _stack(*xs: Any, axis: int = 0) -> Any:
    return np.stack(xs, axis=axis)


def spans(xs: tuple[Any, ...], axis: int | None = 0) -> list[tuple[slice, tuple[int, ...]]]:
    """Return where each of the arrays stands among all that are concatenated along `axis`, and its shape."""
    lengths = [x.size if axis is None else x.shape[axis] for x in xs]
    ends = np.cumsum(lengths).tolist()
    return [(slice(end - n, end), x.shape) for end, n, x in zip(ends, lengths, xs, strict=True)]


def part(i: int, g: Any, xs: list[tuple[slice, tuple[int, ...]]], axis: int | None) -> Any:
    """Return the part of `g` that belongs to the i-th of the arrays concatenated along `axis`."""
    span, shape = xs[i]
    if axis is None:
        return np.reshape(g[span], shape)
    return g[(slice(None),) * (axis % len(shape)) + (span,)]


concatenate = concat = op(
    _concatenate,
    vjp=each(lambda i, g, y, xs, axis=0: part(i, g, xs, axis), once=spans),
    name="concatenate",
    sequence=True,
    numpy=np.concatenate,
    samples=(((2, 3), (1, 3)), ((2, 3), (2, 1), {"axis": -1}), ((2, 3), (2,), {"axis": None})),
)
stack = op(
    _stack,
    vjp=each(lambda i, g, y, xs, axis=0: g[(slice(None),) * (axis % len(y.shape)) + (i,)]),
    name="stack",
    sequence=True,
    numpy=np.stack,
    samples=(((2, 3), (2, 3)), ((2, 3), (2, 3), (2, 3), {"axis": -1})),
)


def _lifted(xs: Sequence[Any], lift: Callable[..., Any], axis: int, **casting: Any) -> Any:
    return np.concatenate([lift(x) for x in xs], axis=axis, **casting)


@implements("vstack")
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """As ``np.vstack``."""
    return _lifted(tup, atleast_2d, 0, dtype=dtype, casting=casting)


@implements("hstack")
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    """As ``np.hstack``."""
    return _lifted(tup, atleast_1d, 0 if np.ndim(tup[0]) < 2 else 1, dtype=dtype, casting=casting)


@implements("dstack")
def dstack(tup: Sequence[Any]) -> Any:
    """As ``np.dstack``."""
    return _lifted(tup, atleast_3d, 2)


@implements("column_stack")
def column_stack(tup: Sequence[Any]) -> Any:
    """As ``np.column_stack``: vectors are columns."""
    return _lifted(tup, lambda x: np.expand_dims(x, 1) if np.ndim(x) == 1 else atleast_2d(x), 1)


@implements("append")
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """As ``np.append``."""
    return np.concatenate([as_array(arr), as_array(values)], axis=axis)


@implements("insert")
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """As ``np.insert``: `values` before the places `obj`."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    size, axis = np.shape(arr)[axis], axis % np.ndim(arr)
    order = np.insert(np.arange(size), obj, -1)
    new = int((order < 0).sum())
    values = as_array(values)
    if np.ndim(obj) == 0 and np.ndim(values):
        values = np.moveaxis(values, 0, axis)
    shape = [new if i == axis else n for i, n in enumerate(np.shape(arr))]
    both = np.concatenate([arr, np.broadcast_to(values, shape)], axis=axis)
    places = np.where(order < 0, size + np.cumsum(order < 0) - 1, order)
    return np.take(both, places, axis=axis)


@implements("block")
def block(arrays: Any) -> Any:
    """As ``np.block``: nested lists of blocks, the innermost side by side."""
    depth = 0
    inner = arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]
    return _block(arrays, depth, max(depth, _most_axes(arrays)))


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays)) if isinstance(arrays, list) else np.ndim(arrays)


def _block(arrays: Any, depth: int, ndim: int) -> Any:
    if not isinstance(arrays, list):
        return np.reshape(as_array(arrays), (1,) * (ndim - np.ndim(arrays)) + np.shape(arrays))
    return np.concatenate([_block(inner, depth - 1, ndim) for inner in arrays], axis=-depth)


# -- splitting: parts are read as slices -------------------------------------------------------------------------------


def _parts(ary: Any, axis: int, cut: Callable[..., list[np.ndarray]], sections: Any) -> list[Any]:
    before = (slice(None),) * (axis % np.ndim(ary))
    rows = cut(np.arange(np.shape(ary)[axis]), sections)
    return [ary[(*before, slice(int(r[0]), int(r[-1]) + 1) if len(r) else slice(0, 0))] for r in rows]


@implements("split")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """As ``np.split``."""
    return _parts(ary, axis, np.split, indices_or_sections)


@implements("array_split")
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """As ``np.array_split``."""
    return _parts(ary, axis, np.array_split, indices_or_sections)


@implements("hsplit")
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """As ``np.hsplit``."""
    return split(ary, indices_or_sections, 1 if np.ndim(ary) > 1 else 0)


@implements("vsplit")
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """As ``np.vsplit``."""
    return split(ary, indices_or_sections, 0)


@implements("dsplit")
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """As ``np.dsplit``."""
    return split(ary, indices_or_sections, 2)


@implements("unstack")
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """As ``np.unstack``."""
    before = (slice(None),) * (axis % np.ndim(x))
    return tuple([x[(*before, i)] for i in range(np.shape(x)[axis])])


# -- order -------------------------------------------------------------------------------------------------------------


def ranks(x: Any, axis: int) -> Any:
    """Return the place that each element is sorted to; equal ones keep their order."""
    return np.argsort(np.argsort(plain(x), axis=axis, kind="stable"), axis=axis)


_sort = op(
    lambda x, axis=-1: np.sort(x, axis=axis, kind="stable"),
    vjp=lambda g, y, x, axis=-1: np.take_along_axis(g, ranks(x, axis), axis),
    name="sort",
    domain="distinct",
    samples=(((3, 4),), ((3, 4), {"axis": 0})),
    kinks="Equal elements keep their order: each receives its own place's gradient, as in torch and JAX.",
)


@implements("sort")
def sort(a: Any, axis: int | None = -1, *, kind: str | None = None, stable: bool | None = None) -> Any:
    """As ``np.sort``. Equal elements keep their order, whatever `kind`; each receives the gradient of its place."""
    return _sort(np.ravel(a), -1) if axis is None else _sort(a, axis)


@implements("partition")
def partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    """As ``np.partition``."""
    if axis is None:
        a, axis = np.ravel(a), -1
    return take_along_axis(a, np.argpartition(plain(a), kth, axis=axis), axis)
