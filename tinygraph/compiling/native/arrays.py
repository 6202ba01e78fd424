"""Ops on whole arrays as loops over their elements inside a compiled loop: joining, turning, reducing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..errors import NotTaken
from ..forms.batching import index_of_all, is_basic
from ..forms.form import Read, Value
from ..forms.recurrence import RESHAPED
from .elements import Elements, shaped
from .places import Place

if TYPE_CHECKING:
    from .kernels import KernelWriter

_MOST_BYTES = 2**21  # of a matrix that stays in the cache from one iteration to the next
_MOST_ROWS = 256  # with more, BLAS may use several cores

# -- products --------------------------------------------------------------------------------------------------------


def product(writer: KernelWriter, value: Value) -> None:
    """Write a product of matrices or vectors."""
    first, second, *rest = value.reads
    dims = len(first.source.shape), len(second.source.shape)
    if rest or max(dims) > 2 or min(dims) == 0 or not value.shape:
        raise NotTaken(f"a {value.op.name} of {dims[0]} and {dims[1]} axes")
    turned = value.op.name == "linear" or (dims == (2, 1) and not first.varies)
    if value.op.name != "linear" and turned:
        first, second = second, first
    a, b = (_converted(writer, writer.places.whole(read), read, value) for read in (first, second))
    place, rows = writer.places.written(value), writer.recurrence.rows(value)
    whole = place.is_whole(value.shape)
    out = str(place if whole else writer.places.rows(rows, f"{writer.emitter.name(value)}_rows", writes=True))
    dense = _is_dense(writer, first) and _is_dense(writer, Read(value, 1, 0))
    if not second.varies and len(second.source.shape) == 2 and _is_small(value, second) and dense:
        writer.lines.append(f"product({a}, {_packed(writer, b, second, value.dtype, turned)}, {out})")
        return
    if turned and len(first.source.shape) == 1:
        a, b = b, a
    elif turned:
        b = _transposed(writer, b, second)
    writer.lines.append(f"np.dot({a}, {b}, {out})" if whole else f"{out}[...] = np.dot({a}, {b})")


def _packed(writer: KernelWriter, text: str, read: Read, dtype: np.dtype, turned: bool) -> str:
    """Return the name of the panels of a matrix, or of its transpose."""
    from ..llvm.products import panels  # of an optional package

    name, shape = f"{text}{'_T' if turned else ''}_panels", read.source.shape
    writer.emitter.space.setdefault(name, panels(shape[::-1] if turned else shape, dtype))
    own = writer.arguments.array(name, name, dtype, 3, writes=True)
    writer.before[own] = f"pack({text}{'.T' if turned else ''}, {own})"
    return own


def _is_dense(writer: KernelWriter, read: Read) -> bool:
    """Tell whether the numbers of a row are beside each other."""
    if read.source not in writer.recurrence.inside:
        return True
    rows = writer.recurrence.rows(read.source, read.offset)
    return rows.shape[-1] == 1 or rows.strides[-1] == rows.itemsize


def _is_small(value: Value, matrix: Read) -> bool:
    """Tell whether a product is none for BLAS: its matrix stays in the cache, and several cores are no gain."""
    size = int(np.prod(matrix.source.shape)) * value.dtype.itemsize
    return size <= _MOST_BYTES and (len(value.shape) == 1 or value.shape[0] <= _MOST_ROWS)


def outer(writer: KernelWriter, value: Value) -> None:
    """Write an outer product."""
    a, b = value.reads
    elements = Elements(writer, value.shape)
    column = elements.element(writer.places.of(a), shaped(a.source, (*a.source.shape, 1)))
    elements.assign(writer.places.written(value), value, f"{column} * {elements.operand(b)}")
    writer.lines += elements.lines()


def _converted(writer: KernelWriter, text: str, read: Read, value: Value) -> str:
    """Return an array in the dtype of a value: products are of equal dtypes."""
    if read.source.dtype == value.dtype:
        return text
    if read.varies:
        return f"{text}.astype(np.{value.dtype})"
    name = f"{text}_in_{value.dtype}"
    writer.before[name] = f"{name} = {text}.astype(np.{value.dtype})"
    return name


def _transposed(writer: KernelWriter, text: str, read: Read) -> str:
    if read.varies:
        return f"{text}.T"
    name = f"{text}_T"
    writer.before[name] = f"{name} = np.ascontiguousarray({text}.T)"
    return name


# -- what is put together of parts ---------------------------------------------------------------------------------


def assemble(writer: KernelWriter, value: Value) -> None:
    """Write the parts of an array that are not in their places already."""
    for place, read in writer.recurrence.apart(value):
        _copy(writer, place, read, value)


def join(writer: KernelWriter, value: Value) -> None:
    """Write a concatenation or a stack, each part in its place."""
    axis, ndim = value.named.get("axis", 0), len(value.shape)
    if not isinstance(axis, int):
        raise NotTaken(f"a {value.op.name} of all axes")
    rows, start = writer.recurrence.rows(value), 0
    before = (slice(None),) * (1 + axis % ndim)
    for read in value.reads:
        size = 1 if value.op.name == "stack" else read.source.shape[axis]
        at = start if value.op.name == "stack" else slice(start, start + size)
        _copy(writer, rows[(*before, at)], read, value)
        start += size


def scatter(writer: KernelWriter, value: Value) -> None:
    """Write a part of an array of zeros."""
    index = value.named["index"]
    if not is_basic(index):
        raise NotTaken("a scatter by an array of indices")
    _copy(writer, writer.recurrence.rows(value)[index_of_all(index)], value.reads[0], value)


def turn(writer: KernelWriter, value: Value) -> None:
    """Write an array with its axes in another order, or in another shape."""
    rows, source = writer.recurrence.rows(value), value.reads[0].source
    if value.op.name in RESHAPED:
        if not rows[0].flags.c_contiguous:
            raise NotTaken(f"a {value.op.name} of a part")
        _copy(writer, rows.reshape(rows.shape[0], *source.shape), value.reads[0], value)
        return
    labels = np.arange(int(np.prod(source.shape))).reshape(source.shape)
    turned = value.op.forward(labels, **value.named)
    order = [int(np.argmax([turned.strides[k] == s for k in range(turned.ndim)])) for s in labels.strides]
    if sorted(order) != list(range(turned.ndim)) or len(set(labels.strides)) < turned.ndim:
        raise NotTaken(f"a {value.op.name} of axes of length 1")
    _copy(writer, rows.transpose(0, *(axis + 1 for axis in order)), value.reads[0], value)


def _copy(writer: KernelWriter, rows: np.ndarray, read: Read, value: Value) -> None:
    """Write what is read into a part of the rows of a value."""
    place = writer.places.in_owner(rows, value, writes=True)
    elements = Elements(writer, rows.shape[1:])
    elements.assign(place, shaped(value, rows.shape[1:]), elements.operand(read))
    writer.lines += elements.lines()


def take(writer: KernelWriter, value: Value) -> None:
    """Write a part of an array of another iteration."""
    (source, _, offset), index = value.reads[0], value.named["index"]
    if source not in writer.recurrence.inside or not is_basic(index):
        raise NotTaken("an index that is an array")
    part = writer.recurrence.rows(source, offset)[index_of_all(index)]
    place = writer.places.in_owner(part, source, writes=False)
    elements = Elements(writer, value.shape)
    elements.assign(writer.places.written(value), value, elements.element(place, shaped(source, value.shape)))
    writer.lines += elements.lines()


# -- reductions ------------------------------------------------------------------------------------------------------


def reduce(writer: KernelWriter, value: Value) -> None:
    """Write a sum, mean, largest or smallest along axes."""
    source, name = value.reads[0].source, value.op.name
    place, like, count = _reduced(writer, value)
    begin, each, end = Elements(writer, like.shape), Elements(writer, source.shape), Elements(writer, like.shape)
    first = {"max": "-np.inf", "min": "np.inf"}.get(name, "0")
    begin.assign(place, like, f"number({first})")
    total, x = each.element(place, like), each.operand(value.reads[0])
    each.statements.append(f"{total} = {name}imum({total}, {x})" if name in ("max", "min") else f"{total} += {x}")
    writer.lines += begin.lines() + each.lines()
    if name == "mean":
        end.statements.append(f"{end.element(place, like)} /= {count}")
        writer.lines += end.lines()


def variance(writer: KernelWriter, value: Value) -> None:
    """Write a variance or a standard deviation along the last axis."""
    place, like, count = _reduced(writer, value)
    source, ddof = value.reads[0].source, int(value.named.get("ddof", 0))
    row, name = Elements(writer, source.shape), writer.emitter.name(value)
    x, y = row.operand(value.reads[0]), row.element(place, like)
    if row.variables[-1] in re.findall(r"\w+", y.partition("[")[2]):
        raise NotTaken(f"a {value.op.name} along another axis")
    result = f"{name}_total / ({count} - {ddof})"
    _along_rows(
        writer,
        row,
        [
            (f"{name}_total = number(0)", [f"{name}_total += {x}"]),
            (
                f"{name}_mean = {name}_total / {count}; {name}_total = number(0)",
                [f"{name}_total += ({x} - {name}_mean) ** 2"],
            ),
            (f"{y} = {f'np.sqrt({result})' if value.op.name == 'std' else result}", []),
        ],
    )


def _reduced(writer: KernelWriter, value: Value) -> tuple[Place, Value, str]:
    """Return where a reduction is written, it with axes of length 1, and how many numbers become one."""
    source, named = value.reads[0].source, value.named
    axis, ndim = named.get("axis"), len(source.shape)
    if set(named) - {"axis", "keepdims", "ddof"} or not ndim:
        raise NotTaken(f"a {value.op.name} of another kind")
    axes = range(ndim) if axis is None else [a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    place = writer.places.written(value)
    if not named.get("keepdims"):
        place = place.spread([k for k in range(ndim) if k not in axes])
    like = shaped(value, tuple([1 if k in axes else size for k, size in enumerate(source.shape)]))
    number = int(np.prod(source.shape)) // max(1, int(np.prod(like.shape)))
    return place, like, f"number({writer.arguments.integer(f'{writer.emitter.name(value)}_count', number)})"


def softmax(writer: KernelWriter, value: Value) -> None:
    """Write a softmax along the last axis."""
    source, axis = value.reads[0].source, value.named.get("axis", -1)
    if not source.shape or axis not in (-1, len(source.shape) - 1):
        raise NotTaken(f"a {value.op.name} along another axis")
    row, name = Elements(writer, source.shape), writer.emitter.name(value)
    x, y = row.operand(value.reads[0]), row.element(writer.places.written(value), value)
    _along_rows(
        writer,
        row,
        [
            (f"{name}_top = -number(np.inf)", [f"{name}_top = maximum({name}_top, {x})"]),
            (f"{name}_total = number(0)", [f"{y} = exp({x} - {name}_top)", f"{name}_total += {y}"]),
            ("", [f"{y} /= {name}_total"]),
        ],
    )


def _along_rows(writer: KernelWriter, row: Elements, passes: list[tuple[str, list[str]]]) -> None:
    """Write statements before, and for each number of, every row of an array: several times over a row."""
    *outer, inner = row.lines()
    indent = inner[: len(inner) - len(inner.lstrip())]
    writer.lines += outer
    for before, statements in passes:
        writer.lines += [f"{indent}{before}"] if before else []
        writer.lines += [inner, *(f"{indent}    {statement}" for statement in statements)] if statements else []


WRITERS: dict[str, Callable[[KernelWriter, Value], None]] = {
    "linear": product,
    "matmul": product,
    "outer": outer,
    **dict.fromkeys(("concatenate", "stack"), join),
    "scatter": scatter,
    **dict.fromkeys((*RESHAPED, "transpose", "swapaxes", "moveaxis"), turn),
    **dict.fromkeys(("sum", "mean", "max", "min"), reduce),
    **dict.fromkeys(("var", "std"), variance),
    "softmax": softmax,
    "getitem": take,
}
