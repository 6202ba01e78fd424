"""Graph: what a program recorded, as plain data in the order it was recorded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .calls import Call
from .source import Source, locate
from .tensor import Tensor

if TYPE_CHECKING:
    import networkx

    from .op import Op

_by_index = attrgetter("_index")


class Node:
    """One value of the graph and how it came to be.

    Attributes
    ----------
    index : int
        Its place in the graph, in the order of recording.
    kind : str
        ``"op"``; ``"parameter"``, a leaf that requires a gradient; ``"input"``, a Tensor without gradient;
        ``"constant"``, a plain number or array that an op was given.
    op : Op or None
        None for leaves.
    inputs : tuple of Node
        The op's arguments in order, the same node twice where it was used twice.
    attributes : dict
        Static arguments of the op, as ``axis``.
    data : ndarray
        The value as recorded, read-only.
    requires_grad : bool
    scope : str
        Names of `tg.scope` around it, joined by ``/``.
    call : Call or None
        The activation of the function it was recorded in.
    tensor : Tensor or None
        The Tensor itself; None for constants and in a graph from a file.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_graph",
        "_source",
        "attributes",
        "call",
        "index",
        "inputs",
        "kind",
        "label",
        "lasti",
        "op",
        "requires_grad",
        "scope",
        "tensor",
        "timestep_label",
    )

    def __init__(
        self,
        index: int,
        kind: str,
        op: Op | None,
        inputs: tuple[Node, ...],
        data: Any,
        *,
        attributes: dict[str, Any] | None = None,
        requires_grad: bool = False,
        scope: str = "",
        timestep_label: int | None = None,
        label: str | None = None,
        call: Call | None = None,
        lasti: int = -1,
        tensor: Tensor | None = None,
        source: Source | None = None,
    ):
        self.index = index
        self.kind = kind
        self.op = op
        self.inputs = inputs
        self._data = data
        self.attributes = attributes or {}
        self.requires_grad = requires_grad
        self.scope = scope
        self.timestep_label = timestep_label
        self.label = label
        self.call = call
        self.lasti = lasti
        self.tensor = tensor
        self._source = source
        self._graph: Graph | None = None

    @property
    def data(self) -> np.ndarray:
        """The value as recorded, read-only."""
        view = np.asarray(self._data).view()
        view.flags.writeable = False
        return view

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return np.shape(self._data)

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return np.asarray(self._data).dtype

    @property
    def source(self) -> Source | None:
        """Where in the program it was made; None where that is not known."""
        if self._source is None:
            self._source = locate(self.call, self.lasti)
        return self._source

    @property
    def expression(self) -> str:
        """The source expression that made it; empty where there is no source."""
        return self.source.expression if self.source else ""

    @property
    def name(self) -> str | None:
        """The name it was given, explicitly or by assignment; for a constant, its expression in the op that uses it."""
        if self.label is not None:
            return self.label
        return self.source.name if self.source else None

    @property
    def timestep(self) -> int | None:
        """The time step of the network it belongs to: told by `tg.timestep`, else read from the program's loops."""
        return None if self._graph is None else self._graph._timesteps[self.index]

    def __repr__(self) -> str:
        what = self.op.name if self.op is not None else self.kind
        at = "" if self.timestep is None else f" at time step {self.timestep}"
        return f"<Node {self.index}: {self.name or '·'} = {what}{at}, shape {self.shape}>"


class Graph:
    """The recorded nodes that lead to some outputs.

    Attributes
    ----------
    nodes : list of Node
        In recorded order, ``nodes[i].index == i``.
    outputs : list of Node
    """

    def __init__(self, nodes: list[Node], outputs: list[Node]):
        self.nodes = nodes
        self.outputs = outputs
        for node in nodes:
            node._graph = self

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
    def _timesteps(self) -> list[int | None]:
        from .loops import time_steps  # reads the loops of this graph

        return time_steps(self)

    @property
    def timesteps(self) -> list[int]:
        """The time steps that occur, in increasing order."""
        return sorted({t for t in self._timesteps if t is not None})

    @cached_property
    def _node_of(self) -> dict[Tensor, Node]:
        return {node.tensor: node for node in self.nodes if node.tensor is not None}

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
    def _consumers(self) -> list[list[tuple[Node, int]]]:
        found: list[list[tuple[Node, int]]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for argument, source in enumerate(node.inputs):
                found[source.index].append((node, argument))
        return found

    def consumers(self, node: Node) -> list[tuple[Node, int]]:
        """Return the nodes that use `node`, each with the number of the argument, in recorded order."""
        return self._consumers[node.index]

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

        made = networkx.MultiDiGraph()
        for node in self.nodes:
            made.add_node(
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
                made.add_edge(source.index, node.index, argument=argument)
        return made


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
        if type(output) is not Tensor:
            raise TypeError(f"graph: expected Tensors that were recorded, got {type(output).__name__}")
    nodes: list[Node] = []
    made: dict[Tensor, Node] = {}
    recorded_values = _leaf_values(reached := _reached(outputs))
    for tensor in reached:
        inputs = []
        for argument, (source, value) in enumerate(zip(tensor._inputs, tensor._values, strict=False)):
            if source is None:
                constant = _constant(len(nodes), value, tensor, argument)
                nodes.append(constant)
                inputs.append(constant)
            else:
                inputs.append(made[source])
        made[tensor] = node = _node(len(nodes), tensor, tuple(inputs), recorded_values.get(tensor, tensor._data))
        nodes.append(node)
    return Graph(nodes, [made[output] for output in outputs])


def _reached(outputs: Iterable[Tensor]) -> list[Tensor]:
    found = list(dict.fromkeys(outputs))
    seen = set(found)
    for tensor in found:  # the list grows under the loop
        for source in tensor._inputs:
            if source is not None and source not in seen:
                seen.add(source)
                found.append(source)
    found.sort(key=_by_index)
    return found


def _leaf_values(tensors: Sequence[Tensor]) -> dict[Tensor, Any]:
    """Return what the leaves held when they were used: an optimiser may have replaced it since."""
    held: dict[Tensor, Any] = {}
    for tensor in tensors:
        for source, value in zip(tensor._inputs, tensor._values, strict=False):
            if source is not None and source.op is None:
                held.setdefault(source, value)
    return held


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
        scope="/".join(tensor._context.scope),
        timestep_label=tensor._context.timestep,
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
        scope="/".join(user._context.scope),
        timestep_label=user._context.timestep,
        call=user._call,
        lasti=user._lasti,
        argument=argument,
    )


class Constant(Node):
    """A plain number or array that an op was given; it is named by its expression in the op's own source."""

    __slots__ = ("argument",)

    def __init__(self, *args: Any, argument: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.argument = argument

    @property
    def name(self) -> str | None:
        """The expression that gave it, or its value if that is one number."""
        if self.label is not None:
            return self.label
        if np.ndim(self._data) == 0:
            return f"{self._data:g}" if not math.isnan(self._data) else "nan"
        source = locate(self.call, self.lasti)
        return None if source is None else operand(source.expression, self.argument)

    @property
    def expression(self) -> str:
        """As its name."""
        return self.name or ""


def operand(expression: str, argument: int) -> str | None:
    """Return the source of an operand of an expression.

    Examples
    --------
    >>> operand("U @ X[t]", 1), operand("np.dot(U, x)", 1)
    ('X[t]', 'x')
    """
    import ast

    try:
        node = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    operands: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        operands = [node.left, node.right]
    elif isinstance(node, ast.Call):
        operands = list(node.args)
    return ast.unparse(operands[argument]) if argument < len(operands) else None
