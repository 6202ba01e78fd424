"""A gradient compared with an oracle, along random directions.

Where it disagrees, the direction is halved until single elements are left, so a wrong element of thousands is named
after a few dozen evaluations.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .oracle import COMPLEX_STEP, DIFFERENCES, Derivative, bend, complex_step, richardson, value_at

Phi = Callable[[np.ndarray], Any]
Line = Callable[[Any], Any]


@dataclass(frozen=True)
class Fault:
    """An element of a gradient that disagrees with the oracle."""

    element: int
    got: float
    expected: float
    method: str

    def values(self, index: tuple[int, ...] = ()) -> str:
        """Return both values and the oracle, for a message, and the index if there is one."""
        at = f" at {index}" if index else ""
        return f"{self.got:.6g}{at}, expected {self.expected:.6g} ({self.method.removeprefix('Richardson-')})"


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
    """

    faults: list[Fault] = field(default_factory=list)
    kinks: list[int] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    largest: float = 0.0


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
    >>> compare(lambda z: np.sum(z * z), point, wrong, np.random.default_rng(0), 1e-9).faults
    [Fault(element=1, got=5.0, expected=4.0, method='complex step')]
    """
    search = _Search(phi, point, gradient, rng, rtol, at_most, slack=0.5 if subgradients else 10.0)
    if point.size:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # a dropped imaginary part: not analytic
            search.explore(np.arange(point.size))
    return search.comparison


class _Search:
    """A comparison under way.

    At a kink, a gradient may be off from the mean of the slopes on both sides by `slack` times their difference.
    """

    def __init__(
        self,
        phi: Phi,
        point: np.ndarray,
        gradient: np.ndarray,
        rng: np.random.Generator,
        rtol: float,
        at_most: int,
        slack: float,
    ):
        self.phi = phi
        self.point = point
        self.gradient = gradient
        self.rtol = rtol
        self.at_most = at_most
        self.slack = slack
        self.comparison = Comparison()
        reach = np.clip(np.abs(point), 0.125, 1.0)  # small elements move little: they may be near the end of a domain
        direction = reach * rng.uniform(0.5, 1.0, point.size)
        sign = np.sign(gradient)
        direction *= np.where(sign == 0, rng.choice([-1.0, 1.0], point.size), sign)  # terms add up
        direction[~np.isfinite(direction)] = 0.125
        self.direction = direction

    def explore(self, elements: np.ndarray, disagree: bool = False) -> bool:
        """Tell whether some elements disagree, and find the single ones that do; `disagree` says that it is known."""
        if len(self.comparison.faults) >= self.at_most:
            return False
        if elements.size == 1 or not disagree:
            disagree = not self.agrees(elements)
        if not disagree or elements.size == 1:
            return disagree
        half = elements.size // 2
        left = self.explore(elements[:half])
        right = self.explore(elements[half:], disagree=not left)  # if the whole disagrees, one half does
        return left or right

    def agrees(self, elements: np.ndarray) -> bool:
        """Compare along one direction; for a single element, note what was found."""
        step = np.zeros(self.point.size)
        step[elements] = self.direction[elements]
        terms = self.gradient[elements] * self.direction[elements]
        got = float(terms.sum())

        def line(t: Any) -> Any:
            return self.phi(self.point + t * step)

        scale = float(np.abs(terms).sum()) + abs(value_at(line, 0.0))
        if not np.isfinite(got):
            scale = 0.0  # an infinite gradient agrees with nothing
        exact = complex_step(line)
        if exact is None and elements.size > 1 and abs(_one_difference(line) - got) > 1e-2 * max(scale, abs(got)):
            return False  # of several elements, it is enough to know that some may be wrong
        if exact is not None and self._is_near(exact, got, scale) and _is_plausible(line, exact, scale):
            self._note_agreement(COMPLEX_STEP, abs(exact - got), scale)
            return True
        if exact is not None and abs(exact - got) > 1e-3 * max(scale, abs(exact)) and _is_plausible(line, exact, scale):
            oracle = Derivative(exact, 0.0, COMPLEX_STEP)  # so far off that one difference decides
        else:
            oracle = richardson(line, size=float(np.abs(self.point[elements]).max()))
            if exact is not None and abs(exact - oracle.value) <= 1e-6 * max(scale, abs(exact)) + 4 * oracle.error:
                oracle = Derivative(exact, 0.0, COMPLEX_STEP)  # analytic: both oracles agree, and this one is exact
        if self._is_near(oracle.value, got, scale, 4 * min(oracle.error, 1e-5 * max(scale, 1e-3))):
            if oracle.method == DIFFERENCES and bend(line) > 1e-6 * scale:  # the mean of two slopes proves nothing
                self.comparison.methods.add(oracle.method)
                if elements.size == 1:
                    self.comparison.kinks.append(int(elements[0]))
                return elements.size == 1
            self._note_agreement(oracle.method, abs(oracle.value - got), scale)
            return True
        self.comparison.methods.add(oracle.method)
        if elements.size == 1:
            self._note_disagreement(line, int(elements[0]), oracle, abs(oracle.value - got))
        return False

    def _is_near(self, value: float, got: float, scale: float, error: float = 0.0) -> bool:
        return abs(value - got) <= self.rtol * max(scale, abs(value)) + error

    def _note_agreement(self, method: str, off: float, scale: float) -> None:
        self.comparison.methods.add(method)
        self.comparison.largest = max(self.comparison.largest, off / (scale or 1.0))

    def _note_disagreement(self, line: Line, element: int, oracle: Derivative, off: float) -> None:
        gap = bend(line) if oracle.method == DIFFERENCES else 0.0
        if gap and not off > self.slack * gap * (1 + 1e-3):
            self.comparison.kinks.append(element)
            return
        expected = float(oracle.value / self.direction[element])
        self.comparison.faults.append(Fault(element, float(self.gradient[element]), expected, oracle.method))


def _one_difference(line: Line) -> float:
    """Return a rough slope."""
    h = 2.0**-13
    return (value_at(line, h) - value_at(line, -h)) / (2 * h)


def _is_plausible(line: Line, exact: float, scale: float) -> bool:
    """Tell whether one difference confirms a complex step: a function may drop imaginary parts without a word."""
    return abs(_one_difference(line) - exact) <= 1e-4 * max(scale, abs(exact))


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
