"""Sums over all iterations; of products, one product: the gradients of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .batching import as_rows
from .form import CALL, TOTAL, Read, Value

if TYPE_CHECKING:
    from ..emitting import Emitter


def absorbed(values: set[Value], readers: dict[Value, list[Value]]) -> set[Value]:
    """Return the ops that are computed as part of the sum over all their iterations, which alone reads them."""
    products = {
        value.reads[0].source
        for value in values
        if value.kind == TOTAL and _is_whole(value) and len(readers[value.reads[0].source]) == 1 and _is_sum(value)
    }
    turned = {product.reads[0].source for product in products if _turned(product) is not None}
    return products | {value for value in turned if len(readers[value]) == 1}


def _turned(product: Value) -> Read | None:
    """Return what is transposed in the first factor of a product of matrices, in the same iterations."""
    source, step, offset = product.reads[0]
    if product.op.name != "matmul" or source.kind != CALL or source.op.name != "transpose" or source.attributes:
        return None
    read = source.reads[0]
    same = (step, offset) == (1, 0) and source.span == product.span and read.source.loop is not None and read.step == 1
    return read if same else None


def _is_whole(value: Value) -> bool:
    source, step, offset = value.reads[0]
    return source.kind == CALL and (step, offset) == (1, 0) and source.loop is not None and value.data == source.span


def _is_sum(value: Value) -> bool:
    product = value.reads[0].source
    looped = all(read.varies for read in product.reads)
    if product.op.name == "add_rows":
        adjoint, index, like = product.reads
        return adjoint.varies and index.varies and not like.source.loop
    if product.op.name == "matmul":
        return looped and all(len(read.source.shape) == 2 for read in product.reads)
    if product.op.name == "outer":
        return looped
    return product.op.name == "sum" and looped and _leading(product)


def _leading(value: Value) -> bool:
    """Tell whether a sum is over the first axes, which it drops."""
    named = value.named
    axis, ndim = named.get("axis"), len(value.reads[0].source.shape)
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return not named.get("keepdims") and sorted(a % ndim for a in axes) == list(range(len(axes))) if ndim else False


def factors_of_sum(emitter: Emitter, value: Value) -> tuple[Read, Read] | None:
    """Return the factors, rows of all iterations, of the product that is a sum over these; None if it is no product."""
    source = value.reads[0].source
    if source not in emitter.absorbed or source.op.name not in ("outer", "matmul"):
        return None
    a, b = source.reads
    if source.op.name == "outer":
        return a, b
    turned = _turned(source)
    return None if turned is None else (turned, b)


def summed(emitter: Emitter, value: Value) -> Read | None:
    """Return the rows of all iterations that a sum adds up; None if it is of something else."""
    read = value.reads[0]
    if read.source in emitter.absorbed:
        return read.source.reads[0] if read.source.op.name == "sum" else None
    return read if read.varies else None


def total(emitter: Emitter, value: Value) -> str:
    """Return the expression for a sum over all iterations."""
    read = value.reads[0]
    source, (low, high) = read.source, value.data
    if source in emitter.absorbed:
        operands = emitter.operands(source)
        if source.op.name == "add_rows":
            return emitter.call(source, [operand.text for operand in operands])
        if source.op.name == "sum":
            rest = "".join(f", {n}" for n in source.shape)
            return f"np.add.reduce({operands[0].text}.reshape(-1{rest}), axis=0)"
        factors = factors_of_sum(emitter, value)
        if factors is not None:
            a, b = (as_rows(emitter.operand(read, low, high)) for read in factors)
            return f"{a}.T.dot({b})"
        return f"{operands[0].text}.transpose(1, 0, 2).reshape({source.shape[0]}, -1).dot({as_rows(operands[1])})"
    operand = emitter.operand(read, low, high)
    return f"np.add.reduce({operand.text}, axis=0)" if operand.batched else f"{operand.text} * {high - low}"
