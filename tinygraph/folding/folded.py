"""A folded graph: the recurrence as a small program of loops, nodes and edges, and its unrolling."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import numpy as np

from ..graphs.graph import Graph
from ..loops.places import Loop
from ..numeric import padded
from ..recording.node import Node
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
    timesteps : list of int
        The time steps of the recorded graph.
    """

    def __init__(
        self,
        nodes: list[FoldedNode],
        edges: list[FoldedEdge],
        loops: list[FoldedLoop],
        graph: Graph | None,
        dissolved: Sequence[Loop] = (),
    ):
        self.nodes = nodes
        self.edges = edges
        self.loops = loops
        self.graph = graph
        self.dissolved = dissolved
        self.order: np.ndarray | None = None
        if graph is not None:
            recorded = np.concatenate([node.positions for node in self._ops] or [np.zeros(0, int)])
            if not np.array_equal(self._op_positions(), recorded):
                self.order = recorded

    @property
    def timesteps(self) -> list[int]:
        """The time steps of the recorded graph."""
        return self.graph.timesteps if self.graph else []

    @property
    def times(self) -> dict[FoldedNode, int]:
        """How often each node was recorded: the T of its ×T."""
        return {node: node.times for node in self.nodes}

    @property
    def size(self) -> int:
        """Nodes and edges together."""
        return len(self.nodes) + len(self.edges)

    @property
    def _ops(self) -> list[FoldedNode]:
        return [node for node in self.nodes if node.kind == "op"]

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
        >>> folded = tg.fold(tg.graph(h))
        >>> len(folded.nodes), len(folded.unroll())
        (4, 20)
        """
        if self.graph is None:
            raise ValueError("unroll: this recurrence was resized, and has no recorded values")
        at = self.positions()
        made: dict[int, Node] = {}
        for folded in self.nodes:
            for position, recorded in zip(at[folded].tolist(), folded.recorded, strict=True):
                node = made[position] = copy(recorded)
                node.index = position
                node.op = folded.op
        reads: list[dict[int, Node]] = [{} for _ in made]
        for edge in self.edges:
            targets, sources = at[edge.target], at[edge.source]
            for instance, argument, row in zip(*(column.tolist() for column in edge.pairs()), strict=True):
                reads[targets[instance]][argument] = made[sources[row]]
        for position, read in enumerate(reads):
            made[position].inputs = tuple(read[argument] for argument in range(len(read)))
        nodes = [made[position] for position in range(len(made))]
        return type(self.graph)(nodes, [nodes[output.index] for output in self.graph.outputs])

    def node_of(self, recorded: Node) -> FoldedNode:
        """Return the folded node that stands for a recorded one."""
        return self._node_of[recorded.index]

    @cached_property
    def _node_of(self) -> dict[int, FoldedNode]:
        return {position: node for node in self.nodes for position in node.positions.tolist()}

    def positions(self) -> dict[FoldedNode, np.ndarray]:
        """Return where in the unrolled graph the instances of each node stand."""
        ends = np.cumsum([node.times for node in self._ops]).tolist()
        ordered = self._op_positions() if self.order is None else self.order
        at = {node: ordered[end - node.times : end] for node, end in zip(self._ops, ends, strict=True)}
        return at | self._leaf_positions()

    def _leaf_positions(self) -> dict[FoldedNode, np.ndarray]:
        leaves = [node for node in self.nodes if node.kind != "op"]
        if self.graph is not None:
            return {node: node.positions for node in leaves}
        ends = np.cumsum([node.times for node in leaves]).tolist()
        return {node: np.arange(end - node.times, end) for node, end in zip(leaves, ends, strict=True)}

    def _op_positions(self) -> np.ndarray:
        """Return where each instance of each op stands, if loops run as they were read."""
        ops = self._ops
        times = np.array([node.times for node in ops], int)
        orders = padded([tuple(-1 if number is None else number for number in node.order) for node in ops])
        keys = np.repeat(orders, times, axis=0)
        for node, end in zip(ops, np.cumsum(times).tolist(), strict=True):
            if node.loops:
                counted = [k for k, number in enumerate(node.order) if number is None]
                keys[end - node.times : end, counted] = node.iterations
        keys = keys[:, (keys != keys[:1]).any(0)] if len(keys) > 1 else keys[:, :1]
        free = np.ones(sum(node.times for node in self.nodes), bool)
        free[np.concatenate([*self._leaf_positions().values(), np.zeros(0, int)])] = False
        positions = np.empty(len(keys), int)
        positions[np.lexsort(keys.T[::-1]) if keys.shape[1] else slice(None)] = np.flatnonzero(free)
        return positions

    def report(self) -> str:
        """Say what was folded and what was not, and why, by the user's source lines."""
        return report(self.nodes, self.edges, self.loops, self.dissolved, in_order=self.order is None)

    def __repr__(self) -> str:
        unrolled = sum(node.times for node in self.nodes)
        return f"<FoldedGraph: {len(self.nodes)} nodes and {len(self.edges)} edges for {unrolled} nodes>"
