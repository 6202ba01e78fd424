"""Reductions along axes: sums, products, extrema, running sums, and softmax."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..recording.broadcasting import ones_for, sum_of_rows
from ..recording.numpy_protocol import implements
from ..recording.op import op
from ..recording.tensor import Tensor
from .elementwise import plain

__all__ = [
    "amax",
    "amin",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "log_softmax",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "softmax",
    "sum",
]

Axis = int | tuple[int, ...] | None
_ALONG = (((3, 4),), ((3, 4), {"axis": 0}), ((2, 3, 4), {"axis": (0, -1), "keepdims": True}))
_RUNNING = (((3, 4),), ((3, 4), {"axis": 0}), ((3, 4), {"axis": -1}))


def spread(g: Any, x: Any, axis: Axis, keepdims: bool = False) -> Any:
    """Give the axes that a reduction removed back to `g`, and repeat it along them: the adjoint of ``sum``."""
    if g.dtype is not x.dtype and g.dtype != x.dtype:
        g = g.astype(x.dtype)
    if not keepdims and axis is not None:
        g = np.expand_dims(g, axis)
    if type(g) is Tensor:
        return np.broadcast_to(g, x.shape)
    repeated = np.empty(x.shape, g.dtype)
    repeated[...] = g
    return repeated


def axes_of(x: Any, axis: Axis) -> tuple[int, ...]:
    """Return the axes that a reduction goes along, counted from the first."""
    return tuple(range(len(x.shape))) if axis is None else normalize_axis_tuple(axis, len(x.shape))


def count(x: Any, axis: Axis) -> Any:
    """Return how many elements go into each element of a reduction, as a number that an adjoint can be divided by."""
    total = 1
    for i in range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,):
        total *= x.shape[i]
    return np.float32(total) if total > _LARGEST_FLOAT16 and x.dtype == np.float16 else total


_LARGEST_FLOAT16 = 65504


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.add.reduce(x, axis, None, None, keepdims)  # type: ignore[call-overload]  # np.sum itself, without its 1.5 µs of Python


sum = op(
    _sum,
    vjp=lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis, keepdims),
    name="sum",
    numpy=np.sum,
    samples=_ALONG,
)
mean = op(
    np.mean,
    vjp=lambda g, y, x, axis=None, keepdims=False: spread(g / count(x, axis), x, axis, keepdims),
    samples=_ALONG,
)

# -- products, also where elements are 0 -------------------------------------------------------------------------------


def collapse(x: Any, axis: Axis) -> Any:
    """Return `x` with the axes of a reduction made one, the last."""
    axes = axes_of(x, axis)
    kept = tuple([i for i in range(len(x.shape)) if i not in axes])
    return np.reshape(
        np.transpose(x, kept + axes), (*[x.shape[i] for i in kept], math.prod([x.shape[i] for i in axes]))
    )


def restore(flat: Any, x: Any, axis: Axis) -> Any:
    """Return what `collapse` made of `x` to its shape."""
    axes = axes_of(x, axis)
    order = tuple([i for i in range(len(x.shape)) if i not in axes]) + axes
    return np.transpose(np.reshape(flat, [x.shape[i] for i in order]), [int(i) for i in np.argsort(order)])


def others(x: Any, axis: Axis) -> Any:
    """Return for each element the product of the other elements along the axes, without a division."""
    flat = collapse(x, axis)
    one = np.ones((*flat.shape[:-1], 1), flat.dtype)
    before = np.cumprod(np.concatenate([one, flat[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([one, np.flip(flat, -1)[..., :-1]], axis=-1), axis=-1)
    return restore(before * np.flip(after, -1), x, axis)


prod = op(
    np.prod,
    vjp=lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis, keepdims) * others(x, axis),
    samples=_ALONG,
)


def later_sums(g: Any, axis: int | None) -> Any:
    """Return the running sum from the end: the adjoint of ``cumsum``."""
    axis = 0 if axis is None else axis
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


cumsum = op(np.cumsum, vjp=lambda g, y, x, axis=None: np.reshape(later_sums(g, axis), x.shape), samples=_RUNNING)


def through_products(g: Any, y: Any, x: Any, axis: int | None) -> Any:
    """Return the adjoint of ``cumprod``: each element is a factor of all products from its own on."""
    if axis is None:
        return np.reshape(through_products(g, y, np.ravel(x), 0), x.shape)
    if (plain(x) != 0).all():
        return later_sums(g * y, axis) / x
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(g, axis, -1)
    size = x.shape[-1]  # with a 0 among them, each element's derivative is a running product without it
    without = np.cumprod(np.where(np.eye(size, dtype=bool), 1, np.expand_dims(x, -2)), axis=-1)
    return np.moveaxis(np.sum(np.triu(without) * np.expand_dims(g, -2), axis=-1), -1, axis)


cumprod = op(
    np.cumprod, vjp=lambda g, y, x, axis=None: through_products(g, y, x, axis), samples=_RUNNING, domain="nonzero"
)


@implements("cumulative_sum")
def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """As ``np.cumulative_sum``."""
    return _running(cumsum, x, axis, dtype, np.zeros if include_initial else None)


@implements("cumulative_prod")
def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """As ``np.cumulative_prod``."""
    return _running(cumprod, x, axis, dtype, np.ones if include_initial else None)


def _running(op: Any, x: Any, axis: int | None, dtype: Any, initial: Any) -> Any:
    if axis is None and np.ndim(x) > 1:
        raise ValueError(f"expected axis= for an array of {np.ndim(x)} axes")
    axis = 0 if axis is None else axis
    y = op(x, axis=axis, dtype=dtype)
    if initial is None:
        return y
    first = initial([1 if i == axis % y.ndim else n for i, n in enumerate(y.shape)], y.dtype)
    return np.concatenate([first, y], axis=axis)


# -- extrema: ties share the gradient in equal parts -------------------------------------------------------------------


def ties(y: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Return 1 at the one element that was chosen, 1/n at each of n equal ones, 0 elsewhere."""
    x = plain(x)
    chosen = x == spread(plain(y), x, axis, keepdims)
    return (chosen / np.sum(chosen, axis=axis, keepdims=True)).astype(x.dtype)


