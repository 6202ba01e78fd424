"""The methods of ufuncs on Tensors: reduce, accumulate, reduceat and outer, of every ufunc that has an op."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, reduce
from typing import Any, NoReturn

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..recording.numpy_protocol import located, numpy_functions, unlisted
from . import reductions
from .elementwise import plain
from .extended import Mask, cast, masked
from .indexing import take_along_axis
from .reductions import Axis
from .shapes import as_array
from .transcendental import LN2
from .without_gradient import bare, plain_functions

__all__: list[str] = []  # they are reached through NumPy's own ufuncs


# -- reduce ------------------------------------------------------------------------------------------------------------


def _logsumexp(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None, where: Mask = True) -> Any:
    y = reductions.logsumexp(masked(a, where, -np.inf), axis=axis, keepdims=keepdims)
    return y if initial is None else np.logaddexp(y, initial)


def _logsumexp2(a: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None, where: Mask = True) -> Any:
    y = _logsumexp(a * LN2, axis, keepdims, where=where) / LN2
    return y if initial is None else np.logaddexp2(y, initial)


_REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logaddexp: _logsumexp,
    np.logaddexp2: _logsumexp2,
}


def _reduce(ufunc: np.ufunc, a: Any, axis: Axis = 0, dtype: Any = None, keepdims: bool = False, **others: Any) -> Any:
    a = cast(as_array(a), dtype)
    known = _REDUCTIONS.get(ufunc)
    if known is not None:
        return known(a, axis=axis, keepdims=keepdims, **others)
    if others.get("where", True) is not True:
        raise TypeError("where= is not supported on a Tensor; reduce what np.compress selects")
    axis, initial = _single(axis, a), others.get("initial")
    y = reduce(ufunc, _rows(a, axis), *(() if initial is None else (initial,)))
    return np.expand_dims(y, axis) if keepdims else y


def _rows(a: Any, axis: int) -> list[Any]:
    """Return the slices of `a` along an axis."""
    before = (slice(None),) * axis
    return [a[(*before, i)] for i in range(a.shape[axis])]


def _single(axis: Any, a: Any) -> int:
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if isinstance(axis, tuple) or (axis is None and a.ndim != 1):
        raise ValueError(f"on a Tensor it goes along one axis, got axis={axis} for shape {a.shape}")
    return normalize_axis_index(axis or 0, a.ndim)


# -- accumulate, reduceat, outer ---------------------------------------------------------------------------------------


def _running(ufunc: np.ufunc, a: Any, axis: int) -> Any:
    """Return running extrema, read from where they stand; of equal ones the latest, as in torch.cummax."""
    values = plain(a)
    extrema = ufunc.accumulate(values, axis=axis)
    places = np.arange(a.shape[axis]).reshape([-1 if i == axis else 1 for i in range(a.ndim)])
    is_extremum = (values == extrema) | np.isnan(values)
    return take_along_axis(a, np.maximum.accumulate(np.where(is_extremum, places, 0), axis=axis), axis)


def _accumulate(ufunc: np.ufunc, a: Any, axis: int = 0, dtype: Any = None) -> Any:
    a = cast(as_array(a), dtype)
    axis = _single(axis, a)
    if ufunc in (np.add, np.multiply):
        return (reductions.cumsum if ufunc is np.add else reductions.cumprod)(a, axis=axis)
    if ufunc in (np.maximum, np.minimum):
        return _running(ufunc, a, axis)
    rows = _rows(a, axis)
    for i in range(1, len(rows)):
        rows[i] = ufunc(rows[i - 1], rows[i])
    return np.stack(rows, axis=axis)


def _reduceat(ufunc: np.ufunc, a: Any, indices: Sequence[int], axis: int = 0, dtype: Any = None) -> Any:
    a = as_array(a)
    axis, starts = _single(axis, a), np.asarray(plain(indices)).tolist()
    before = (slice(None),) * axis
    spans = [slice(i, j if i < j else i + 1) for i, j in zip(starts, [*starts[1:], a.shape[axis]], strict=True)]
    return np.stack([_reduce(ufunc, a[(*before, span)], axis, dtype) for span in spans], axis=axis)


def _outer(ufunc: np.ufunc, a: Any, b: Any, **arguments: Any) -> Any:
    return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **arguments)


def _at(ufunc: np.ufunc, a: Any, indices: Any, b: Any = None) -> NoReturn:
    raise TypeError(
        "a Tensor is neither written in place nor added into an array in place;"
        + (
            " write a.at[indices].add(t), of an array a = tg.tensor(a); or np.bincount(indices, weights=t)"
            if ufunc in (np.add, np.subtract)
            else f" write np.where(mask, np.{ufunc.__name__}(a, …), a)"
        )
    )


# -- the family --------------------------------------------------------------------------------------------------------

_METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
    "at": _at,
}


@lru_cache(maxsize=256)
def _method(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what stands for a method of a ufunc; None for any other function."""
    ufunc, name = getattr(function, "__self__", None), function.__name__
    if not isinstance(ufunc, np.ufunc):
        return None

    def method(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is not None:
            raise TypeError("the argument out= is not supported on a Tensor, which is not written in place")
        if ufunc in plain_functions:
            return function(*bare(args), **{key: bare(value) for key, value in kwargs.items()})
        if ufunc not in numpy_functions or ufunc.signature is not None or (ufunc.nin, ufunc.nout) != (2, 1):
            raise TypeError("not supported on a Tensor")
        return _METHODS[name](ufunc, *args, **kwargs)

    method.__name__ = f"np.{ufunc.__name__}.{name}"
    return located(method)


def attach() -> None:
    """Let these methods take Tensors."""
    unlisted.append(_method)
