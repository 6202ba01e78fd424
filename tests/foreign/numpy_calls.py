"""NumPy calls in people's ways of writing them, each compared with differences, and with jax where it is installed.

The calls are in ``numpy_calls.txt``, one a line. A mark says what is known of a call beside that it is right:

- ``!``  it may be refused, in an error that shows the call
- ``?``  it is refused, in an error that does not: to be made clear
- ``X``  its gradient is wrong: to be made right, or refused

``python -m tests.foreign.numpy_calls`` prints what every call is today.
"""

from __future__ import annotations

import ast
import cmath
import functools
import itertools
import linecache
import math
import operator
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinygraph as tg
from tests.foreign.oracles import directional_derivative
from tests.foreign.program import RIGHT, WRONG, Verdict, judge
from tinygraph.backward.pytree import flatten
from tinygraph.ops.fourier import Complex

try:
    from scipy import special
except ImportError:  # then none of its calls is made
    special = None  # type: ignore[assignment]

_rng = np.random.default_rng(5)
_M = _rng.normal(size=(3, 3))
ARGUMENTS = {
    "s": np.array(0.6),
    "u": np.array([0.3, -0.8, 1.1]),
    "v3": np.array([1.2, 0.4, -0.9]),
    "v": np.array([0.45, -0.62, 1.3, 0.17]),
    "w": np.array([-0.35, 0.72, 0.28, 1.21]),
    "x": _rng.normal(size=(3, 4)),
    "y": _rng.normal(size=(3, 4)),
    "p": _rng.uniform(0.4, 2.0, (3, 4)),
    "q": _rng.uniform(-0.9, 0.9, (3, 4)),
    "A": _M + 2 * np.eye(3),
    "S": _M @ _M.T + np.eye(3),
    "T": _rng.normal(size=(2, 3, 4)),
}
CONSTANTS = {
    "m34": _rng.random((3, 4)) < 0.6,
    "X34": _rng.normal(size=(3, 4)),
    "special": special,
    "a_of": lambda first, *rest: first * rest[0],
    **{module.__name__: module for module in (math, cmath, operator, functools, itertools, random, statistics)},
}


@dataclass(frozen=True)
class Call:
    """A line of the table.

    Attributes
    ----------
    family : str
    text : str
        The call.
    mark : str
        "!", "?", "X", or nothing.
    names : tuple of str
        The arguments in it that are differentiated.
    """

    family: str
    text: str
    mark: str
    names: tuple[str, ...]

    def function(self, numpy: Any = np, **others: Any) -> Callable[..., Any]:
        """Return the call as a function of its arguments with one number as its value.

        The arguments are added to it: where the call cuts the record, the gradient is theirs alone, and not refused.
        """
        arguments = ", ".join(self.names)
        return self._compiled(f"one_number({self.text}, np) + one_number([{arguments}], np)", np=numpy, **others)

    def value(self, *arguments: Any) -> Any:
        """Return what the call itself gives."""
        return self._compiled(self.text)(*arguments)

    def _compiled(self, expression: str, **modules: Any) -> Callable[..., Any]:
        source = f"def call({', '.join(self.names)}):\n    return {expression}\n"
        filename = f"<{self.text}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        space = {**CONSTANTS, "np": np, "one_number": one_number, **modules}
        exec(compile(source, filename, "exec"), space)
        return space["call"]

    @property
    def values(self) -> list[np.ndarray]:
        """The arrays to differentiate at."""
        return [ARGUMENTS[name] for name in self.names]


def one_number(value: Any, numpy: Any) -> Any:
    """Return a sum of all elements of arrays in lists and tuples, with a weight of its own for each."""
    if isinstance(value, list | tuple):
        return sum((k + 1.0) * one_number(part, numpy) for k, part in enumerate(value))
    if isinstance(value, bool | str | type(None)):
        raise TypeError(f"a call of the table must give numbers, not {value!r}")
    shape = np.shape(value)
    weights = np.cos(np.arange(math.prod(shape), dtype=float)).reshape(shape)
    return numpy.sum(value * weights)


