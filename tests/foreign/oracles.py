"""Derivatives without any rule of the engine: central differences, extrapolated where they have to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygraph.testing.oracle import Derivative, richardson


def directional_derivative(
    phi: Callable[[list[np.ndarray]], Any], point: Sequence[Any], along: Sequence[np.ndarray]
) -> Derivative:
    """Return the derivative of a scalar function of several arrays along a direction, with an estimate of its error.

    Examples
    --------
    >>> slope = directional_derivative(lambda xs: xs[0] ** 3, [np.array(2.0)], [np.array(1.0)])
    >>> round(slope.value, 9), slope.error < 1e-8
    (12.0, True)
    """

    def line(t: float) -> float:
        return float(phi([np.asarray(x) + t * v for x, v in zip(point, along, strict=True)]))

    return richardson(line)
