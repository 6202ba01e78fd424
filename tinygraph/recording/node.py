"""Node: one recorded value, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np

from ..plain_text import clean
from .calls import Call
from .context import Context
from .passes import Origin
from .primitive import Primitive
from .source import Source, locate
from .tensor import Tensor

_NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})


def scope_text(context: Context | None) -> str:
    """Return names of `tg.scope` joined by ``/``."""
    names = context.scope if context is not None else ()
    return clean("/".join(names)) if names else ""


class Reading(Protocol):
    """What a graph knows of its nodes."""

    def name_of(self, node: Node) -> str | None:
        """Return what the program calls a node."""

    def timestep_of(self, node: Node) -> int | None:
        """Return the time step that a node belongs to."""


class Inputs(Protocol):
    """What knows the inputs of an op by its index."""

    def inputs_of(self, index: int) -> tuple[Node, ...]:
        """Return the nodes that an op reads."""


class Pulled(NamedTuple):
    """What a node of a recorded backward pass is.

    Attributes
    ----------
    through : Node or None
        The forward op whose rule computed it; None if that does not lead to the outputs of the graph.
    adjoint_of : tuple of Node or Origin
        Whose whole adjoint it is: of several, where an op hands its adjoint on; their origins if they do not lead to
        the outputs of the graph.
    """

    through: Node | None
    adjoint_of: tuple[Node | Origin, ...] = ()

    @property
    def forward(self) -> Node | None:
        """The op of the forward pass beside which it stands."""
        nodes = (node for node in self.adjoint_of if isinstance(node, Node))
        return next((node for node in nodes if node.kind == "op" and node.op != "alias"), self.through)

    @property
    def is_of_all_time(self) -> bool:
        """Whether it is the adjoint of what has no time step: the sum of what all of them contribute."""
        return any(
            isinstance(node, Node) and (node.kind == "parameter" or node.op == "alias") for node in self.adjoint_of
        )


class Node:
    """One value of the graph and how it came to be; its texts are clean.

    Attributes
    ----------
    index : int
        Its place in the graph, in the order of recording.
    kind : str
        ``"op"``; ``"parameter"``, a leaf that requires a gradient; ``"input"``, a Tensor without gradient;
        ``"constant"``, a plain number or array that an op was given.
    op : Primitive or None
        None for leaves; an `Op` that runs here, or one that was read from a file.
    inputs : tuple of Node
        The op's arguments in order, the same node twice where it was used twice.
    attributes : mapping
        Static arguments of the op, as ``axis``.
    data : ndarray
        The value as recorded, read-only.
    requires_grad : bool
    context : Context or None
        The circumstances of recording: scopes, told time steps and loops.
    call : Call or None
        The activation of the function it was recorded in.
    tensor : Tensor or None
        The Tensor itself; None for constants and in a graph from a file.
    pulled : Pulled or None
        What it is in a recorded backward pass; None for all that a program computed.
    """

    __slots__ = ("_inputs", "graph", "index", "kind", "pulled")

    op: Primitive | None
    attributes: Mapping[str, Any]
    requires_grad: bool
    context: Context | None
    label: str | None
    call: Call | None
    lasti: int
    tensor: Tensor | None
    _value: Any

    def __init__(self, index: int, kind: str, inputs: tuple[Node, ...] | Inputs):
        self.index = index
        self.kind = kind
        self._inputs = inputs
        self.graph: Reading | None = None  # that it is a node of
        self.pulled: Pulled | None = None

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The op's arguments in order, made when somebody asks: else each node would make all before it."""
        if not isinstance(self._inputs, tuple):
            self._inputs = self._inputs.inputs_of(self.index)
        return self._inputs

    @inputs.setter
    def inputs(self, inputs: tuple[Node, ...]) -> None:
        self._inputs = inputs

    @property
    def data(self) -> np.ndarray:
        """The value as recorded, read-only."""
        view = np.asarray(self._value).view()
        view.flags.writeable = False
        return view

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return np.shape(self._value)

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return np.asarray(self._value).dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the value; of a plain number, those of the array that it stands for."""
        value = self._value
        return value.nbytes if isinstance(value, np.ndarray | np.generic) else np.asarray(value).nbytes

    def values(self) -> tuple[Any, ...]:
        """Return the values of the arguments as recorded, and what the op saved, as its rules take them."""
        if self.tensor is not None:
            return self.tensor._values
        values = self.argument_values()
        if self.op is not None and self.op.saves is not None:
            values.append(self.op.saves(*values, **self.attributes))
        return tuple(values)

    def argument_values(self) -> list[Any]:
        """Return the values of the arguments; a node from a file may know of other ones than its inputs hold."""
        return [source._value for source in self.inputs]

    def stored_for(self, adjoint: Any) -> tuple[Any, ...] | None:
        """Return the contributions for this adjoint where they are stored, and not computed by the op's rules."""
        return None

    @property
    def scope(self) -> str:
        """Names of `tg.scope` around it, joined by ``/``."""
        return scope_text(self.context)

    @property
    def timestep_label(self) -> int | None:
        """What `tg.timestep` said."""
        return None if self.context is None else self.context.timestep

    @property
    def told_loops(self) -> tuple[tuple[str, int], ...]:
        """The loops around it and their iterations, as `tg.iteration` told them, outermost first."""
        return () if self.context is None else self.context.loops

    @property
    def source(self) -> Source | None:
        """Where in the program it was made; None where that is not known."""
        return locate(self.call, self.lasti)

    @property
    def expression(self) -> str:
        """The source expression that made it; empty where there is no source."""
        return self.source.expression if self.source else ""

    @property
    def name(self) -> str | None:
        """What the program calls it, or was told to; see `tinygraph.graphs.names`."""
        name = self.label if self.graph is None else self.graph.name_of(self)
        return None if name is None else clean(name)

    @property
    def timestep(self) -> int | None:
        """The time step of the network it belongs to: told by `tg.timestep`, else read from the program's loops."""
        return None if self.graph is None else self.graph.timestep_of(self)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a Node is pickled with all that it comes from: pickle the Graph or the Trace of {self!r}")

    def copy(self) -> StoredNode:
        """Return a node of no graph yet, that may be changed."""
        twin: Any = object.__new__(type(self) if isinstance(self, StoredNode) else StoredNode)
        for kind in type(twin).__mro__[:-1]:
            for name in kind.__dict__["__slots__"]:
                setattr(twin, name, getattr(self, name))
        twin.inputs = self.inputs  # whatever its index will be
        return twin

    def __repr__(self) -> str:
        what = self.op.name if self.op is not None else self.kind
        at = "" if self.timestep is None else f" at time step {self.timestep}"
        return f"<Node {self.index}: {self.name or '·'} = {what}{at}, shape {self.shape}>"


