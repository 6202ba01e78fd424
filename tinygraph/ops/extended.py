"""NumPy's further arguments, dtype=, where= and initial=: made of other ops before and after the op itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..recording.numpy_protocol import located
from ..recording.op import Op, registry
from . import elementwise, joining, reductions, shapes, statistics
from .elementwise import plain
from .reductions import Axis
from .shapes import as_array

Mask = Any  # what `where=` takes: True, or booleans that broadcast to the array


def extends(op: Op) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function of NumPy's whole signature take the calls of `op` with arguments that it has not."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        op.extended = located(function)
        return function

    return register


# -- what the arguments mean -------------------------------------------------------------------------------------------


def cast(x: Any, dtype: Any, casting: Any = "unsafe") -> Any:
    """Return `x` in another dtype, as an op of its own; as it is without one. Python numbers take on any dtype."""
    if dtype is None or type(x) in (bool, int, float):
        return x
    x, dtype = as_array(x), np.dtype(dtype)
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"cannot cast from {x.dtype} to {dtype} by the rule {casting!r}; say astype({str(dtype)!r})")
    return x if x.dtype == dtype else shapes.astype(x, dtype)


def masked(x: Any, where: Mask, filler: Any) -> Any:
    """Return `x` with `filler` where a reduction is to leave elements out."""
    if where is True:
        return x
    x = as_array(x)
    return np.where(_as_mask(where, x), x, filler)


def _as_mask(where: Mask, x: Any) -> np.ndarray:
    mask = np.asarray(plain(where), dtype=bool)
    if np.broadcast_shapes(mask.shape, x.shape) != x.shape:
        raise ValueError(f"where= of shape {mask.shape} does not fit an array of shape {x.shape}")
    return mask


def _refuse_out(out: Any, name: str, hint: str = "") -> None:
    if out is not None:
        raise TypeError(f"{name}: the argument out= is not supported on a Tensor, which is not written in place{hint}")


# -- elementwise: the inputs are cast ----------------------------------------------------------------------------------


def _take_dtype(op: Op) -> None:
    def extended(
        *args: Any,
        dtype: Any = None,
        out: Any = None,
        where: Mask = True,
        casting: str = "same_kind",
        order: str = "K",
        subok: bool = True,
        **others: Any,
    ) -> Any:
        _refuse_out(out, op.name, f"; write y = {op.name}(…), or y = y + t for y += t")
        if where is not True:
            raise TypeError(
                f"{op.name}: the argument where= is not supported on a Tensor, it leaves the other elements unset;"
                f" say what they are: np.where(condition, {op.name}(…), other)"
            )
        if order != "K" or others:
            given = ", ".join(f"{name}=" for name in (others or {"order": order}))
            raise TypeError(f"{op.name}: the argument {given} is not supported on a Tensor; it takes dtype and casting")
        if len(args) != op.arity:
            raise TypeError(f"{op.name}: expected {op.arity} arrays, got {len(args)}")
        return op(*[cast(x, dtype, casting) for x in args])

    extended.__name__ = op.name
    op.extended = located(extended)


def attach() -> None:
    """Let every ufunc take dtype=."""
    for ops in registry.values():
        for op in ops:
            if op.elementwise and isinstance(op.forward, np.ufunc):
                _take_dtype(op)


# -- sums and products -------------------------------------------------------------------------------------------------


@extends(reductions.sum)
def sum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Mask = True,
) -> Any:
    """As ``np.sum``, with all its arguments but `out`; `initial` may be a Tensor."""
    _refuse_out(out, "sum")
    y = reductions.sum(masked(cast(a, dtype), where, 0), axis=axis, keepdims=keepdims)
    return y if initial is None else np.add(y, cast(initial, y.dtype))


@extends(reductions.prod)
def prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Mask = True,
) -> Any:
    """As ``np.prod``, with all its arguments but `out`; `initial` may be a Tensor."""
    _refuse_out(out, "prod")
    y = reductions.prod(masked(cast(a, dtype), where, 1), axis=axis, keepdims=keepdims)
    return y if initial is None else np.multiply(y, cast(initial, y.dtype))


@extends(reductions.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """As ``np.cumsum``, with all its arguments but `out`."""
    _refuse_out(out, "cumsum")
    return reductions.cumsum(cast(a, dtype), axis=axis)


@extends(reductions.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """As ``np.cumprod``, with all its arguments but `out`."""
    _refuse_out(out, "cumprod")
    return reductions.cumprod(cast(a, dtype), axis=axis)


# -- extrema -----------------------------------------------------------------------------------------------------------


def _extremum(op: Op, choose: Callable[..., Any]) -> None:
    def extended(
        a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Mask = True
    ) -> Any:
        _refuse_out(out, op.name)
        if initial is None and where is not True:
            raise ValueError(f"{op.name}: with where= it takes initial= too, for of no elements there is none")
        y = op(masked(a, where, plain(initial)), axis=axis, keepdims=keepdims)
        return y if initial is None else choose(y, cast(initial, y.dtype))

    extended.__name__ = op.name
    op.extended = located(extended)


_extremum(reductions.max, elementwise.maximum)
_extremum(reductions.min, elementwise.minimum)


# -- means -------------------------------------------------------------------------------------------------------------


def _number(a: Any, axis: Axis, where: Mask, keepdims: bool = False) -> Any:
    """Return how many elements a reduction with a mask takes in, as numbers of float64."""
    mask = np.broadcast_to(_as_mask(where, a), a.shape)
    return np.sum(mask, axis=axis, keepdims=keepdims, dtype=np.float64)


def _wide(a: Any, dtype: Any) -> tuple[Any, Any]:
    """Return `a` in the dtype in which a mean is worked out, and the dtype of the result, both as NumPy has them."""
    a = cast(as_array(a), dtype)
    if a.dtype.kind in "biu":
        a = shapes.astype(a, np.float64)
    return (shapes.astype(a, np.float32) if a.dtype == np.float16 else a), a.dtype


@extends(reductions.mean)
def mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Mask = True
) -> Any:
    """As ``np.mean``, with all its arguments but `out`."""
    _refuse_out(out, "mean")
    if where is True:
        return cast(reductions.mean(cast(a, dtype), axis=axis, keepdims=keepdims), dtype)
    wide, narrow = _wide(a, dtype)
    total = reductions.sum(masked(wide, where, 0), axis=axis, keepdims=keepdims)
    return cast(total / _number(wide, axis, where, keepdims).astype(wide.dtype), narrow)


@extends(statistics.var)
def var(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Mask = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """As ``np.var``, with all its arguments but `out` and `mean`."""
    _check_spread("var", dtype, out, mean)
    ddof = ddof if correction is None else correction
    if where is True:
        return statistics.var(cast(a, dtype), axis=axis, ddof=ddof, keepdims=keepdims)
    wide, narrow = _wide(a, dtype)
    return cast(_masked_var(wide, axis, ddof, keepdims, where), narrow)


@extends(statistics.std)
def std(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Mask = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """As ``np.std``, with all its arguments but `out` and `mean`; of equal values the derivative is 0."""
    _check_spread("std", dtype, out, mean)
    ddof = ddof if correction is None else correction
    if where is True:
        return statistics.std(cast(a, dtype), axis=axis, ddof=ddof, keepdims=keepdims)
    wide, narrow = _wide(a, dtype)
    return cast(statistics.root(_masked_var(wide, axis, ddof, keepdims, where)), narrow)


def _check_spread(name: str, dtype: Any, out: Any, mean: Any) -> None:
    _refuse_out(out, name)
    if dtype is not None and np.dtype(dtype).kind != "f":
        raise TypeError(f"{name}: dtype={np.dtype(dtype)} is not supported on a Tensor; it takes floating-point ones")
    if mean is not None:
        raise TypeError(f"{name}: the argument mean= is not supported on a Tensor; the mean is worked out anyway")


def _masked_var(a: Any, axis: Axis, ddof: float, keepdims: bool, where: Mask) -> Any:
    deviations = masked(a - mean(a, axis, keepdims=True, where=where), where, 0)
    freedom = np.maximum(_number(a, axis, where, keepdims) - ddof, 0)
    return reductions.sum(deviations * deviations, axis=axis, keepdims=keepdims) / freedom.astype(a.dtype)


# -- copies: where the elements are in memory shows nowhere ------------------------------------------------------------


@extends(shapes.astype)
def astype(
    x: Any,
    dtype: Any,
    order: str = "K",
    casting: Any = "unsafe",
    subok: bool = True,
    copy: bool = True,
    device: Any = None,
) -> Any:
    """As ``ndarray.astype``, with all its arguments; without `copy`, what has the dtype already is returned itself."""
    return shapes.astype(x, dtype) if copy and x.dtype == dtype else cast(x, dtype, casting)


@extends(shapes.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """As ``np.copy``, with all its arguments."""
    return shapes.copy(a)


# -- the order in which elements are read ------------------------------------------------------------------------------


@extends(shapes.reshape)
def reshape(a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: bool | None = None) -> Any:
    """As ``np.reshape``, in the orders C and F; `newshape` is what NumPy 2.0 calls the shape."""
    shape = newshape if shape is None else shape
    if _is_fortran(order):
        lengths = shape if isinstance(shape, tuple | list) else (shape,)
        return np.transpose(shapes.reshape(np.transpose(a), tuple(reversed(lengths))))
    return shapes.reshape(a, shape)


@extends(shapes.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """As ``np.ravel``, in the orders C and F."""
    return shapes.ravel(np.transpose(a) if _is_fortran(order) else a)


def _is_fortran(order: str) -> bool:
    if order not in ("C", "F"):
        raise ValueError(f"order={order!r} depends on where the elements are in memory; say order='C' or order='F'")
    return order == "F"


# -- joining: all arrays are cast --------------------------------------------------------------------------------------


@extends(joining.concatenate)
def concatenate(
    arrays: Sequence[Any], axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """As ``np.concatenate``, with all its arguments but `out`."""
    _refuse_out(out, "concatenate")
    return joining.concatenate([cast(x, dtype, casting) for x in arrays], axis=axis)


@extends(joining.stack)
def stack(
    arrays: Sequence[Any], axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    """As ``np.stack``, with all its arguments but `out`."""
    _refuse_out(out, "stack")
    return joining.stack([cast(x, dtype, casting) for x in arrays], axis=axis)
