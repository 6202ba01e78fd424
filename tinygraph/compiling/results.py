"""What a compiled function returns: in the structure that the function itself returned, arrays or Tensors as it did."""

from __future__ import annotations

from types import FrameType
from typing import Any

import numpy as np

from ..recording.primitive import Primitive
from ..recording.sparse import dense
from ..recording.tensor import Tensor, make, make_leaf


class CompiledOp(Primitive):
    """One call of a compiled function, as an op of the graph: its rules give the gradients that the plan worked out."""

    def __init__(self, name: str, gradients: list[Any]):
        def rule(i: int, g: Any, y: Any, xs: tuple[Any, ...]) -> Any:  # no method: it would hold the op that holds it
            if isinstance(g, Tensor):
                raise TypeError(
                    f"{name} is compiled, which gives first derivatives only: differentiate the function itself"
                )
            return gradients[i] if g == 1 else gradients[i] * g  # who keeps it copies it

        super().__init__(name, (rule,), variadic=True)
        self.forward = None

    def pull(self, g: Any, y: Any, values: tuple, inputs: tuple, attributes: Any) -> tuple[Any, ...]:
        """Return the gradients, times the adjoint of the call."""
        (rule,) = self.rules
        return tuple([rule(i, g, y, values) for i in range(len(inputs))])


def tensor_of_call(
    name: str, value: np.ndarray, gradients: list[Any], leaves: list[Tensor], frame: FrameType
) -> Tensor:
    """Return the one value of a compiled function as a Tensor that the leaves lead to that get a gradient."""
    pairs = [(leaf, gradient) for leaf, gradient in zip(leaves, gradients, strict=True) if gradient is not None]
    inputs = tuple([leaf for leaf, _ in pairs])
    values = tuple([leaf._value for leaf in inputs])
    op = CompiledOp(name, [gradient for _, gradient in pairs])
    return make(op, value[()], inputs, values, None, True, frame)


def like_eager(value: np.ndarray, kind: type, frame: FrameType) -> Any:
    """Return an array as what the function itself returned there: a Tensor without gradient, an array or a number."""
    if kind is Tensor:
        return make_leaf(value[()], frame=frame)
    return value[()] if kind is np.generic else value


def agree(values: list[Any], expected: list[Any]) -> bool:
    """Tell whether a plan's results are the function's own, but for rounding.

    What cancels is as large as the rounding of what it is made of: the largest result is the measure of that.

    Examples
    --------
    >>> agree([np.array([1.0, 2.0])], [np.array([1.0, 2.0 + 1e-13])]), agree([np.array([1.0])], [np.array([1.1])])
    (True, False)
    """
    arrays = [np.asarray(dense(x._value if isinstance(x, Tensor) else x)) for x in expected]
    floats = [x[np.isfinite(x)] for x in arrays if x.dtype.kind == "f"]
    largest = max((float(np.max(np.abs(x), initial=0.0)) for x in floats), default=0.0)
    return all(_agrees(np.asarray(x), y, largest) for x, y in zip(values, arrays, strict=True))


def _agrees(value: np.ndarray, expected: np.ndarray, largest: float) -> bool:
    if value.shape != expected.shape or value.dtype != expected.dtype:
        return False
    if value.dtype.kind != "f":
        return np.array_equal(value, expected)
    finite = np.isfinite(expected)
    if not np.array_equal(value[~finite], expected[~finite], equal_nan=True):
        return False
    value, expected = value[finite], expected[finite]
    with np.errstate(all="ignore"):
        eps = float(np.finfo(expected.dtype).eps)
        bound = eps**0.5 * float(np.max(np.abs(expected), initial=0.0)) + 1e3 * eps * largest
        return bool((np.abs(value - expected) <= bound).all())
