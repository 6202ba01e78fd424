"""Leaves: the Tensors that a program makes of its own numbers."""

from __future__ import annotations

import sys
from types import FrameType
from weakref import WeakSet

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .context import context
from .departures import note_departure
from .errors import refuse_complex, refuse_subclasses
from .source import where
from .tensor import Tensor, make_leaf

_frame = sys._getframe

parameters: WeakSet[Tensor] = WeakSet()  # all that are alive: what a program made and never used is in no graph


def tensor(
    data: ArrayLike,
    *,
    name: str | None = None,
    requires_grad: bool = False,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Make a leaf that owns a copy of `data`.

    Parameters
    ----------
    data : array_like
        Numbers; Python floats become float64.
    name : str, optional
        Shown in drawings; without it, the variable or attribute that it is assigned to.
    requires_grad : bool
        Whether `backward` leaves a gradient here.
    dtype : dtype, optional
        As for ``numpy.array``.

    Raises
    ------
    TypeError
        If `data` does not hold numbers, or a gradient is asked of integers or booleans.

    Examples
    --------
    >>> import tinygraph as tg
    >>> x = tg.tensor([[1, 2], [3, 4]], dtype="float32")
    >>> x.shape, x.dtype, x.requires_grad
    ((2, 2), dtype('float32'), False)
    """
    return _made_by_user("tensor", data, name, requires_grad, dtype, _frame(1))


def parameter(data: ArrayLike, name: str | None = None) -> Tensor:
    """Make a leaf that requires a gradient; as `tensor` with ``requires_grad=True``.

    Examples
    --------
    >>> import tinygraph as tg
    >>> W = tg.parameter([[1.0, 2.0]])
    >>> W.name, W.requires_grad
    ('W', True)
    """
    return _made_by_user("parameter", data, name, True, None, _frame(1))


def _made_by_user(
    what: str, data: ArrayLike, name: str | None, requires_grad: bool, dtype: DTypeLike | None, frame: FrameType
) -> Tensor:
    source = data if isinstance(data, Tensor) else None
    if isinstance(data, Tensor):
        if data.requires_grad and (data.op is not None or not requires_grad) and context().recording:
            raise TypeError(
                f"{what}: of a Tensor that requires a gradient this would make a constant, and cut the graph in"
                f" silence; the Tensor itself can stand here; t.detach() if a constant is meant{where(frame)}"
            )
        data = data._value
    refuse_subclasses(data, what, frame)
    array = np.array(data, dtype=dtype)
    refuse_complex(what, array, frame)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what}: expected numbers, got {array.dtype} from {type(data).__name__}{where(frame)}")
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(
            f"{what}: only floating-point values have gradients, got {array.dtype};"
            f" say dtype=float, or write 1.0 for 1{where(frame)}"
        )
    leaf = make_leaf(array, requires_grad, name, frame)
    if requires_grad:
        parameters.add(leaf)
    if source is not None:
        leaf._cut = note_departure(source, f"tg.{what}(t)", frame)
    return leaf
