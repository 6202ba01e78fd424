"""What an op is given: constants and static arguments it may hold, and errors that say what did not fit."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from .source import where
from .tensor import Tensor, refuse_masked

if TYPE_CHECKING:
    from .op import Op

_NUMBERS = (float, int, bool, complex)


def constant(op: Op, value: Any, frame: FrameType) -> Any:
    """Return `value` as an op may hold it: a number, or an array of the op's own."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "biufc":
        return value.copy()
    if isinstance(value, np.generic) or (kind in _NUMBERS and op.elementwise):
        return value
    refuse_masked(value, op.name, frame)
    array = np.array(value)
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{op.name}: expected numbers or a Tensor, got {type(value).__name__}{where(frame)}")
    return array


def static(op: Op, name: str, value: Any, frame: FrameType) -> Any:
    """Return a static argument as an op may hold it: nothing that the caller can still change."""
    if isinstance(value, Tensor):
        if value.requires_grad:
            raise TypeError(f"{op.name}: {name}= is static: a Tensor there would receive no gradient{where(frame)}")
        value = value._data
    if isinstance(value, np.ndarray):
        return value.copy() if value.ndim else value[()]
    if isinstance(value, list | tuple):
        return tuple([static(op, name, item, frame) for item in value])
    return value


def explained_error(op: Op, error: Exception, values: tuple[Any, ...], frame: FrameType) -> Exception:
    """Return the error again, naming the op, the shapes and the user's source line."""
    shapes = " and ".join(str(np.shape(value)) for value in values)
    message = f"{op.name}: inputs of shape {shapes}: {error}{where(frame)}"
    return again(error, message)


def again(error: Exception, message: str) -> Exception:
    """Return an error of the same kind with another message."""
    return next((kind for kind in _KINDS if isinstance(error, kind)), RuntimeError)(message)


_KINDS: tuple[type[Exception], ...] = (
    np.exceptions.AxisError,
    np.linalg.LinAlgError,
    IndexError,
    ValueError,
    TypeError,
    NotImplementedError,
    FloatingPointError,
)
