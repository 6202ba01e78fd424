"""Which ops read each node: a few numbers for each argument of an op, since long programs have millions."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Protocol

import numpy as np

from ..recording.node import Node
from ..recording.primitive import Primitive

KINDS = ("op", "parameter", "input", "constant")
OP, PARAMETER, INPUT, CONSTANT = range(len(KINDS))
_INDEX = attrgetter("index")

Read = tuple[Node, int]


class NodesAt(Sequence[Node]):
    """Some nodes of a graph, by their indices."""

    def __init__(self, nodes: Sequence[Node], indices: np.ndarray):
        self._nodes = nodes
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self._nodes[index] for index in self.indices[k].tolist()]
        return self._nodes[int(self.indices[k])]

    def __iter__(self) -> Iterator[Node]:
        return map(self._nodes.__getitem__, self.indices.tolist())


class Facts(Protocol):
    """What is known of nodes without a look at each of them: where nodes are made on demand, none is."""

    def each(self, attribute: str) -> Iterable[Any]:
        """Return an attribute of each op."""

    def op(self, index: int) -> Primitive | None:
        """Return what a node was made by."""

    def value(self, leaf: int) -> Any:
        """Return what a leaf holds."""


class _FactsOfNodes:
    def __init__(self, nodes: Sequence[Node], ops: Sequence[Node]):
        self._nodes = nodes
        self._ops = ops

    def each(self, attribute: str) -> Iterable[Any]:
        return map(attrgetter(attribute), self._ops)

    def op(self, index: int) -> Primitive | None:
        return self._nodes[index].op

    def value(self, leaf: int) -> Any:
        return self._nodes[leaf]._value


class Wiring:
    """All arguments of all ops, in recorded order.

    Attributes
    ----------
    nodes : sequence of Node
        All nodes of a graph.
    ops : sequence of Node
        Its ops.
    kinds : (N,) array
        The kind of each node, as a position in `KINDS`.
    indices, starts : (K,) and (K + 1,) arrays
        The index of each op, and where its arguments begin.
    position : (N,) array
        By the index of a node, where it stands among the ops; -1 for leaves.
    sources : (M,) array
        The index of the node that each argument is.
    facts : Facts
        What else is known of the nodes.

    Parameters
    ----------
    arity : sequence of int
        How many arguments each op has.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        kinds: np.ndarray,
        arity: Sequence[int],
        sources: Sequence[int],
        facts: Facts,
    ):
        self.nodes = nodes
        self.kinds = kinds
        self.indices = np.flatnonzero(kinds == OP).astype(np.int32)
        self.ops = NodesAt(nodes, self.indices)
        self.starts = np.concatenate([[0], np.cumsum(arity)]).astype(np.int32)
        self.sources = np.asarray(sources, np.int32)
        self.position = np.full(len(kinds), -1, np.int32)
        self.position[self.indices] = np.arange(len(self.indices))
        self.facts = facts

    @classmethod
    def of(cls, nodes: Sequence[Node]) -> Wiring:
        """Read the wiring from nodes that keep their inputs."""
        ops = [node for node in nodes if node.kind == "op"]
        inputs = [node.inputs for node in ops]
        return cls(
            nodes,
            np.fromiter((KINDS.index(node.kind) for node in nodes), np.uint8, len(nodes)),
            list(map(len, inputs)),
            list(map(_INDEX, chain.from_iterable(inputs))),
            _FactsOfNodes(nodes, ops),
        )

    @property
    def arity(self) -> np.ndarray:
        """How many arguments each op has."""
        return np.diff(self.starts)

    @property
    def readers(self) -> np.ndarray:
        """The index of the op of each argument."""
        return np.repeat(self.indices, self.arity)

    @property
    def arguments(self) -> np.ndarray:
        """Which argument of its op each is."""
        return np.arange(len(self.sources), dtype=np.int32) - np.repeat(self.starts[:-1], self.arity)

    @property
    def rows(self) -> np.ndarray:
        """Rows of a source, a reader and the argument."""
        return np.column_stack([self.sources, self.readers, self.arguments])

    @property
    def links(self) -> tuple[np.ndarray, np.ndarray]:
        """Which ops read which: the positions of sources, and of a reader for each."""
        source = self.position[self.sources]
        between_ops = source >= 0
        return source[between_ops], self.position[self.readers[between_ops]]

    @property
    def parameters(self) -> list[Node]:
        """The leaves that require a gradient."""
        return [self.nodes[index] for index in np.flatnonzero(self.kinds == PARAMETER).tolist()]

    @property
    def leaves(self) -> np.ndarray:
        """The index of each leaf."""
        return np.flatnonzero(self.kinds != OP)

    def sources_of(self, index: int) -> list[int]:
        """Return the indices of what an op reads."""
        position = self.position[index]
        return [] if position < 0 else self.sources[slice(*self.starts[position : position + 2])].tolist()

    def kind(self, index: int) -> str:
        """Return the kind of a node."""
        return KINDS[self.kinds[index]]


class _ReadsOf(Sequence[Read]):
    def __init__(self, nodes: Sequence[Node], places: list[tuple[int, int]]):
        self._nodes = nodes
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return [self[i] for i in range(*k.indices(len(self)))]
        reader, argument = self._places[k]
        return self._nodes[reader], argument


class Reads:
    """The ops that read each node and as which argument, in recorded order, by the index of the node.

    Parameters
    ----------
    wiring : Wiring
    also : dict of int to int
        Leaves whose reads count as those of another node too: that one's index.

    Examples
    --------
    >>> import tinygraph as tg
    >>> x = tg.parameter(3.0, name="x")
    >>> reads = Reads(tg.graph(x * x).timeline.wiring)
    >>> [(node.index, argument) for node, argument in reads[0]], reads.places(0)
    ([(1, 0), (1, 1)], [(1, 0), (1, 1)])
    """

    def __init__(self, wiring: Wiring, also: Mapping[int, int] | None = None):
        self._nodes = wiring.nodes
        self._also: dict[int, list[int]] = {}
        for leaf, other in (also or {}).items():
            self._also.setdefault(other, []).append(leaf)
        order = np.argsort(wiring.sources, kind="stable")
        self._readers = array("i", wiring.readers[order].tobytes())
        self._arguments = array("i", wiring.arguments[order].tobytes())
        counts = np.bincount(wiring.sources, minlength=len(self._nodes))
        self._starts = array("i", np.concatenate([[0], np.cumsum(counts)]).astype(np.int32).tobytes())

    def __getitem__(self, index: int) -> Sequence[Read]:
        return _ReadsOf(self._nodes, self.places(index))

    def places(self, index: int) -> list[tuple[int, int]]:
        """Return the index of each op that reads a node, and the argument, without a look at their nodes."""
        places = self._of(index)
        for leaf in self._also.get(index, ()):
            places += self._of(leaf)
        return places

    def first(self, index: int) -> tuple[int, int] | None:
        """Return the first of these places; None where there is none."""
        start = self._starts[index]
        if start == self._starts[index + 1]:
            return next(iter(self.places(index)), None)
        return self._readers[start], self._arguments[start]

    def _of(self, index: int) -> list[tuple[int, int]]:
        part = slice(self._starts[index], self._starts[index + 1])
        return list(zip(self._readers[part], self._arguments[part], strict=True))
