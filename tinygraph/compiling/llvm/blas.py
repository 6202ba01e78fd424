"""Products of matrices in compiled functions: NumPy's own BLAS, called without what `np.dot` looks at first."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib import import_module
from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils, errors, types
from numba.extending import intrinsic

_ROW_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 111, 112


@cache
def gemm(number: np.dtype) -> Any:
    """Return ``cblas_sgemm`` or ``cblas_dgemm``, of ctypes; None where NumPy shows none.

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


def _show(number: np.dtype) -> str:
    """Let compiled functions find `gemm` by a name, wherever it lies in this process; return that."""
    multiply = gemm(number)
    name = f"tinygraph_{multiply.__name__}_{8 * ctypes.sizeof(multiply.argtypes[3])}"
    address = ctypes.cast(multiply, ctypes.c_void_p).value
    assert address is not None
    binding.add_symbol(name, address)
    return name


SHOWN = {name: _show(np.dtype(name)) for name in ("float32", "float64") if gemm(np.dtype(name)) is not None}


# -- of all iterations at once -----------------------------------------------------------------------------------------


def _of_rows(turned: bool, added: bool) -> Any:
    """Return a function of arrays in C order, none of them empty: all axes but the last are those of rows."""

    @intrinsic
    def product(typing: Any, a: Any, b: Any, out: Any) -> Any:
        if not a.dtype == b.dtype == out.dtype:
            raise errors.TypingError(f"a product of {a.dtype} and {b.dtype} as {out.dtype}")
        return types.void(a, b, out), lambda *call: _emit(turned, added, *call)

    return product


def _emit(turned: bool, added: bool, context: Any, builder: Any, signature: Any, given: Any) -> Any:
    kinds = signature.args
    a, b, out = (context.make_array(t)(context, builder, x) for t, x in zip(kinds, given, strict=True))
    number = context.get_value_type(kinds[2].dtype)
    multiply = gemm(np.dtype(str(kinds[2].dtype)))
    size, choice = ir.IntType(8 * ctypes.sizeof(multiply.argtypes[3])), ir.IntType(32)
    columns = kinds[1].layout == "F"  # of the second matrix, which lie one after the other
    n = cgutils.unpack_tuple(builder, b.shape)[-1]
    m = builder.udiv(out.nitems, n)
    k = builder.udiv(a.nitems, m)
    numbers = [builder.trunc(x, size) if size.width < x.type.width else x for x in (m, n, k)]
    m, n, k = numbers
    pointer = ir.IntType(8).as_pointer()
    arrays = [builder.bitcast(x.data, pointer) for x in (a, b, out)]
    options = [choice(_ROW_MAJOR), choice(_TRANSPOSED if turned else _AS_IT_IS)]
    options.append(choice(_TRANSPOSED if columns else _AS_IT_IS))
    values = [*options, m, n, k, number(1.0), arrays[0], m if turned else k, arrays[1], k if columns else n]
    values += [number(1.0 if added else 0.0), arrays[2], n]
    kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, SHOWN[str(kinds[2].dtype)]), values)
    return context.get_dummy_value()


def dot_rows(a: Any, b: Any, out: Any) -> None:
    """Write the products of rows and a matrix."""
    out.reshape(-1, b.shape[-1])[:] = np.dot(a.reshape(out.size // b.shape[-1], -1), b.reshape(-1, b.shape[-1]))


def add_rows(a: Any, b: Any, out: Any) -> None:
    """Add the products of rows and a matrix."""
    out.reshape(-1, b.shape[-1])[:] += np.dot(a.reshape(out.size // b.shape[-1], -1), b.reshape(-1, b.shape[-1]))


def dot_of_rows(a: Any, b: Any, out: Any) -> None:
    """Write the sum of the outer products of rows."""
    rows = a.reshape(-1, out.size // b.shape[-1])
    out.reshape(-1, b.shape[-1])[:] = np.dot(rows.T, b.reshape(-1, b.shape[-1]))


def of_rows() -> dict[str, Any]:
    """Return these functions, by name: as calls of BLAS where NumPy shows it."""
    if gemm(np.dtype(np.float64)) is None:
        return {f.__name__: numba.njit(f) for f in (dot_rows, add_rows, dot_of_rows)}
    how = {"dot_rows": (False, False), "add_rows": (False, True), "dot_of_rows": (True, False)}
    return {name: _of_rows(turned, added) for name, (turned, added) in how.items()}
