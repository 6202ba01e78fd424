"""Functions of single numbers for loops that numba compiles.

They are written so that LLVM makes SIMD instructions of them: without branches, tables or calls. `exp`, `tanh` and
`sigmoid` are right to 3 units in the last place; NaN stays NaN.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir

from .instructions import Real, of_numbers


def _is_single(x: Real) -> bool:
    return x.value.type == ir.FloatType()


def _series(r: Real) -> Real:
    """Return exp(r) - 1 for numbers up to ½ log 2."""
    if _is_single(r):
        s = 1 / 720 + r * (1 / 5040)
    else:
        s = 1 / 39916800 + r * (1 / 479001600 + r * (1 / 6227020800))
        s = 1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * s))
        s = 1 / 720 + r * (1 / 5040 + r * s)
    s = 1 / 6 + r * (1 / 24 + r * (1 / 120 + r * s))
    return r + r * r * (0.5 + r * s)


def exp(x: Real) -> Real:
    """Return the exponential."""
    single = _is_single(x)
    low, high = (-104, 89) if single else (-746, 710)
    ln2 = (0.693359375, -2.12194440e-4) if single else (0.6931471803691238, 1.9082149292705877e-10)
    c = x.like(high).where(x > high, x.like(low).where(x < low, x))
    k = (c * 1.4426950408889634 + 0.5).call("llvm.floor")
    builder, integer = x.builder, ir.IntType(32 if single else 64)
    exponent = builder.fptosi(k.value, ir.IntType(32))
    y = 1 + _series(c - k * ln2[0] - k * ln2[1])
    first = builder.ashr(exponent, exponent.type(1))
    for part in (first, builder.sub(exponent, first)):  # 2ⁿ in two factors: n may be below the least exponent
        wide = part if single else builder.sext(part, integer)
        bits = builder.shl(builder.add(wide, integer(127 if single else 1023)), integer(23 if single else 52))
        y = y * Real(builder, builder.bitcast(bits, x.value.type))
    return y


def tanh(x: Real) -> Real:
    """Return the hyperbolic tangent: near 0 by Lambert's continued fraction."""
    size = abs(x)
    large = 1 - 2 / (exp(2 * size) + 1)
    u = x * x
    if _is_single(x):
        rest = (315 + u * 14) / (945 + u * (420 + u * 15))
    else:
        rest = (11486475 + u * (810810 + u * (12870 + u * 44))) / (
            34459425 + u * (16216200 + u * (945945 + u * (13860 + u * 45)))
        )
    return (x * (1 - u * rest)).where(size < 0.625, (-large).where(x < 0, large))


def sigmoid(x: Real) -> Real:
    """Return the logistic function, which is never 0, as eagerly: its logarithm is finite."""
    size, most = abs(x), 88 if _is_single(x) else 709
    z = exp(-x.like(most).where(size > most, size))
    y = 1 / (1 + z)
    return (z * y).where(x < 0, y)


def maximum(a: Real, b: Real) -> Real:
    """Return the greater number, or NaN."""
    return a.where(a.builder.or_(a >= b, a.is_nan()), b)


def minimum(a: Real, b: Real) -> Real:
    """Return the smaller number, or NaN."""
    return a.where(a.builder.or_(a <= b, a.is_nan()), b)


def relu(x: Real) -> Real:
    """Return what is not negative."""
    return x.like(0).where(x < 0, x)


def silu(x: Real) -> Real:
    """Return a number times its logistic function."""
    return x * sigmoid(x)


def softsign(x: Real) -> Real:
    """Return x / (1 + |x|)."""
    return x / (1 + abs(x))


def sign(x: Real) -> Real:
    """Return -1, 0 or 1, or NaN."""
    return x.like(1).where(x > 0, x.like(-1).where(x < 0, x))


def where(condition: Real, a: Real, b: Real) -> Real:
    """Return the first number where a condition holds, elsewhere the second."""
    return a.where(condition.builder.fcmp_unordered("!=", condition.value, condition.like(0).value), b)


_DEFINED = (exp, tanh, sigmoid, maximum, minimum, relu, silu, softsign, sign, where)


def functions(number: np.dtype) -> dict[str, Any]:
    """Return these functions of numbers of a dtype, by name, as compiled functions call them."""
    named = {write.__name__: of_numbers(write, numba.from_dtype(number)) for write in _DEFINED}
    zero, exponential = number.type(0), named["exp"]

    @numba.njit(error_model="numpy", fastmath={"contract"}, forceinline=True)
    def softplus(x):
        return (x if x > zero else zero) + np.log1p(exponential(-abs(x)))

    return {**named, "softplus": softplus}
