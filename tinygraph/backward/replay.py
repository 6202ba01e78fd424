"""Recorded nodes run again: their rules, bitwise as in the pass, and their forward functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..recording.node import Node
from ..recording.op import Op
from ..recording.primitive import Primitive
from ..recording.sparse import dense


def receives(node: Node, argument: int) -> bool:
    """Tell whether the rule of `node` gives a contribution to this argument."""
    return has_rule(node.op, argument) and node.inputs[argument].requires_grad


def has_rule(op: Primitive | None, argument: int) -> bool:
    """Tell whether an op gives this argument a contribution where it wants one."""
    return op is not None and op.rule(argument) is not None


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


def run_forward(node: Node, values: Sequence[Any] | None = None) -> Any:
    """Return what the op of `node` gives now: of its arguments as recorded, or of other `values`."""
    op = node.op
    assert isinstance(op, Op)
    operands = node.values()[: len(node.inputs)] if values is None else values
    with np.errstate(all="ignore"):
        y = op.forward(*operands, **node.attributes)
    return y if op.saves is None else y[0]


def view(contribution: Any) -> np.ndarray | None:
    """Return an adjoint or a contribution as a read-only array: what is looked at is not changed. None stays None."""
    if contribution is None:
        return None
    array = np.asarray(dense(contribution)).view()
    array.flags.writeable = False
    return array
