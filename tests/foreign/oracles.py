"""Derivatives without any rule of the engine: central differences, extrapolated where they have to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygraph.testing.oracle import richardson


def directional_derivative(
    phi: Callable[[list[np.ndarray]], Any], point: Sequence[Any], along: Sequence[np.ndarray]
) -> float:
    """Return the derivative of a scalar function of several arrays along a direction.

    Examples
    --------
    >>> round(directional_derivative(lambda xs: xs[0] ** 3, [np.array(2.0)], [np.array(1.0)]), 9)
    12.0
    """

    def line(t: float) -> float:
        return float(phi([np.asarray(x) + t * v for x, v in zip(point, along, strict=True)]))

    return richardson(line).value


def numerical_gradient(phi: Callable[[np.ndarray], Any], point: np.ndarray) -> np.ndarray:
    """Return the gradient of a scalar function of one array, element by element.

    Examples
    --------
    >>> numerical_gradient(lambda x: x[0] * x[1], np.array([2.0, 3.0])).round(9).tolist()
    [3.0, 2.0]
    """
    gradient = np.empty(point.shape)
    for index in np.ndindex(point.shape):
        step = np.zeros(point.shape)
        step[index] = 1.0
        gradient[index] = richardson(lambda t: float(phi(point + t * step))).value
    return gradient
