"""Colour that says something: how large a gradient is, how large a value, which time step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import tinygraph as tg
from tinygraph.numeric import norm

from ..palette import UNKNOWN
from .labels import with_bar
from .names import Names
from .scale import Scale
from .scene import Legend, LegendEntry, Scene
from .text import rounded

__all__ = ["OVERLAYS", "colour", "scale_of", "scaled", "trace_of"]


def colour(
    scene: Scene, overlay: str, graph: tg.Graph, trace: tg.Trace | None = None, scale: Scale | None = None
) -> Scene:
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
    scale : Scale, optional
        Which number has which colour; by default from the least to the greatest.
    """
    title, measure, logarithmic = OVERLAYS[overlay]
    measured = measure(graph, trace)
    nodes = [
        replace(node, value=value, fill=UNKNOWN, title=f"{node.title} · {title}: {_number(value)}")
        for node, value in ((node, measured.get(node.id)) for node in scene.nodes)
    ]
    parameters = _parameters(scene, graph, measured) if overlay == "grad_norm" else ()
    others = [measured[id] for id in (f"n{node.index}" for node in graph.parameters) if id in measured]
    scale = Scale.of([*(node.value for node in nodes), *others], logarithmic, scale)
    title += ", log scale" if logarithmic else ""
    return scaled(replace(scene, nodes=nodes, legend=Legend(title, (), parameters, scale)), scale)


def scaled(scene: Scene, scale: Scale) -> Scene:
    """Return a scene with an overlay in the colours of another scale, such as one that it shares with others."""
    assert scene.legend is not None
    entries = tuple(entry._replace(colour=scale.colour(entry.value)) for entry in scene.legend.parameters)
    legend = replace(scene.legend, entries=scale.legend(), parameters=entries, scale=scale)
    nodes = [replace(node, fill=node.fill and scale.colour(node.value)) for node in scene.nodes]
    return replace(scene, nodes=nodes, legend=legend)


def scale_of(scene: Scene, overlay: str) -> Scale:
    """Return the scale of a scene that has that overlay.

    Raises
    ------
    ValueError
        If it has none, or another one.
    """
    title, _, _ = OVERLAYS[overlay]
    if scene.legend is None or scene.legend.scale is None:
        raise ValueError(f"limits: that drawing has no colours; draw it with overlay={overlay!r} too")
    if scene.legend.title.removesuffix(", log scale") != title:
        raise ValueError(f"limits: the colours of that drawing say {scene.legend.title!r}, not {title!r}")
    return scene.legend.scale


def _parameters(scene: Scene, graph: tg.Graph, measured: dict[str, float]) -> tuple[LegendEntry, ...]:
    """Return what is known of the parameters that have no node of their own among variables."""
    drawn = {node.id for node in scene.nodes}
    entries = []
    names = Names(graph)
    for hue, node in enumerate(graph.parameters):
        id = f"n{node.index}"
        if id in measured and id not in drawn:
            name = with_bar(names.of_parameter(node))
            entries.append(LegendEntry(f"||{name}|| = {rounded(measured[id])}", UNKNOWN, hue, measured[id]))
    return tuple(entries)


def _number(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.3g}"


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
