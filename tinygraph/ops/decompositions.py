"""Matrix decompositions. Each output is an op of its own, whose rule decomposes again: no op has two outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.op import op
from .shapes import mT

__all__ = [
    "cholesky",
    "eigh",
    "eigvalsh",
    "qr",
    "svd",
    "svdvals",
]

_SYMMETRIC = (((3, 3),), ((2, 3, 3),))
_TRIANGLES = (((3, 3),), ((2, 3, 3), {"uplo": "U"}))
_TALL = (((4, 3),), ((2, 3, 3),))


def gaps(values: Any) -> Any:
    """Return ``1 / (values_j - values_i)`` as a matrix, 0 on its diagonal."""
    n = values.shape[-1]
    difference = np.expand_dims(values, -2) - np.expand_dims(values, -1) + np.eye(n, dtype=values.dtype)
    return (1 - np.eye(n, dtype=values.dtype)) / difference


def half_lower(x: Any) -> Any:
    """Return the lower triangle, its diagonal halved."""
    return np.tril(x) * (1 - 0.5 * np.eye(x.shape[-1], dtype=x.dtype))


def times_inverse(x: Any, a: Any) -> Any:
    """Return ``x @ inv(a)``."""
    return mT(np.linalg.solve(mT(a), mT(x)))


def copy_lower(x: Any) -> Any:
    """Return the symmetric matrix with the lower triangle of `x`."""
    return np.tril(x) + mT(np.tril(x, -1))


# -- symmetric matrices, of which NumPy reads one triangle: the gradient is 0 in the other -----------------------------


def of_triangle(x: Any, uplo: str = "L") -> Any:
    """Return the adjoint of the triangle that was read, from that of the whole symmetric matrix."""
    lower = half_lower(x + mT(x))
    return lower if uplo == "L" else mT(lower)


def _cholesky_adjoint(g: Any, y: Any) -> Any:
    return times_inverse(np.linalg.solve(mT(y), half_lower(mT(y) @ g)), y)


_lower = op(
    lambda x: np.linalg.cholesky(x),
    vjp=lambda g, y, x: of_triangle(_cholesky_adjoint(np.tril(g), y)),
    name="cholesky",
    domain="spd",
    samples=_SYMMETRIC,
)


@implements("linalg.cholesky")
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """As ``np.linalg.cholesky``: of `a`, the lower triangle is read, or the upper; the gradient of the other is 0.

    torch and JAX spread the gradient over both triangles; so it is here for ``(a + a.T) / 2`` in place of `a`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> a = np.array([[4.0, 2.0], [2.0, 5.0]])
    >>> tg.grad(lambda a: np.linalg.cholesky(a)[1, 0])(a)
    array([[-0.125,  0.   ],
           [ 0.5  ,  0.   ]])
    """
    return mT(_lower(mT(a))) if upper else _lower(a)


_eigenvalues = op(
    lambda x, uplo="L": np.linalg.eigvalsh(x, uplo),
    vjp=lambda g, y, x, uplo="L": of_triangle(from_basis(_eigenvectors(x, uplo=uplo), g), uplo),
    name="eigvalsh",
    domain="spd",
    samples=_TRIANGLES,
)
_eigenvectors: Any = op(
    lambda x, uplo="L": np.linalg.eigh(x, uplo)[1],
    vjp=lambda g, y, x, uplo="L": of_triangle(y @ (gaps(_eigenvalues(x, uplo=uplo)) * (mT(y) @ g)) @ mT(y), uplo),
    name="eigenvectors",
    domain="spd",
    samples=_TRIANGLES,
    kinks="Where eigenvalues are equal, eigenvectors have no derivative: the rule gives infinity or NaN, as in torch.",
)


def from_basis(v: Any, diagonal: Any) -> Any:
    """Return the matrix that is diagonal in the orthonormal basis `v`."""
    return (v * np.expand_dims(diagonal, -2)) @ mT(v)


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


@implements("linalg.eigh")
def eigh(a: Any, UPLO: str = "L") -> EighResult:
    """As ``np.linalg.eigh``; the gradient lies in the triangle that is read, as that of `cholesky`."""
    uplo = _triangle(UPLO)
    return EighResult(_eigenvalues(a, uplo=uplo), _eigenvectors(a, uplo=uplo))


@implements("linalg.eigvalsh")
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """As ``np.linalg.eigvalsh``; the gradient lies in the triangle that is read, as that of `cholesky`."""
    return _eigenvalues(a, uplo=_triangle(UPLO))


def _triangle(UPLO: str) -> str:
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO must be 'L' or 'U', got {UPLO!r}")
    return UPLO.upper()


# -- singular values (Townsend 2016) -----------------------------------------------------------------------------------


def _thin(x: Any) -> tuple[Any, Any, Any]:
    return np.linalg.svd(x, full_matrices=False)


def _left_adjoint(g: Any, x: Any) -> Any:
    u, s, vh = _thin(x)
    s_row = np.expand_dims(s, -2)
    turned = gaps(s * s) * (mT(u) @ g - mT(g) @ u)
    outside = g - u @ (mT(u) @ g)
    return (u @ (turned * s_row) + outside / s_row) @ vh


def _right_adjoint(g: Any, x: Any) -> Any:
    u, s, vh = _thin(x)
    s_column = np.expand_dims(s, -1)
    turned = gaps(s * s) * (vh @ mT(g) - g @ mT(vh))
    outside = g - (g @ mT(vh)) @ vh
    return u @ (s_column * (turned @ vh) + outside / s_column)


def _values_adjoint(g: Any, x: Any) -> Any:
    u, _, vh = _thin(x)
    return (u * np.expand_dims(g, -2)) @ vh


_EQUAL = "Where singular values are equal or 0, the vectors have no derivative, and the rule gives infinity or NaN."

_singular_values = op(
    lambda x: np.linalg.svd(x, compute_uv=False),
    vjp=lambda g, y, x: _values_adjoint(g, x),
    name="svdvals",
    samples=_TALL,
)
_left_vectors = op(
    lambda x: np.linalg.svd(x, full_matrices=False)[0],
    vjp=lambda g, y, x: _left_adjoint(g, x),
    name="left_singular_vectors",
    samples=_TALL,
    kinks=_EQUAL,
)
_right_vectors = op(
    lambda x: np.linalg.svd(x, full_matrices=False)[2],
    vjp=lambda g, y, x: _right_adjoint(g, x),
    name="right_singular_vectors",
    samples=_TALL,
    kinks=_EQUAL,
)


class SVDResult(NamedTuple):
    """Left singular vectors as columns, singular values, right singular vectors as rows."""

    U: Any
    S: Any
    Vh: Any


@implements("linalg.svd")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """As ``np.linalg.svd``.

    Raises
    ------
    ValueError
        With ``full_matrices=True`` for a matrix that is not square: the vectors that fill up the basis are arbitrary,
        and have no gradient.
    """
    if not compute_uv:
        return _singular_values(a)
    if full_matrices and np.shape(a)[-1] != np.shape(a)[-2]:
        raise ValueError(
            f"svd: with full_matrices=True, some vectors of a matrix of shape {np.shape(a)} are arbitrary and have no"
            " gradient; say full_matrices=False"
        )
    return SVDResult(_left_vectors(a), _singular_values(a), _right_vectors(a))


@implements("linalg.svdvals")
def svdvals(x: Any, /) -> Any:
    """As ``np.linalg.svdvals``: the singular values alone."""
    return _singular_values(x)


# -- orthogonal times triangular ---------------------------------------------------------------------------------------


_orthogonal = op(
    lambda x: np.linalg.qr(x)[0],
    vjp=lambda g, y, x: times_inverse(g - y @ copy_lower(mT(g) @ y), mT(np.linalg.qr(x, mode="r"))),
    name="qr_q",
    samples=_TALL,
)
_triangular = op(
    lambda x: np.linalg.qr(x, mode="r"),
    vjp=lambda g, y, x: times_inverse(np.linalg.qr(x)[0] @ copy_lower(y @ mT(np.triu(g))), mT(y)),
    name="qr_r",
    samples=_TALL,
)


class QRResult(NamedTuple):
    """An orthonormal basis as columns, and an upper triangular matrix."""

    Q: Any
    R: Any


@implements("linalg.qr")
def qr(a: Any, mode: str = "reduced") -> Any:
    """As ``np.linalg.qr`` with the modes reduced and r, for matrices with at least as many rows as columns.

    Raises
    ------
    ValueError
        For another mode, or a matrix of another shape.
    """
    if mode not in ("reduced", "r") or np.shape(a)[-2] < np.shape(a)[-1]:
        raise ValueError(
            f"qr: mode={mode!r} of a matrix of shape {np.shape(a)} is not supported on a Tensor; it takes 'reduced' and"
            " 'r', of matrices with at least as many rows as columns"
        )
    return _triangular(a) if mode == "r" else QRResult(_orthogonal(a), _triangular(a))
