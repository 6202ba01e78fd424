"""Quantiles: each lies at or between two order statistics, which receive its gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.tensor import Tensor
from .elementwise import plain
from .indexing import take_along_axis
from .reductions import Axis, axes_of, collapse

__all__ = [
    "median",
    "nanmedian",
    "nanpercentile",
    "nanquantile",
    "percentile",
    "quantile",
]


def levels(q: Any) -> np.ndarray:
    """Return q as a plain array; a Tensor that requires a gradient is refused, since it would receive none."""
    if isinstance(q, Tensor) and q.requires_grad:
        raise TypeError("q= is static: a Tensor there would receive no gradient; q.detach() if a constant is meant")
    return np.asarray(plain(q))


def positions_in(n: int, q: Any, method: str) -> np.ndarray:
    """Return where the quantiles of `n` sorted elements are: NumPy's own quantiles of their places.

    Examples
    --------
    >>> positions_in(4, [0.5, 1.0], "linear"), positions_in(4, 0.5, "lower")
    (array([1.5, 3. ]), array(1.))
    """
    return np.asarray(np.quantile(np.arange(float(n)), levels(q), method=method))  # type: ignore[call-overload]


@implements("quantile")
def quantile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """As ``np.quantile``, with every `method`; `q` is static. Of equal values, one receives the gradient."""
    ordered = np.sort(collapse(a, axis), axis=-1)
    if np.isnan(plain(ordered)[..., -1:]).any():  # NaN comes last, and makes the quantile NaN
        ordered = ordered + 0 * ordered[..., -1:]
    positions = positions_in(ordered.shape[-1], q, method)
    quantiles = [_interpolated(ordered, position) for position in positions.ravel().tolist()]
    return _arranged(quantiles, positions.shape, a, axis, keepdims)


def _interpolated(ordered: Any, position: float) -> Any:
    low = math.floor(position)
    part = position - low
    return ordered[..., low] if not part else ordered[..., low] * (1 - part) + ordered[..., low + 1] * part


def _arranged(quantiles: list[Any], shape: tuple[int, ...], a: Any, axis: Axis, keepdims: bool) -> Any:
    """Stack quantiles in the shape of q, before the axes of `a` that are left."""
    if keepdims:
        lengths = [1 if i in axes_of(a, axis) else n for i, n in enumerate(np.shape(a))]
        quantiles = [np.reshape(y, lengths) for y in quantiles]
    return quantiles[0] if shape == () else np.reshape(np.stack(quantiles), (*shape, *np.shape(quantiles[0])))


@implements("percentile")
def percentile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """As ``np.percentile``, with every `method`; `q` is static."""
    return quantile(a, levels(q) / 100, axis, method=method, keepdims=keepdims)


@implements("median")
def median(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """As ``np.median``: two middle values receive half the gradient each."""
    return quantile(a, 0.5, axis, keepdims=keepdims)


# -- without NaN, of which each row may have another number ------------------------------------------------------------


@implements("nanquantile")
def nanquantile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """As ``np.nanquantile``, with every `method`: NaN is left out, and receives no gradient; `q` is static."""
    ordered = np.sort(collapse(a, axis), axis=-1)  # NaN comes last
    numbers = np.sum(~np.isnan(plain(ordered)), axis=-1)
    qs = levels(q)
    quantiles = [_interpolated_in_rows(ordered, numbers, p, method) for p in qs.ravel().tolist()]
    return _arranged(quantiles, qs.shape, a, axis, keepdims)


def _interpolated_in_rows(ordered: Any, numbers: np.ndarray, q: float, method: str) -> Any:
    """Return a quantile of each row, of which the first so many elements count."""
    position = np.zeros(numbers.shape)
    for n in set(numbers.ravel().tolist()) - {0}:
        position[numbers == n] = positions_in(n, q, method)
    low = np.floor(position).astype(int)
    part = (position - low).astype(ordered.dtype)
    below, above = (
        take_along_axis(ordered, np.expand_dims(place, -1), -1)[..., 0] for place in (low, low + (part > 0))
    )
    return np.where(numbers == 0, np.nan, below * (1 - part) + above * part)


@implements("nanpercentile")
def nanpercentile(a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False) -> Any:
    """As ``np.nanpercentile``, with every `method`; `q` is static."""
    return nanquantile(a, levels(q) / 100, axis, method=method, keepdims=keepdims)


@implements("nanmedian")
def nanmedian(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """As ``np.nanmedian``: NaN is left out, and receives no gradient."""
    return nanquantile(a, 0.5, axis, keepdims=keepdims)
