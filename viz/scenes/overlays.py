"""Colour that says something: how large a gradient is, how large a value, which time step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

import tinygraph as tg
from tinygraph.numeric import norm

from ..palette import LEVELS, NOT_FINITE, UNKNOWN, ramp
from .labels import with_bar
from .names import Names
from .scene import Legend, LegendEntry, Scene

__all__ = ["OVERLAYS", "colour", "trace_of"]

DECADES = 6  # of a logarithmic scale; what is smaller has the colour of the least


def colour(scene: Scene, overlay: str, graph: tg.Graph, trace: tg.Trace | None = None) -> Scene:
    """Return `scene` with its nodes filled by `overlay`, and a legend.

    Parameters
    ----------
    scene : Scene
        Of `graph`.
    overlay : str
        One of `OVERLAYS`.
    graph : Graph
    trace : Trace, optional
        The backward pass; else it is run from the output of the graph where an overlay needs it.
    """
    title, measure, logarithmic = OVERLAYS[overlay]
    measured = measure(graph, trace)
    values = [measured.get(node.id) for node in scene.nodes]
    others = [measured[id] for id in (f"n{node.index}" for node in graph.parameters) if id in measured]
    scale = _Scale([value for value in (*values, *others) if value is not None], logarithmic)
    nodes = [
        replace(node, fill=scale.colour(value), title=f"{node.title} · {title}: {_number(value)}")
        for node, value in zip(scene.nodes, values, strict=True)
    ]
    title += ", log scale" if logarithmic else ""
    parameters = _parameters(scene, graph, measured, scale) if overlay == "grad_norm" else ()
    return replace(scene, nodes=nodes, legend=Legend(title, scale.legend(None in values), parameters))


def _parameters(scene: Scene, graph: tg.Graph, measured: dict[str, float], scale: _Scale) -> tuple[LegendEntry, ...]:
    """Return what is known of the parameters that have no node of their own among variables."""
    drawn = {node.id for node in scene.nodes}
    entries = []
    names = Names(graph)
    for hue, node in enumerate(graph.parameters):
        id = f"n{node.index}"
        if id in measured and id not in drawn:
            name = with_bar(names.of_parameter(node))
            entries.append(LegendEntry(f"||{name}|| = {measured[id]:.2g}", scale.colour(measured[id]), hue))
    return tuple(entries)


def _number(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.3g}"


class _Scale:
    """Numbers as colours, between the least and the greatest."""

    def __init__(self, values: list[float], logarithmic: bool) -> None:
        shown = [value for value in values if math.isfinite(value) and (value > 0 or not logarithmic)]
        self.logarithmic = logarithmic
        self.not_finite = not all(map(math.isfinite, values))
        self.zero = logarithmic and 0 in values
        self.high = max(shown, default=1.0)
        self.low = min(shown, default=self.high)
        if logarithmic:
            self.low = max(self.low, self.high * 10.0**-DECADES)

    def colour(self, value: float | None) -> str:
        """Return the colour of one number."""
        if value is None:
            return UNKNOWN
        return _colour(self._fraction(value)) if math.isfinite(value) else NOT_FINITE

    def _fraction(self, value: float) -> float:
        if self.high == self.low:
            return 0.5
        if self.logarithmic:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def legend(self, unknown: bool) -> tuple[tuple[str, str], ...]:
        """Return marks of the scale, powers of ten where it is logarithmic, and what lies outside it."""
        entries = [(f"{mark:.2g}", _colour(self._fraction(mark))) for mark in self._marks()]
        if self.zero:
            entries[0] = (f"≤ {self.low:.2g}", ramp(0.0))
        if self.not_finite:
            entries.append(("not finite", NOT_FINITE))
        if unknown:
            entries.append(("none", UNKNOWN))
        return tuple(entries)

    def _marks(self) -> list[float]:
        if self.high == self.low:
            return [self.low]
        if not self.logarithmic:
            return np.linspace(self.low, self.high, 5).tolist()
        powers = range(math.ceil(math.log10(self.low) + 0.1), math.floor(math.log10(self.high) - 0.1) + 1)
        between = [10.0**power for power in powers]
        return [self.low, *(between or np.geomspace(self.low, self.high, 5)[1:-1].tolist()), self.high]


def _colour(fraction: float) -> str:
    return ramp(round(fraction * LEVELS) / LEVELS)


def _gradient_norms(graph: tg.Graph, trace: tg.Trace | None) -> dict[str, float]:
    """Return the norm of the gradient of every node that the backward pass reaches."""
    trace = trace_of(graph) if trace is None else trace
    return {f"n{node.index}": norm(trace.gradient(node)) for node in (*trace.nodes, *trace.gradients)}


def trace_of(graph: tg.Graph) -> tg.Trace:
    """Return the backward pass from the output of a graph; one from a file has no Tensor, but its trace has all.

    Raises
    ------
    ValueError
        If the graph has several outputs, or comes from a file.
    """
    if len(graph.outputs) != 1 or graph.outputs[0].tensor is None:
        raise ValueError("the gradients of a graph need its one output; draw the Tensor or the Trace instead")
    return tg.trace(graph.outputs[0].tensor)


def _root_mean_squares(graph: tg.Graph, trace: tg.Trace | None) -> dict[str, float]:
    numeric = (node for node in graph.nodes if node.dtype.kind in "biufc")
    return {f"n{node.index}": norm(node.data) / max(1.0, math.sqrt(node.data.size)) for node in numeric}


def _time_steps(graph: tg.Graph, trace: tg.Trace | None) -> dict[str, float]:
    known = set(graph.timesteps)  # an initial state belongs to none of them
    return {f"n{node.index}": float(node.timestep) for node in graph.nodes if node.timestep in known}


OVERLAYS: dict[str, tuple[str, Callable[[tg.Graph, tg.Trace | None], dict[str, float]], bool]] = {
    "grad_norm": ("norm of the gradient", _gradient_norms, True),
    "value": ("root mean square of the value", _root_mean_squares, True),
    "time_step": ("time step", _time_steps, False),
}
