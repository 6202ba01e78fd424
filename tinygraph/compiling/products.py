"""Products with a matrix that is the same in every iteration, for loops that numba compiles.

BLAS rearranges both factors in every call, which small products spend most of their time on. Here the matrix is laid
out once, in panels as wide as two vector registers, and the sums of a block of rows stay in registers: a product of
8 × 32 · 32 × 32 then takes half as long as with OpenBLAS, one of a row of 20 numbers a fifth. Large ones are BLAS's.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_WIDE = bool(binding.get_host_cpu_features().get("avx512f"))  # 32 registers of 64 bytes, else 16 of 32 or fewer
_BYTES, _TALL = (64, 8) if _WIDE else (32, 4)
_ABREAST = 2  # registers that a panel is wide
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}
_INTEGER, _SMALL = ir.IntType(64), ir.IntType(32)


def _tile(rows: int, chains: int) -> Any:
    """Return what multiplies some rows by a panel, each sum in several chains where the rows are few."""

    @intrinsic
    def tile(typing: Any, a: Any, i: Any, panels: Any, p: Any, out: Any) -> Any:
        return types.void(a, i, panels, p, out), lambda *given: _emit(rows, chains, *given)

    return tile


def _emit(rows: int, chains: int, context: Any, builder: Any, signature: Any, given: Any) -> Any:
    a, panels, out = (context.make_array(signature.args[k])(context, builder, given[k]) for k in (0, 2, 4))
    number = context.get_value_type(signature.args[0].dtype)
    size = context.get_abi_sizeof(number)
    lanes = _BYTES // size
    vector = ir.VectorType(number, lanes)
    (*_, K), (*_, N) = (cgutils.unpack_tuple(builder, array.shape) for array in (a, out))
    i, column = given[1], builder.mul(given[3], _INTEGER(_ABREAST * lanes))

    def row(array: Any, r: int) -> Any:
        """Return where row i + r begins."""
        first, *columns = cgutils.unpack_tuple(builder, array.strides)
        offset = builder.mul(builder.add(i, _INTEGER(r)), first) if columns else _INTEGER(0)
        return builder.bitcast(cgutils.pointer_add(builder, array.data, offset), number.as_pointer())

    def spread(x: Any, lane: Any) -> Any:
        """Return a vector of equal numbers."""
        undefined = ir.Constant(ir.VectorType(lane, lanes), ir.Undefined)
        single = builder.insert_element(undefined, x, _SMALL(0))
        return builder.shuffle_vector(single, undefined, ir.Constant(ir.VectorType(_SMALL, lanes), None))

    left = [row(a, r) for r in range(rows)]
    panel = builder.bitcast(builder.gep(panels.data, [builder.mul(column, K)]), vector.as_pointer())
    zero = ir.Constant(vector, None)
    places = [(c, r, v) for c in range(chains) for r in range(rows) for v in range(_ABREAST)]
    sums = {place: cgutils.alloca_once(builder, vector) for place in places}  # which LLVM keeps in registers
    for place in places:
        builder.store(zero, sums[place])

    def step(k: Any, chain: int) -> None:
        """Add the products with row k of the panel."""
        starts = [builder.gep(panel, [builder.add(builder.mul(k, _INTEGER(_ABREAST)), _INTEGER(v))]) for v in (0, 1)]
        right = [builder.load(start, align=_BYTES) for start in starts]
        for r in range(rows):
            x = spread(builder.load(builder.gep(left[r], [k])), number)
            for v, y in enumerate(right):
                total = sums[chain, r, v]
                product = builder.fmul(x, y, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)

    whole = builder.mul(builder.udiv(K, _INTEGER(chains)), _INTEGER(chains))
    with cgutils.for_range_slice(builder, _INTEGER(0), whole, _INTEGER(chains), _INTEGER) as (k, _):
        for chain in range(chains):
            step(builder.add(k, _INTEGER(chain)), chain)
    if chains > 1:
        with cgutils.for_range_slice(builder, whole, K, _INTEGER(1), _INTEGER) as (k, _):
            step(k, 0)
    write = ir.FunctionType(ir.VoidType(), [vector, vector.as_pointer(), _SMALL, ir.VectorType(ir.IntType(1), lanes)])
    store = cgutils.get_or_insert_function(builder.module, write, f"llvm.masked.store.v{lanes}f{size * 8}.p0")
    for v in range(_ABREAST):
        first = builder.add(column, _INTEGER(v * lanes))
        numbers = ir.Constant(ir.VectorType(_INTEGER, lanes), list(range(lanes)))
        there = builder.icmp_signed("<", numbers, spread(builder.sub(N, first), _INTEGER))
        for r in range(rows):
            total = builder.load(sums[0, r, v])
            for chain in range(1, chains):
                total = builder.fadd(total, builder.load(sums[chain, r, v]))
            place = builder.bitcast(builder.gep(row(out, r), [first]), vector.as_pointer())
            builder.call(store, [total, place, _SMALL(size), there])
    return context.get_dummy_value()


_tall, _four, _single = _tile(_TALL, 1), _tile(4, 1), _tile(1, 4)


def panels(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return room for the panels of a matrix, filled up with zeros."""
    rows, columns = shape
    width, align = _ABREAST * _BYTES // dtype.itemsize, _BYTES // dtype.itemsize
    count = -(-columns // width)
    room = np.zeros(count * rows * width + align, dtype)
    first = -(room.__array_interface__["data"][0] // dtype.itemsize) % align
    return room[first : room.size - align + first].reshape(count, rows, width)


@numba.njit(**_OPTIONS)
def pack(matrix: np.ndarray, panels: np.ndarray) -> None:
    """Lay out a matrix in panels."""
    width = panels.shape[2]
    for p in range(panels.shape[0]):
        for k in range(matrix.shape[0]):
            for n in range(min(width, matrix.shape[1] - p * width)):
                panels[p, k, n] = matrix[k, p * width + n]


@numba.njit(**_OPTIONS)
def product(a: np.ndarray, panels: np.ndarray, out: np.ndarray) -> None:
    """Write the product of rows, or of one, and a matrix in panels."""
    rows = len(a) if a.ndim == 2 else 1
    for p in range(len(panels)):
        i = 0
        while i + _TALL <= rows:
            _tall(a, i, panels, p, out)
            i += _TALL
        while i + 4 <= rows:
            _four(a, i, panels, p, out)
            i += 4
        while i < rows:
            _single(a, i, panels, p, out)
            i += 1
