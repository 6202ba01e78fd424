"""What an op is, wherever and whenever it ran: its signature, and the parameters it uses."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..recording.node import Node

Parameters = tuple[tuple[int, int], ...]  # what a node uses: (argument, index of the parameter's node)


def parameters_used(nodes: Sequence[Node]) -> list[Parameters]:
    """Return for each op node the parameters it uses, directly or through ops of one argument such as a transpose."""
    carried: dict[Node, int] = {}
    uses: list[Parameters] = []
    for node in nodes:
        parameters: Parameters = tuple(
            (argument, source.index if source.kind == "parameter" else carried[source])
            for argument, source in enumerate(node.inputs)
            if source.kind == "parameter" or source in carried
        )
        if parameters and len(node.inputs) == 1:
            carried[node] = parameters[0][1]
        uses.append(parameters)
    return uses


def signature(node: Node) -> Hashable:
    """Return what makes two ops the same: the op and its static attributes. Which element of an array is data."""
    attributes = node.attributes
    return (id(node.op), _frozen(attributes)) if attributes else id(node.op)


def _frozen(value: Any, key: str = "") -> Hashable:
    """Return a hashable stand-in for static attributes."""
    if isinstance(value, dict):
        return tuple((name, _frozen(value[name], name)) for name in sorted(value))
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(item, key) for item in value)
    if key == "index" and not (value is None or value is Ellipsis or isinstance(value, bool)):
        return type(value).__name__ if isinstance(value, (slice, np.ndarray)) else "integer"
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
