"""The backward pass beside the forward one: an arrow against each that a gradient runs along."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

import tinygraph as tg

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
        Edge(edge.target, edge.source, edge.argument, _barred(edge.label), edge.hue, "gradient")
        for edge in scene.edges
        if _carries_gradient(edge, recorded[edge.source], recorded[edge.target])
    ]
    nodes = [_titled(node, recorded[node.id]) for node in scene.nodes]
    return replace(scene, nodes=nodes, edges=[*scene.edges, *arrows], title=f"{scene.title} with its backward pass")


def _carries_gradient(edge: Edge, source: tg.Node, target: tg.Node) -> bool:
    if not target.requires_grad or source.kind == "parameter":
        return False
    return source.requires_grad or (bool(edge.label) and bool(np.any(source.data != 0)))


def _barred(label: str) -> str:
    """Return names under bars, but not their indices.

    >>> _barred("W_EN b1") == "W\u0304_EN b\u03041"
    True
    """
    return re.sub(r"(?<!\S)[^\d_\s]+", lambda name: re.sub(r"[^\W\d_]", "\\g<0>\u0304", name[0]), label)


def _titled(node: Node, recorded: tg.Node) -> Node:
    return replace(node, title=f"{node.title} · gradient ∂L/∂{node.label}") if recorded.requires_grad else node
