"""Python's operators and ndarray's methods on Tensors, each attached to its op."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import Op, constant
from ..source import where
from ..tensor import Tensor, make
from . import elementwise as e
from . import indexing, linalg, reductions, shapes

_frame = sys._getframe
_EXACT = (float, int)


def _binary(op: Op) -> tuple[Callable, Callable]:
    """Return the operator and its reflection, which go straight to the record."""
    forward = op.forward

    def operator(self: Tensor, other: Any) -> Any:
        a = self._data
        if type(other) is Tensor:
            b = other._data
            try:
                y = forward(a, b)
            except Exception as error:
                raise _misfit(op, a, b, error, _frame(1)) from error
            return make(op, y, (self, other), (a, b), None, self.requires_grad or other.requires_grad, _frame(1))
        if type(other) not in _EXACT:
            if not isinstance(other, _OPERANDS):
                return NotImplemented
            other = constant(op, other, _frame(1))
        try:
            y = forward(a, other)
        except Exception as error:
            raise _misfit(op, a, other, error, _frame(1)) from error
        return make(op, y, (self, None), (a, other), None, self.requires_grad, _frame(1))

    def reflected(self: Tensor, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        a, b = constant(op, other, _frame(1)), self._data
        try:
            y = forward(a, b)
        except Exception as error:
            raise _misfit(op, a, b, error, _frame(1)) from error
        return make(op, y, (None, self), (a, b), None, self.requires_grad, _frame(1))

    return operator, reflected


_OPERANDS = (float, int, complex, np.ndarray, np.generic, list, tuple)


def _misfit(op: Op, a: Any, b: Any, error: Exception, frame: Any) -> Exception:
    kind = type(error) if isinstance(error, ValueError | TypeError) else RuntimeError
    if kind not in (ValueError, TypeError, RuntimeError):
        kind = TypeError
    return kind(f"{op.name}: shapes {np.shape(a)} and {np.shape(b)}: {error}{where(frame)}")


def _unary(op: Op) -> Callable:
    def operator(self: Tensor) -> Any:
        value = self._data
        return make(op, op.forward(value), (self,), (value,), None, self.requires_grad, _frame(1))

    return operator


def _comparison(ufunc: np.ufunc) -> Callable:
    def operator(self: Tensor, other: Any) -> Any:
        return ufunc(self._data, other._data if type(other) is Tensor else other)

    return operator


def _method(op: Any, name: str) -> Callable:
    apply = op.apply

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return apply((self, *args), kwargs, _frame(1))

    method.__name__ = name
    method.__doc__ = f"As ``np.{name}``."
    return method


def _reshape(self: Tensor, *shape: Any) -> Tensor:
    """As ``ndarray.reshape``: a shape, or its lengths one by one."""
    return shapes.reshape.apply((self, shape[0] if len(shape) == 1 else shape), {}, _frame(1))


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    """As ``ndarray.transpose``: a permutation of the axes, or none to reverse them."""
    given = None if not axes else axes[0] if len(axes) == 1 else axes
    return shapes.transpose.apply((self,), {} if given is None else {"axes": tuple(given)}, _frame(1))


def attach() -> None:
    """Give Tensor its operators and methods."""
    for name, op in {
        "add": e.add,
        "sub": e.subtract,
        "mul": e.multiply,
        "truediv": e.divide,
        "pow": e.power,
    }.items():
        operator, reflected = _binary(op)
        setattr(Tensor, f"__{name}__", operator)
        setattr(Tensor, f"__r{name}__", reflected)
    for name, ufunc in {
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
    }.items():
        setattr(Tensor, f"__{name}__", _comparison(ufunc))
    for name, function in {
        "__neg__": _unary(e.negative),
        "__abs__": _unary(e.absolute),
        "__matmul__": linalg.product,
        "__rmatmul__": linalg.product_reflected,
        "__getitem__": indexing.read,
        "reshape": _reshape,
        "transpose": _transpose,
        "dot": linalg.product,
        "T": property(_unary(shapes.transpose)),
    }.items():
        setattr(Tensor, name, function)
    for op in (reductions.sum, reductions.mean, shapes.swapaxes, shapes.squeeze, shapes.astype):
        setattr(Tensor, op.name, _method(op, op.name))
