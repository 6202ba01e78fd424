"""Adjoints: what the nodes of a recorded backward pass are, by the nodes of the forward pass."""

from __future__ import annotations

from collections.abc import Sequence

from ..recording.node import Node, Pulled
from ..recording.passes import RecordedPass


def tell_what_was_pulled(nodes: Sequence[Node]) -> None:
    """Say of each node of a recorded backward pass through which op it was pulled, and whose adjoint it is."""
    forward = {node.tensor._index: node for node in nodes if node.tensor is not None}
    for node in nodes:
        tensor = node.tensor
        record = None if tensor is None else tensor._context.backward
        if tensor is not None and record is not None and node.kind == "op":
            through = forward.get(record.through(tensor._index) or -1)
            node.pulled = _pulled(record, tensor._index, through, forward)
            for source in node.inputs:
                seed = source.tensor
                if seed is not None and source.kind == "input" and seed._index in record.adjoints:
                    source.pulled = _pulled(record, seed._index, None, forward)


def _pulled(record: RecordedPass, index: int, through: Node | None, forward: dict[int, Node]) -> Pulled:
    numbers = record.adjoints.get(index, [])
    known = (forward.get(number) or record.origins.get(number) for number in numbers)
    return Pulled(through, tuple(filter(None, known)))
