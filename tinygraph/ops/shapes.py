"""Shapes: the same elements in another arrangement."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements, numpy_functions
from ..recording.op import op
from ..recording.tensor import Tensor

__all__ = [
    "astype",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "broadcast_arrays",
    "broadcast_to",
    "copy",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "matrix_transpose",
    "meshgrid",
    "moveaxis",
    "permute_dims",
    "ravel",
    "reshape",
    "roll",
    "rollaxis",
    "rot90",
    "squeeze",
    "sum_to",
    "swapaxes",
    "transpose",
    "tril",
    "triu",
]

reshape = op(
    lambda x, shape=None: x.reshape(shape),
    vjp=lambda g, y, x, shape=None: np.reshape(g, x.shape),
    name="reshape",
    samples=(((3, 4), {"shape": (2, -1)}),),
)
numpy_functions[np.reshape] = reshape  # by hand: NumPy 2.0 calls the shape newshape
ravel = op(np.ravel, vjp=lambda g, y, x: np.reshape(g, x.shape))
transpose = permute_dims = op(
    np.transpose,
    vjp=lambda g, y, x, axes=None: g.transpose(inverse(axes)),
    samples=(((3, 4),), ((2, 3, 4), {"axes": (1, -1, 0)})),
)
swapaxes = op(
    np.swapaxes,
    vjp=lambda g, y, x, axis1=-1, axis2=-2: np.swapaxes(g, axis1, axis2),
    samples=(((2, 3, 4), {"axis1": 0, "axis2": -1}),),
)
moveaxis = op(
    np.moveaxis,
    vjp=lambda g, y, x, source=0, destination=0: np.moveaxis(g, destination, source),
    samples=(((2, 3, 4), {"source": 0, "destination": -1}), ((2, 3, 4), {"source": (0, 1), "destination": (2, 0)})),
)
expand_dims = op(
    np.expand_dims,
    vjp=lambda g, y, x, axis=0: np.reshape(g, x.shape),
    samples=(((3, 4), {"axis": 1}), ((3,), {"axis": (0, -1)})),
)
squeeze = op(np.squeeze, vjp=lambda g, y, x, axis=None: np.reshape(g, x.shape), samples=(((3, 1, 2), {"axis": 1}),))
broadcast_to = op(
    np.broadcast_to, vjp=lambda g, y, x, shape=(): sum_to(g, x.shape), samples=(((3, 1), {"shape": (2, 3, 4)}),)
)


def _sum_to(x: Any, shape: tuple[int, ...] = ()) -> Any:
    lead = x.ndim - len(shape)
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and x.shape[lead + i] != 1)
    return np.reshape(np.sum(x, axis=tuple(range(lead)) + stretched), shape)


sum_to: Any = op(
    _sum_to,
    vjp=lambda g, y, x, shape=(): np.broadcast_to(g, x.shape),
    name="sum_to",
    samples=(((2, 3, 4), {"shape": (3, 1)}),),
    doc="Sums to a `shape` that would broadcast to x: the adjoint of ``broadcast_to``.",
)
copy = op(np.copy, vjp=lambda g, y, x: g)
astype = op(
    lambda x, dtype=None: x.astype(dtype),
    vjp=lambda g, y, x, dtype=None: g.astype(x.dtype),
    name="astype",
    numpy=getattr(np, "astype", ()),
    samples=(((3,), {"dtype": np.float64}),),
    doc="Another dtype; to integers or booleans it is a constant. The gradient comes back in the dtype of x.",
)

# -- reversing and turning ---------------------------------------------------------------------------------------------

flip = op(
    np.flip,
    vjp=lambda g, y, x, axis=None: np.flip(g, axis),
    samples=(((3, 4),), ((3, 4), {"axis": 0}), ((2, 3, 4), {"axis": (0, -1)})),
)
fliplr = op(np.fliplr, vjp=lambda g, y, x: np.fliplr(g))
flipud = op(np.flipud, vjp=lambda g, y, x: np.flipud(g))
rot90 = op(
    np.rot90, vjp=lambda g, y, x, k=1, axes=(0, 1): np.rot90(g, -k, axes), samples=(((3, 4),), ((3, 4), {"k": 2}))
)
roll = op(
    np.roll,
    vjp=lambda g, y, x, shift=0, axis=None: np.roll(g, backward(shift), axis),
    samples=(((3, 4), {"shift": 2}), ((3, 4), {"shift": (1, -2), "axis": (0, 1)})),
)
tril = op(np.tril, vjp=lambda g, y, x, k=0: sum_to(np.tril(g, k), x.shape), samples=(((3, 4),), ((2, 3, 3), {"k": -1})))
triu = op(np.triu, vjp=lambda g, y, x, k=0: sum_to(np.triu(g, k), x.shape), samples=(((3, 4),), ((2, 3, 3), {"k": 1})))


def inverse(axes: int | tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Return the permutation that undoes `axes`."""
    if axes is None:
        return None
    permutation = (axes,) if isinstance(axes, int) else axes
    return tuple(int(i) for i in np.argsort([axis % len(permutation) for axis in permutation]))


def backward(shift: int | tuple[int, ...]) -> int | tuple[int, ...]:
    """Return the shift that undoes `shift`."""
    return tuple([-n for n in shift]) if isinstance(shift, tuple) else -shift


@implements("matrix_transpose", "linalg.matrix_transpose")
def matrix_transpose(x: Any) -> Any:
    """As ``np.matrix_transpose``: the last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


mT = matrix_transpose


@implements("rollaxis")
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """As ``np.rollaxis``; `moveaxis` says the same more plainly."""
    axis, start = axis % np.ndim(a), start + np.ndim(a) if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


# -- several arrays at once --------------------------------------------------------------------------------------------


def as_array(x: Any) -> Any:
    """Return a Tensor as it is, anything else as an array."""
    return x if isinstance(x, Tensor) else np.asarray(x)


def _at_least(lift: Any, xs: tuple[Any, ...]) -> Any:
    """Reshape each of `xs` as NumPy's function `lift` would."""
    lifted = [np.reshape(x, lift(np.empty(np.shape(x))).shape) for x in map(as_array, xs)]
    return lifted[0] if len(lifted) == 1 else tuple(lifted)


@implements("atleast_1d")
def atleast_1d(*arys: Any) -> Any:
    """As ``np.atleast_1d``."""
    return _at_least(np.atleast_1d, arys)


@implements("atleast_2d")
def atleast_2d(*arys: Any) -> Any:
    """As ``np.atleast_2d``."""
    return _at_least(np.atleast_2d, arys)


@implements("atleast_3d")
def atleast_3d(*arys: Any) -> Any:
    """As ``np.atleast_3d``."""
    return _at_least(np.atleast_3d, arys)


@implements("broadcast_arrays")
def broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """As ``np.broadcast_arrays``."""
    shape = np.broadcast_shapes(*[np.shape(x) for x in args])
    return tuple([np.broadcast_to(x, shape) for x in args])


@implements("meshgrid")
def meshgrid(*xi: Any, indexing: str = "xy", sparse: bool = False) -> tuple[Any, ...]:
    """As ``np.meshgrid``."""
    order = [1, 0, *range(2, len(xi))] if indexing == "xy" and len(xi) > 1 else range(len(xi))
    lengths = [[-1 if i == k else 1 for i in range(len(xi))] for k in order]
    grids = tuple([np.reshape(x, shape) for x, shape in zip(xi, lengths, strict=True)])
    return grids if sparse else broadcast_arrays(*grids)
