"""An op run forward and recorded: by arity, since every op of a program passes here. `pullback` is its mirror."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

import numpy as np

from .arguments import constant
from .errors import explained_error, refuse_complex
from .source import where
from .tensor import Tensor, make

_frame = sys._getframe
_EXACT = (float, int)
_PLAIN = (float, int, bool)
_TEXT = (str, bytes)
_OPERANDS = (float, int, complex, np.ndarray, np.generic, list, tuple)


def unary_operator(op: Any, forward: Callable[[Any], Any]) -> Callable[[Tensor], Tensor]:
    """Return ``op(self)`` for an operator or a property of Tensor, which on arrays is `forward`."""

    def operator(self: Tensor) -> Tensor:
        value = self._value
        return make(op, forward(value), (self,), (value,), None, self.requires_grad, _frame(1))

    return operator


def binary_operator(
    op: Any, forward: Callable[[Any, Any], Any]
) -> tuple[Callable[[Tensor, Any], Any], Callable[[Tensor, Any], Any]]:
    """Return ``op(self, other)`` and its reflection ``op(other, self)`` for the operators of Tensor.

    `forward` gives what the op's own forward function gives: Python's operator, with less ceremony than a ufunc.
    """

    def operator(self: Tensor, other: Any, modulus: None = None) -> Any:
        if modulus is not None:
            raise TypeError(f"pow(t, n, modulus) is not supported on a Tensor{where(_frame(1))}")
        a = self._value
        if type(other) is Tensor:
            b = other._value
            try:
                y = forward(a, b)
            except Exception as error:
                raise explained_error(op, error, (a, b), _frame(1)) from error
            return make(op, y, (self, other), (a, b), None, self.requires_grad or other.requires_grad, _frame(1))
        if type(other) not in _EXACT:
            if type(other) is not np.ndarray:
                if isinstance(other, _TEXT):
                    raise TypeError(
                        f"{op.name}: expected numbers or a Tensor, got {type(other).__name__}{where(_frame(1))}"
                    )
                if isinstance(other, Tensor):  # a table that is still to be made
                    return record_any(op, (self, other), None, _frame(1))
                if not isinstance(other, _OPERANDS):
                    return NotImplemented
            other = _real(op, other, _frame(1))
        try:
            y = forward(a, other)
        except Exception as error:
            raise explained_error(op, error, (a, other), _frame(1)) from error
        return make(op, y, (self, None), (a, other), None, self.requires_grad, _frame(1))

    def reflected(self: Tensor, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        a = other if type(other) in _EXACT else _real(op, other, _frame(1))
        b = self._value
        try:
            y = forward(a, b)
        except Exception as error:
            raise explained_error(op, error, (a, b), _frame(1)) from error
        return make(op, y, (None, self), (a, b), None, self.requires_grad, _frame(1))

    return operator, reflected


def _real(op: Any, value: Any, frame: FrameType) -> Any:
    number = constant(op, value, frame)
    if type(number) is complex or (type(number) not in _PLAIN and number.dtype.kind == "c"):
        refuse_complex(op.name, np.asarray(number), frame)
    return number


def record_one(op: Any, x: Tensor, frame: FrameType) -> Tensor:
    """Record an op of one argument without attributes."""
    value = x._value
    try:
        y = op.forward(value)
    except Exception as error:
        raise explained_error(op, error, (value,), frame) from error
    requires = x.requires_grad and op.rules[0] is not None and y.dtype.kind == "f"
    return make(op, y, (x,), (value,), None, requires, frame)


def record_two(op: Any, a: Any, b: Any, frame: FrameType) -> Any:
    """Record an op of two arguments without attributes if one of them is a Tensor; else return its plain value."""
    left = a._value if type(a) is Tensor else constant(op, a, frame)
    right = b._value if type(b) is Tensor else constant(op, b, frame)
    values: Any = (left, right)
    try:
        y = op.forward(left, right)
    except Exception as error:
        raise explained_error(op, error, values, frame) from _cause(error)
    if op.saves is not None:
        y, saved = y
        values = (left, right, saved)
    of_left, of_right = op.rules
    requires = False
    if type(a) is not Tensor:  # by now, for a table that was still to be made
        a = None
    elif of_left is not None and a.requires_grad:
        requires = True
    if type(b) is not Tensor:
        b = None
    elif of_right is not None and b.requires_grad:
        requires = True
    if a is b is None:
        return y
    if y.dtype.kind != "f":
        refuse_complex(op.name, y, frame)
        requires = False
    return make(op, y, (a, b), values, None, requires, frame)


def record_formed(forms: Forms, a: Any, b: Any, frame: FrameType) -> Any:
    """Record one of several `Forms` of two arguments, both of them with a rule, as `record_two` does."""
    left = a._value if type(a) is Tensor else constant(forms, a, frame)
    right = b._value if type(b) is Tensor else constant(forms, b, frame)
    try:
        op = forms.of_matrices if left.ndim == 2 == right.ndim else forms.choose(left, right)
        y = op.forward(left, right)
    except Exception as error:
        raise explained_error(forms, error, (left, right), frame) from _cause(error)
    requires = False
    if type(a) is not Tensor:  # by now, for a table that was still to be made
        a = None
    elif a.requires_grad:
        requires = True
    if type(b) is not Tensor:
        b = None
    elif b.requires_grad:
        requires = True
    if a is None or b is None:  # Tensors are real, and so are products of them
        if a is b:
            return y
        if y.dtype.kind != "f":
            refuse_complex(op.name, y, frame)
            requires = False
    return make(op, y, (a, b), (left, right), None, requires, frame)


def record_biased(forms: Forms, a: Any, b: Any, c: Any, frame: FrameType) -> Any:
    """Record one of several `Forms` of two arguments and a bias, as `record_formed` does."""
    left = a._value if type(a) is Tensor else constant(forms, a, frame)
    right = b._value if type(b) is Tensor else constant(forms, b, frame)
    bias = c._value if type(c) is Tensor else constant(forms, c, frame)
    try:
        op = forms.of_matrices if left.ndim == 2 == right.ndim else forms.choose(left, right)
        y = op.forward(left, right, bias)
    except Exception as error:
        raise explained_error(forms, error, (left, right, bias), frame) from _cause(error)
    requires = False
    if type(a) is not Tensor:
        a = None
    elif a.requires_grad:
        requires = True
    if type(b) is not Tensor:
        b = None
    elif b.requires_grad:
        requires = True
    if type(c) is not Tensor:
        c = None
    elif c.requires_grad:
        requires = True
    if a is None or b is None or c is None:
        if a is b is c:
            return y
        if y.dtype.kind != "f":
            refuse_complex(op.name, y, frame)
            requires = False
    return make(op, y, (a, b, c), (left, right, bias), None, requires, frame)


def record_any(op: Any, args: tuple, attributes: dict[str, Any] | None, frame: FrameType) -> Any:
    """Record an op of any number of arguments if one of them is a Tensor; else return its plain value."""
    operands: list[Any] = []
    inputs: list[Tensor | None] = []
    recorded = requires = False
    for x in args:
        value = x._value if type(x) is Tensor else constant(op, x, frame)
        operands.append(value)
        if type(x) is Tensor:  # by now, for a table that was still to be made
            recorded = True
            requires = requires or x.requires_grad
            inputs.append(x)
        else:
            inputs.append(None)
    values = tuple(operands)
    if type(op) is Forms:
        op = op.chosen(values, frame)
    try:
        y = op.forward(*values) if attributes is None else op.forward(*values, **attributes)
    except Exception as error:
        raise explained_error(op, error, values, frame) from _cause(error)
    if op.saves is not None:
        y, saved = y
        values = (*values, saved)
    if not recorded:
        return y
    if y.dtype.kind != "f":
        refuse_complex(op.name, y, frame)
        requires = False
    elif requires and op.partial:
        requires = _is_wanted(op, inputs)
    return make(op, y, tuple(inputs), values, attributes, requires, frame)


def _cause(error: Exception) -> Exception | None:
    """Return what a call of an op failed of; None where its message says it all, as it was raised ``from None``."""
    return None if error.__suppress_context__ else error


def _is_wanted(op: Any, inputs: Iterable[Tensor | None]) -> bool:
    """Tell whether an op that has no rule for some of its arguments has one for an input that requires a gradient."""
    for rule, x in zip(op.rules, inputs):  # noqa: B905, SIM110 - strict= costs 100 ns, any() 400
        if rule is not None and x is not None and x.requires_grad:
            return True
    return False


class Forms:
    """Ops of one name, of which the shapes of the arguments choose one.

    A rule that asked for the number of axes would not read as the chain rule does.

    Parameters
    ----------
    name : str
    choose : callable
        ``choose(a, b)``: the op for two arrays. It raises ValueError where none fits.
    of_matrices : Op
        What it chooses for two matrices.
    """

    elementwise = False

    def __init__(self, name: str, choose: Callable[..., Any], of_matrices: Any):
        self.name = self.__name__ = name
        self.choose = choose
        self.of_matrices = of_matrices

    def apply(self, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Compute, and record as done in `frame` if any argument is a Tensor."""
        if kwargs:
            raise TypeError(f"{self.name}: {', '.join(kwargs)}: not supported on a Tensor{where(frame)}")
        return record_formed(self, *args, frame) if len(args) == 2 else record_any(self, args, None, frame)

    def chosen(self, values: tuple[Any, ...], frame: FrameType) -> Any:
        """Return the op for arguments of these values."""
        try:
            return self.choose(*values)
        except (ValueError, TypeError) as error:
            raise explained_error(self, error, values, frame) from None