extremum = partial(
    op,
    vjp=lambda g, y, x, axis=None, keepdims=False: spread(g, x, axis, keepdims) * ties(y, x, axis, keepdims),
    samples=_ALONG,
    domain="distinct",
    kinks="Equal extrema share the gradient in equal parts, as in torch.amax and JAX.",
)
max = amax = extremum(np.max, numpy=np.amax)
min = amin = extremum(np.min, numpy=np.amin)


@implements("ptp")
def ptp(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """As ``np.ptp``: the maximum less the minimum."""
    return max(a, axis=axis, keepdims=keepdims) - min(a, axis=axis, keepdims=keepdims)


# -- exponentials, normalised ------------------------------------------------------------------------------------------


def _finite(x: Any) -> Any:
    return np.where(np.isfinite(x), x, 0)


def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    top = _finite(np.max(x, axis=axis, keepdims=True))
    with np.errstate(divide="ignore"):  # of nothing but -inf the sum is 0, and its logarithm rightly -inf
        y = top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=axes_of(x, axis))


logsumexp = op(
    _logsumexp,
    vjp=lambda g, y, x, axis=None, keepdims=False: (
        spread(g, x, axis, keepdims) * np.exp(x - spread(_finite(y), x, axis, keepdims))
    ),
    name="logsumexp",
    samples=_ALONG,
    doc="``log(sum(exp(x)))`` along `axis`, without overflow.",
)


def exponentials(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return ``x - max(x)``, its exponentials and their sums, of each row; of a row alone the sum is a number.

    Short rows are bound by NumPy's overhead: that of a reduction is thrice that of `argmax` or `dot`, and that of
    subtracting a number twice that of an array without axes.
    """
    if x.size == x.shape[-1]:
        row = x.ravel()
        shifted = x - row[row.argmax(), ...]
        e = np.exp(shifted)
        return shifted, e, sum_of_rows(e.ravel())
    top = x.reshape(-1)[x.argmax(-1) + _starts(x.shape)]
    shifted = x - top[..., None]
    e = np.exp(shifted)
    ones = ones_for(x.shape[-1], e.dtype.char)
    total = np.add.reduce(e, -1) if ones is None or e.ndim > 2 else e.dot(ones)
    return shifted, e, total[..., None]


@lru_cache(maxsize=16)
def _starts(shape: tuple[int, ...]) -> np.ndarray:
    """Return where each row begins in an array of this shape made flat."""
    return np.arange(0, math.prod(shape), shape[-1]).reshape(shape[:-1])


def _softmax(x: Any, axis: int = -1) -> Any:
    if axis == -1:
        _, e, total = exponentials(x)
        e /= total
        return e
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _log_softmax(x: Any, axis: int = -1) -> Any:
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


softmax = op(
    _softmax,
    vjp=lambda g, y, x, axis=-1: y * (g - np.sum(g * y, axis=axis, keepdims=True)),
    name="softmax",
    samples=(((3, 4),), ((3, 4), {"axis": 0})),
    doc="``exp(x)`` divided by its sum along `axis`.",
)
log_softmax = op(
    _log_softmax,
    vjp=lambda g, y, x, axis=-1: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True),
    name="log_softmax",
    samples=(((3, 4),), ((3, 4), {"axis": 0})),
    doc="The logarithm of ``softmax(x)``, without overflow.",
)
