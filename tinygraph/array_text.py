"""Numbers, shapes and arrays as text: four digits, a small array whole, a large one by its norm and extremes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .numeric import norm

__all__ = ["array_text", "number_text", "shape_text", "values_text"]


def number_text(x: float | np.floating) -> str:
    """Return a number in at most four digits.

    Examples
    --------
    >>> number_text(0.12345), number_text(-3.0), number_text(1.5e-9), number_text(float("nan"))
    ('0.1235', '-3', '1.5e-09', 'nan')
    """
    text = f"{x:.4g}"
    return "0" if text == "-0" else text


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape to read.

    Examples
    --------
    >>> shape_text((20, 4)), shape_text((20,)), shape_text(())
    ('20×4', '20', 'scalar')
    """
    return "×".join(map(str, shape)) or "scalar"


def values_text(values: Any) -> str:
    """Return a number or a nested list of numbers, as ``array.tolist()`` gives them.

    Examples
    --------
    >>> values_text([[0.12345, 1.0], [2.0, 3.0]]), values_text(0.5), values_text([1, True, "nan"])
    ('[[0.1235 1] [2 3]]', '0.5', '[1 True nan]')
    """
    if isinstance(values, list):
        return f"[{' '.join(map(values_text, values))}]"
    return number_text(values) if isinstance(values, float | np.floating) else str(values)


def array_text(x: Any) -> str:
    """Return a small array on one line, a larger one as its shape, norm and extremes.

    Examples
    --------
    >>> array_text([[1.0, 0.5], [0.25, 0.125]]), array_text(np.arange(10.0)), array_text(-np.zeros(9))
    ('[[1 0.5] [0.25 0.125]]', '10, norm 16.88, from 0 to 9', '9, norm 0, from 0 to 0')
    """
    x = np.asarray(x)
    if x.size <= 8:
        text = values_text(x.tolist())
        if len(text) <= 100:
            return text
    smallest, largest = np.min(x, initial=np.inf) + 0.0, np.max(x, initial=-np.inf) + 0.0  # no -0
    return f"{shape_text(x.shape)}, norm {norm(x):.4g}, from {smallest:.3g} to {largest:.3g}"
