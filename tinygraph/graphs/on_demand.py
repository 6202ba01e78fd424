"""Nodes that are made when somebody asks for them: long programs have millions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..loops.reads import Wiring
from ..recording.node import Node, Reading
from ..recording.primitive import Primitive
from ..recording.tensor import Tensor


class NodesOnDemand(Sequence[Node]):
    """Nodes in recorded order; one that was asked for is kept.

    Attributes
    ----------
    wiring : Wiring
        Whose facts these nodes are too.
    """

    wiring: Wiring

    def __init__(self) -> None:
        self._graph: Reading | None = None
        self._made: dict[int, Node] = {}

    @abstractmethod
    def _make(self, index: int) -> Node:
        """Return a new node."""

    @abstractmethod
    def _of_ops(self, attribute: str) -> Iterable[Any]:
        """Return an attribute of each op, as it was when nothing was told to its node yet."""

    @abstractmethod
    def index_of(self, tensor: Tensor) -> int | None:
        """Return the index of a Tensor's node; None if it is not among them."""

    @abstractmethod
    def op(self, index: int) -> Primitive | None:
        """Return what a node was made by, without making it."""

    @abstractmethod
    def value(self, leaf: int) -> Any:
        """Return what a leaf holds, without making its node."""

    def __len__(self) -> int:
        return len(self.wiring.kinds)

    def __iter__(self) -> Iterator[Node]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, k: Any) -> Any:
        node = self._made.get(k) if type(k) is int else None
        if node is not None:
            return node
        indices: Any = range(len(self))[k]
        if isinstance(k, slice):
            return [self[index] for index in indices]
        return self._made.get(indices) or self._made.setdefault(indices, self._of_graph(indices))

    def _of_graph(self, index: int) -> Node:
        node = self._make(index)
        node.graph = self._graph
        return node

    def inputs_of(self, index: int) -> tuple[Node, ...]:
        """Return the nodes that an op reads."""
        return tuple([self[source] for source in self.wiring.sources_of(index)])

    def belong_to(self, graph: Reading) -> None:
        """Let all nodes belong to a graph."""
        self._graph = graph
        for node in self._made.values():
            node.graph = graph

    def each(self, attribute: str) -> Iterable[Any]:
        """Return an attribute of each op, without making its node."""
        values = list(self._of_ops(attribute))
        position = self.wiring.position
        for index, node in tuple(self._made.items()):  # it may have been told more than is known without it
            if node.op is not None:
                values[position[index]] = getattr(node, attribute)
        return values
