"""What else an ndarray has: attributes that a Tensor has too, and for the others what to write."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from copy import deepcopy
from types import ModuleType
from typing import Any

import numpy as np

from ..recording.numpy_protocol import numpy_functions
from ..recording.questions import tell_asked
from ..recording.source import users_frame
from ..recording.tensor import Tensor, is_traced
from . import indexing, shapes
from . import without_gradient as plain

__all__: list[str] = []  # they are attributes of Tensor

_INSTEAD = {
    "view": "t.reshape(shape) for another shape, t.astype(dtype) for another dtype, t.data for the value itself",
    "strides": "t.data.strides",
    "flags": "t.data.flags",
    "base": "t.data.base",
    "ctypes": "t.numpy().ctypes",
    "setflags": "t.data, which is read-only, or t.numpy(), which is your own",
    "setfield": "tg.tensor on an array that you filled",
    "unsqueeze": "np.expand_dims(t, axis)",
    "permute": "t.transpose(axes)",
    "expand": "np.broadcast_to(t, shape)",
    "norm": "np.linalg.norm(t)",
}
_frame = sys._getframe


class Absent:
    """An attribute that ndarrays have, or PyTorch's tensors, and a Tensor has not: an error that says what to write."""

    def __init__(self, name: str, instead: str):
        self.name = name
        self.instead = instead

    def __get__(self, tensor: Tensor | None, owner: type) -> Any:
        if tensor is not None:
            tell_asked(tensor, f".{self.name}")  # also of getattr() with a default
        raise AttributeError(
            f"a Tensor has no attribute {self.name!r}; write {self.instead}", name=self.name, obj=tensor
        )


def _advice(families: Iterable[ModuleType]) -> dict[str, str]:
    """Return what to write for each attribute that a Tensor has not."""
    functions = {name: f"tg.{name}(t)" for family in families for name in family.__all__}
    for prefix, module in (("np.linalg", np.linalg), ("np", np)):
        for name, function in vars(module).items():
            if callable(function) and function in numpy_functions:
                functions[name] = f"{prefix}.{name}(t)"
    methods = {name: f"t.numpy().{name}" for name in dir(np.ndarray)}
    return {
        name: instead
        for name, instead in {**functions, **methods, **_INSTEAD}.items()
        if not name.startswith("_") and not hasattr(Tensor, name)
    }


def _choose(self: Tensor, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """As ``ndarray.choose``."""
    if out is not None:
        raise TypeError("choose: the argument out= is not supported on a Tensor, which is not written in place")
    return indexing.choose(self, choices, mode=mode)


def _flat(self: Tensor) -> Tensor:
    """The elements in a row, to be read by number or one after another."""
    return shapes.ravel(self)


def _copy(self: Tensor) -> Tensor:
    """Return another leaf of the same value; of an argument of a differentiated function, a recorded copy."""
    if is_traced(self):
        return shapes.copy.apply((self,), {}, users_frame(_frame(1)))
    restored, parts = self.__reduce_ex__(4)
    return restored(*parts)


def _deep_copy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if is_traced(self):
        return shapes.copy.apply((self,), {}, users_frame(_frame(1)))
    restored, parts = self.__reduce_ex__(4)
    return restored(*deepcopy(parts, memo))


_BITWISE = {
    "and": plain.bitwise_and,
    "or": plain.bitwise_or,
    "xor": plain.bitwise_xor,
    "lshift": plain.left_shift,
    "rshift": plain.right_shift,
}


def attach(families: Iterable[ModuleType]) -> None:
    """Give Tensor these attributes; `families` are the modules whose functions are those of ``tg``."""
    for name, function in _BITWISE.items():
        setattr(Tensor, f"__{name}__", lambda self, other, function=function: function(self, other))
        setattr(Tensor, f"__r{name}__", lambda self, other, function=function: function(other, self))
    for name, attribute in {
        "__copy__": _copy,
        "__deepcopy__": _deep_copy,
        "__invert__": lambda self: plain.invert(self),
        "choose": _choose,
        "device": property(lambda self: "cpu", doc="Where the value is, as of any array of NumPy's."),
        "flat": property(_flat),
        "itemsize": property(lambda self: self.dtype.itemsize, doc="Bytes of an element."),
        "nbytes": property(lambda self: self.size * self.dtype.itemsize, doc="Bytes of all elements."),
    }.items():
        setattr(Tensor, name, attribute)
    absent = _advice(families)
    for name, instead in absent.items():
        setattr(Tensor, name, Absent(name, instead))
    Tensor.__dir__ = lambda self: [name for name in object.__dir__(self) if name not in absent]  # type: ignore[method-assign]
