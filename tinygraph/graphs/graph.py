"""Graph: what a program recorded, as plain data in the order it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..loops.timeline import Timeline
from ..memory import garbage_collector_paused
from ..recording.history import leading_to
from ..recording.node import Constant, Node, OpNode, StoredNode
from ..recording.tensor import Tensor
from .adjoints import tell_what_was_pulled
from .names import Names
from .namesakes import Namesakes

if TYPE_CHECKING:
    import networkx  # imported where a graph is exported: recording does without it


class Graph:
    """The recorded nodes that lead to some outputs.

    Attributes
    ----------
    nodes : list of Node
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
        nodes: list[Node],
        outputs: list[Node],
        timeline: Timeline | None = None,
        name_of: Callable[[Node], str | None] | None = None,
    ):
        self.nodes = nodes
        self.outputs = outputs
        self.timeline = timeline or Timeline(nodes)
        self.unrecorded: set[tuple[int, int]] | None = None
        self._told_name = name_of
        for node in nodes:
            node.graph = self

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        ops = sum(node.kind == "op" for node in self.nodes)
        return f"<Graph: {len(self.nodes)} nodes, {ops} ops, {len(self.parameters)} parameters>"

    @property
    def parameters(self) -> list[Node]:
        """The leaves that require a gradient."""
        return [node for node in self.nodes if node.kind == "parameter"]

    @cached_property
    def _names(self) -> Names:
        return Names(self.timeline)

    @cached_property
    def _namesakes(self) -> Namesakes:
        return Namesakes(self.timeline, self._names.of)

    def name_of(self, node: Node) -> str | None:
        """Return what the program calls a node, or was told to; see `tinygraph.graphs.names`."""
        if self._told_name is not None:
            return self._told_name(node)
        name = self._names.of(node)
        is_own = node.kind == "parameter" or node.label is not None or node.pulled is not None
        return name if name is None or is_own else self._namesakes.name(node, name)

    def timestep_of(self, node: Node) -> int | None:
        """Return the time step of a node: told by `tg.timestep`, else read from the program's loops."""
        return self.timeline.timesteps[node.index]

    @property
    def timesteps(self) -> list[int]:
        """The time steps in which ops ran, in increasing order."""
        steps = zip(self.nodes, self.timeline.timesteps, strict=True)
        return sorted({t for node, t in steps if node.kind == "op" and t is not None})

    def node_of(self, tensor: Tensor) -> Node:
        """Return the node of a Tensor.

        Raises
        ------
        KeyError
            If the Tensor does not lead to the outputs of this graph.
        """
        try:
            return self._node_of[tensor]
        except KeyError:
            raise KeyError(f"{tensor!r} does not lead to the outputs of this graph") from None

    @cached_property
    def _node_of(self) -> dict[Tensor, Node]:
        return self.node_of_each()

    def node_of_each(self) -> dict[Tensor, Node]:
        """Return the node of each Tensor."""
        return {node.tensor: node for node in self.nodes if node.tensor is not None}

    def consumers(self, node: Node) -> list[tuple[Node, int]]:
        """Return the nodes that use `node`, each with the number of the argument, in recorded order."""
        return self.timeline.reads[node.index]

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
        nodes, node_of = _nodes_of(leading_to(outputs))
        return Graph(nodes, [node_of[output] for output in outputs])


def _nodes_of(tensors: Sequence[Tensor]) -> tuple[list[Node], dict[Tensor, Node]]:
    """Return the nodes of Tensors in recorded order, with constants before the ops that were given them."""
    nodes: list[Node] = []
    node_of: dict[Tensor, Node] = {}
    unread: dict[Tensor, StoredNode] = {}  # leaves that no op has read yet
    constants: dict[int, Node] = {}
    for tensor in tensors:
        if tensor.op is None:
            if tensor._call is None and id(tensor._value) in constants:
                node_of[tensor] = constants[id(tensor._value)]  # a rule reads what the forward op was given
                continue
            node: Node
            node = unread[tensor] = _leaf(len(nodes), tensor)
        else:
            sources: Any = tensor._inputs
            inputs: tuple[Any, ...] = tuple([node_of.get(source) for source in sources])
            if None in inputs:
                for argument, source in enumerate(inputs):
                    if source is None:
                        value = tensor._values[argument]
                        constants[id(value)] = constant = _constant(len(nodes), value, tensor, argument)
                        nodes.append(constant)
                        inputs = (*inputs[:argument], constant, *inputs[argument + 1 :])
            if unread and not unread.keys().isdisjoint(sources):
                _note_values(tensor, unread)
            node = OpNode(len(nodes), tensor, inputs)
        node_of[tensor] = node
        nodes.append(node)
    if any(tensor._context.backward is not None for tensor in tensors):
        tell_what_was_pulled(nodes)
    return nodes, node_of


def _note_values(reader: Tensor, unread: dict[Tensor, StoredNode]) -> None:
    """Note what leaves held when an op read them first: an optimiser may have replaced it since."""
    for source, value in zip(reader._inputs, reader._values, strict=False):
        if source in unread:
            unread.pop(source)._value = value


def _leaf(index: int, tensor: Tensor) -> StoredNode:
    return StoredNode(
        index,
        "parameter" if tensor.requires_grad else "input",
        None,
        (),
        tensor._value,
        requires_grad=tensor.requires_grad,
        context=tensor._context,
        label=tensor._name,
        call=tensor._call,
        lasti=tensor._lasti,
        tensor=tensor,
    )


def _constant(index: int, value: Any, user: Tensor, argument: int) -> Node:
    return Constant(
        index,
        "constant",
        None,
        (),
        value,
        context=user._context,
        call=user._call,
        lasti=user._lasti,
        argument=argument,
    )
