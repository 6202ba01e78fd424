"""Derivatives found without any rule: by a complex step where a function is analytic, else by extrapolated differences.

A gradient is compared with them along random directions. Where it disagrees, the direction is halved until single
elements are left, so a wrong element of thousands is named after a few dozen evaluations.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Phi = Callable[[np.ndarray], Any]

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


@dataclass(frozen=True)
class Fault:
    """An element of a gradient that disagrees with the oracle."""

    element: int
    got: float
    expected: float
    method: str


@dataclass
class Comparison:
    """What a comparison of a whole gradient found.

    Attributes
    ----------
    faults : list of Fault
    kinks : list of int
        Elements along which the function has no derivative at this point.
    methods : set of str
        The oracles that were used.
    largest : float
        The largest disagreement, relative to the size of what was compared.
    slack : float
        How far from the mean slope a gradient at a kink may be, in units of the difference of the slopes.
    """

    faults: list[Fault] = field(default_factory=list)
    kinks: list[int] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    largest: float = 0.0
    slack: float = 10.0


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
    except (TypeError, ValueError, RuntimeError, ArithmeticError, Warning):
        return None
    if np.asarray(value).dtype.kind != "c" or not np.isfinite(value):
        return None
    return float(value.imag / _TINY)


def richardson(phi: Callable[[float], Any], enough: float = 1e-11) -> Derivative:
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

    Examples
    --------
    >>> import math
    >>> found = richardson(math.exp)
    >>> abs(found.value - 1) < 1e-11, found.error < 1e-10
    (True, True)
    """
    best = Derivative(float("nan"), float("inf"), DIFFERENCES)
    previous: list[float] = []
    h = _FIRST
    for _ in range(_LEVELS):
        above, below = _real(phi, h), _real(phi, -h)
        row = [(above - below) / (2 * h)]
        noise = 1e-16 * max(abs(above), abs(below)) / h
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
    middle = _real(phi, 0.0)
    bends, slopes = [], []
    for h in _KINK_AT:
        above, below = _real(phi, h), _real(phi, -h)
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


def _real(phi: Callable[[float], Any], t: float) -> float:
    with np.errstate(all="ignore"):
        try:
            return float(np.real(phi(t)))
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            return float("nan")  # outside the domain


def compare(
    phi: Phi,
    point: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
    rtol: float,
    at_most: int = 4,
    subgradients: bool = False,
) -> Comparison:
    """Compare a gradient of a scalar function of a vector with an oracle.

    Parameters
    ----------
    phi : callable
        A vector (n,) to a number; given a complex vector it may return a complex number.
    point : (n,)
    gradient : (n,)
        To be checked.
    rng : Generator
        Chooses the directions.
    rtol : float
        Relative to the sizes of the terms that were added up.
    at_most : int
        Stop after so many faults.
    subgradients : bool
        Whether a gradient at a kink must lie between the slopes on both sides.

    Returns
    -------
    Comparison

    Examples
    --------
    >>> point = np.array([1.0, 2.0, 0.0])
    >>> wrong = np.array([2.0, 5.0, 0.0])  # of Σ z²
    >>> found = compare(lambda z: np.sum(z * z), point, wrong, np.random.default_rng(0), 1e-9)
    >>> [(fault.element, fault.got, round(fault.expected, 6)) for fault in found.faults]
    [(1, 5.0, 4.0)]
    """
    reach = np.clip(np.abs(point), 0.125, 1.0)  # small elements move little: they may be near the end of a domain
    direction = reach * rng.uniform(0.5, 1.0, point.size)
    direction *= np.where(
        np.sign(gradient) == 0, rng.choice([-1.0, 1.0], point.size), np.sign(gradient)
    )  # terms add up
    direction[~np.isfinite(direction)] = 0.125
    found = Comparison(slack=0.5 if subgradients else 10.0)
    unexplored = [np.arange(point.size)] if point.size else []
    with warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)  # an imaginary part that is dropped: not analytic
        while unexplored and len(found.faults) < at_most:
            elements = unexplored.pop()
            if not _agrees(phi, point, gradient, direction, elements, rtol, found) and elements.size > 1:
                half = elements.size // 2
                unexplored += [elements[half:], elements[:half]]
    return found