def calls() -> Iterator[Call]:
    """Yield the lines of the table."""
    family = ""
    for line in Path(__file__).with_suffix(".txt").read_text().splitlines():
        if line.startswith("# "):
            family = line.removeprefix("# ")
        elif line:
            if family.startswith("special") and special is None:
                continue
            mark, text = (line[0], line[2:]) if line[:2] in ("! ", "? ", "X ") else ("", line)
            yield Call(family, text, mark, tuple(name for name in ARGUMENTS if name in _names(text)))


def _names(text: str) -> set[str]:
    """Return the names in an expression, also in the lambdas in it."""
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def verdict_on(call: Call) -> Verdict:
    """Return the verdict on a call by differences."""
    return judge(call.function(), *call.values)


def difference_from_numpy(call: Call, dtype: type) -> str:
    """Return how the call's value differs from NumPy's in value, shape or dtype; nothing if it does not."""
    arrays = [np.asarray(value, dtype) for value in call.values]
    expected = flatten(call.value(*[array.copy() for array in arrays]))
    values = flatten(call.value(*map(tg.parameter, arrays)))
    for theirs, ours in zip(map(np.asarray, expected), map(_as_array, values), strict=True):
        if (theirs.shape, theirs.dtype) != (ours.shape, ours.dtype):
            return f"{ours.dtype} of shape {ours.shape}, by NumPy {theirs.dtype} of shape {theirs.shape}"
        if not np.allclose(theirs, ours, rtol=1e-5, atol=1e-6, equal_nan=True):
            return f"{ours}, by NumPy {theirs}"
    return ""


def _as_array(value: Any) -> np.ndarray:
    return value.numpy() if isinstance(value, tg.Tensor | Complex) else np.asarray(value)


def second_order_fault(call: Call) -> str:
    """Return what is wrong with the second derivatives along a direction, by either way; nothing if they are right."""
    places, rng = tuple(range(len(call.names))), np.random.default_rng(6)
    along, adjoint = ([rng.normal(size=value.shape) for value in call.values] for _ in range(2))
    gradient = tg.grad(call.function(), places)

    def slope(*point: Any) -> Any:
        return sum(np.sum(u * g) for u, g in zip(adjoint, gradient(*point), strict=True))

    expected = directional_derivative(lambda point: slope(*point), call.values, along).value
    pushed = tg.jvp(slope, call.values, along)[1]
    pulled = sum(np.sum(g * v) for g, v in zip(tg.grad(slope, places)(*call.values), along, strict=True))
    if np.allclose([pushed, pulled], expected, rtol=1e-5, atol=1e-5):
        return ""
    return f"jvp of grad {pushed}, grad of grad {pulled}, differences of grad {expected}"


def disagreement_with_jax(call: Call) -> str | None:
    """Return by how much the gradient differs from that of jax; None where jax does not take the call."""
    try:
        import jax
        import jax.scipy.special

        jax.config.update("jax_enable_x64", True)
        function = call.function(jax.numpy, special=jax.scipy.special)
        expected = jax.grad(function, tuple(range(len(call.names))))(*map(jax.numpy.asarray, call.values))
    except Exception:
        return None
    got = tg.grad(call.function(), tuple(range(len(call.names))))(*call.values)
    for name, ours, theirs in zip(call.names, got, expected, strict=True):
        if not np.allclose(ours, theirs, rtol=1e-7, atol=1e-9):
            return f"d/d{name}: {np.ravel(ours)[:4]}, by jax {np.ravel(theirs)[:4]}"
    return ""


def main() -> None:
    """Print every call that is not right, and the counts."""
    counts: Counter[str] = Counter()
    for call in calls():
        verdict = verdict_on(call)
        by_jax = disagreement_with_jax(call) if verdict.kind in (RIGHT, WRONG) else None
        counts[verdict.kind] += 1
        counts["right by jax too"] += verdict.kind == RIGHT and by_jax == ""
        if verdict.kind != RIGHT or by_jax:
            text = verdict.text.replace("\n", " ")[:150]
            print(f"{verdict.kind:18} {call.text:62} {text} {f'jax: {by_jax}' if by_jax else ''}")
    print(", ".join(f"{kind}: {count}" for kind, count in counts.items()))


if __name__ == "__main__":
    main()
