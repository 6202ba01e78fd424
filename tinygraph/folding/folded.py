"""A folded graph: the recurrence as a small program of loops, nodes and edges, and its unrolling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..graphs.graph import Graph
from ..loops.places import Loop
from ..numeric import padded
from ..recording.node import Node, StoredNode
from .cell import FoldedEdge, FoldedLoop, FoldedNode
from .report import report


class FoldedGraph:
    """The recurrence of a recorded graph.

    Attributes
    ----------
    nodes : list of FoldedNode
        In the order of the first recorded instance.
    edges : list of FoldedEdge
    loops : list of FoldedLoop
        Outer ones before those inside them.
    graph : Graph
        The recorded graph.
    dissolved : sequence of Loop
        Loops of the program that are only labels of what they repeat.
    """

    def __init__(
        self,
        nodes: list[FoldedNode],
        edges: list[FoldedEdge],
        loops: list[FoldedLoop],
        graph: Graph,
        dissolved: Sequence[Loop],
    ):
        self.nodes = nodes
        self.edges = edges
        self.loops = loops
        self.graph = graph
        self.dissolved = dissolved

    @property
    def timesteps(self) -> list[int]:
        """The time steps of the recorded graph."""
        return self.graph.timesteps

    @property
    def times(self) -> dict[FoldedNode, int]:
        """How often each node was recorded: the T of its ×T."""
        return {node: node.times for node in self.nodes}

    @property
    def size(self) -> int:
        """Nodes and edges together."""
        return len(self.nodes) + len(self.edges)

    def unroll(self) -> Graph:
        """Return the recorded graph, made again from the recurrence.

        Loops, presence and index expressions say which ops there are, in which order, and what they read. Only what
        is data comes from the recorded nodes: values, where a leaf stood, and which element an indexing op took.

        Examples
        --------
        >>> import numpy as np, tinygraph as tg
        >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
        >>> for t in range(9):
        ...     h = np.tanh(W @ h)
        >>> folded = tg.fold(h)
        >>> len(folded.nodes), len(folded.unroll())
        (4, 20)
        """
        copies: dict[int, StoredNode] = {}
        for folded in self.nodes:
            for position, recorded in zip(folded.positions.tolist(), folded.recorded, strict=True):
                copies[position] = recorded.copy()
                copies[position].index = position
                copies[position].op = folded.op
        nodes: list[Node] = [copies[position] for position in range(len(copies))]
        inputs: list[dict[int, Node]] = [{} for _ in nodes]
        for edge in self.edges:
            instances, arguments, rows = edge.pairs()
            targets, sources = edge.target.positions[instances], edge.source.positions[rows]
            for target, argument, source in zip(targets.tolist(), arguments.tolist(), sources.tolist(), strict=True):
                inputs[target][argument] = nodes[source]
        for node, by_argument in zip(nodes, inputs, strict=True):
            node.inputs = tuple(by_argument[argument] for argument in range(len(by_argument)))
        return Graph(nodes, [nodes[output.index] for output in self.graph.outputs])

    def node_of(self, recorded: Node) -> FoldedNode:
        """Return the folded node that stands for a recorded one."""
        return self._node_of[recorded.index]

    @cached_property
    def _node_of(self) -> dict[int, FoldedNode]:
        return {position: node for node in self.nodes for position in node.positions.tolist()}

    @cached_property
    def in_order(self) -> bool:
        """Whether loops that run as they were read give the ops in the order in which they were recorded."""
        ops = [node for node in self.nodes if node.kind == "op"]
        if not ops:
            return True
        times = np.array([node.times for node in ops], int)
        orders = padded([tuple(-1 if number is None else number for number in node.order) for node in ops])
        keys = np.repeat(orders, times, axis=0)
        for node, end in zip(ops, np.cumsum(times).tolist(), strict=True):
            if node.loops:
                counted = [k for k, number in enumerate(node.order) if number is None]
                keys[end - node.times : end, counted] = node.iterations
        varying = (keys != keys[0]).any(0)
        varying[0] = True
        recorded = np.concatenate([node.positions for node in ops])
        return bool((np.diff(recorded[np.lexsort(keys[:, varying].T[::-1])]) > 0).all())

    def report(self) -> str:
        """Say what was folded and what was not, and why, by the user's source lines."""
        return report(self.nodes, self.edges, self.loops, self.dissolved, in_order=self.in_order)

    def __repr__(self) -> str:
        unrolled = sum(node.times for node in self.nodes)
        return f"<FoldedGraph: {len(self.nodes)} nodes and {len(self.edges)} edges for {unrolled} nodes>"
