"""The rules of recorded nodes, run again: from a node and an adjoint to the contributions, bitwise as in the pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording.node import Node


def receives(node: Node, argument: int) -> bool:
    """Tell whether the rule of `node` gives a contribution to this argument."""
    assert node.op is not None
    return node.op.rule(argument) is not None and node.inputs[argument].requires_grad


def pull(node: Node, adjoint: Any, argument: int | None = None) -> tuple[Any, ...]:
    """Return the contributions of `node`, arrays or `Sparse` or None; only that to `argument` if it is given."""
    stored = node.stored_for(adjoint)
    if stored is not None:
        return stored
    assert node.op is not None
    inputs: tuple[Any, ...] = node.inputs
    if argument is not None:
        inputs = tuple(source if i == argument else None for i, source in enumerate(inputs))
    given = [source if source is not None and source.requires_grad else None for source in inputs]
    if not any(source is not None for source in given):
        return (None,) * len(inputs)
    try:
        with np.errstate(all="ignore"):  # the pass itself has warned already
            return node.op.pull(adjoint, node._data, node.values(), inputs, node.attributes or None)
    except Exception as error:
        if node.tensor is not None:
            raise
        raise ValueError(
            f"node {node.index} of the file holds values that do not fit its op {node.op}: {error}"
        ) from error


def view(value: Any) -> np.ndarray | None:
    """Return a read-only view: what is looked at is not changed."""
    if value is None:
        return None
    seen = np.asarray(value).view()
    seen.flags.writeable = False
    return seen
