"""Square matrices and systems of equations: inverse, solve, determinant, powers, norms."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..recording.context import context
from ..recording.numpy_protocol import implements
from ..recording.op import op
from ..recording.tensor import Tensor
from .elementwise import no_zero, plain
from .reductions import Axis, spread
from .shapes import mT, sum_to

__all__ = [
    "cond",
    "det",
    "inv",
    "matrix_norm",
    "matrix_power",
    "norm",
    "pinv",
    "slogdet",
    "solve",
    "tensorinv",
    "tensorsolve",
    "vector_norm",
]

_SQUARE = (((3, 3),), ((2, 3, 3),))

inv = op(
    np.linalg.inv,
    vjp=lambda g, y, x: -mT(y) @ g @ mT(y),
    domain="invertible",
    samples=_SQUARE,
    doc="As ``np.linalg.inv``.",
)

_solve = op(
    np.linalg.solve,
    vjp=(
        lambda g, y, a, b: sum_to(-np.linalg.solve(mT(a), g) @ mT(y), shape=a.shape),
        lambda g, y, a, b: sum_to(np.linalg.solve(mT(a), g), shape=b.shape),
    ),
    name="solve",
    domain=("invertible", "real"),
    samples=(((3, 3), (3, 2)), ((2, 3, 3), (3, 1))),
)


@implements("linalg.solve")
def solve(a: Any, b: Any) -> Any:
    """As ``np.linalg.solve``: the x of ``a @ x = b``; `b` holds vectors as columns, or is one vector."""
    return np.squeeze(_solve(a, np.expand_dims(b, -1)), -1) if np.ndim(b) == 1 else _solve(a, b)


def over_matrices(g: Any) -> Any:
    """Return numbers, one a matrix, with two more axes, to multiply the matrices with."""
    return np.expand_dims(g, (-2, -1))


def cofactors(y: Any, x: Any) -> Any:
    """Return the derivative of the determinant y of x; by singular values where x has no inverse."""
    if (plain(y) != 0).all():
        return over_matrices(y) * mT(np.linalg.inv(x))
    if isinstance(x, Tensor) and context().recording:
        return _signed_minors(x)
    u, s, vh = np.linalg.svd(plain(x))
    keep = 1 - np.eye(s.shape[-1], dtype=bool)
    left_out = np.prod(np.where(keep, s[..., None, :], 1), axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (over_matrices(sign) * ((u * left_out[..., None, :]) @ vh)).astype(x.dtype)


def _signed_minors(x: Any) -> Any:
    """Return the cofactors by their definition: slow, but it can be differentiated again."""
    *_, size = x.shape
    n = np.arange(size)
    others = np.array([np.delete(n, i) for i in n])
    minors = np.linalg.det(x[..., others[:, None, :, None], others[None, :, None, :]])
    return np.where(np.add.outer(n, n) % 2 == 1, -minors, minors)


det = op(
    np.linalg.det,
    vjp=lambda g, y, x: over_matrices(g) * cofactors(y, x),
    domain="invertible",
    samples=_SQUARE,
    doc="As ``np.linalg.det``; where a singular matrix has no inverse, its derivatives are those of the polynomial.",
)
_logabsdet = op(
    lambda x: np.linalg.slogdet(x)[1],
    vjp=lambda g, y, x: over_matrices(g) * mT(np.linalg.inv(x)),
    name="logabsdet",
    domain="invertible",
    samples=_SQUARE,
    doc="The logarithm of the absolute value of the determinant.",
)


class SlogdetResult(NamedTuple):
    """Sign and logarithm of a determinant."""

    sign: Any
    logabsdet: Any


@implements("linalg.slogdet")
def slogdet(a: Any) -> SlogdetResult:
    """As ``np.linalg.slogdet``; the sign is a plain array, for it has no gradient."""
    return SlogdetResult(np.linalg.slogdet(plain(a))[0], _logabsdet(a))


@implements("linalg.matrix_power")
def matrix_power(a: Any, n: int) -> Any:
    """As ``np.linalg.matrix_power``, by repeated squaring."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return 0 * a + np.eye(np.shape(a)[-1], dtype=a.dtype)
    half = matrix_power(np.matmul(a, a), n // 2) if n > 1 else None
    return a if half is None else half if n % 2 == 0 else np.matmul(half, a)


def pinv_adjoint(g: Any, y: Any, x: Any) -> Any:
    """Return the adjoint of the pseudo-inverse y of x (Golub and Pereyra 1973), whose rank must not change nearby."""
    before = np.eye(x.shape[-2], dtype=x.dtype) - x @ y
    after = np.eye(x.shape[-1], dtype=x.dtype) - y @ x
    return before @ mT(g) @ y @ mT(y) + mT(y) @ y @ mT(g) @ after - mT(y) @ g @ mT(y)


pinv = op(
    np.linalg.pinv,
    vjp=lambda g, y, x: pinv_adjoint(g, y, x),
    samples=(((4, 2),), ((2, 4),), ((2, 3, 3),)),
    doc="As ``np.linalg.pinv``; differentiable where the rank does not change.",
)


@implements("linalg.tensorinv")
def tensorinv(a: Any, ind: int = 2) -> Any:
    """As ``np.linalg.tensorinv``."""
    rows, columns = np.shape(a)[:ind], np.shape(a)[ind:]
    return np.reshape(np.linalg.inv(np.reshape(a, (int(np.prod(rows)), -1))), columns + rows)


@implements("linalg.tensorsolve")
def tensorsolve(a: Any, b: Any) -> Any:
    """As ``np.linalg.tensorsolve``."""
    matrix = np.reshape(a, (np.size(b), -1))
    return np.reshape(np.linalg.solve(matrix, np.ravel(b)), np.shape(a)[np.ndim(b) :])


# -- norms -------------------------------------------------------------------------------------------------------------


def signed_power(x: Any, p: float) -> Any:
    """Return ``|x|**p`` with the sign of x."""
    return x if p == 1 else np.sign(x) * np.absolute(x) ** p


def _norm(x: Any, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    if ord == 2:  # scaled by the largest element, so that no square overflows or vanishes
        largest = np.max(np.absolute(x), axis=axis, keepdims=True, initial=0)
        scale = np.where((largest == 0) | ~np.isfinite(largest), 1, largest)
        y = np.sqrt(np.sum(np.square(x / scale), axis=axis, keepdims=True)) * scale
    else:
        y = np.sum(np.absolute(x) ** ord, axis=axis, keepdims=True) ** (1 / ord)
    return y if keepdims else np.squeeze(y, axis=axis) if axis is not None else y.reshape(())[()]


_lp = op(
    _norm,
    vjp=lambda g, y, x, ord=2, axis=None, keepdims=False: (
        spread(g / no_zero(y) ** (ord - 1), x, axis, keepdims) * signed_power(x, ord - 1)
    ),
    name="norm",
    domain="nonzero",
    samples=(((3, 4),), ((3, 4), {"axis": 0}), ((3, 4), {"axis": 1, "ord": 3, "keepdims": True}), ((4,), {"ord": 1})),
    kinks="The norm of zeros has derivative 0, as in torch.",
)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if ord in (np.inf, -np.inf):
        choose = np.max if ord > 0 else np.min
        return choose(np.absolute(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(plain(x) != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
    return _lp(x, ord=2 if ord is None else ord, axis=axis, keepdims=keepdims)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    if ord in (None, "fro"):
        return _lp(x, axis=axes, keepdims=keepdims)
    x = np.moveaxis(x, axes, (-2, -1))
    if ord in ("nuc", 2, -2):
        reduce: Any = {"nuc": np.sum, 2: np.max, -2: np.min}[ord]
        y = reduce(np.linalg.svd(x, compute_uv=False), axis=-1)
    elif ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.absolute(x), axis=-2 if abs(ord) == 1 else -1)
        y = (np.max if ord > 0 else np.min)(sums, axis=-1)
    else:
        raise ValueError(f"norm: ord={ord!r} is no norm of a matrix")
    return np.expand_dims(y, axes) if keepdims else y


@implements("linalg.norm")
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """As ``np.linalg.norm``, with every `ord` of vectors and matrices.

    The norm of zeros has derivative 0, as in torch.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.grad(np.linalg.norm)(np.array([3.0, 4.0])), tg.grad(np.linalg.norm)(np.zeros(2))
    (array([0.6, 0.8]), array([0., 0.]))
    """
    if axis is None and (ord is None or np.ndim(x) == 1):
        return _vector_norm(x, ord, None, keepdims)
    axes = tuple(range(np.ndim(x))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: ord={ord!r} needs one axis or two, got {axes}")
    return _matrix_norm(x, ord, (axes[0], axes[1]), keepdims)


@implements("linalg.vector_norm")
def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """As ``np.linalg.vector_norm``."""
    return _vector_norm(x, ord, axis, keepdims)


@implements("linalg.matrix_norm")
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """As ``np.linalg.matrix_norm``."""
    return _matrix_norm(x, ord, (-2, -1), keepdims)


@implements("linalg.cond")
def cond(x: Any, p: Any = None) -> Any:
    """As ``np.linalg.cond``."""
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return _matrix_norm(x, p, (-2, -1), False) * _matrix_norm(np.linalg.inv(x), p, (-2, -1), False)