class StoredNode(Node):
    """A node that keeps all that is known of it: a leaf, or one that no program recorded here."""

    __slots__ = ("_value", "attributes", "call", "context", "label", "lasti", "op", "requires_grad", "tensor")

    def __init__(
        self,
        index: int,
        kind: str,
        op: Primitive | None,
        inputs: tuple[Node, ...] | Inputs,
        data: Any,
        *,
        attributes: Mapping[str, Any] | None = None,
        requires_grad: bool = False,
        context: Context | None = None,
        label: str | None = None,
        call: Call | None = None,
        lasti: int = -1,
        tensor: Tensor | None = None,
    ):
        super().__init__(index, kind, inputs)
        self.op = op
        self._value = data
        self.attributes = attributes or _NO_ATTRIBUTES
        self.requires_grad = requires_grad
        self.context = context
        self.label = None if label is None else clean(label)
        self.call = call
        self.lasti = lasti
        self.tensor = tensor


class OpNode(Node):
    """The value of a recorded op: all but its place in the graph is its Tensor's, since long programs have millions."""

    __slots__ = ("attributes", "op", "tensor")

    _value: Any = property(attrgetter("tensor._value"))
    requires_grad: Any = property(attrgetter("tensor.requires_grad"))
    context: Any = property(attrgetter("tensor._context"))
    label: Any = property(lambda self: self.tensor._name and clean(self.tensor._name))
    call: Any = property(attrgetter("tensor._call"))
    lasti: Any = property(attrgetter("tensor._lasti"))

    def __init__(self, index: int, tensor: Tensor, among: Inputs):
        super().__init__(index, "op", among)
        self.op = tensor.op
        self.attributes = tensor._attributes or _NO_ATTRIBUTES
        self.tensor = tensor


class Constant(StoredNode):
    """A plain number or array that an op was given."""

    __slots__ = ("argument",)

    def __init__(self, *args: Any, argument: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.argument = argument

    @property
    def expression(self) -> str:
        """As its name."""
        return self.name or ""
