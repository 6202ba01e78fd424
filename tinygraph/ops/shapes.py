"""Shapes: the same elements in another arrangement."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import each, op

__all__ = [
    "astype",
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "reshape",
    "squeeze",
    "stack",
    "sum_to",
    "swapaxes",
    "transpose",
]

reshape = op(np.reshape, vjp=lambda g, y, x, shape=None: np.reshape(g, x.shape))
transpose = op(np.transpose, vjp=lambda g, y, x, axes=None: np.transpose(g, inverse(axes)))
swapaxes = op(np.swapaxes, vjp=lambda g, y, x, axis1=-1, axis2=-2: np.swapaxes(g, axis1, axis2))
expand_dims = op(np.expand_dims, vjp=lambda g, y, x, axis=0: np.reshape(g, x.shape))
squeeze = op(np.squeeze, vjp=lambda g, y, x, axis=None: np.reshape(g, x.shape))
broadcast_to = op(np.broadcast_to, vjp=lambda g, y, x, shape=(): sum_to(g, x.shape))


def _sum_to(x: Any, shape: tuple[int, ...] = ()) -> Any:
    lead = x.ndim - len(shape)
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and x.shape[lead + i] != 1)
    return np.reshape(np.sum(x, axis=tuple(range(lead)) + stretched), shape)


sum_to = op(_sum_to, vjp=lambda g, y, x, shape=(): np.broadcast_to(g, x.shape), name="sum_to")


def inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Return the permutation that undoes `axes`."""
    return None if axes is None else tuple(int(i) for i in np.argsort([axis % len(axes) for axis in axes]))


def mT(x: Any) -> Any:
    """Return `x` with its last two axes exchanged: the transpose of a matrix, or of each of a stack."""
    return np.swapaxes(x, -1, -2)


astype = op(
    lambda x, dtype=None: x.astype(dtype),
    vjp=lambda g, y, x, dtype=None: g.astype(x.dtype),
    name="astype",
)


def _concatenate(*xs: Any, axis: int | None = 0) -> Any:
    return np.concatenate(xs, axis=axis)


def _stack(*xs: Any, axis: int = 0) -> Any:
    return np.stack(xs, axis=axis)


def part(i: int, g: Any, xs: tuple[Any, ...], axis: int | None) -> Any:
    """Return the part of `g` that belongs to the i-th of the arrays concatenated along `axis`."""
    if axis is None:
        start = _sum_of(x.size for x in xs[:i])
        return np.reshape(g[start : start + xs[i].size], xs[i].shape)
    start = _sum_of(x.shape[axis] for x in xs[:i])
    index = [slice(None)] * len(xs[i].shape)
    index[axis] = slice(start, start + xs[i].shape[axis])
    return g[tuple(index)]


def _sum_of(numbers: Any) -> int:
    total = 0
    for number in numbers:
        total += number
    return total


concatenate = op(
    _concatenate,
    vjp=each(lambda i, g, y, *xs, axis=0: part(i, g, xs, axis)),
    name="concatenate",
    sequence=True,
    numpy=np.concatenate,
)
stack = op(
    _stack,
    vjp=each(lambda i, g, y, *xs, axis=0: g[(slice(None),) * (axis % len(y.shape)) + (i,)]),
    name="stack",
    sequence=True,
    numpy=np.stack,
)
