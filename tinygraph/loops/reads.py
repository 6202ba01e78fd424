"""Which ops read each node: three numbers for each argument of an op, since long programs have millions."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter

import numpy as np

from ..recording.node import Node

_INDEX = attrgetter("index")

Read = tuple[Node, int]


class Wiring:
    """All arguments of all ops, in recorded order.

    Attributes
    ----------
    nodes : sequence of Node
        All nodes of a graph.
    ops : sequence of Node
        Its ops.
    arity : (N,) array
        How many arguments each op has.
    sources, readers, arguments : (M,) arrays
        The index of the node that is read, that of the op that reads it, and as which argument.
    """

    def __init__(self, nodes: Sequence[Node], ops: Sequence[Node]):
        self.nodes = nodes
        self.ops = ops
        inputs = [node.inputs for node in ops]
        self.arity = np.fromiter(map(len, inputs), np.int32, len(ops))
        first = np.cumsum(self.arity) - self.arity
        self.sources = np.fromiter(map(_INDEX, chain.from_iterable(inputs)), np.int32, int(self.arity.sum()))
        self.readers = np.repeat(self.indices, self.arity)
        self.arguments = (np.arange(len(self.sources)) - np.repeat(first, self.arity)).astype(np.int32)

    @cached_property
    def indices(self) -> np.ndarray:
        """The index of each op."""
        return np.fromiter(map(_INDEX, self.ops), np.int32, len(self.ops))

    @cached_property
    def position(self) -> np.ndarray:
        """By the index of a node, where it stands among the ops; -1 for leaves."""
        position = np.full(len(self.nodes), -1, np.int32)
        position[self.indices] = np.arange(len(self.ops))
        return position

    @property
    def rows(self) -> np.ndarray:
        """Rows of a source, a reader and the argument."""
        return np.column_stack([self.sources, self.readers, self.arguments])

    @cached_property
    def links(self) -> tuple[np.ndarray, np.ndarray]:
        """Which ops read which: the positions of sources, and of a reader for each."""
        source = self.position[self.sources]
        between_ops = source >= 0
        return source[between_ops], self.position[self.readers[between_ops]]


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
    >>> graph = tg.graph(x * x)
    >>> [(node.index, argument) for node, argument in Reads(Wiring(graph.nodes, graph.nodes[1:]))[0]]
    [(1, 0), (1, 1)]
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
        self._starts = array("q", np.concatenate([[0], np.cumsum(counts)]).astype(np.int64).tobytes())

    def __getitem__(self, index: int) -> list[Read]:
        reads = self._of(index)
        for leaf in self._also.get(index, ()):
            reads += self._of(leaf)
        return reads

    def _of(self, index: int) -> list[Read]:
        part = slice(self._starts[index], self._starts[index + 1])
        nodes = self._nodes
        return [(nodes[reader], i) for reader, i in zip(self._readers[part], self._arguments[part], strict=True)]
