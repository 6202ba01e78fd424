"""A program that is written once and runs on arrays and on Tensors: is its gradient right, or does it stop in words?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.testing.comparison import Flat, compare

Function = Callable[..., Any]
RIGHT, WRONG, REFUSED, UNCLEAR = "right", "WRONG", "refused clearly", "refused unclearly"


@dataclass(frozen=True)
class Verdict:
    """What became of a program on Tensors.

    Attributes
    ----------
    kind : str
        `RIGHT`: value and gradient are those of the program on arrays. `REFUSED`: an error that shows the program's
        own line. `UNCLEAR`: another error. `WRONG`: anything else, a number that is not so.
    text : str
        The error, or what is wrong.
    """

    kind: str
    text: str = ""


def judge(function: Function, *arguments: Any, rtol: float = 1e-6) -> Verdict:
    """Run a function with one number as its value on Tensors, and compare with differences of it on arrays.

    Both ways to a gradient are tried, `tinygraph.grad` and ``backward()`` of parameters.

    Examples
    --------
    >>> judge(lambda x: np.sum(x * x), np.array([1.0, 2.0])).kind
    'right'
    """
    arrays = [np.asarray(argument, np.float64) for argument in arguments]
    flat = Flat(arrays)
    with np.errstate(all="ignore"):
        expected = float(function(*[array.copy() for array in arrays]))
        try:
            value, gradients = tg.value_and_grad(function, tuple(range(len(arrays))))(*arrays)
        except Exception as error:
            return _refusal(function, error)
    if not np.isclose(float(value), expected, rtol=1e-9, atol=1e-12):
        return Verdict(WRONG, f"the value is {float(value):.8g}, on arrays {expected:.8g}")
    gradient = flat.pack(gradients)

    def phi(vector: np.ndarray) -> Any:
        try:
            return function(*[part.copy() for part in flat.unpack(vector)])
        except Exception as error:
            if vector.dtype.kind != "c":
                raise
            raise TypeError("the program is not analytic") from error

    comparison = compare(phi, flat.pack(arrays), gradient, np.random.default_rng(0), rtol)
    faults = [f"{flat.place(f.element)}: {f.got:.8g}, differences give {f.expected:.8g}" for f in comparison.faults]
    if not faults and not np.allclose(flat.pack(_of_backward(function, arrays)), gradient, rtol=1e-9, equal_nan=True):
        faults = ["backward() leaves another gradient than tg.grad gives"]
    return Verdict(WRONG, "; ".join(faults)) if faults else Verdict(RIGHT)


def _of_backward(function: Function, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Return the gradients that ``backward()`` leaves in parameters."""
    parameters = [tg.parameter(array) for array in arrays]
    value = function(*parameters)
    if isinstance(value, tg.Tensor) and value.requires_grad:
        value.backward()
    return [np.zeros(p.shape) if p.grad is None else p.grad for p in parameters]


def _refusal(function: Function, error: Exception) -> Verdict:
    text = messages(error)
    return Verdict(REFUSED if function.__code__.co_filename in text else UNCLEAR, text)


def messages(error: BaseException | None) -> str:
    """Return what Python prints of an error: its message, and those of the errors that it came from."""
    parts = []
    while error is not None:
        parts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(parts)


class Programs:
    """Programs with what is expected of each; `cases` is for ``pytest.mark.parametrize``.

    Examples
    --------
    >>> programs = Programs()
    >>> @programs.right(np.array([1.0, 2.0]))
    ... def product(x):
    ...     return x[0] * x[1]
    >>> [case.id for case in programs.cases]
    ['product']
    """

    def __init__(self) -> None:
        self.cases: list[Any] = []

    def right(self, *arguments: Any) -> Callable[[Function], Function]:
        """Expect the right gradient at these arguments."""
        return self._register(lambda function: expect_right(function, *arguments))

    def refused(self, *arguments: Any, says: str = "") -> Callable[[Function], Function]:
        """Expect an error that shows the program's own line, and says what to write instead."""
        return self._register(lambda function: expect_refused(function, *arguments, says=says))

    def fooled(self, *arguments: Any, reason: str, says: str = "") -> Callable[[Function], Function]:
        """Note a finding: wrong today, or refused unclearly; it should be right, or refused clearly in these words."""
        mark = pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)
        return self._register(lambda function: expect_honest(function, *arguments, says=says), mark)

    def _register(self, expect: Callable[[Function], None], *marks: Any) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            self.cases.append(pytest.param(lambda: expect(function), id=function.__name__, marks=marks))
            return function

        return register


def expect_right(function: Function, *arguments: Any) -> None:
    """Assert that a program is right."""
    verdict = judge(function, *arguments)
    assert verdict.kind == RIGHT, f"{verdict.kind}: {verdict.text}"


def expect_refused(function: Function, *arguments: Any, says: str) -> None:
    """Assert that a program stops with an error that shows its own line and says these words."""
    verdict = judge(function, *arguments)
    assert verdict.kind == REFUSED, f"{verdict.kind}: {verdict.text}"
    assert says in verdict.text


def expect_honest(function: Function, *arguments: Any, says: str) -> None:
    """Assert that a program is right, or stops with an error that shows its own line and says these words."""
    verdict = judge(function, *arguments)
    assert verdict.kind in (RIGHT, REFUSED), f"{verdict.kind}: {verdict.text}"
    assert verdict.kind == RIGHT or says in verdict.text
