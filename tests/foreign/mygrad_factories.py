"""Stand-ins for the two decorators that MyGrad's tests of functions are made by, forward and backward.

Both draw arrays by the caller's description of them, and compare a function on Tensors with the "true" one on arrays:
its values, or its gradient with a derivative by a complex step or by central differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import assume, given
from hypothesis.strategies import DataObject, SearchStrategy

import tinygraph as tg


class _Factory:
    """What both decorators have in common: how arrays and keywords are drawn."""

    tolerance: float

    def __init__(
        self,
        *,
        mygrad_func: Callable[..., Any],
        true_func: Callable[..., Any],
        num_arrays: int | None = None,
        shapes: Any = None,
        index_to_bnds: Any = None,
        default_bnds: tuple[float, float] = (-1e6, 1e6),
        index_to_no_go: Any = None,
        index_to_arr_shapes: Any = None,
        index_to_unique: Any = None,
        elements_strategy: Callable[..., SearchStrategy] | None = None,
        kwargs: Any = None,
        assumptions: Callable[..., bool] | None = None,
        atol: float | None = None,
        rtol: float | None = None,
        **other: Any,
    ):
        self.function, self.true_function = mygrad_func, true_func
        self.broadcast = shapes
        self.bounds, self.default_bounds = index_to_bnds or {}, default_bnds
        self.forbidden = index_to_no_go or {}
        self.shapes = index_to_arr_shapes or {}
        self.unique = index_to_unique or {}
        self.elements = elements_strategy or partial(st.floats, allow_subnormal=False)
        self.kwargs = kwargs or {}
        self.assumptions = assumptions
        self.tolerances = {"atol": atol or self.tolerance, "rtol": rtol or self.tolerance}
        self.other = other
        self.count = num_arrays

    def __call__(self, named: Callable) -> Callable:
        @given(data=st.data())
        def test(data: DataObject) -> None:
            with np.errstate(all="ignore"):
                self.check(data)

        test.made_by_a_factory = True  # type: ignore[attr-defined]
        return test

    def check(self, data: DataObject) -> None:
        """Draw one example and compare."""
        raise NotImplementedError

    def draw_arrays(self, data: DataObject) -> list[np.ndarray]:
        """Draw the arrays that the function takes."""
        shapes = self._draw_shapes(data)
        arrays = []
        for i, shape in enumerate(shapes):
            elements = self.elements(*_of(self.bounds, i, self.default_bounds))
            unique = self.unique if isinstance(self.unique, bool) else self.unique.get(i, False)
            arrays.append(data.draw(hnp.arrays(float, shape, elements=elements, unique=unique), label=f"array {i}"))
        for i, array in enumerate(arrays):
            for value in _of(self.forbidden, i, ()):
                assume(np.all(array != value))
        return arrays

    def _draw_shapes(self, data: DataObject) -> list[Any]:
        if self.broadcast is not None:
            return list(data.draw(self.broadcast).input_shapes)
        assert self.count is not None
        own = {i: _of(self.shapes, i, None) for i in range(self.count)}
        missing = [i for i, shape in own.items() if shape is None]
        if missing:
            drawn = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=len(missing))).input_shapes
            own.update(zip(missing, drawn, strict=True))
        return [data.draw(shape) if isinstance(shape, SearchStrategy) else shape for shape in own.values()]

    def draw_keywords(self, data: DataObject, arrays: Sequence[Any]) -> dict[str, Any]:
        """Draw the keywords, whose strategies depend on the arrays."""
        if callable(self.kwargs):
            keywords = data.draw(self.kwargs(*arrays))
        else:
            keywords = {k: data.draw(v(*arrays)) if callable(v) else v for k, v in self.kwargs.items()}
        if self.assumptions is not None:
            assume(self.assumptions(*map(tg.tensor, arrays), **keywords))
        return keywords


def _of(described: Any, i: int, otherwise: Any) -> Any:
    """Return what is said of the i-th array, or of all of them."""
    if isinstance(described, Mapping):
        return described.get(i, otherwise)
    return described


class fwdprop_test_factory(_Factory):
    """The function on Tensors has the value of the true function on arrays, and changes no array."""

    tolerance = 1e-7

    def check(self, data: DataObject) -> None:
        """Draw one example and compare."""
        arrays = self.draw_arrays(data)
        keywords = self.draw_keywords(data, arrays)
        before = [array.copy() for array in arrays]
        tensors = [tg.tensor(array, requires_grad=data.draw(st.booleans())) for array in arrays]
        value = self.function(*tensors, **keywords, constant=False)
        expected = self.true_function(*arrays, **keywords)
        np.testing.assert_allclose(_plain(value), _plain(expected), **self.tolerances)
        for array, copy in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, copy)


class backprop_test_factory(_Factory):
    """The gradient on Tensors is the derivative of the true function on arrays."""

    tolerance = 1e-8

    def check(self, data: DataObject) -> None:
        """Draw one example and compare."""
        arrays = self.draw_arrays(data)
        tensors = [tg.tensor(array, requires_grad=True) for array in arrays]
        keywords = self.draw_keywords(data, arrays)
        for i, name in (self.other.get("arrs_from_kwargs") or {}).items():
            arrays.insert(i, np.array(_plain(keywords.pop(name)), float))
            tensors.insert(i, tg.tensor(arrays[i], requires_grad=True))
        value = self.function(*tensors, **keywords, constant=False)
        adjoint = data.draw(hnp.arrays(float, value.shape, elements=st.floats(-10, 10, allow_subnormal=False)))
        value.backward(adjoint)
        step = self.other.get("h", 1e-8) if self.other.get("use_finite_difference") else None
        for i, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):

            def true(x: np.ndarray, i: int = i) -> Any:
                return np.sum(adjoint * _plain(self.true_function(*arrays[:i], x, *arrays[i + 1 :], **keywords)))

            gradient = np.zeros(array.shape) if tensor.grad is None else tensor.grad
            rounding = 1e-15 * abs(float(true(array))) / step if step else 0.0
            tolerances = {**self.tolerances, "atol": self.tolerances["atol"] + rounding}
            np.testing.assert_allclose(gradient, _slopes(true, array, step), **tolerances)


def _slopes(function: Callable[[np.ndarray], Any], point: np.ndarray, step: float | None) -> np.ndarray:
    """Return the derivatives by central differences, or by a complex step if no step is given."""
    slopes = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        moved = point.astype(float if step else complex)
        if step:
            moved[index] += step
            above = function(moved)
            moved[index] = point[index] - step
            slopes[index] = (above - function(moved)) / (2 * step)
        else:
            moved[index] += 1e-20j
            slopes[index] = function(moved).imag / 1e-20
    return slopes


def _plain(value: Any) -> np.ndarray:
    return value.numpy() if isinstance(value, tg.Tensor) else np.asarray(value)
