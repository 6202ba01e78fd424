"""The backward pass beside the forward one: an arrow against each that a gradient runs along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import tinygraph as tg

from .labels import with_bar
from .scene import Edge, Node, Scene

__all__ = ["with_gradients"]


def with_gradients(scene: Scene, graph: tg.Graph) -> Scene:
    """Return `scene` with a gradient arrow against every edge that carries one.

    That is every edge from what requires a gradient, and every edge that is labelled with parameters: along it runs
    one term of each one's gradient, marked with a bar. There is no such term where the source is all zeros, as an
    initial state may be.
    """
    recorded = {f"n{node.index}": node for node in graph.nodes}
    arrows = [
        _against(edge) for edge in scene.edges if _carries_gradient(edge, recorded[edge.source], recorded[edge.target])
    ]
    nodes = [_titled(node, recorded[node.id]) for node in scene.nodes]
    return replace(scene, nodes=nodes, edges=[*scene.edges, *arrows], title=f"{scene.title} with its backward pass")


def _carries_gradient(edge: Edge, source: tg.Node, target: tg.Node) -> bool:
    if not target.requires_grad or source.kind == "parameter":
        return False
    return source.requires_grad or (bool(edge.label) and bool(np.any(source.data != 0)))


def _against(edge: Edge) -> Edge:
    """Return the arrow of the gradient, with the names of what it is the gradient of under bars."""
    names = ", ".join(with_bar(name) for name in edge.label.split(", ")) if edge.label else ""
    factors = tuple((with_bar(name), hue) for name, hue in edge.factors)
    return Edge(edge.target, edge.source, edge.argument, names, edge.hue, "gradient", factors)


def _titled(node: Node, recorded: tg.Node) -> Node:
    return replace(node, title=f"{node.title} · gradient ∂L/∂{node.label}") if recorded.requires_grad else node
