"""Arrays from few values: evenly and geometrically spaced ones, and one value over and over."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.tensor import Tensor
from .elementwise import plain
from .shapes import as_array, astype

__all__ = [
    "full_like",
    "geomspace",
    "linspace",
    "logspace",
]


def _steps(ndim: int, num: int, endpoint: bool, *values: Any) -> np.ndarray:
    """Return even steps from 0 to 1 along a new first axis."""
    kind = np.result_type(*map(_weak, values), 0.5)
    return np.linspace(0, 1, num, endpoint).astype(kind).reshape((-1,) + (1,) * ndim)


def _weak(value: Any) -> Any:
    return value if type(value) in (bool, int, float) else as_array(value).dtype


def _in_dtype(y: Any, dtype: Any, axis: int) -> Any:
    y = np.moveaxis(y, 0, axis)
    if dtype is None or y.dtype == dtype:
        return y
    return astype(np.floor(y) if np.dtype(dtype).kind in "iu" else y, dtype)


@implements("linspace")
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """As ``np.linspace``: even steps from one value to another; with `retstep`, their length too."""
    steps = _steps(max(np.ndim(start), np.ndim(stop)), num, endpoint, start, stop)
    y = _in_dtype(start * (1 - steps) + stop * steps, dtype, axis)
    intervals = num - 1 if endpoint else num
    return (y, (stop - start) / (intervals or np.nan)) if retstep else y


@implements("logspace")
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """As ``np.logspace``: a base to the power of even steps; it may be a Tensor too."""
    ndim = max(np.ndim(start), np.ndim(stop), np.ndim(base))
    y = linspace(start, stop, num, endpoint)
    if y.ndim <= ndim:
        y = np.reshape(y, (num,) + (1,) * (ndim + 1 - y.ndim) + y.shape[1:])
    return _in_dtype(np.power(base, y), dtype, axis)


@implements("geomspace")
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """As ``np.geomspace``: even ratios from one value to another, both of one sign and not 0."""
    if (np.asarray(plain(start)) * np.asarray(plain(stop)) <= 0).any():
        raise ValueError("start and stop must have one sign, and not be 0")
    steps = _steps(max(np.ndim(start), np.ndim(stop)), num, endpoint, start, stop)
    return _in_dtype(start * np.power(np.divide(stop, start), steps), dtype, axis)


@implements("full_like")
def full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    """As ``np.full_like``: a plain array, but of a Tensor that fills it a Tensor, which receives the sum.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([1.0, 2.0, 4.0])
    >>> np.full_like(x, x[0]).sum().backward()
    >>> x.grad
    array([3., 0., 0.])
    """
    if not isinstance(fill_value, Tensor):
        return np.full_like(plain(a), fill_value, dtype, shape=shape)
    dtype = as_array(a).dtype if dtype is None else np.dtype(dtype)
    value = fill_value if fill_value.dtype == dtype else astype(fill_value, dtype)
    return np.broadcast_to(value, np.shape(a) if shape is None else shape)