def _agrees(
    phi: Phi,
    point: np.ndarray,
    gradient: np.ndarray,
    direction: np.ndarray,
    elements: np.ndarray,
    rtol: float,
    found: Comparison,
) -> bool:
    """Compare along one direction; for a single element, note what was found."""
    step = np.zeros(point.size)
    step[elements] = direction[elements]
    terms = gradient[elements] * direction[elements]
    got = float(terms.sum())

    def line(t: Any) -> Any:
        return phi(point + t * step)

    scale = float(np.abs(terms).sum()) + abs(_real(line, 0.0))
    exact = complex_step(line)
    if not np.isfinite(got):
        scale = 0.0  # an infinite gradient agrees with nothing
    if exact is not None and abs(exact - got) <= rtol * max(scale, abs(exact)) and _plausible(line, exact, scale):
        found.methods.add(COMPLEX_STEP)
        found.largest = max(found.largest, abs(exact - got) / (scale or 1.0))
        return True
    oracle = richardson(line)
    if exact is not None and abs(exact - oracle.value) <= 1e-6 * max(scale, abs(exact)) + 4 * oracle.error:
        oracle = Derivative(exact, 0.0, COMPLEX_STEP)  # analytic: both oracles agree, and this one is exact
    found.methods.add(oracle.method)
    off = abs(oracle.value - got)
    if off <= rtol * max(scale, abs(oracle.value)) + 4 * min(oracle.error, 1e-5 * max(scale, 1e-3)):
        if oracle.method == DIFFERENCES and bend(line) > 1e-6 * scale:  # the mean of two slopes proves nothing
            if elements.size == 1:
                found.kinks.append(int(elements[0]))
            return elements.size == 1
        found.largest = max(found.largest, off / (scale or 1.0))
        return True
    if elements.size == 1:
        _note(line, gradient, direction, elements[0], oracle, off, found)
    return False


def _plausible(line: Callable[[Any], Any], exact: float, scale: float) -> bool:
    """Tell whether one difference confirms a complex step: a function may drop imaginary parts without a word."""
    h = 2.0**-13
    difference = (_real(line, h) - _real(line, -h)) / (2 * h)
    return abs(difference - exact) <= 1e-4 * max(scale, abs(exact))


def _note(
    line: Callable[[Any], Any],
    gradient: np.ndarray,
    direction: np.ndarray,
    element: int,
    oracle: Derivative,
    off: float,
    found: Comparison,
) -> None:
    gap = bend(line) if oracle.method == DIFFERENCES else 0.0
    if gap and not off > found.slack * gap * (1 + 1e-3):
        found.kinks.append(int(element))
        return
    found.faults.append(
        Fault(int(element), float(gradient[element]), float(oracle.value / direction[element]), oracle.method)
    )


class Flat:
    """Several arrays as one vector.

    Examples
    --------
    >>> flat = Flat([np.zeros((2, 2)), np.zeros(3)])
    >>> flat.size, flat.place(5)
    (7, (1, (1,)))
    """

    def __init__(self, arrays: Sequence[Any]):
        self.shapes = [np.shape(array) for array in arrays]
        self.starts = np.cumsum([0, *(int(np.prod(shape)) for shape in self.shapes)]).tolist()
        self.size = self.starts[-1]

    def pack(self, arrays: Sequence[Any]) -> np.ndarray:
        """Return the vector of `arrays`, in float64."""
        return np.concatenate([np.zeros(0), *(np.ravel(np.asarray(array, np.float64)) for array in arrays)])

    def unpack(self, vector: np.ndarray) -> list[np.ndarray]:
        """Return the arrays of a real or complex vector."""
        ends = zip(self.starts, self.starts[1:], self.shapes, strict=False)
        return [vector[start:end].reshape(shape) for start, end, shape in ends]

    def place(self, element: int) -> tuple[int, tuple[int, ...]]:
        """Return the array that an element of the vector lies in, and its index there."""
        position = int(np.searchsorted(self.starts, element, side="right")) - 1
        index = np.unravel_index(element - self.starts[position], self.shapes[position])
        return position, tuple(int(i) for i in index)
