"""Colour that says something: how large a gradient is, how large a value, which time step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import tinygraph as tg

from ..palette import ramp
from .scene import Legend, Scene

__all__ = ["OVERLAYS", "colour"]

UNKNOWN = "#e3e3e3"
NOT_FINITE = "#d4006a"


def colour(scene: Scene, trace_or_graph: Any, overlay: str) -> Scene:
    """`scene` with its nodes filled by `overlay`, and a legend.

    Raises
    ------
    ValueError
        If there is no such overlay.
    """
    if overlay not in OVERLAYS:
        raise ValueError(f"overlay must be one of {', '.join(map(repr, OVERLAYS))}, not {overlay!r}")
    title, measure, logarithmic = OVERLAYS[overlay]
    values = measure(trace_or_graph)
    shown = [values.get(node.id) for node in scene.nodes]
    scale = _Scale([value for value in shown if value is not None], logarithmic)
    nodes = [replace(node, fill=scale.colour(value)) for node, value in zip(scene.nodes, shown, strict=True)]
    titled = [
        replace(node, title=f"{node.title} · {title}: {_said(value)}") for node, value in zip(nodes, shown, strict=True)
    ]
    return replace(scene, nodes=titled, legend=Legend(title, scale.legend(any(v is None for v in shown))))


def _said(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.3g}"


class _Scale:
    """Numbers as colours, between the least and the greatest; logarithmic over six decades at most."""

    def __init__(self, values: list[float], logarithmic: bool) -> None:
        finite = [value for value in values if math.isfinite(value) and not (logarithmic and value <= 0)]
        self.logarithmic = logarithmic
        self.not_finite = any(not math.isfinite(value) for value in values)
        self.zero = logarithmic and any(value == 0 for value in values)
        self.high = max(finite, default=1.0)
        self.low = min(finite, default=self.high)
        if logarithmic:
            self.low = max(self.low, self.high * 1e-6)

    def colour(self, value: float | None) -> str:
        """The colour of one number."""
        if value is None:
            return UNKNOWN
        return ramp(self._fraction(value)) if math.isfinite(value) else NOT_FINITE

    def _fraction(self, value: float) -> float:
        if self.high == self.low:
            return 0.5
        if self.logarithmic:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def legend(self, unknown: bool) -> tuple[tuple[str, str], ...]:
        """Five marks of the scale, and what lies outside it."""
        marks = [0.5] if self.high == self.low else [0.0, 0.25, 0.5, 0.75, 1.0]
        entries = [(f"{self._at(mark):.2g}", ramp(mark)) for mark in marks]
        if self.zero:
            entries[0] = (f"≤ {self._at(0.0):.2g}", ramp(0.0))
        if self.not_finite:
            entries.append(("not finite", NOT_FINITE))
        if unknown:
            entries.append(("none", UNKNOWN))
        return tuple(entries)

    def _at(self, mark: float) -> float:
        if self.high == self.low:
            return self.high
        if self.logarithmic:
            return self.low * (self.high / self.low) ** mark
        return self.low + mark * (self.high - self.low)


def _norm(array: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.sum(np.abs(np.asarray(array, dtype=complex)) ** 2)))


def _gradient_norms(x: Any) -> dict[str, float]:
    """The norm of the adjoint of every node that the backward pass reaches."""
    trace = x if isinstance(x, tg.Trace) else tg.trace(_output(x))
    norms: dict[str, float] = {}
    sums: dict[int, Any] = {}
    for step in trace.steps:
        norms[f"n{step.node.index}"] = _norm(step.adjoint)
        for source, contribution in zip(step.node.inputs, step.contributions, strict=False):
            if contribution is not None and source.kind != "op":
                old = sums.get(source.index)
                sums[source.index] = contribution if old is None else old + contribution
    return norms | {f"n{index}": _norm(total) for index, total in sums.items()}


def _output(x: Any) -> Any:
    """The Tensor whose gradient is asked for; a graph from a file has none, its trace has."""
    if not isinstance(x, tg.Graph):
        return x
    if len(x.outputs) != 1 or x.outputs[0].tensor is None:
        raise ValueError("the gradient's norms of a graph need its one output; draw the Tensor or the Trace instead")
    return x.outputs[0].tensor


def _graph(x: Any) -> Any:
    if isinstance(x, tg.Graph):
        return x
    return x.graph if isinstance(x, tg.Trace) else tg.graph(x)


def _value_norms(x: Any) -> dict[str, float]:
    numeric = (
        node for node in _graph(x).nodes if node.data is not None and np.asarray(node.data).dtype.kind in "biufc"
    )
    return {f"n{node.index}": _norm(node.data) / max(1.0, math.sqrt(np.size(node.data))) for node in numeric}


def _time_steps(x: Any) -> dict[str, float]:
    graph = _graph(x)
    known = set(graph.timesteps)  # an initial state belongs to none of them
    return {f"n{node.index}": float(node.timestep) for node in graph.nodes if node.timestep in known}


OVERLAYS: dict[str, tuple[str, Callable[[Any], dict[str, float]], bool]] = {
    "grad_norm": ("norm of the gradient", _gradient_norms, True),
    "value": ("root mean square of the value", _value_norms, True),
    "time_step": ("time step", _time_steps, False),
}
