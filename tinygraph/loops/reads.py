"""Which ops read each node: two numbers for each argument of an op, since long programs have millions."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

import numpy as np

from ..recording.node import Node

Read = tuple[Node, int]


class Reads:
    """The ops that read each node and as which argument, in recorded order, by the index of the node.

    Parameters
    ----------
    nodes, ops : sequence of Node
    also : dict of int to int
        Leaves whose reads count as those of another node too: that one's index.

    Examples
    --------
    >>> import tinygraph as tg
    >>> x = tg.parameter(3.0, name="x")
    >>> graph = tg.graph(x * x)
    >>> [(node.index, argument) for node, argument in Reads(graph.nodes, graph.nodes[1:])[0]]
    [(1, 0), (1, 1)]
    """

    def __init__(self, nodes: Sequence[Node], ops: Sequence[Node], also: Mapping[int, int] | None = None):
        self._nodes = nodes
        self._also: dict[int, list[int]] = {}
        for leaf, other in (also or {}).items():
            self._also.setdefault(other, []).append(leaf)
        sources = np.array(array("q", (source.index for node in ops for source in node.inputs)), dtype=np.int64)
        readers = np.repeat([node.index for node in ops], [len(node.inputs) for node in ops])
        arguments = np.array(array("q", (i for node in ops for i in range(len(node.inputs)))), dtype=np.int64)
        order = np.argsort(sources, kind="stable")
        self._readers = array("i", readers[order].astype(np.int32).tobytes())
        self._arguments = array("i", arguments[order].astype(np.int32).tobytes())
        starts = np.searchsorted(sources[order], np.arange(len(nodes) + 1))
        self._starts = array("q", starts.astype(np.int64).tobytes())

    def rows(self) -> np.ndarray:
        """Return rows of the index of a node, of the op that reads it, and the argument, in recorded order."""
        readers, arguments = np.array(self._readers), np.array(self._arguments)
        sources = np.repeat(np.arange(len(self._nodes)), np.diff(self._starts))
        return np.column_stack([sources, readers, arguments])[np.lexsort([arguments, readers])]

    def __getitem__(self, index: int) -> list[Read]:
        reads = self._of(index)
        for leaf in self._also.get(index, ()):
            reads += self._of(leaf)
        return reads

    def _of(self, index: int) -> list[Read]:
        part = slice(self._starts[index], self._starts[index + 1])
        nodes = self._nodes
        return [(nodes[reader], i) for reader, i in zip(self._readers[part], self._arguments[part], strict=True)]
