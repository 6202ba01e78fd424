"""Products with a matrix that is the same in every iteration, for loops that numba compiles.

BLAS rearranges both factors in every call, which small products spend most of their time on. Here the matrix is laid
out once, in panels as wide as two vector registers, and the sums of a block of rows stay in registers: a product of
8 × 32 · 32 × 32 then takes half as long as with OpenBLAS, one of a row of 20 numbers a fifth. Large ones are BLAS's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba.core import cgutils

from .instructions import INTEGER, Array, each, of_arrays

_WIDE = bool(binding.get_host_cpu_features().get("avx512f"))  # 32 registers of 64 bytes, else 16 of 32 or fewer
_BYTES, _TALL = (64, 8) if _WIDE else (32, 4)
_ABREAST = 2  # registers that a panel is wide
_SMALL = ir.IntType(32)


def _tile(builder: Any, rows: int, chains: int, a: Array, i: Any, panels: Array, p: Any, out: Array) -> None:
    """Multiply some rows by a panel, each sum in several chains where the rows are few."""
    context = a.context
    number = context.get_value_type(a.type.dtype)
    size = context.get_abi_sizeof(number)
    lanes = _BYTES // size
    vector = ir.VectorType(number, lanes)
    K, N, column = a.shape[-1], out.shape[-1], builder.mul(p, INTEGER(_ABREAST * lanes))

    def row(array: Any, r: int) -> Any:
        """Return where row i + r begins."""
        first, *columns = cgutils.unpack_tuple(builder, array.struct.strides)
        offset = builder.mul(builder.add(i, INTEGER(r)), first) if columns else INTEGER(0)
        return builder.bitcast(cgutils.pointer_add(builder, array.struct.data, offset), number.as_pointer())

    def spread(x: Any, lane: Any) -> Any:
        """Return a vector of equal numbers."""
        undefined = ir.Constant(ir.VectorType(lane, lanes), ir.Undefined)
        single = builder.insert_element(undefined, x, _SMALL(0))
        return builder.shuffle_vector(single, undefined, ir.Constant(ir.VectorType(_SMALL, lanes), None))

    left = [row(a, r) for r in range(rows)]
    panel = builder.bitcast(builder.gep(panels.struct.data, [builder.mul(column, K)]), vector.as_pointer())
    zero = ir.Constant(vector, None)
    places = [(c, r, v) for c in range(chains) for r in range(rows) for v in range(_ABREAST)]
    sums = {place: cgutils.alloca_once(builder, vector) for place in places}  # which LLVM keeps in registers
    for place in places:
        builder.store(zero, sums[place])

    def step(k: Any, chain: int) -> None:
        """Add the products with row k of the panel."""
        starts = [builder.gep(panel, [builder.add(builder.mul(k, INTEGER(_ABREAST)), INTEGER(v))]) for v in (0, 1)]
        right = [builder.load(start, align=_BYTES) for start in starts]
        for r in range(rows):
            x = spread(builder.load(builder.gep(left[r], [k])), number)
            for v, y in enumerate(right):
                total = sums[chain, r, v]
                product = builder.fmul(x, y, flags=("contract",))
                builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)

    whole = builder.mul(builder.udiv(K, INTEGER(chains)), INTEGER(chains))
    with cgutils.for_range_slice(builder, INTEGER(0), whole, INTEGER(chains), INTEGER) as (k, _):
        for chain in range(chains):
            step(builder.add(k, INTEGER(chain)), chain)
    if chains > 1:
        with cgutils.for_range_slice(builder, whole, K, INTEGER(1), INTEGER) as (k, _):
            step(k, 0)
    write = ir.FunctionType(ir.VoidType(), [vector, vector.as_pointer(), _SMALL, ir.VectorType(ir.IntType(1), lanes)])
    store = cgutils.get_or_insert_function(builder.module, write, f"llvm.masked.store.v{lanes}f{size * 8}.p0")
    for v in range(_ABREAST):
        first = builder.add(column, INTEGER(v * lanes))
        numbers = ir.Constant(ir.VectorType(INTEGER, lanes), list(range(lanes)))
        there = builder.icmp_signed("<", numbers, spread(builder.sub(N, first), INTEGER))
        for r in range(rows):
            total = builder.load(sums[0, r, v])
            for chain in range(1, chains):
                total = builder.fadd(total, builder.load(sums[chain, r, v]))
            place = builder.bitcast(builder.gep(row(out, r), [first]), vector.as_pointer())
            builder.call(store, [total, place, _SMALL(size), there])


def panels(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return room for the panels of a matrix, filled up with zeros."""
    rows, columns = shape
    width, align = _ABREAST * _BYTES // dtype.itemsize, _BYTES // dtype.itemsize
    count = -(-columns // width)
    room = np.zeros(count * rows * width + align, dtype)
    first = -(room.__array_interface__["data"][0] // dtype.itemsize) % align
    return room[first : room.size - align + first].reshape(count, rows, width)


@of_arrays
def pack(builder: Any, matrix: Array, panels: Array) -> None:
    """Lay out a matrix in panels."""
    width, (rows, columns) = panels.shape[2], matrix.shape
    with each(builder, panels.shape[0]) as p:
        first = builder.mul(p, width)
        rest = builder.sub(columns, first)
        count = builder.select(builder.icmp_signed("<", rest, width), rest, width)
        with each(builder, rows) as k, each(builder, count) as n:
            panels[p, k, n] = matrix[k, builder.add(first, n)]


@of_arrays
def product(builder: Any, a: Array, panels: Array, out: Array) -> None:
    """Write the product of rows, or of one, and a matrix in panels."""
    sizes = [(_TALL, 1), (4, 1), (1, 4)] if len(a.shape) == 2 else [(1, 4)]
    rows = a.shape[0] if len(a.shape) == 2 else INTEGER(1)
    with each(builder, panels.shape[0]) as p:
        done = INTEGER(0)
        for tall, chains in sizes:
            end = builder.sub(rows, builder.urem(rows, INTEGER(tall)))
            with cgutils.for_range_slice(builder, done, end, INTEGER(tall), INTEGER) as (i, _):
                _tile(builder, tall, chains, a, i, panels, p, out)
            done = end
