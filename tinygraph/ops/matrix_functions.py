"""Functions of matrices: the exponential."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..recording.op import op
from .shapes import mT

__all__ = [
    "expm",
]

_DEGREE = 13
_PADE = [  # of the numerator of the diagonal Padé approximant; in the denominator the odd ones are negative
    math.factorial(2 * _DEGREE - j) // (math.factorial(_DEGREE - j) * math.factorial(j)) for j in range(_DEGREE + 1)
]
_SMALL = 5.37  # up to this norm the approximant is exact in float64 (Higham 2005)


def _polynomial(coefficients: list[int], x: Any) -> Any:
    total = np.zeros_like(x)
    identity = np.eye(x.shape[-1])
    for coefficient in reversed(coefficients):
        total = total @ x + coefficient * identity
    return total


def _expm(a: Any) -> Any:
    """Scale by a power of 2, approximate, and square as often."""
    x = a.astype(np.result_type(a, np.float64))
    norm = np.max(np.sum(np.abs(x), axis=-2), initial=0.0)
    if not np.isfinite(norm):
        raise ValueError("elements must be finite")
    squarings = max(0, math.ceil(math.log2(norm / _SMALL))) if norm else 0
    x = x / 2.0**squarings
    square = x @ x
    even, odd = _polynomial(_PADE[::2], square), x @ _polynomial(_PADE[1::2], square)
    y = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        y = y @ y
    return y.astype(a.dtype) if a.dtype.kind == "f" else y


def frechet(a: Any, direction: Any) -> Any:
    """Return the derivative of the exponential of `a` along a direction: a block of the exponential of blocks."""
    rows = np.concatenate([a, direction], axis=-1), np.concatenate([np.zeros_like(a), a], axis=-1)
    n = a.shape[-1]
    return expm(np.concatenate(rows, axis=-2))[..., :n, n:]


expm: Any = op(
    _expm,
    vjp=lambda g, y, x: frechet(mT(x), g),
    name="expm",
    samples=(((3, 3),), ((2, 3, 3),)),
    doc="""The exponential of a square matrix, or of a stack of them, as ``scipy.linalg.expm``.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.expm(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """,
)
