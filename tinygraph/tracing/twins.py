"""Twins: nodes that stand in a replay for those of the recorded pass."""

from __future__ import annotations

from typing import Any

from ..recording.node import Node
from ..recording.primitive import Primitive
from ..recording.source import Source
from .saved import SavedNode


class Twin(SavedNode):
    """A node that stands in a replay for one of the original; it has a place in the program where that one has it."""

    __slots__ = ("origin",)

    def __init__(self, origin: Node, kind: str, op: Primitive | None, inputs: tuple[Node, ...], value: Any):
        super().__init__(origin.index, kind, op, inputs, value, scope="", source=None, label=origin.label)
        self.origin = origin
        self.call = origin.call if kind == origin.kind else None
        self.lasti = origin.lasti

    @property
    def scope(self) -> str:
        """As of the original."""
        return self.origin.scope

    @property
    def source(self) -> Source | None:
        """As of the original; None of a value that was set."""
        return self.origin.source if self.kind == self.origin.kind else None


def copy_of(node: Node, inputs: tuple[Node, ...]) -> Twin:
    """Return a node without its Tensor, that reads `inputs`."""
    twin = Twin(node, node.kind, node.op, inputs, node._value)
    twin.attributes = node.attributes
    twin.requires_grad = node.requires_grad
    if isinstance(node, SavedNode):
        twin.stored, twin.adjoint = node.stored, node.adjoint
    return twin
