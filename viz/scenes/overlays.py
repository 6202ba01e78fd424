"""Colour that says something: how large a gradient is, how large a value, which time step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

import tinygraph as tg
from tinygraph.numeric import norm

from ..palette import ramp
from .scene import Legend, Scene

__all__ = ["OVERLAYS", "colour"]

UNKNOWN = "#e3e3e3"
NOT_FINITE = "#d4006a"
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
    scale = _Scale([value for value in values if value is not None], logarithmic)
    nodes = [
        replace(node, fill=scale.colour(value), title=f"{node.title} · {title}: {_number(value)}")
        for node, value in zip(scene.nodes, values, strict=True)
    ]
    return replace(scene, nodes=nodes, legend=Legend(title, scale.legend(None in values)))


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
        return ramp(self._fraction(value)) if math.isfinite(value) else NOT_FINITE

    def _fraction(self, value: float) -> float:
        if self.high == self.low:
            return 0.5
        if self.logarithmic:
            return math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def legend(self, unknown: bool) -> tuple[tuple[str, str], ...]:
        """Return five marks of the scale, and what lies outside it."""
        fractions = [0.5] if self.high == self.low else [0.0, 0.25, 0.5, 0.75, 1.0]
        space = np.geomspace if self.logarithmic else np.linspace
        marks = zip(space(self.low, self.high, len(fractions)), fractions, strict=True)
        entries = [(f"{mark:.2g}", ramp(fraction)) for mark, fraction in marks]
        if self.zero:
            entries[0] = (f"≤ {self.low:.2g}", ramp(0.0))
        if self.not_finite:
            entries.append(("not finite", NOT_FINITE))
        if unknown:
            entries.append(("none", UNKNOWN))
        return tuple(entries)


def _gradient_norms(graph: tg.Graph, trace: tg.Trace | None) -> dict[str, float]:
    """Return the norm of the gradient of every node that the backward pass reaches."""
    trace = tg.trace(_output(graph)) if trace is None else trace
    return {f"n{node.index}": norm(trace.gradient(node)) for node in (*trace.nodes, *trace.gradients)}


def _output(graph: tg.Graph) -> tg.Tensor:
    """Return the Tensor whose gradient is asked for; a graph from a file has none, its trace has."""
    if len(graph.outputs) != 1 or graph.outputs[0].tensor is None:
        raise ValueError("the gradient's norms of a graph need its one output; draw the Tensor or the Trace instead")
    return graph.outputs[0].tensor


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
