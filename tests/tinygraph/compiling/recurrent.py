"""Random recurrent programs: states, delays, readouts and losses in loops over time."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygraph as tg

_serial = itertools.count(1)
_SMOOTH = (
    "np.tanh({})",
    "np.sin({})",
    "tg.sigmoid({})",
    "0.5 * ({})",
    "tg.relu({})",
    "tg.softmax({})",
    "({}) ** 2 * 0.1",
)
_LOSSES = ("np.sum({} ** 2)", "np.mean({} * {})", "np.sum(np.cos({}))", "np.max({})", "({} * {}).sum()")


def written(number: int) -> tuple[str, Callable[..., Any], list[tuple[np.ndarray, ...]]]:
    """Return the source, the function and three points of the program of a number."""
    rng = np.random.default_rng(number)
    T, H = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    N = int(rng.integers(1, 4)) if rng.random() < 0.4 else 0
    text = _text(rng, T, bool(N))
    filename = f"<recurrent program {next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"np": np, "tg": tg}
    exec(compile(text, filename, "exec"), space)
    shapes = [(T, N, H) if N else (T, H), (H, H), (H, H), (H,)]
    points = [tuple(rng.normal(size=shape) * 0.7 for shape in shapes) for _ in range(3)]
    return text, space["program"], points


def _text(rng: np.random.Generator, T: int, batch: bool) -> str:
    def one_of(choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    def times(matrix: str, x: str) -> str:
        if batch:
            return one_of(
                [f"{x} @ {matrix}.T", f"tg.linear({x}, {matrix})", f"{x} @ {matrix}", f"np.dot({x}, {matrix})"]
            )
        return one_of([f"{matrix} @ {x}", f"{x} @ {matrix}", f"tg.linear({x}, {matrix})", f"{matrix}.dot({x})"])

    lines = ["def program(X, W, U, b):"]
    states = [f"s{k}" for k in range(int(rng.integers(1, 4)))]
    starts = ["np.zeros(X.shape[1:])", "X[0] * 0.3", "b * np.ones(X.shape[1:])", "np.ones(X.shape[1:]) * 0.1"]
    for state in states:
        lines.append(f"    {state} = {one_of(starts)}")
    old = rng.random() < 0.3
    if old:
        lines.append(f"    old = {one_of(states)}")
    running = rng.random() < 0.5
    lines += ["    loss = 0.0", "    outputs = []"]
    header = one_of(
        ["for t in range(len(X)):", "for t in range(1, len(X)):", "for t in reversed(range(len(X))):", "for x in X:"]
    )
    lines.append(f"    {header}")
    known = [*states, *(["old"] if old else []), "b"]
    x = "x" if header == "for x in X:" else "X[t]"
    known.append(x)
    if header == "for t in range(1, len(X)):":
        known.append("X[t - 1]")
    body = []
    for k in range(int(rng.integers(1, 5))):
        a, c = one_of(known), one_of(known)
        term = one_of(
            [times("W", a) + " + " + times("U", c), f"{a} * {c}", times("W", a), f"{a} - {c}", f"{a} + 0.3 * {c}"]
        )
        if rng.random() < 0.15:
            term = f"np.where({a} > {c}, {term}, {c})"
        if rng.random() < 0.1:
            term = f"np.concatenate([{a}[..., 1:], {a}[..., :1]], axis=-1) * {c}"
        if " @ " in term and "b" in (a, c) and batch:
            term = f"{a} * {c}"
        name = f"v{k}"
        body.append(f"{name} = {one_of(_SMOOTH).format(term)} + 0.0 * X[0]")
        known.append(name)
    if old:
        body.append(f"old = {one_of(states)}")
    for state in states:
        a = one_of([name for name in known if name.startswith("v")])
        gate = one_of(states)
        body.append(
            f"{state} = "
            + one_of([a, f"0.5 * {state} + 0.5 * {a}", f"{a} * tg.sigmoid({gate}) + b", f"np.tanh({state} + {a})"])
        )
    read = one_of(states)
    if running:
        body.append(f"loss = loss + {one_of(_LOSSES).replace('{}', read)}")
    body.append(f"outputs.append({one_of([read, times('U', read)])})")
    lines += [f"        {line}" for line in body]
    ends = [
        f"    return loss + {one_of(_LOSSES).replace('{}', 'np.stack(outputs)')}",
        f"    return loss + {one_of(_LOSSES).replace('{}', 'outputs[-1]')}",
        f"    return loss + sum({one_of(_LOSSES).replace('{}', 'o')} for o in outputs)",
        f"    return loss + {one_of(_LOSSES).replace('{}', one_of(states))} + np.sum(outputs[0])",
        f"    return loss + np.sum(np.stack(outputs[::-1]) * np.stack(outputs)) + {one_of(_LOSSES).format(read, read)}",
    ]
    return "\n".join([*lines, one_of(ends), ""])
