"""Random graphs of every shape, drawn in every view: none fails, none takes long.

``python -m tests.attacks.layouts`` draws a few of each shape, ``--long`` twenty thousand graphs in all views; it prints
what failed, counts and times.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygraph as tg
import viz

VIEWS = [{"view": view, "fold": fold} for view in ("ops", "variables") for fold in (False, True)]
UNARY = [np.tanh, np.sin, np.negative, np.exp, np.sum, lambda x: x * 0.5, lambda x: x + 1.0]
BINARY = [np.add, np.multiply, np.maximum, lambda a, b: a - b, lambda a, b: 0.3 * a + b]

Shape = Callable[[np.random.Generator, int], tg.Tensor]


def _choice(rng: np.random.Generator, options: Sequence[Any]) -> Any:
    return options[int(rng.integers(len(options)))]


def _parameters(rng: np.random.Generator, most: int) -> list[tg.Tensor]:
    return [tg.parameter(0.1 * (k + 1), name=f"W{k}") for k in range(1 + int(rng.integers(most)))]


def dag(rng: np.random.Generator, size: int) -> tg.Tensor:
    """Ops on values made shortly before, or long before: skips of any length."""
    values = _parameters(rng, 6)
    reach = _choice(rng, [2, 4, 10, 50, 1000])
    while len(values) < size:
        near = len(values) - 1 - int(rng.integers(min(len(values), reach)))
        far = int(rng.integers(len(values))) if rng.random() < 0.3 else near
        operand = values[int(rng.integers(max(0, len(values) - reach), len(values)))]
        values.append(
            _choice(rng, BINARY)(values[far], operand) if rng.random() < 0.7 else _choice(rng, UNARY)(operand)
        )
    return sum(values[-3:])


def dense(rng: np.random.Generator, size: int) -> tg.Tensor:
    """Layers, each unit fed by many of the layer before."""
    width = 2 + int(rng.integers(7))
    layer = [tg.parameter(0.1, name=f"x{k}") for k in range(width)]
    weights = _parameters(rng, 4)
    for _ in range(max(1, size // (width * (width + 2)))):
        layer = [
            np.tanh(sum(_choice(rng, weights) * x for x in layer if rng.random() < 0.8) + weights[0]) for _ in layer
        ]
    return sum(layer)


def joined(rng: np.random.Generator, size: int) -> tg.Tensor:
    """Ops with many operands: stacks and concatenations of what was made anywhere."""
    values = [np.tanh(tg.parameter([0.1], name="W"))]
    while len(values) < size:
        operands = [values[int(i)] for i in rng.integers(len(values), size=1 + int(rng.integers(12)))]
        values += [np.sum(np.concatenate(operands), keepdims=True), np.tanh(values[-1])]
    return np.concatenate(values[:: 1 + int(rng.integers(5))])


def constants(rng: np.random.Generator, size: int) -> tg.Tensor:
    """A chain whose every link reads constants of its own."""
    h = tg.parameter(np.zeros(2), name="h")
    for k in range(size // 4):
        h = np.clip(h * float(k) + rng.normal(size=2), -5.0, 1.0 * k)
        if rng.random() < 0.3:
            h = np.where(rng.random(2) < 0.5, h, np.full(2, 0.1 * k)) - np.ones(2)
    return np.sum(h)


def recursion(rng: np.random.Generator, size: int) -> tg.Tensor:
    """f(h, n) = f(tanh(W h), n - 1), and its relatives that read what they were called with."""
    W, b = tg.parameter(0.5, name="W"), tg.parameter(0.1, name="b")
    kind = int(rng.integers(4))

    def f(h: tg.Tensor, n: int, first: tg.Tensor) -> tg.Tensor:
        if n <= 0:
            return h
        if kind == 0:
            return f(np.tanh(W * h), n - 1, first)
        if kind == 1:
            return f(np.tanh(W * h + first) + b, n - 1, first)
        if kind == 2:
            return np.tanh(W * f(h + b, n - 1, first)) + h
        with tg.scope(f"call{n % 3}"):
            return f(np.tanh(W * h) * first, n - 1, h)

    start = tg.tensor(1.0)
    return f(start, size // 3, start)


def tree(rng: np.random.Generator, size: int) -> tg.Tensor:
    """A binary or ternary tree, even or ragged, with shared weights."""
    W, V = tg.parameter(0.5, name="W"), tg.parameter(0.4, name="V")
    branches, ragged = 2 + int(rng.integers(2)), rng.random() < 0.5

    def node(room: int) -> tg.Tensor:
        if room <= 4:
            return tg.tensor(float(rng.normal()))
        rooms = rng.dirichlet(np.ones(branches)) if ragged else np.ones(branches) / branches
        return np.tanh(sum((W if k % 2 else V) * node(int((room - 2) * part)) for k, part in enumerate(rooms)))

    return node(size // 2)


def loops(rng: np.random.Generator, size: int) -> tg.Tensor:
    """Loops over time with delays of any length, one after the other or one in the other."""
    W, U = tg.parameter(0.5, name="W"), tg.parameter(0.3, name="U")
    total = tg.tensor(0.0)
    for _ in range(1 + int(rng.integers(3))):
        states = [tg.tensor(0.1)]
        lags = [1 + int(rng.integers(1 + int(rng.integers(12)))) for _ in range(1 + int(rng.integers(3)))]
        for t in range(max(2, size // 25)):
            h = np.tanh(W * sum(states[max(0, len(states) - lag)] for lag in lags) + U * 0.1 * t)
            for _ in range(int(rng.integers(3)) if rng.random() < 0.1 else 1):
                h = h + 0.1 * np.sin(h)
            states.append(h)
            if rng.random() < 0.2:
                total = total + h
        total = total + states[-1] * _choice(rng, states)
    return total


def functions(rng: np.random.Generator, size: int) -> tg.Tensor:
    """Helpers in scopes, called with whatever there is."""
    values = _parameters(rng, 4)

    def gate(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        z = np.tanh(x * values[0] + y)
        return 1 / (1 + np.exp(-z))

    def residual(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        x = x + gate(x, y)
        return x + np.tanh(x)

    while len(values) < size // 8:
        with tg.scope(_choice(rng, ["encoder", "decoder", "encoder/head", "x"])):
            helper = _choice(rng, [gate, residual])
            values.append(helper(_choice(rng, values), _choice(rng, values[-4:])))
    return sum(values[-5:])


SHAPES: dict[str, Shape] = {
    shape.__name__: shape for shape in (dag, dense, joined, constants, recursion, tree, loops, functions)
}


@dataclass(frozen=True)
class Case:
    """A random graph and how to draw it."""

    shape: str
    seed: int
    most: int = 500

    def result(self) -> tg.Tensor:
        """Run its program."""
        rng = np.random.default_rng([self.seed, list(SHAPES).index(self.shape)])
        size = int(np.exp(rng.uniform(np.log(4), np.log(self.most))))
        with np.errstate(all="ignore"):  # values are of no interest here
            return SHAPES[self.shape](rng, size)


@dataclass
class Outcome:
    """How a drawing went: how many nodes it has, the seconds it took, what failed, and what was said about it."""

    case: Case
    options: dict
    nodes: int
    seconds: float
    failure: str = ""
    warning: str = ""

    def __str__(self) -> str:
        remarks = " ".join(filter(None, (self.failure, self.warning)))
        return f"{self.case} {self.options} {self.nodes} nodes {self.seconds:.2f} s {remarks}"


def draw(case: Case, options: dict) -> Outcome:
    """Draw a case."""
    result = case.result()
    failure, nodes = "", 0
    with warnings.catch_warnings(record=True) as messages:
        warnings.simplefilter("always")
        start = time.perf_counter()
        try:
            drawing = viz.draw(result, **options)
            drawing.svg()
            nodes = len(drawing.scene.nodes)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - start
    return Outcome(case, options, nodes, seconds, failure, str(messages[0].message) if messages else "")


def cases(count: int, first: int = 0, most: int = 500) -> Iterator[Case]:
    """Yield `count` cases, the shapes in turn."""
    for number in range(first, first + count):
        yield Case(list(SHAPES)[number % len(SHAPES)], number // len(SHAPES), most)


def outcomes(count: int, first: int = 0, most: int = 500) -> Iterator[Outcome]:
    """Draw `count` cases in every view."""
    for case in cases(count, first, most):
        for options in VIEWS:
            yield draw(case, options)


def summary(results: list[Outcome]) -> str:
    """Return counts, percentiles of the seconds, and the slowest."""
    seconds = sorted(result.seconds for result in results)
    percentiles = (f"{q:g}%: {np.percentile(seconds, q):.3f} s" for q in (50, 90, 99, 99.9, 100))
    graphs = len({result.case for result in results})
    lines = [
        f"{graphs:,} graphs, {len(results):,} drawings, {sum(bool(r.failure) for r in results)} failed, "
        f"{sum(bool(r.warning) for r in results)} with a warning, {sum(r.seconds > 2 for r in results)} over 2 s",
        "  ".join(percentiles),
        *map(str, sorted(results, key=lambda result: -result.seconds)[:5]),
    ]
    return "\n".join(lines)


def main() -> int:
    """Run a campaign from the command line; the status tells whether anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.layouts", description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="20,000 graphs instead of 80")
    parser.add_argument("--count", type=int, help="so many graphs")
    parser.add_argument("--first", type=int, default=0, help="begin with the graph of this number")
    parser.add_argument("--seconds", type=float, default=np.inf, help="end after so many")
    options = parser.parse_args()
    count = options.count or (20_000 if options.long else 80)
    end = time.monotonic() + options.seconds
    results: list[Outcome] = []
    for outcome in outcomes(count, options.first):
        results.append(outcome)
        if outcome.failure or outcome.warning or outcome.seconds > 2:
            print(outcome, flush=True)
        if time.monotonic() > end:
            break
    print(summary(results))
    return int(any(result.failure for result in results))


if __name__ == "__main__":
    sys.exit(main())
