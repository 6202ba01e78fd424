"""What an op is given: constants and static arguments that it may hold, bound to its names as NumPy binds them."""

from __future__ import annotations

import inspect
from types import FrameType
from typing import Any

import numpy as np

from .errors import refuse_subclasses
from .primitive import Primitive
from .questions import tell_asked
from .source import where
from .tensor import Tensor

_NUMBERS = (float, int, bool, complex)


def constant(op: Any, value: Any, frame: FrameType) -> Any:
    """Return `value` as an op may hold it: a number, or an array of the op's own."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "biufc":
        return value.copy()
    if isinstance(value, np.generic) or (kind in _NUMBERS and op.elementwise):
        return value
    if isinstance(value, Tensor):  # one that is made when it is asked for, as here
        return value._value
    refuse_subclasses(value, op.name, frame)
    array = np.array(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{op.name}: expected numbers or a Tensor, got {type(value).__name__}{where(frame)}")
    return array


def static(op: Primitive, name: str, value: Any, frame: FrameType) -> Any:
    """Return a static argument as an op may hold it: nothing that the caller can still change."""
    if isinstance(value, Tensor):
        tell_asked(value, f"{name}=")
        if value.requires_grad:
            raise TypeError(f"{op.name}: {name}= is static: a Tensor there would receive no gradient{where(frame)}")
        value = value._value
    if isinstance(value, np.ndarray):
        return value.copy() if value.ndim else value[()]
    if isinstance(value, list | tuple):
        return tuple([static(op, name, item, frame) for item in value])
    return value


class Signature:
    """The names that an op's arguments go by: its own, and NumPy's where it stands for a NumPy function."""

    def __init__(self, op: Primitive, function: Any):
        self.op = op
        names = [(name, inspect.Parameter.empty) for name in op.arguments]
        try:
            parameters = [(p.name, p.default) for p in inspect.signature(function).parameters.values()]
        except (ValueError, TypeError):
            self.arrays, others = names, list(op.defaults.items())
        else:
            arrays = 1 if op.variadic else len(op.arguments)
            self.arrays, others = parameters[:arrays] or names, parameters[arrays:]
        self.statics = dict(others)

    def bind(self, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> tuple[tuple, dict[str, Any]]:
        """Return the arrays and the static attributes of a call."""
        op = self.op
        if op.variadic:
            arrays, rest = (tuple(args[0]), args[1:]) if op.sequence else (args, ())
        else:
            arrays, rest = args[: len(op.arguments)], args[len(op.arguments) :]
            if len(arrays) < len(op.arguments):
                arrays += self._named_arrays(len(arrays), kwargs, frame)
        if not rest and not kwargs:
            return arrays, {}
        if len(rest) > len(self.statics):
            raise TypeError(f"{op.name}: too many arguments ({len(args)}){where(frame)}")
        attributes = {}
        for name, value in {**dict(zip(self.statics, rest, strict=False)), **kwargs}.items():
            if name in op.defaults:
                attributes[name] = static(op, name, value, frame)
            elif name == "out" and value is not None:
                raise TypeError(
                    f"{op.name}: what a Tensor takes part in cannot be written into an array (out=, or h += t on an"
                    f" array h); write h = h + t, which makes a new value{where(frame)}"
                )
            elif not self._is_default(name, value):
                known = f"; it takes {', '.join(op.attributes)}" if op.attributes else ""
                raise TypeError(f"{op.name}: the argument {name}= is not supported on a Tensor{known}{where(frame)}")
        return arrays, attributes

    def _named_arrays(self, count: int, kwargs: dict[str, Any], frame: FrameType) -> tuple:
        """Take the arrays that were given by name, those after the first `count`, out of `kwargs`."""
        arrays = []
        for own, (theirs, _) in zip(self.op.arguments[count:], self.arrays[count:], strict=False):
            if own in kwargs or theirs in kwargs:
                arrays.append(kwargs.pop(own if own in kwargs else theirs))
        if count + len(arrays) != len(self.op.arguments):
            names = ", ".join(self.op.arguments)
            raise TypeError(f"{self.op.name}: expected the arrays {names}, got {count + len(arrays)}{where(frame)}")
        return tuple(arrays)

    def _is_default(self, name: str, value: Any) -> bool:
        """Tell whether an argument that is not supported only says what happens anyway."""
        if value is None or value is np._NoValue or (name == "where" and value is True):
            return True
        default = self.statics.get(name, inspect.Parameter.empty)
        return isinstance(value, str | bool | int) and type(value) is type(default) and value == default
