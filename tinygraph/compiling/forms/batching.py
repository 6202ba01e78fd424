"""Ops for all iterations of a loop at once: the same call, with the iterations as a first axis.

Each function here is given an op's value and its operands, and returns an expression, or None where it knows none: the
op is then run for one iteration after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .form import Value


class Operand(NamedTuple):
    """The source of an operand: with the iterations as its first axis, or the same in all of them."""

    text: str
    batched: bool
    shape: tuple[int, ...]


def aligned(operand: Operand, ndim: int) -> str:
    """Return an operand with axes of length 1 after the first, so that it broadcasts as each iteration does."""
    missing = ndim - len(operand.shape)
    if not operand.batched or missing <= 0:
        return operand.text
    return f"{operand.text}[:{', None' * missing}]"


def shifted(axis: Any, ndim: int) -> Any:
    """Return axes of one iteration as axes of all of them; None where they cannot be told."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, tuple):
        return tuple(a % ndim + 1 for a in axis)
    return axis % ndim + 1 if ndim else None


def _reduced(value: Value, operands: list[Operand]) -> str | None:
    (x,) = operands
    named = value.named
    axis = shifted(named.get("axis"), len(x.shape))
    return f"np.{value.op.name}({x.text}, axis={axis}, keepdims={named.get('keepdims', False)})" if x.shape else None


def _along_axis(value: Value, operands: list[Operand]) -> str | None:
    (x,) = operands
    axis = value.named.get("axis", -1)
    return f"{{f}}({x.text}, axis={shifted(axis, len(x.shape))})" if isinstance(axis, int) and x.shape else None


def _reshaped(value: Value, operands: list[Operand]) -> str:
    return f"{operands[0].text}.reshape({(value.count, *value.shape)})"


def _transpose(value: Value, operands: list[Operand]) -> str:
    ndim = len(operands[0].shape)
    axes = value.named.get("axes")
    order = range(ndim)[::-1] if axes is None else [axis % ndim for axis in axes]
    return f"{operands[0].text}.transpose({(0, *(axis + 1 for axis in order))})"


def _swapaxes(value: Value, operands: list[Operand]) -> str:
    named, ndim = value.named, len(operands[0].shape)
    first, second = (shifted(named.get(name, default), ndim) for name, default in (("axis1", -1), ("axis2", -2)))
    return f"{operands[0].text}.swapaxes({first}, {second})"


def _broadcast_to(value: Value, operands: list[Operand]) -> str:
    return f"np.broadcast_to({aligned(operands[0], len(value.shape))}, {(value.count, *value.shape)})"


