"""Graph: what a program recorded, as plain data in the order it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..loops.timeline import Timeline
from ..recording.history import leading_to
from ..recording.node import Constant, Node
from ..recording.tensor import Tensor
from .adjoints import tell_what_was_pulled
from .names import Names

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

    def name_of(self, node: Node) -> str | None:
        """Return what the program calls a node, or was told to; see `tinygraph.graphs.names`."""
        return self._names.of(node) if self._told_name is None else self._told_name(node)

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
    nodes: list[Node] = []
    node_of: dict[Tensor, Node] = {}
    constants: dict[int, Node] = {}
    tensors = leading_to(outputs)
    leaf_values = _leaf_values(tensors)
    for tensor in tensors:
        inputs = []
        for argument, (source, value) in enumerate(zip(tensor._inputs, tensor._values, strict=False)):
            if source is None:
                constant = _constant(len(nodes), value, tensor, argument)
                nodes.append(constant)
                constants[id(value)] = constant
                inputs.append(constant)
            else:
                inputs.append(node_of[source])
        same = constants.get(id(tensor._value)) if tensor.op is None and tensor._call is None else None
        if same is not None:  # a rule reads what the forward op was given
            node_of[tensor] = same
            continue
        node_of[tensor] = node = _node(len(nodes), tensor, tuple(inputs), leaf_values.get(tensor, tensor._value))
        nodes.append(node)
    if any(tensor._context.backward is not None for tensor in tensors):
        tell_what_was_pulled(nodes)
    return Graph(nodes, [node_of[output] for output in outputs])


def _leaf_values(tensors: Sequence[Tensor]) -> dict[Tensor, Any]:
    """Return what the leaves held when they were used: an optimiser may have replaced it since."""
    values: dict[Tensor, Any] = {}
    for tensor in tensors:
        for source, value in zip(tensor._inputs, tensor._values, strict=False):
            if source is not None and source.op is None:
                values.setdefault(source, value)
    return values


def _node(index: int, tensor: Tensor, inputs: tuple[Node, ...], data: Any) -> Node:
    kind = "op" if tensor.op is not None else "parameter" if tensor.requires_grad else "input"
    return Node(
        index,
        kind,
        tensor.op,
        inputs,
        data,
        attributes=tensor._attributes,
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
