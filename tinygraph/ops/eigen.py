"""Eigenvalues and eigenvectors of matrices that need not be symmetric, where they are real."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.op import op
from .decompositions import gaps
from .shapes import mT

__all__ = [
    "eig",
    "eigvals",
]


def _decomposed(x: Any) -> tuple[Any, Any]:
    values, vectors = np.linalg.eig(x)
    if np.iscomplexobj(values) and not np.iscomplexobj(x):  # NumPy ≥ 2.5 gives complex ones always
        if values.imag.any():
            raise ValueError(
                "some eigenvalues are complex, and a Tensor is real; np.linalg.eigh and np.linalg.svd always are too"
            )
        return values.real.copy(), vectors.real.copy()
    return values, vectors


def _apart(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-0.2, 0.2, shape) + np.diag(1.0 + np.arange(shape[-1]))


def from_basis(v: Any, diagonal: Any) -> Any:
    """Return the transpose of the matrix that is diagonal in the basis `v`."""
    return np.linalg.solve(mT(v), np.expand_dims(diagonal, -1) * mT(v))


def without_length(g: Any, v: Any) -> Any:
    """Return the part of the columns of `g` that is orthogonal to those of `v`, which have length 1."""
    return g - v * np.sum(v * g, axis=-2, keepdims=True)


_values = op(
    lambda x: _decomposed(x)[0],
    vjp=lambda g, y, x: from_basis(_vectors(x), g),
    name="eigvals",
    domain=_apart,
    samples=(((3, 3),), ((2, 3, 3),)),
)
_vectors: Any = op(
    lambda x: _decomposed(x)[1],
    vjp=lambda g, y, x: np.linalg.solve(mT(y), gaps(_values(x)) * (mT(y) @ without_length(g, y)) @ mT(y)),
    name="eig_vectors",
    domain=_apart,
    samples=(((3, 3),), ((2, 3, 3),)),
    kinks="Where eigenvalues are equal, eigenvectors have no derivative: the rule gives infinity or NaN, as in torch.",
)


class EigResult(NamedTuple):
    """Eigenvalues in no order, and eigenvectors of length 1 as columns."""

    eigenvalues: Any
    eigenvectors: Any


@implements("linalg.eig")
def eig(a: Any) -> EigResult:
    """As ``np.linalg.eig``, of matrices whose eigenvalues are real.

    Raises
    ------
    ValueError
        If an eigenvalue is complex.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> a = tg.parameter([[2.0, 1.0], [0.0, 3.0]])
    >>> np.sum(np.linalg.eig(a).eigenvalues).backward()
    >>> a.grad.round(6) + 0.0  # the sum is the trace
    array([[1., 0.],
           [0., 1.]])
    """
    return EigResult(_values(a), _vectors(a))


@implements("linalg.eigvals")
def eigvals(a: Any) -> Any:
    """As ``np.linalg.eigvals``, of matrices whose eigenvalues are real."""
    return _values(a)