def is_basic(index: Any) -> bool:
    """Tell whether an index is one of numbers and slices, by which NumPy gives a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, int | np.integer | slice) and not isinstance(part, bool))
        for part in parts
    )


def index_of_all(index: Any) -> Any:
    """Return the index that takes from all iterations what `index` takes of one."""
    return (slice(None), *(index if isinstance(index, tuple) else (index,)))


def _getitem(value: Value, operands: list[Operand]) -> str | None:
    index = value.named["index"]
    return f"{operands[0].text}[{written(index_of_all(index))}]" if is_basic(index) else None


def _rows(value: Value, operands: list[Operand]) -> str | None:
    x, index = operands
    return f"{x.text}[{index.text}]" if index.batched and not x.batched else None


def _scatter(value: Value, operands: list[Operand]) -> str | None:
    index, shape = value.named["index"], (value.count, *value.shape)
    basic = is_basic(index)
    return f"{{f}}({operands[0].text}, index=np.s_[{written(index_of_all(index))}], shape={shape})" if basic else None


def _joined(value: Value, operands: list[Operand]) -> str | None:
    axis = value.named.get("axis", 0)
    parts = [x.text if x.batched else f"np.broadcast_to({x.text}, {(value.count, *x.shape)})" for x in operands]
    if not isinstance(axis, int):
        return None
    return f"np.{value.op.name}([{', '.join(parts)}], axis={shifted(axis, len(value.shape))})"


def as_rows(operand: Operand) -> str:
    """Return all iterations of an operand as the rows of one matrix."""
    return operand.text if len(operand.shape) == 1 else f"{operand.text}.reshape(-1, {operand.shape[-1]})"


def one_product(value: Value, operands: list[Operand]) -> tuple[str, str] | None:
    """Return the factors of the one product that does for all iterations, if one matrix is the same in all."""
    batched = [operand.batched for operand in operands]
    dims = [len(operand.shape) for operand in operands]
    if value.op.name == "linear" and batched[0] and not any(batched[1:]):
        return as_rows(operands[0]), f"{operands[1].text}.T"
    if value.op.name == "matmul" and batched == [True, False] and dims[0] <= 2 and dims[1] == 2:
        return as_rows(operands[0]), operands[1].text
    if value.op.name == "matmul" and batched == [False, True] and dims == [2, 1]:
        return operands[1].text, f"{operands[0].text}.T"
    return None


def _matmul(value: Value, operands: list[Operand]) -> str | None:
    a, b = operands
    dims = len(a.shape), len(b.shape)
    if dims == (1, 1):
        if a.batched and b.batched:
            return f"np.sum({a.text} * {b.text}, axis=-1)"
        return f"{a.text}.dot({b.text})" if a.batched else f"{b.text}.dot({a.text})"
    if dims == (2, 1) and b.batched:
        return f"np.matmul({a.text}, {b.text}[..., None])[..., 0]"
    if dims == (1, 2) and a.batched:
        return f"np.matmul({a.text}[:, None], {b.text})[:, 0]"
    return f"np.matmul({a.text}, {b.text})" if max(dims) == 2 else None


def _outer(value: Value, operands: list[Operand]) -> str | None:
    a, b = operands
    return f"{a.text}[..., None] * {b.text}{'[:, None]' if b.batched else ''}"


def _cross_entropy(value: Value, operands: list[Operand]) -> str | None:
    both = all(operand.batched for operand in operands)
    return f"cross_entropy({operands[0].text}, {operands[1].text})" if both else None


def _cross_entropy_adjoint(value: Value, operands: list[Operand]) -> str | None:
    both = all(operand.batched for operand in operands[1:])
    return f"{{f}}({', '.join(operand.text for operand in operands)})" if both else None


def _astype(value: Value, operands: list[Operand]) -> str:
    return f"{operands[0].text}.astype(np.{value.dtype})"


def _copy(value: Value, operands: list[Operand]) -> str:
    return operands[0].text


BATCHED: dict[str, Callable[[Value, list[Operand]], str | None]] = {
    **dict.fromkeys(("sum", "mean", "prod", "max", "min"), _reduced),
    **dict.fromkeys(("softmax", "log_softmax"), _along_axis),
    **dict.fromkeys(("reshape", "ravel", "expand_dims", "squeeze"), _reshaped),
    "transpose": _transpose,
    "swapaxes": _swapaxes,
    "broadcast_to": _broadcast_to,
    "getitem": _getitem,
    "rows": _rows,
    "scatter": _scatter,
    **dict.fromkeys(("concatenate", "stack"), _joined),
    "matmul": _matmul,
    "outer": _outer,
    "softmax_cross_entropy": _cross_entropy,
    "softmax_cross_entropy_adjoint": _cross_entropy_adjoint,
    "astype": _astype,
    "copy": _copy,
}


def written(index: Any) -> str:
    """Return the source of an index."""
    if isinstance(index, tuple):
        return ", ".join(map(written, index)) if index else "()"
    if isinstance(index, slice):
        text = ":".join("" if part is None else str(part) for part in (index.start, index.stop))
        return f"{text}:{index.step}" if index.step is not None else text
    return "..." if index is Ellipsis else str(index)
