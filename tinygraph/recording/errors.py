"""Errors of recorded calls: which op, which shapes, the user's own source line; and what is refused."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .source import locate, where

if TYPE_CHECKING:
    from .tensor import Tensor


def explained_error(op: Any, error: Exception, values: tuple[Any, ...], frame: FrameType) -> Exception:
    """Return the error again, naming the op, the shapes and the user's source line."""
    shapes = " and ".join(str(np.shape(value)) for value in values)
    return again(error, f"{op.name}: inputs of shape {shapes}: {error}{where(frame)}")


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


def refuse_subclasses(data: Any, what: str, frame: FrameType) -> None:
    """Refuse arrays that compute in another way: a masked array, whose mask would be lost in silence, and a matrix."""
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(f"{what}: a masked array is not supported, its mask would be lost; fill it first{where(frame)}")
    if isinstance(data, np.matrix):
        raise TypeError(
            f"{what}: an np.matrix is not supported, its * is the product of matrices; write np.asarray(m) and"
            f" @{where(frame)}"
        )


def refuse_complex(what: str, value: Any, frame: FrameType) -> None:
    """Refuse a complex value: the rules are those of real functions, and would be wrong in silence."""
    if value.dtype.kind == "c":
        raise TypeError(
            f"{what}: a Tensor is real, got {value.dtype}; keep real and imaginary parts apart,"
            f" as tg.fft's functions do{where(frame)}"
        )


def refuse_write(tensor: Tensor) -> NoReturn:
    """Refuse to write into a Tensor."""
    source = locate(tensor._call, tensor._lasti)
    made = f"the value of {tensor.op.name}" if tensor.op else "a leaf"
    at = f", recorded here:\n  {source}" if source else ""
    raise TypeError(
        f"a Tensor is not written in place: this one is {made}{at}"
        "\nt = t.at[i].set(value) gives another one, as t.at[i].add(value) and np.where do"
    )
