"""The rules of recorded nodes, run again: from a node and an adjoint to the contributions, bitwise as in the pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording.node import Node
from ..recording.sparse import dense


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
    if not any(source is not None and source.requires_grad for source in inputs):
        return (None,) * len(inputs)
    try:
        with np.errstate(all="ignore"):  # the pass itself has warned already
            return node.op.pull(adjoint, node._value, node.values(), inputs, node.attributes or None)
    except Exception as error:
        if node.tensor is not None:
            raise
        raise ValueError(f"node {node.index} holds values that do not fit its op {node.op}: {error}") from error


def view(contribution: Any) -> np.ndarray | None:
    """Return an adjoint or a contribution as a read-only array: what is looked at is not changed. None stays None."""
    if contribution is None:
        return None
    array = np.asarray(dense(contribution)).view()
    array.flags.writeable = False
    return array
