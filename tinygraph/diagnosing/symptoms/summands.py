"""Which part of a sum makes it large."""

from __future__ import annotations

import numpy as np

from ...array_text import number_text
from ...backward.replay import run_forward
from ...recording.node import Node
from ...recording.op import Op
from .case import Case

_MORE = 5.0  # times the size of the others
_MOVED = {"getitem", "reshape", "transpose"}


def largest_part(case: Case, squashed: Node) -> str:
    """Return what makes the operand of a squashing function large, as text; empty where no summand stands out."""
    sizes = sorted(((_size(part), source) for source, part in _parts(squashed.inputs[0])), key=lambda pair: -pair[0])
    if len(sizes) < 2 or not sizes[0][0] > _MORE * sizes[1][0]:
        return ""
    size, largest = sizes[0]
    text = f"; what makes it large is {_called(largest)}, {number_text(size)} in size, the rest"
    text += f" {number_text(sizes[1][0])}"
    data = [source for source in largest.inputs if not source.requires_grad and _size(source.data) > _MORE]
    if data:
        text += f": the input {_called(data[0])} is {number_text(_size(data[0].data))}"
    return text + (case.made(largest) if largest.kind == "parameter" else "")


def _called(node: Node) -> str:
    return node.expression if node.kind == "op" else node.name or node.expression


def _size(part: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(part, dtype=float))))


def _parts(node: Node) -> list[tuple[Node, np.ndarray]]:
    """Return the summands of a value, in its shape: those of the whole, where it is a part."""
    if str(node.op) == "add":
        return [
            (source, np.broadcast_to(part, node.shape)) for operand in node.inputs for source, part in _parts(operand)
        ]
    if str(node.op) in _MOVED and isinstance(node.op, Op) and len(node.inputs) == 1:
        whole = node.inputs[0]
        parts = ((source, np.broadcast_to(part, whole.shape)) for source, part in _parts(whole))
        return [(source, np.asarray(run_forward(node, [part]))) for source, part in parts]
    return [(node, node.data)]
