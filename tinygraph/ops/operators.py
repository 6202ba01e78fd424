"""Python's operators and ndarray's methods on Tensors, each attached to its op."""

from __future__ import annotations

import operator as python
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..recording.applying import binary_operator, record_formed, unary_operator
from ..recording.context import context
from ..recording.numpy_protocol import numpy_functions
from ..recording.questions import as_recorded, tell_asked
from ..recording.source import where
from ..recording.tensor import Tensor
from . import elementwise as e
from . import indexing, linalg, products, reductions, shapes, statistics, tables
from . import without_gradient as plain

_frame = sys._getframe


def _comparison(compare: Callable) -> Callable:
    def operator(self: Tensor, other: Any) -> Any:
        recorded = as_recorded(compare, (self, other), {})
        if recorded is not NotImplemented:
            return recorded
        return compare(self._value, other._value if isinstance(other, Tensor) else other)

    return operator


def _method(op: Any, name: str) -> Callable:
    apply = getattr(op, "apply", None)

    def recorded(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        assert apply is not None
        return apply((self, *args), kwargs, _frame(1))

    def called(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return op(self, *args, **kwargs)

    method = called if apply is None else recorded

    method.__name__ = name
    method.__doc__ = f"As ``np.{name}``."
    return method


def _reshape(self: Tensor, *shape: Any, **order: Any) -> Tensor:
    """As ``ndarray.reshape``: a shape, or its lengths one by one."""
    return shapes.reshape.apply((self, shape[0] if len(shape) == 1 else shape), order, _frame(1))


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    """As ``ndarray.transpose``: a permutation of the axes, or none to reverse them."""
    permutation = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
    return shapes.transpose.apply((self,), {} if permutation is None else {"axes": tuple(permutation)}, _frame(1))


def _dot(self: Tensor, other: Any) -> Any:
    """As ``np.dot``."""
    if 0 < self.ndim < 3 and 0 < np.ndim(other) < 3:
        return record_formed(linalg.matrix_product, self, other, _frame(1))
    return products.dot(self, other)


def _copied(self: Tensor, order: str = "K") -> Tensor:
    """As ``ndarray.copy``; the order of the elements in memory shows nowhere."""
    return shapes.copy.apply((self,), {}, _frame(1))


def _index(self: Tensor) -> int:
    if self._value.dtype.kind not in "biu" or self._value.ndim:
        what = f"{self.dtype} of shape {self.shape}"
        raise TypeError(f"a Tensor of {what} is no index or count; write int(t) if it holds one{where(_frame(1))}")
    tell_asked(self, "an index")
    return python.index(self._value)


def _augmented(symbol: str, operator: Callable) -> Callable:
    """Return ``self += other`` and its kin: a new value, but for parameters, which NumPy programs mean to change."""

    def augmented(self: Tensor, other: Any) -> Any:
        if self.op is not None or not self.requires_grad:
            return NotImplemented  # Python goes on with self = self + other
        if context().recording:
            name = self.name or "p"
            raise TypeError(
                f"{name} {symbol}= … on a parameter would give the name {name} to a new value and leave the parameter"
                f" as it is; write {name}.data = {name}.data {symbol} …, or the same {symbol}= inside tg.no_grad(),"
                f" or let an optimiser do it{where(_frame(1))}"
            )
        self.data = operator(self._value, other._value if isinstance(other, Tensor) else other)
        return self

    return augmented


def _in_place(name: str, instead: str) -> Callable:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{name}: a Tensor is not written in place; {instead}{where(_frame(1))}")

    method.__name__ = name
    method.__doc__ = f"Not supported: {instead}."
    return method


_BINARY = {
    "add": e.add,
    "sub": e.subtract,
    "mul": e.multiply,
    "truediv": e.divide,
    "pow": e.power,
    "mod": e.remainder,
    "floordiv": e.floor_divide,
}
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "mod": "%", "floordiv": "//"}
_METHODS: dict[str, Any] = {
    "sum": reductions.sum,
    "mean": reductions.mean,
    "prod": reductions.prod,
    "max": reductions.max,
    "min": reductions.min,
    "cumsum": reductions.cumsum,
    "cumprod": reductions.cumprod,
    "var": statistics.var,
    "std": statistics.std,
    "ravel": shapes.ravel,
    "flatten": shapes.ravel,
    "swapaxes": shapes.swapaxes,
    "squeeze": shapes.squeeze,
    "astype": shapes.astype,
    "clip": e.clip,
    "round": e.round,
    "conj": e.positive,
    "conjugate": e.positive,
    "diagonal": indexing.diagonal,
    "trace": indexing.trace,
    "take": indexing.take,
    "repeat": indexing.repeat,
    "any": plain.any,
    "all": plain.all,
    "argmax": plain.argmax,
    "argmin": plain.argmin,
    "argsort": plain.argsort,
    "argpartition": plain.argpartition,
    "nonzero": plain.nonzero,
    "searchsorted": plain.searchsorted,
}
# what NumPy asks of each element of an array of objects: np.exp(a) calls a[i].exp()
_OF_OBJECTS = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "fabs", "rint", "deg2rad", "rad2deg"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("arctan2", "hypot", "degrees", "radians"),
)


def attach() -> None:
    """Give Tensor its operators and methods."""
    for name, op in _BINARY.items():
        operator, reflected = binary_operator(op, op.forward if name == "pow" else getattr(python, name))
        setattr(Tensor, f"__{name}__", operator)
        setattr(Tensor, f"__r{name}__", reflected)
        setattr(Tensor, f"__i{name}__", _augmented(_SYMBOLS[name], getattr(python, name)))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Tensor, f"__{name}__", _comparison(getattr(python, name)))
    for name, op in _METHODS.items():
        setattr(Tensor, name, _method(op, name))
    for name in _OF_OBJECTS:
        setattr(Tensor, name, _method(numpy_functions[getattr(np, name)], name))
    for name, instead in {
        "sort": "np.sort(t) gives a sorted one",
        "partition": "np.partition(t, kth) gives a partitioned one",
        "fill": "np.full_like(t, value) gives a filled array",
        "put": "np.where, or tg.tensor on an array that you filled, gives another",
        "resize": "np.resize(t, shape) gives a resized one",
    }.items():
        setattr(Tensor, name, _in_place(name, instead))
    for name, function in {
        "__pos__": unary_operator(e.positive, python.pos),
        "__neg__": unary_operator(e.negative, python.neg),
        "__abs__": unary_operator(e.absolute, python.abs),
        "__round__": lambda self, decimals=0: e.round(self, decimals),
        "__divmod__": e.divmod,
        "__rdivmod__": lambda self, other: e.divmod(other, self),
        "__matmul__": linalg.product,
        "__rmatmul__": linalg.product_reflected,
        "__getitem__": indexing.read,
        "at": property(tables.At),
        "__index__": _index,
        "reshape": _reshape,
        "transpose": _transpose,
        "dot": _dot,
        "compress": lambda self, condition, axis=None: indexing.compress(condition, self, axis),
        "copy": _copied,
        "T": property(unary_operator(shapes.transpose, python.attrgetter("T"))),
        "mT": property(shapes.matrix_transpose),
        "real": property(plain.real),
        "imag": property(plain.imag),
    }.items():
        setattr(Tensor, name, function)
