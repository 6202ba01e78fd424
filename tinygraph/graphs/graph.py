"""Graph: what a program recorded, as plain data in the order it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ..loops.reads import NodesAt
from ..loops.timeline import Timeline
from ..memory import garbage_collector_paused
from ..recording.history import leading_to
from ..recording.node import Node
from ..recording.tensor import Tensor
from .adjoints import tell_what_was_pulled
from .names import Names
from .namesakes import Namesakes
from .on_demand import NodesOnDemand
from .recorded_nodes import RecordedNodes

if TYPE_CHECKING:
    import networkx  # imported where a graph is exported: recording does without it


class Graph:
    """The recorded nodes that lead to some outputs.

    Attributes
    ----------
    nodes : sequence of Node
        In recorded order, ``nodes[i].index == i``.
    outputs : list of Node
    timeline : Timeline
        Loops, iterations, time steps and initial states: read from the nodes unless it is given.
    unrecorded : set of (int, int), or None
        What `tinygraph.graphs.unrecorded` would ask the program's text, where a file tells it.

    Parameters
    ----------
    name_of : callable, optional
        Says what the program calls a node; read from the program unless it is given.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        outputs: list[Node],
        timeline: Timeline | None = None,
        name_of: Callable[[Node], str | None] | None = None,
    ):
        self.nodes = nodes
        self.outputs = outputs
        self.timeline = timeline or Timeline(nodes)
        self.unrecorded: set[tuple[int, int]] | None = None
        self._told_name = name_of
        if isinstance(nodes, NodesOnDemand):
            nodes.belong_to(self)
        else:
            for node in nodes:
                node.graph = self

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph: {len(self.nodes)} nodes, {len(self.timeline.ops)} ops, {len(self.parameters)} parameters>"

    @property
    def parameters(self) -> list[Node]:
        """The leaves that require a gradient."""
        return self.timeline.wiring.parameters

    @cached_property
    def _names(self) -> Names:
        return Names(self.timeline)

    @cached_property
    def _namesakes(self) -> Namesakes:
        return Namesakes(self.timeline, self._names.of)

    def name_of(self, node: Node) -> str | None:
        """Return what the program calls a node, or was told to; see `tinygraph.graphs.names`."""
        name = self.called(node)
        if self._told_name is not None:
            return name
        is_own = node.kind == "parameter" or node.label is not None or node.pulled is not None
        return name if name is None or is_own else self._namesakes.name(node, name)

    def called(self, node: Node) -> str | None:
        """Return what the program itself calls a node: h, also where its name is h_enc, to tell it from others."""
        return self._names.of(node) if self._told_name is None else self._told_name(node)

    def timestep_of(self, node: Node) -> int | None:
        """Return the time step of a node: told by `tg.timestep`, else read from the program's loops."""
        return self.timeline.timesteps[node.index]

    @property
    def timesteps(self) -> list[int]:
        """The time steps in which ops ran, in increasing order."""
        timesteps = self.timeline.timesteps
        return sorted({t for k in self.timeline.wiring.indices.tolist() if (t := timesteps[k]) is not None})

    def node_of(self, tensor: Tensor) -> Node:
        """Return the node of a Tensor.

        Raises
        ------
        KeyError
            If the Tensor does not lead to the outputs of this graph.
        """
        if isinstance(self.nodes, NodesOnDemand):
            index = self.nodes.index_of(tensor)
        else:
            index = next((node.index for node in self.nodes if node.tensor is tensor), None)
        if index is None:
            raise KeyError(f"{tensor!r} does not lead to the outputs of this graph")
        return self.nodes[index]

    def nodes_of_ops(self, tensors: Sequence[Tensor]) -> NodesAt:
        """Return the nodes of many values of recorded ops, each of which leads to the outputs."""
        assert isinstance(self.nodes, RecordedNodes)
        return NodesAt(self.nodes, self.nodes.indices_of(tensors))

    def consumers(self, node: Node) -> list[tuple[Node, int]]:
        """Return the nodes that use `node`, each with the number of the argument, in recorded order."""
        return list(self.timeline.reads[node.index])

    def longest_path(self) -> int:
        """Return the number of ops on the longest chain of dependences: what cannot be done in parallel."""
        length = [0] * len(self.nodes)
        for node in self.nodes:
            if node.kind == "op":
                length[node.index] = 1 + max((length[source.index] for source in node.inputs), default=0)
        return max(length, default=0)

    def to_networkx(self) -> networkx.MultiDiGraph:
        """Return a MultiDiGraph keyed by index, with one edge for each argument.

        Node attributes are those of `Node` as plain data; an edge has ``argument``, its place in the order of the
        op's arguments.

        Examples
        --------
        >>> import tinygraph as tg
        >>> x = tg.parameter(3.0)
        >>> list(tg.graph(x * x).to_networkx().edges(data="argument"))
        [(0, 1, 0), (0, 1, 1)]
        """
        import networkx

        exported = networkx.MultiDiGraph()
        for node in self.nodes:
            exported.add_node(
                node.index,
                op=None if node.op is None else node.op.name,
                kind=node.kind,
                name=node.name,
                expression=node.expression,
                timestep=node.timestep,
                scope=node.scope,
                shape=node.shape,
                dtype=str(node.dtype),
            )
        for node in self.nodes:
            for argument, source in enumerate(node.inputs):
                exported.add_edge(source.index, node.index, argument=argument)
        return exported


def graph(*outputs: Tensor) -> Graph:
    """Return the recorded graph that leads to `outputs`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h⁽⁰⁾")
    >>> for t in range(2):
    ...     with tg.timestep(t + 1):
    ...         h = np.tanh(W @ h)
    >>> [(str(node.op), node.timestep) for node in tg.graph(h).nodes if node.kind == "op"]
    [('matmul', 1), ('tanh', 1), ('matmul', 2), ('tanh', 2)]

    Raises
    ------
    TypeError
        If an output is not a Tensor.
    """
    for output in outputs:
        if not isinstance(output, Tensor):
            raise TypeError(f"graph: expected Tensors that were recorded, got {type(output).__name__}")
    with garbage_collector_paused():
        nodes = RecordedNodes(leading_to(outputs))
        timeline = Timeline(nodes, nodes.wiring)
        recorded = Graph(nodes, [], timeline)
        recorded.outputs = [recorded.node_of(output) for output in outputs]
        if nodes.is_of_backward_pass:
            tell_what_was_pulled(nodes)
        return recorded
