"""Exponentials, logarithms, trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elementwise import elementwise, no_zero

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "exp",
    "exp2",
    "expm1",
    "i0",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]

LN2, LN10 = math.log(2), math.log(10)
_EDGE = "At the ends of the domain the derivative is infinite, as in torch and JAX."

# -- exponentials and logarithms ---------------------------------------------------------------------------------------

exp = elementwise(np.exp, vjp=lambda g, y, x: g * y)
exp2 = elementwise(np.exp2, vjp=lambda g, y, x: g * (y * LN2))
expm1 = elementwise(np.expm1, vjp=lambda g, y, x: g * (y + 1))
log = elementwise(np.log, vjp=lambda g, y, x: g / x, domain="positive", kinks=_EDGE)
log2 = elementwise(np.log2, vjp=lambda g, y, x: g / (x * LN2), domain="positive", kinks=_EDGE)
log10 = elementwise(np.log10, vjp=lambda g, y, x: g / (x * LN10), domain="positive", kinks=_EDGE)
log1p = elementwise(np.log1p, vjp=lambda g, y, x: g / (1 + x), domain="positive", kinks=_EDGE)
logaddexp = elementwise(np.logaddexp, vjp=(lambda g, y, a, b: g * np.exp(a - y), lambda g, y, a, b: g * np.exp(b - y)))
logaddexp2 = elementwise(
    np.logaddexp2, vjp=(lambda g, y, a, b: g * np.exp2(a - y), lambda g, y, a, b: g * np.exp2(b - y))
)

# -- trigonometric -----------------------------------------------------------------------------------------------------

sin = elementwise(np.sin, vjp=lambda g, y, x: g * np.cos(x))
cos = elementwise(np.cos, vjp=lambda g, y, x: -g * np.sin(x))
tan = elementwise(np.tan, vjp=lambda g, y, x: g * (1 + y * y), domain="unit")
arcsin = asin = elementwise(np.arcsin, vjp=lambda g, y, x: g / np.sqrt(1 - x * x), domain="unit", kinks=_EDGE)
arccos = acos = elementwise(np.arccos, vjp=lambda g, y, x: -g / np.sqrt(1 - x * x), domain="unit", kinks=_EDGE)
arctan = atan = elementwise(np.arctan, vjp=lambda g, y, x: g / (1 + x * x))
arctan2 = atan2 = elementwise(
    np.arctan2,
    vjp=(lambda g, y, a, b: g * b / no_zero(a * a + b * b), lambda g, y, a, b: -g * a / no_zero(a * a + b * b)),
    domain="nonzero",
    kinks="At the origin the derivatives are 0, as in torch.",
)
deg2rad = radians = elementwise(np.deg2rad, vjp=lambda g, y, x: np.deg2rad(g), numpy=np.radians)
rad2deg = degrees = elementwise(np.rad2deg, vjp=lambda g, y, x: np.rad2deg(g), numpy=np.degrees)


def sinc_slope(x: Any) -> Any:
    """Return the derivative of sinc: its series near 0, where the quotient would cancel."""
    near = np.absolute(x) < 0.5
    z, far = np.where(near, x, 0), np.where(near, 1, x)
    series = 0.0
    for k in range(10, 0, -1):
        series = series * (z * z) + (-1) ** k * math.pi ** (2 * k) * 2 * k / math.factorial(2 * k + 1)
    return np.where(near, z * series, (np.cos(math.pi * far) - np.sinc(far)) / far)


def _sinc(x: Any) -> Any:
    if np.result_type(x) == np.float16:  # of 0, NumPy 2.0 gives NaN in float16
        return np.sinc(np.float32(x)).astype(np.float16)
    return np.sinc(x)


sinc = elementwise(_sinc, vjp=lambda g, y, x: g * sinc_slope(x), name="sinc", numpy=np.sinc)

# -- the modified Bessel function of order 0: the mean of exp(x cos θ), of which NumPy has no derivative ---------------

_COSINES = np.cos((np.arange(256) + 0.5) * (math.pi / 256))


def bessel_slope(x: Any) -> Any:
    """Return the derivative of `i0`; means over equal angles are exact for such integrals, up to |x| = 700."""
    cosines = _COSINES.astype(x.dtype)
    return np.mean(np.exp(np.expand_dims(x, -1) * cosines) * cosines, axis=-1)


i0 = elementwise(np.i0, vjp=lambda g, y, x: g * bessel_slope(x))

# -- hyperbolic --------------------------------------------------------------------------------------------------------

tanh = elementwise(np.tanh, vjp=lambda g, y, x: g * (1 - y * y))
sinh = elementwise(np.sinh, vjp=lambda g, y, x: g * np.cosh(x))
cosh = elementwise(np.cosh, vjp=lambda g, y, x: g * np.sinh(x))
arcsinh = asinh = elementwise(np.arcsinh, vjp=lambda g, y, x: g / np.sqrt(1 + x * x))
arccosh = acosh = elementwise(np.arccosh, vjp=lambda g, y, x: g / np.sqrt(x * x - 1), domain="above one", kinks=_EDGE)
arctanh = atanh = elementwise(np.arctanh, vjp=lambda g, y, x: g / (1 - x * x), domain="unit", kinks=_EDGE)
