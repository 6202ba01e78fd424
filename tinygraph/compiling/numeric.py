"""Functions of single numbers for loops that numba compiles, and the compiler itself.

They are written so that LLVM makes SIMD instructions of them: without branches, tables or calls. `exp`, `tanh` and
`sigmoid` are right to 3 units in the last place; NaN stays NaN.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
import scipy  # noqa: F401 - whose BLAS numba's np.dot calls
from numba.core.compiler import Compiler

from .blas import of_rows
from .products import pack, product

# never fastmath=True: it makes numbers of NaN
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
_inlined = numba.njit(forceinline=True, **_OPTIONS)


@numba.njit(**_OPTIONS)
def cross_entropy_adjoint(g, p, target, do):
    """Write ``g (p − one_hot(target))``, a row for each loss; g may be the same for all."""
    for i in range(len(p)):
        adjoint = g[i] if len(g) > 1 else g[0]
        for k in range(p.shape[1]):
            do[i, k] = adjoint * p[i, k]
        do[i, target[i]] -= adjoint


@cache
def functions(number: np.dtype) -> dict[str, Any]:
    """Return the functions for numbers of a dtype, by name."""
    single = number == np.float32
    F, integer, bits = (np.float32, np.int32, 23) if single else (np.float64, np.int64, 52)
    bias = integer(2 ** (number.itemsize * 8 - bits - 2) - 1)
    log2e, low, high = F(1.4426950408889634), F(-104 if single else -746), F(89 if single else 710)
    ln2_high = F(0.693359375) if single else F(0.6931471803691238)
    ln2_low = F(-2.12194440e-4) if single else F(1.9082149292705877e-10)
    zero, half, one, two, edge = F(0), F(0.5), F(1), F(2), F(0.625)

    @_inlined
    def series(r):
        """Return exp(r) - 1 for numbers up to ½ log 2."""
        if single:
            s = F(1 / 720) + r * F(1 / 5040)
        else:
            s = F(1 / 39916800) + r * (F(1 / 479001600) + r * F(1 / 6227020800))
            s = F(1 / 40320) + r * (F(1 / 362880) + r * (F(1 / 3628800) + r * s))
            s = F(1 / 720) + r * (F(1 / 5040) + r * s)
        s = F(1 / 6) + r * (F(1 / 24) + r * (F(1 / 120) + r * s))
        return r + r * r * (half + r * s)

    @_inlined
    def exp(x):
        c = high if x > high else x
        c = low if c < low else c
        k = np.floor(c * log2e + half)
        n = np.int32(k)
        first, second = integer(n >> 1), integer(n - (n >> 1))  # 2ⁿ in two factors: n may be below the least exponent
        y = one + series(c - k * ln2_high - k * ln2_low)
        return y * integer((first + bias) << bits).view(F) * integer((second + bias) << bits).view(F)

    @_inlined
    def tanh(x):
        """Return the hyperbolic tangent: near 0 by Lambert's continued fraction."""
        u = x * x
        if single:
            rest = (F(315) + u * F(14)) / (F(945) + u * (F(420) + u * F(15)))
        else:
            rest = (F(11486475) + u * (F(810810) + u * (F(12870) + u * F(44)))) / (
                F(34459425) + u * (F(16216200) + u * (F(945945) + u * (F(13860) + u * F(45))))
            )
        size = abs(x)
        large = one - two / (exp(two * size) + one)
        return x * (one - u * rest) if size < edge else (-large if x < zero else large)

    @_inlined
    def sigmoid(x):
        z = exp(-abs(x))
        y = one / (one + z)
        return z * y if x < zero else y

    @_inlined
    def maximum(a, b):
        return a if a >= b or a != a else b

    @_inlined
    def minimum(a, b):
        return a if a <= b or a != a else b

    @_inlined
    def relu(x):
        return zero if x < zero else x

    @_inlined
    def silu(x):
        return x * sigmoid(x)

    @_inlined
    def softplus(x):
        return (x if x > zero else zero) + np.log1p(exp(-abs(x)))

    @_inlined
    def softsign(x):
        return x / (one + abs(x))

    @_inlined
    def sign(x):
        return one if x > zero else -one if x < zero else x

    @_inlined
    def where(condition, a, b):
        return a if condition else b

    @numba.njit(**_OPTIONS)
    def cross_entropy(o, target, losses, p):
        """Write a loss for each row, and the probabilities; tell whether all targets are classes."""
        for i in range(len(o)):
            if target[i] < 0 or target[i] >= o.shape[1]:
                return False
            top = o[i, 0]
            for k in range(o.shape[1]):
                top = o[i, k] if o[i, k] > top else top  # NaN shows in the total
            total = zero
            for k in range(o.shape[1]):
                p[i, k] = exp(o[i, k] - top)
            for k in range(o.shape[1]):
                total += p[i, k]
            scale = one / total
            for k in range(o.shape[1]):
                p[i, k] *= scale
            losses[i] = np.log(total) - (o[i, target[i]] - top)
        return True

    defined = (exp, tanh, sigmoid, maximum, minimum, relu, silu, softplus, softsign, sign, where, cross_entropy)
    named = {function.__name__: function for function in (*defined, pack, product, cross_entropy_adjoint)}
    return {"np": np, "number": F, **named, **_OF_ROWS}


_OF_ROWS = of_rows()


class _Apart(Compiler):
    """A compiler of functions whose arrays share no memory: LLVM need not find that out before each row."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


kernels: dict[tuple[Any, ...], Callable[..., Any]] = {}
_NUMBERED = re.compile(r"\b([vc])(\d+)")


def kernel(
    text: str, number: np.dtype, arguments: list[Any], constants: dict[str, Any], apart: bool = False
) -> Callable[..., Any]:
    """Return a function compiled from its source; that of equal source, but for the numbers in names, is the same.

    Parameters
    ----------
    text : str
        One function named ``loop``.
    number : dtype
        Of its numbers.
    arguments : list of (dtype, int, str, bool) or None
        Of each argument dtype, dimensions, layout and whether it is written; None of an integer. What has no
        dimensions is a number, unless it is written.
    constants : dict
        Numbers that its source names.
    apart : bool
        Whether what it writes is in no other array of its arguments.
    """
    order: dict[str, str] = {}
    text = _NUMBERED.sub(lambda match: match[1] + order.setdefault(match[2], str(len(order))), text)
    named = [(_NUMBERED.fullmatch(name), x) for name, x in constants.items()]
    fixed = {match[1] + order[match[2]]: x for match, x in named if match is not None and match[2] in order}
    key = (text, number, tuple(arguments), tuple(sorted(fixed.items())), apart)
    if key not in kernels:
        space = {**functions(number), **{name: number.type(x) for name, x in fixed.items()}}
        exec(compile(text, "<loop>", "exec"), space)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", numba.NumbaPerformanceWarning)
            options = {**_OPTIONS, "pipeline_class": _Apart} if apart else _OPTIONS
            kernels[key] = numba.njit(numba.boolean(*map(_typed, arguments)), **options)(space["loop"])
    return kernels[key]


def plain(x: np.ndarray) -> np.ndarray:
    """Return an array as a loop takes it: contiguous and aligned."""
    return x if x.flags.num & 0x101 == 0x101 else np.array(x, order="C")


def _typed(argument: Any) -> Any:
    if argument is None:
        return numba.int64
    dtype, ndim, layout, writes = argument
    scalar = numba.from_dtype(np.dtype(dtype))
    return numba.types.Array(scalar, ndim, layout, readonly=not writes) if ndim or writes else scalar
