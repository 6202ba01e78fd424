"""Least squares: overdetermined and underdetermined systems, and polynomials through points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.op import op
from ..recording.tensor import Tensor
from .elementwise import plain
from .shapes import as_array, mT

__all__ = [
    "lstsq",
    "polyfit",
]


def lstsq_adjoint(g: Any, y: Any, a: Any, b: Any, rcond: float | None) -> Any:
    """Return the adjoint of the matrix of a least-squares problem (Golub and Pereyra 1973)."""
    z = _lstsq(mT(a), g, rcond=rcond)
    unexplained = (b - a @ y) @ mT(_lstsq(a, z, rcond=rcond))  # 0 where b is met exactly
    undetermined = _lstsq(mT(a), y, rcond=rcond) @ mT(g - mT(a) @ z)  # 0 where a has full column rank
    return unexplained + undetermined - z @ mT(y)


_lstsq: Any = op(
    lambda a, b, rcond=None: np.linalg.lstsq(a, b, rcond=rcond)[0],
    vjp=(
        lambda g, y, a, b, rcond=None: lstsq_adjoint(g, y, a, b, rcond),
        lambda g, y, a, b, rcond=None: _lstsq(mT(a), g, rcond=rcond),
    ),
    name="lstsq",
    samples=(((5, 3), (5, 2)), ((2, 4), (2, 3)), ((3, 3), (3, 1))),
    doc="The solution of ``np.linalg.lstsq``; differentiable where the rank does not change.",
)


@implements("linalg.lstsq")
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Any, Any, int, Any]:
    """As ``np.linalg.lstsq``: solution, sums of squared residuals, rank (a number) and singular values.

    Raises
    ------
    ValueError
        If a gradient of `a` is asked for, whose rank is not full: the solution jumps where the rank changes.
    """
    a, b = as_array(a), as_array(b)
    if a.ndim != 2:
        raise ValueError(f"expected a matrix, got a of shape {a.shape}")
    rows, columns = a.shape
    s = np.linalg.svd(a, compute_uv=False)
    least = np.finfo(plain(s).dtype).eps * max(a.shape) if rcond is None else rcond
    rank = int(np.sum(plain(s) > max(least, 0) * np.max(plain(s), initial=0)))
    if rank < min(a.shape) and isinstance(a, Tensor) and a.requires_grad:
        raise ValueError(f"a of shape {a.shape} has rank {rank}: there the solution jumps, and has no derivative in a")
    x = np.squeeze(_lstsq(a, np.expand_dims(b, 1), rcond=rcond), 1) if b.ndim == 1 else _lstsq(a, b, rcond=rcond)
    if rank < columns or rows <= columns:
        return x, np.zeros(0, plain(x).dtype), rank, s
    residuals = b - a @ x
    return x, np.sum(np.square(residuals), axis=0, keepdims=b.ndim == 1), rank, s


@implements("polyfit")
def polyfit(x: Any, y: Any, deg: int, rcond: float | None = None, *, w: Any = None) -> Any:
    """As ``np.polyfit``: the coefficients of the polynomial nearest to some points, the highest power first.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> y = tg.parameter([1.0, 2.0])
    >>> slope, _ = np.polyfit([0.0, 2.0], y, 1)
    >>> slope.backward()
    >>> y.grad.round(6)
    array([-0.5,  0.5])
    """
    x, y = (z if plain(z).dtype.kind == "f" else z.astype(np.float64) for z in (as_array(x), as_array(y)))
    powers = np.vander(x, deg + 1)
    if w is not None:
        w = as_array(w)
        powers, y = np.expand_dims(w, 1) * powers, (w if y.ndim == 1 else np.expand_dims(w, 1)) * y
    scale = np.sqrt(np.sum(np.square(powers), axis=0))
    least = x.shape[0] * np.finfo(plain(x).dtype).eps if rcond is None else rcond
    coefficients = lstsq(powers / scale, y, least)[0]
    return coefficients / (scale if y.ndim == 1 else np.expand_dims(scale, 1))
