"""Random programs, compiled, against the same programs run eagerly on other arguments than those of the recording.

``python -m tests.tinygraph.compiling.campaign`` tries some of each kind, ``--long`` ten thousand in all; it ends with
status 1 if one gives another number, or if fewer than 60% are compiled.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

import tinygraph as tg
from tests.foreign import campaign
from tests.tinygraph.compiling import recurrent
from tinygraph.testing import programs

COMPILED, REFUSED, WRONG, UNDEFINED = "compiled", "refused", "WRONG", "raises"
SHARE, LONG = 0.6, 10_000
Case = tuple[str, Callable[..., Any], list[tuple[np.ndarray, ...]]]


def scripts(style: str, first: int, count: int) -> Iterator[Case]:
    """Yield programs in the style of scripts, with three points each."""
    for number in range(first, first + count):
        written = campaign.written(number, style, 3 + number % 8)
        points = [campaign.point(number + 7919 * k) for k in range(3)]
        yield campaign.source(written), campaign.function(written), points


def of_ops(first: int, count: int) -> Iterator[Case]:
    """Yield programs of ops from the whole registry, each with a weighted sum of what it returns."""
    drawn: list[Any] = []

    @seed(first)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(program=programs(max_lines=6))
    def draw(program: Any) -> None:
        drawn.append(program)

    draw()
    rng = np.random.default_rng(first)
    for program in drawn:
        weights = [rng.normal(size=np.shape(y)) for y in program(*program.inputs)]
        moved = [tuple(x + rng.uniform(-1e-3, 1e-3, x.shape) for x in program.inputs) for _ in range(2)]
        yield repr(program), weighted(program, weights), [tuple(program.inputs), *moved]


def weighted(program: Any, weights: list[np.ndarray]) -> Callable[..., Any]:
    """Return the weighted sum of what a program returns."""
    run, total = program._compiled(), np.sum

    def loss(*arguments: Any) -> Any:
        return sum(total(y * weight) for y, weight in zip(run(*arguments), weights, strict=True))

    return loss


def loops(first: int, count: int) -> Iterator[Case]:
    """Yield recurrent programs of random equations."""
    for number in range(first, first + count):
        yield recurrent.written(number)


def verdict(
    function: Callable[..., Any], points: list[tuple[np.ndarray, ...]], backend: str = "numpy"
) -> tuple[str, str]:
    """Compile a function at the first point, and compare it with itself run eagerly at the others."""
    eager = tg.value_and_grad(function, tuple(range(len(points[0]))))
    compiled = tg.compile(eager, backend=backend)
    for number, point in enumerate(points):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                value, gradients = eager(*point)
            except Exception as error:
                return UNDEFINED, str(error)
            ours, our_gradients = compiled(*point)
        largest = max(float(np.nanmax(np.abs(x), initial=0.0)) for x in (value, *gradients))
        for a, b in zip([ours, *our_gradients], [value, *gradients], strict=True):
            if not close(a, b, 1e-12 * largest):
                return WRONG, f"at point {number} it gives\n{a}\nand not\n{b}"
    refused = "runs eagerly" in compiled.report()
    return (REFUSED if refused else COMPILED), compiled.report()


def close(a: Any, b: Any, floor: float) -> bool:
    """Tell whether two arrays are the same but for rounding."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    return bool((np.abs(a - b)[finite] <= 1e-8 * np.max(np.abs(b[finite]), initial=0.0) + floor).all())


def kinds(first: int, each: int) -> dict[str, Iterator[Case]]:
    """Return the programs of a campaign, by kind."""
    styles = {style: scripts(style, first, each) for style in campaign.STYLES if style not in campaign.OPEN}
    return {"recurrent": loops(first, 6 * each), "ops": of_ops(first, 4 * each), **styles}


def run(first: int, each: int, show: Callable[[str], None] = print, backend: str = "numpy") -> Counter[str]:
    """Try `each` programs of each style; return how many came to what."""
    total: Counter[str] = Counter()
    for name, cases in kinds(first, each).items():
        counts: Counter[str] = Counter()
        for text, function, points in cases:
            kind, why = verdict(function, points, backend)
            counts[kind] += 1
            if kind == WRONG:
                show(f"\n{name}: {why}\n{text}")
        show(f"{name:36} {', '.join(f'{kind}: {count}' for kind, count in sorted(counts.items()))}")
        total += counts
    return total


def main() -> None:
    """Run a campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{LONG:,} programs in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=10, help="programs of each style")
    parser.add_argument("--backend", default="numpy", choices=["numpy", "numba"])
    options = parser.parse_args()
    start = time.perf_counter()
    total = run(
        options.seed,
        -(-LONG // 23) if options.long else options.each,
        lambda line: print(line, flush=True),
        options.backend,
    )
    share = total[COMPILED] / max(1, total.total() - total[UNDEFINED])
    print(f"{total.total():,} programs in {time.perf_counter() - start:.0f} s: {dict(total)}, {share:.0%} compiled")
    raise SystemExit(bool(total[WRONG]) or share < SHARE)


if __name__ == "__main__":
    main()
