"""Functions that call functions of the user's: on pieces of an array, on its rows, on one axis after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..recording.numpy_protocol import implements
from .elementwise import plain
from .indexing import scatter
from .shapes import as_array, astype
from .without_gradient import bare

__all__ = [
    "apply_along_axis",
    "apply_over_axes",
    "piecewise",
]


@implements("piecewise")
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """As ``np.piecewise``: each function sees the elements where its condition holds; a number stands for itself.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> f = lambda x: np.sum(np.piecewise(x, [x < 0, x > 1], [np.square, np.sqrt, 0.5]))
    >>> tg.grad(f)(np.array([-1.0, 0.5, 4.0]))
    array([-2.  ,  0.  ,  0.25])
    """
    x = as_array(x)
    conditions = _conditions(bare(condlist), x.ndim)
    if len(funclist) == len(conditions) + 1:
        conditions = [*conditions, ~np.logical_or.reduce(conditions)]
    if len(funclist) != len(conditions):
        raise ValueError(f"{len(conditions)} conditions, but {len(funclist)} functions")
    y: Any = np.zeros(x.shape, x.dtype)
    for condition, function in zip(conditions, funclist, strict=True):
        y = np.where(condition, _piece(x, condition, function, args, kw), y)
    return y if y.dtype == x.dtype else astype(y, x.dtype)


def _conditions(conditions: Any, ndim: int) -> list[np.ndarray]:
    """Return the conditions as a list; one alone need not stand in a list."""
    alone = np.ndim(conditions) == 0 or (ndim > 0 and not isinstance(conditions[0], list | np.ndarray))
    return [np.asarray(condition, dtype=bool) for condition in ([conditions] if alone else conditions)]


def _piece(x: Any, condition: np.ndarray, function: Any, args: tuple, kw: dict[str, Any]) -> Any:
    if not callable(function):
        return function
    elements = x[condition]
    if elements.size == 0:
        return 0
    values = function(elements, *args, **kw)
    return scatter(np.broadcast_to(values, elements.shape), index=condition, shape=x.shape)


@implements("apply_along_axis")
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """As ``np.apply_along_axis``: a function of vectors, called on each along an axis."""
    arr = as_array(arr)
    axis = normalize_axis_index(axis, arr.ndim)
    rows = np.moveaxis(arr, axis, -1)
    lead = rows.shape[:-1]
    results = [func1d(rows[index], *args, **kwargs) for index in np.ndindex(*lead)]
    if not results:
        raise ValueError(f"no vectors along axis {axis} of an array of shape {arr.shape}")
    shape = np.shape(results[0])
    stacked = np.reshape(np.stack([as_array(result) for result in results]), lead + shape)
    return np.moveaxis(stacked, range(len(lead), len(lead) + len(shape)), range(axis, axis + len(shape)))


@implements("apply_over_axes")
def apply_over_axes(func: Callable[[Any, int], Any], a: Any, axes: Any) -> Any:
    """As ``np.apply_over_axes``: a function of an array and an axis, over one axis after another."""
    y = as_array(a)
    for axis in np.atleast_1d(plain(axes)).tolist():
        result = func(y, normalize_axis_index(axis, y.ndim))
        y = result if np.ndim(result) == y.ndim else np.expand_dims(result, axis)
        if np.ndim(y) != np.ndim(a):
            raise ValueError(f"the function gave {np.ndim(result)} axes of {np.ndim(a)}: it may remove only one")
    return y
