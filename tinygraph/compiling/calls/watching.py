"""What is looked at while a program is recorded: whatever a plan could not do again with other numbers."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from ...recording.calls import next_index
from ...recording.context import context
from ...recording.history import leading_to
from ...recording.primitive import Primitive
from ...recording.source import users_frame, where
from ...recording.tensor import Tensor, make
from ..errors import NotCompiled

_OF_SHAPES = {
    *(np.zeros_like, np.ones_like, np.empty_like, np.shape, np.ndim, np.size, np.result_type, np.can_cast),
    *(np.common_type, np.iscomplexobj, np.isrealobj, np.tril_indices_from, np.triu_indices_from),
}
_COMPARISONS = {
    operator.eq: np.equal,
    operator.ne: np.not_equal,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
}
_OF_MEMORY = {".strides", ".flags", ".base", ".ctypes"}  # which are others for other arrays of the same numbers


class Plain(Primitive):
    """A function of NumPy's without a gradient, as an op: a comparison, ``np.isnan``, the copy that `detach` makes."""

    def __init__(self, function: Callable[..., Any], count: int):
        super().__init__(function.__name__, (None,) * count, tuple(f"x{i}" for i in range(count)))
        self.forward = function


_plain: dict[tuple[Callable[..., Any], int], Plain] = {}


class Recorder:
    """The watch of a recording: it turns plain answers into ops, and notes what the program asked.

    Attributes
    ----------
    arguments : list of Tensor
        The leaves that stand for the function's arguments.
    held : set of int
        The numbers of the arguments whose content the program looked at: a plan is good for that content only.
    looked : str
        How it did so the last time, and where.
    refusal : NotCompiled or None
        Why no plan can be made, first; it stands also where the program catches what is raised.
    """

    def __init__(self) -> None:
        self.arguments: list[Tensor] = []
        self.wanted: set[int] = set()
        self.held: set[int] = set()
        self.looked = ""
        self.refusal: NotCompiled | None = None
        self.began = next_index()

    def made(
        self, op: Primitive, data: Any, inputs: tuple[Tensor | None, ...], values: tuple[Any, ...], frame: FrameType
    ) -> None:
        """Refuse what is computed of Tensors but not recorded."""
        if not context().recording and any(source is not None for source in inputs):
            self._refuse(f"{op.name} ran inside tg.no_grad(){where(frame)}")

    def pulled(self, tensor: Tensor, adjoint: Any, contributions: tuple[Any, ...]) -> None:
        """Refuse a backward pass inside the function."""
        self._refuse(f"a backward pass inside the function{where(sys._getframe(1))}")

    def asked(self, tensor: Tensor, how: str) -> None:
        """Hold the content of arguments that the program reads; refuse where it reads what parameters lead to."""
        leaves = [leaf for leaf in leading_to([tensor]) if leaf.op is None]
        numbers = {k for k, argument in enumerate(self.arguments) if any(leaf is argument for leaf in leaves)}
        known = all(leaf._index > self.began for leaf in leaves)  # other leaves are constants, made of plain numbers
        whole = tensor.op is None or all(self.arguments[k].dtype.kind in "biu" for k in numbers)
        look = f"{how}{where(sys._getframe(1))}"
        if not known or not whole or numbers & self.wanted or how in _OF_MEMORY:
            self._refuse(f"the value of a Tensor is read, by {look}")
        self.held |= numbers
        self.looked = look if numbers else self.looked

    def changed(self, tensor: Tensor, what: str) -> None:
        """Refuse what gives a Tensor another value or gradient: a plan would not."""
        self._refuse(f"the function sets the {what} of a Tensor{where(sys._getframe(1))}")

    def _refuse(self, reason: str) -> NoReturn:
        refusal = NotCompiled(reason)
        self.refusal = self.refusal or refusal
        raise refusal

    def answer(self, function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
        """Record a function without gradient as an op; let pass what asks only for shapes and dtypes."""
        function = _COMPARISONS.get(function, function)
        values = [x._value if isinstance(x, Tensor) else x for x in args]
        if any(isinstance(x, Tensor) for x in kwargs.values()) or len(values) == sum(map(_is_plain, args)):
            return NotImplemented
        if function in _OF_SHAPES:
            return function(*values, **kwargs)
        if any(not isinstance(x, np.ndarray | np.generic | int | float | bool) for x in values):
            return NotImplemented
        result = function(*values, **kwargs)
        if not isinstance(result, np.ndarray | np.generic) or result.dtype.kind not in "biuf":
            return NotImplemented
        op = _plain.setdefault((function, len(args)), Plain(function, len(args)))
        inputs = tuple(x if isinstance(x, Tensor) else None for x in args)
        values = [x.copy() if source is None and isinstance(x, np.ndarray) else x for x, source in zip(values, inputs)]  # noqa: B905
        frame = users_frame(sys._getframe(2))
        return make(op, result, inputs, tuple(values), dict(kwargs) or None, False, frame)


def _is_plain(x: Any) -> bool:
    return not isinstance(x, Tensor)
