"""What else an ndarray has: attributes that a Tensor has too, and for the others what to write."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

from ..recording.numpy_protocol import numpy_functions
from ..recording.tensor import Tensor, advisers
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
_families: list[ModuleType] = []


def _advice(name: str) -> str | None:
    if name.startswith("_"):
        return None
    if name in _INSTEAD:
        return _INSTEAD[name]
    if hasattr(np.ndarray, name):
        return f"t.numpy().{name}"
    for prefix, module in (("np", np), ("np.linalg", np.linalg)):
        function = getattr(module, name, None)
        if callable(function) and function in numpy_functions:
            return f"{prefix}.{name}(t)"
    return f"tg.{name}(t)" if any(name in family.__all__ for family in _families) else None


def _choose(self: Tensor, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """As ``ndarray.choose``."""
    if out is not None:
        raise TypeError("choose: the argument out= is not supported on a Tensor, which is not written in place")
    return indexing.choose(self, choices, mode=mode)


def _flat(self: Tensor) -> Tensor:
    """The elements in a row, to be read by number or one after another."""
    return shapes.ravel(self)


_BITWISE = {
    "and": plain.bitwise_and,
    "or": plain.bitwise_or,
    "xor": plain.bitwise_xor,
    "lshift": plain.left_shift,
    "rshift": plain.right_shift,
}


def attach(families: Iterable[ModuleType]) -> None:
    """Give Tensor these attributes; `families` are the modules whose functions are those of ``tg``."""
    _families.extend(families)
    advisers.append(_advice)
    for name, function in _BITWISE.items():
        setattr(Tensor, f"__{name}__", lambda self, other, function=function: function(self, other))
        setattr(Tensor, f"__r{name}__", lambda self, other, function=function: function(other, self))
    for name, attribute in {
        "__invert__": lambda self: plain.invert(self),
        "choose": _choose,
        "device": property(lambda self: "cpu", doc="Where the value is, as of any array of NumPy's."),
        "flat": property(_flat),
        "itemsize": property(lambda self: self.dtype.itemsize, doc="Bytes of an element."),
        "nbytes": property(lambda self: self.size * self.dtype.itemsize, doc="Bytes of all elements."),
    }.items():
        setattr(Tensor, name, attribute)
