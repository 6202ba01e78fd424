"""The rules of recorded nodes, run again: from a node and an adjoint to the contributions, bitwise as in the pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Node
from .sparse import Sparse


class SavedNode(Node):
    """A node from a file: it has no Tensor, but what its rules need.

    Attributes
    ----------
    replaced : dict of int to array
        Argument values that differ from what the input node holds: a leaf was replaced between two uses.
    stored : tuple of arrays or None, or None
        The contributions of the pass, where the program that the file came from had an op of its own.
    """

    __slots__ = ("replaced", "stored")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.replaced: dict[int, Any] = {}
        self.stored: tuple[Any, ...] | None = None


def values_of(node: Node) -> tuple[Any, ...]:
    """Return the values of the arguments as recorded, and what the op saved, as its rules take them."""
    if node.tensor is not None:
        return node.tensor._values
    values = [source._data for source in node.inputs]
    for argument, value in getattr(node, "replaced", {}).items():
        values[argument] = value
    assert node.op is not None
    if node.op.saves is not None:
        values.append(node.op.saves(*values, **node.attributes))
    return tuple(values)


def receives(node: Node, argument: int) -> bool:
    """Tell whether the rule of `node` gives a contribution to this argument."""
    assert node.op is not None
    rule = node.op.rules[0 if node.op.variadic else argument]
    return rule is not None and node.inputs[argument].requires_grad


def pull(node: Node, adjoint: Any, argument: int | None = None) -> tuple[Any, ...]:
    """Return the contributions of `node`, arrays or `Sparse` or None; only that to `argument` if it is given."""
    stored = getattr(node, "stored", None)
    if stored is not None:
        return stored
    assert node.op is not None
    inputs: tuple[Any, ...] = node.inputs
    if argument is not None:
        inputs = tuple(source if i == argument else None for i, source in enumerate(inputs))
    given = [source if source is not None and source.requires_grad else None for source in inputs]
    if not any(source is not None for source in given):
        return (None,) * len(inputs)
    return node.op.pull(adjoint, node._data, values_of(node), inputs, node.attributes or None)


def dense(contribution: Any) -> Any:
    """Return a contribution as an array."""
    return contribution.dense() if type(contribution) is Sparse else contribution


def view(value: Any) -> np.ndarray | None:
    """Return a read-only view: what is looked at is not changed."""
    if value is None:
        return None
    seen = np.asarray(value).view()
    seen.flags.writeable = False
    return seen
