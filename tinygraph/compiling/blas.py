"""Products of matrices in compiled functions: NumPy's own BLAS, called without what `np.dot` looks at first."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numba.core.types import Array
from numba.extending import overload

_ROW_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 111, 112


@cache
def gemm(number: np.dtype) -> Callable[..., None] | None:
    """Return ``cblas_sgemm`` or ``cblas_dgemm``; None where NumPy shows none.

    Examples
    --------
    >>> gemm(np.dtype(np.int64)) is None
    True
    """
    letters = {"float32": ("s", ctypes.c_float), "float64": ("d", ctypes.c_double)}
    if number.name not in letters:
        return None
    letter, real = letters[number.name]
    library = ctypes.CDLL(
        import_module("numpy._core._multiarray_umath").__file__
    )  # leads to the BLAS it is linked with
    for prefix in ("scipy_cblas_", "cblas_"):
        for suffix, size in (("gemm64_", ctypes.c_int64), ("gemm", ctypes.c_int)):
            function = getattr(library, f"{prefix}{letter}{suffix}", None)
            if function is not None:
                choice, array = ctypes.c_int, ctypes.c_void_p
                parts = (choice, choice, choice, size, size, size, real, array, size, array, size, real, array, size)
                function.argtypes, function.restype = parts, None
                return function
    return None


def dot(a: Any, b: Any, out: Any) -> None:
    """Write the product of two matrices, or of a matrix and a vector, into a contiguous array."""
    np.dot(a, b, out)


@overload(dot)
def _compiled(a: Any, b: Any, out: Any) -> Callable[..., None]:
    turned = [_TRANSPOSED if x.ndim == 2 and x.layout == "F" else _AS_IT_IS for x in (a, b)]
    plain = all(isinstance(x, Array) and x.layout in "CF" and x.dtype == out.dtype for x in (a, b, out))
    multiply = gemm(np.dtype(str(out.dtype))) if plain and out.layout == "C" and (a.ndim, b.ndim) != (1, 1) else None
    if multiply is None:
        return dot
    number = np.dtype(str(out.dtype)).type
    one, zero = number(1), number(0)
    turn_a, turn_b = turned
    row, column = a.ndim == 1, b.ndim == 1

    def product(a: Any, b: Any, out: Any) -> None:
        m, k = (1, a.shape[0]) if row else (a.shape[0], a.shape[-1])
        n = 1 if column else b.shape[-1]
        step_a = max(1, m if turn_a == _TRANSPOSED else k)
        step_b = max(1, k if turn_b == _TRANSPOSED else n)
        step = max(1, n)  # from row to row
        multiply(_ROW_MAJOR, turn_a, turn_b, m, n, k, one, a.ctypes, step_a, b.ctypes, step_b, zero, out.ctypes, step)

    return product
