"""Activation functions that NumPy has no name for."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from .elementwise import elementwise

__all__ = [
    "elu",
    "erf",
    "gelu",
    "leaky_relu",
    "relu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
]


def _sigmoid(x: Any) -> Any:
    # not ½(1 + tanh ½x), which loses small values: of 3e-17 it makes 0
    one, most = _one_and_largest_exponent(x.dtype.char)
    y = np.exp(np.minimum(-x, most))
    y += one
    return one / y


@cache
def _one_and_largest_exponent(code: str) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 and the greatest integer whose exponential does not overflow, as arrays: numbers cost twice as much."""
    dtype = np.dtype(code if code in "efdg" else np.float64)
    return np.ones((), dtype), np.array(int(np.log(np.finfo(dtype).max)), dtype)


sigmoid = elementwise(
    _sigmoid, vjp=lambda g, y, x: g * (y * (1 - y)), name="sigmoid", doc="The logistic function 1 / (1 + exp(-x))."
)
silu = elementwise(
    lambda x: x * _sigmoid(x),
    vjp=lambda g, y, x: g * (sigmoid(x) + y * (1 - sigmoid(x))),
    name="silu",
    doc="``x * sigmoid(x)``, also called swish.",
)
softplus = elementwise(
    lambda x: np.logaddexp(x, 0), vjp=lambda g, y, x: g * sigmoid(x), name="softplus", doc="``log(1 + exp(x))``."
)
softsign = elementwise(
    lambda x: x / (1 + np.absolute(x)),
    vjp=lambda g, y, x: g / (1 + np.absolute(x)) ** 2,
    name="softsign",
    doc="``x / (1 + |x|)``.",
)
relu = elementwise(
    lambda x: np.maximum(x, 0),
    vjp=lambda g, y, x: g * (x > 0),
    name="relu",
    doc="``max(x, 0)``. At 0 the derivative is 0, as in torch and JAX.",
    domain="nonzero",
    kinks="At 0 the derivative is 0, as in torch and JAX.",
)


def _leaky_relu(x: Any, slope: float = 0.01) -> Any:
    return np.where(x > 0, x, slope * x)


leaky_relu = elementwise(
    _leaky_relu,
    vjp=lambda g, y, x, slope=0.01: np.where(x > 0, g, slope * g),
    name="leaky_relu",
    doc="x where it is positive, else ``slope * x``. At 0 the derivative is `slope`, as in torch.",
    domain="nonzero",
    kinks="At 0 the derivative is `slope`, as in torch.",
)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


elu = elementwise(
    _elu,
    vjp=lambda g, y, x, alpha=1.0: np.where(x > 0, g, g * (alpha * np.exp(np.minimum(x, 0)))),
    name="elu",
    doc="x where it is positive, else ``alpha * (exp(x) - 1)``. At 0 the derivative is `alpha`, as in torch.",
    domain="nonzero",
    samples=(((3, 4),), ((5,), {"alpha": 0.7})),
    kinks="At 0 the derivative is `alpha`, as in torch.",
)

_each_erf = np.frompyfunc(math.erf, 1, 1)


def _erf(x: Any) -> Any:
    return np.asarray(_each_erf(x)).astype(np.result_type(x, np.float16))


erf = elementwise(
    _erf,
    vjp=lambda g, y, x: g * (2 / math.sqrt(math.pi) * np.exp(-x * x)),
    name="erf",
    doc="The error function.",
)
gelu = elementwise(
    lambda x: x * (0.5 + 0.5 * _erf(x * math.sqrt(0.5))),
    vjp=lambda g, y, x: g * (normal_cdf(x) + x * (np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))),
    name="gelu",
    doc="``x Φ(x)`` with the normal distribution function Φ, computed exactly, as torch does by default.",
)


def normal_cdf(x: Any) -> Any:
    """Return Φ(x), the distribution function of the standard normal distribution."""
    return 0.5 + 0.5 * erf(x * math.sqrt(0.5))
