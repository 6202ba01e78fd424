"""The numbers themselves under the names of small values."""

from __future__ import annotations

from dataclasses import replace

import tinygraph as tg

from .scene import Node, Scene
from .text import rounded

__all__ = ["with_numbers"]

MOST = 3  # numbers of a value


def with_numbers(scene: Scene, graph: tg.Graph) -> Scene:
    """Return a scene of `graph` with the numbers of each value that has at most three, in place of its shape."""
    texts = {
        f"n{node.index}": ", ".join(map(rounded, map(float, node.data.ravel().tolist())))
        for node in graph.nodes
        if 0 < node.data.size <= MOST and node.dtype.kind in "biuf"
    }
    return replace(scene, nodes=[_with_number(node, texts.get(node.id)) for node in scene.nodes])


def _with_number(node: Node, text: str | None) -> Node:
    """Return the node with a text for its numbers; a number that is its own label stays as it is."""
    if text is None or (node.kind == "constant" and not node.detail):
        return node
    return replace(node, detail=text)
