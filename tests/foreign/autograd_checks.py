"""Autograd's `check_grads` on this engine: both modes, to any order, against central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

import tinygraph as tg
from tests.foreign.oracles import directional_derivative
from tinygraph.backward.pytree import flatten, rebuild
from tinygraph.ops.fourier import Complex
from tinygraph.testing.oracle import Derivative

RTOL = ATOL = 1e-6
Reals = list[Any]
_rng = np.random.default_rng(0)


class ComplexValue(Exception):
    """A test is about complex values, which this engine does not have."""


@dataclass
class Tally:
    """How many combinations of arguments the running test has checked, and how many it left out as complex."""

    checked: int = 0
    complex_values: int = 0

    def verdict(self) -> str:
        """Return the verdict on a test that ended without an error, and begin with the next."""
        verdict = "complex" if self.complex_values and not self.checked else "passed"
        self.checked = self.complex_values = 0
        return verdict


tally = Tally()


def close(a: Any, b: Any) -> bool:
    """Tell whether two numbers agree, absolutely or relative to their sum, as autograd's own checks do."""
    return bool(abs(a - b) < ATOL or abs(a - b) <= RTOL * abs(a + b))


class OnReals:
    """A function of nested arguments as a function of lists of real arrays, where complex leaves count as two.

    Attributes
    ----------
    point : list of ndarray
        The real arrays to differentiate at.
    """

    def __init__(self, function: Callable[[Any], Any], argument: Any):
        self.function = function
        self.argument = argument
        self.leaves = flatten(argument)
        self.point = [part for leaf in self.leaves for part in _parts(leaf)]

    def __call__(self, reals: Sequence[Any]) -> Reals:
        remaining = iter(reals)
        leaves = [_joined(leaf, remaining) for leaf in self.leaves]
        value = self.function(rebuild(self.argument, leaves))
        return [part for leaf in flatten(value) for part in _parts(leaf)]


def _parts(leaf: Any) -> list[Any]:
    """Return a leaf's real and imaginary part, or the leaf itself if it is real; nothing for what is no number."""
    if type(leaf) is Complex:
        return [leaf.real, leaf.imag]
    if isinstance(leaf, tg.Tensor):
        return [leaf]
    array = np.asarray(leaf)
    if array.dtype.kind == "c":
        return [array.real.copy(), array.imag.copy()]
    return [array] if array.dtype.kind == "f" else []


def _joined(leaf: Any, remaining: Any) -> Any:
    if np.asarray(leaf).dtype.kind not in "fc":
        return leaf
    real = next(remaining)
    if np.asarray(leaf).dtype.kind == "f":
        return real
    imag = next(remaining)
    if isinstance(real, tg.Tensor) or isinstance(imag, tg.Tensor):
        return Complex(real, imag)
    return real + 1j * imag


def check_grads(
    function: Callable, argnum: int | Sequence[int] = 0, modes: Sequence[str] = ("fwd", "rev"), order: int = 2
) -> Callable[..., None]:
    """Return a function that checks the derivatives of `function` at its arguments."""

    def check(*args: Any, **kwargs: Any) -> None:
        places = [argnum] if isinstance(argnum, int) else list(argnum)

        def of_places(values: Any) -> Any:
            called = list(args)
            for place, value in zip(places, values, strict=True):
                called[place] = value
            return function(*called, **kwargs)

        name = getattr(function, "__name__", "a function")
        on_reals = OnReals(of_places, [args[place] for place in places])
        _check(on_reals, on_reals.point, modes or ("fwd", "rev"), order, name)

    return check


def _check(f: Callable[[Reals], Reals], point: Reals, modes: Sequence[str], order: int, name: str) -> None:
    value = [np.asarray(y) for y in f(point)]
    along = [_rng.standard_normal(np.shape(x)) for x in point]
    adjoint = [_rng.standard_normal(y.shape) for y in value]
    slope = directional_derivative(lambda xs: _inner(adjoint, f(xs)), point, along)
    if "rev" in modes:
        pulled = tg.vjp(f, point)[1](adjoint)[0]
        shapes = [np.shape(x) for x in point]
        assert [np.shape(g) for g in pulled] == shapes, f"(VJP) check of {name} failed: shapes {shapes}"
        _compare(_inner(pulled, along), slope, f"(VJP) check of {name} failed")
        if order > 1:
            _check(_pull_back(f, len(point)), [*point, *adjoint], modes, order - 1, f"vjp_{name}")
    if "fwd" in modes:
        _compare(_inner(adjoint, tg.jvp(f, (point,), (along,))[1]), slope, f"(JVP) check of {name} failed")
        if order > 1:
            _check(_push_forward(f, len(point)), [*point, *along], modes, order - 1, f"jvp_{name}")


def _compare(got: float, slope: Derivative, what: str) -> None:
    agrees = close(got, slope.value) or abs(got - slope.value) <= 4 * slope.error
    assert agrees, f"{what}: rule {got:.10g}, differences {slope.value:.10g}"


def _pull_back(f: Callable[[Reals], Reals], inputs: int) -> Callable[[Reals], Reals]:
    return lambda both: tg.vjp(f, both[:inputs])[1](both[inputs:])[0]


def _push_forward(f: Callable[[Reals], Reals], inputs: int) -> Callable[[Reals], Reals]:
    return lambda both: tg.jvp(f, (both[:inputs],), (both[inputs:],))[1]


def _inner(us: Reals, vs: Reals) -> float:
    return float(sum(np.sum(np.asarray(u) * np.asarray(v)) for u, v in zip(us, vs, strict=True)))


def combo_check(function: Callable, argnum: Sequence[int] = (0,), **options: Any) -> Callable[..., None]:
    """Return a function that checks `function` with every combination of the arguments in its lists."""

    def check_all(*lists: Any, **keywords: Any) -> None:
        choices = [[(key, value) for value in values] for key, values in keywords.items()]
        for args in product(*lists):
            for kwargs in product(*choices):
                try:
                    check_grads(function, list(argnum), **options)(*args, **dict(kwargs))
                    tally.checked += 1
                except TypeError as error:
                    if not is_about_complex(error):
                        raise
                    tally.complex_values += 1

    return check_all


def is_about_complex(error: BaseException) -> bool:
    """Tell whether the engine refused something because it was complex."""
    first_line = str(error).partition("\n")[0]
    return "complex" in first_line.lower() or "a Tensor is real" in first_line
