"""Static arguments for ops on arrays of any shape: an axis, a permutation, an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..recording.op import Op
from .strategies import Shape, axes_of, indices_of


def attributes_for(op: Op, shape: Shape) -> SearchStrategy[dict[str, Any] | None]:
    """Static arguments that suit an op of one array of `shape`; None where only its samples can tell.

    Examples
    --------
    >>> import tinygraph as tg
    >>> from hypothesis import find
    >>> find(attributes_for(tg.sum, (2, 3)), lambda attributes: attributes.get("keepdims"))
    {'axis': None, 'keepdims': True}
    """
    if any(name not in _SUITABLE for name in op.attributes):
        return st.none()
    drawn = {name: _SUITABLE[name](op, shape) for name in op.attributes}
    if any(strategy is None for strategy in drawn.values()):
        return st.none()
    return st.fixed_dictionaries(drawn)  # type: ignore[arg-type]


def _axis(op: Op, shape: Shape) -> SearchStrategy[Any] | None:
    samples = op.facts.get("samples", ())
    axes = [sample[-1]["axis"] for sample in samples if isinstance(sample[-1], dict) and "axis" in sample[-1]]
    none = op.defaults["axis"] is None
    several = any(isinstance(axis, tuple) for axis in axes)
    return axes_of(shape, several=several, none=none) if shape or none else None


def _axis_number(op: Op, shape: Shape) -> SearchStrategy[int] | None:
    return st.integers(-len(shape), len(shape) - 1) if shape else None


def _other_shape(op: Op, shape: Shape) -> SearchStrategy[Shape] | None:
    if op == "reshape":
        size = int(np.prod(shape))
        divisors = [n for n in range(1, size + 1) if size % n == 0]
        return st.sampled_from(divisors).map(lambda n: (n, size // n))
    if op == "broadcast_to":
        return st.integers(1, 2).map(lambda n: (n, *shape))
    return None


_SUITABLE: dict[str, Callable[[Op, Shape], SearchStrategy[Any] | None]] = {
    "axis": _axis,
    "keepdims": lambda op, shape: st.booleans(),
    "axes": lambda op, shape: st.permutations(range(len(shape))).map(tuple),
    "axis1": _axis_number,
    "axis2": _axis_number,
    "index": lambda op, shape: indices_of(shape),
    "shape": _other_shape,
}
