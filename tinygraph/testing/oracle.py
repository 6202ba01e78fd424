"""Derivatives along a line, found without any rule: by a complex step, or by extrapolated differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

COMPLEX_STEP = "complex step"
DIFFERENCES = "Richardson-extrapolated differences"

_TINY = 1e-20  # its square vanishes beside 1, so a complex step has no truncation error, and it subtracts nothing
_FIRST = 2.0**-5  # differences start wide, where rounding is negligible, and are halved while that helps
_LEVELS = 15
_KINK_AT = (2.0**-12, 2.0**-16)  # a smooth function bends 16 times less at the second; one with a kink bends as much


@dataclass(frozen=True)
class Derivative:
    """A derivative along a line.

    Attributes
    ----------
    value : float
    error : float
        What it may be off by, estimated from the agreement of several extrapolations.
    method : str
        The oracle that found it.
    """

    value: float
    error: float
    method: str


def complex_step(phi: Callable[[complex], Any]) -> float | None:
    """Return the derivative of an analytic function at 0, exact but for rounding; None if it is not complex there.

    The imaginary part of ``phi(ih)`` is ``h phi'(0)``, with nothing subtracted.

    Examples
    --------
    >>> complex_step(lambda t: (1 + t) ** 3)
    3.0
    """
    try:
        with np.errstate(all="ignore"):
            value = phi(1j * _TINY)
    except Exception:  # it may ask a Tensor's method of the array, or be undefined for complex numbers
        return None
    if np.asarray(value).dtype.kind != "c" or not np.isfinite(value):
        return None
    return float(value.imag / _TINY)


def richardson(phi: Callable[[float], Any], enough: float = 1e-11, size: float = 0.0) -> Derivative:
    """Return the derivative of a smooth function at 0 from central differences, extrapolated to a step of 0.

    Differences at h, h/2, h/4, … have errors in even powers of h, which are eliminated one by one (Richardson 1911);
    the pair of extrapolations that agrees best gives value and error (Ridders 1982). Steps that leave the domain, or
    reach across a kink, agree with nothing and are passed over.

    Parameters
    ----------
    phi : callable
        Of one real number.
    enough : float
        The relative error at which to stop.
    size : float
        Of the numbers that it computes with: where they cancel, as in ``y - x`` near 0, their rounding is what is left.

    Examples
    --------
    >>> import math
    >>> slope = richardson(math.exp)
    >>> abs(slope.value - 1) < 1e-11, slope.error < 1e-10
    (True, True)
    """
    best = Derivative(float("nan"), float("inf"), DIFFERENCES)
    previous: list[float] = []
    h = _FIRST
    for _ in range(_LEVELS):
        above, below = value_at(phi, h), value_at(phi, -h)
        row = [(above - below) / (2 * h)]
        noise = 1e-16 * max(abs(above), abs(below), size) / h
        if not np.isfinite(row[0]):
            previous = []
        else:
            for power, older in enumerate(previous, start=1):
                row.append(row[-1] + (row[-1] - older) / (4.0**power - 1))
                error = max(abs(row[-1] - row[-2]), abs(row[-1] - older), noise)
                if error < best.error:
                    best = Derivative(row[-1], error, DIFFERENCES)
            previous = row
            if best.error <= enough * max(1.0, abs(best.value)):
                break
        h /= 2
    return best


def bend(phi: Callable[[float], Any]) -> float:
    """Return by how much the slopes on both sides of 0 differ; 0 for a smooth function, infinite at an edge or jump.

    Examples
    --------
    >>> bend(abs), bend(lambda t: t * t)
    (2.0, 0.0)
    """
    middle = value_at(phi, 0.0)
    bends, slopes = [], []
    for h in _KINK_AT:
        above, below = value_at(phi, h), value_at(phi, -h)
        if not np.isfinite([above, middle, below]).all():
            return float("inf")
        noise = 8e-16 * max(abs(above), abs(middle), abs(below)) / h
        second = abs(above - 2 * middle + below) / h
        bends.append(second if second > noise else 0.0)
        slopes.append(max(abs(above - middle), abs(middle - below)) / h - noise)
    if slopes[1] > 2 * max(slopes[0], 1e-6):
        return float("inf")  # grows as the step shrinks: a jump, or a slope without bound
    wide, narrow = bends
    return narrow if narrow > wide / 4 else 0.0


def value_at(phi: Callable[[float], Any], t: float) -> float:
    """Return the real part of a function's value at t; NaN outside of its domain."""
    with np.errstate(all="ignore"):
        try:
            return float(np.real(phi(t)))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return float("nan")
