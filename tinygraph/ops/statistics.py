"""Statistics: spread, averages, and reductions that leave NaN out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.op import op
from . import reductions
from .elementwise import no_zero, plain
from .reductions import Axis, axes_of, count, spread

__all__ = [
    "average",
    "corrcoef",
    "cov",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
    "std",
    "var",
]

_ALONG = (((3, 4),), ((3, 4), {"axis": 0, "ddof": 1}), ((2, 3, 4), {"axis": (0, -1), "keepdims": True}))


def freedom(x: Any, axis: Axis, ddof: float) -> float:
    """Return the degrees of freedom; NaN without any."""
    n = count(x, axis) - ddof
    return n if n > 0 else math.nan


def deviation(x: Any, axis: Axis) -> Any:
    """Return `x` less its mean."""
    return x - np.mean(x, axis=axis, keepdims=True)


def _in_float32(spread_of: Callable[..., Any]) -> Callable[..., Any]:
    """Return a spread that works float16, which ends at 65504, out in float32: NumPy adds up in float16."""

    def forward(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
        if x.dtype != np.float16:
            return spread_of(x, axis=axis, ddof=ddof, keepdims=keepdims)
        return spread_of(x, axis=axis, dtype=np.float32, ddof=ddof, keepdims=keepdims).astype(np.float16)

    return forward


var = op(
    _in_float32(np.var),
    name="var",
    numpy=np.var,
    vjp=lambda g, y, x, axis=None, ddof=0, keepdims=False: (
        spread(2 * g / freedom(x, axis, ddof), x, axis, keepdims) * deviation(x, axis)
    ),
    samples=_ALONG,
)
std = op(
    _in_float32(np.std),
    name="std",
    numpy=np.std,
    vjp=lambda g, y, x, axis=None, ddof=0, keepdims=False: (
        spread(g / (no_zero(y) * freedom(x, axis, ddof)), x, axis, keepdims) * deviation(x, axis)
    ),
    samples=_ALONG,
    kinks="Of equal values the derivative is 0, as in torch.",
)


@implements("average")
def average(a: Any, axis: Axis = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    """As ``np.average``: the mean, or with `weights` the weighted mean."""
    if weights is None:
        return reductions.mean(a, axis=axis, keepdims=keepdims)
    weights = weights if hasattr(weights, "shape") else np.asarray(weights)
    if weights.shape != np.shape(a):
        shape = [1] * np.ndim(a)
        for i, n in zip(axes_of(a, axis), weights.shape, strict=True):
            shape[i] = n
        weights = np.broadcast_to(np.reshape(weights, shape), np.shape(a))
    total = reductions.sum(weights * a, axis=axis, keepdims=keepdims)
    return total / reductions.sum(weights, axis=axis, keepdims=keepdims)


# -- without NaN -------------------------------------------------------------------------------------------------------


def _without_nan(name: str, function: Callable, filler: float) -> Callable:
    """Return a reduction in which NaN counts as `filler`, what changes nothing."""

    @implements(name)
    def reduced(a: Any, axis: Axis = None, **attributes: Any) -> Any:
        return function(np.where(np.isnan(a), filler, a), axis=axis, **attributes)

    reduced.__name__ = reduced.__qualname__ = name
    reduced.__doc__ = f"As ``np.{name}``: NaN is left out, and receives no gradient."
    return reduced


nansum = _without_nan("nansum", reductions.sum, 0)
nanprod = _without_nan("nanprod", reductions.prod, 1)
nanmax = _without_nan("nanmax", reductions.max, -np.inf)
nanmin = _without_nan("nanmin", reductions.min, np.inf)
nancumsum = _without_nan("nancumsum", reductions.cumsum, 0)
nancumprod = _without_nan("nancumprod", reductions.cumprod, 1)


@implements("nanmean")
def nanmean(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """As ``np.nanmean``."""
    return reductions.mean(a, axis=axis, keepdims=keepdims, where=~np.isnan(a))


@implements("nanvar")
def nanvar(a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """As ``np.nanvar``."""
    return var(a, axis=axis, ddof=ddof, keepdims=keepdims, where=~np.isnan(a))


@implements("nanstd")
def nanstd(a: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """As ``np.nanstd``; of equal values the derivative is 0."""
    return std(a, axis=axis, ddof=ddof, keepdims=keepdims, where=~np.isnan(a))


def root(variance: Any) -> Any:
    """Return the square root, with the derivative 0 at 0."""
    flat = plain(variance) == 0
    return np.where(flat, 0, np.sqrt(np.where(flat, 1, variance)))


# -- several variables -------------------------------------------------------------------------------------------------


@implements("cov")
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """As ``np.cov``: the covariance matrix, one variable a row of `m` (a column without `rowvar`)."""
    rows = [np.atleast_2d(x) if rowvar or np.ndim(x) < 2 else np.transpose(x) for x in (m, y) if x is not None]
    x = np.concatenate(rows, axis=0)
    x = deviation(x, -1)
    ddof = ddof if ddof is not None else 0 if bias else 1
    return np.squeeze(x @ np.transpose(x) / freedom(x, -1, ddof))


@implements("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """As ``np.corrcoef``: the correlation matrix."""
    c = cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    scale = np.sqrt(np.diagonal(c))
    return c / np.expand_dims(scale, 1) / scale
