"""Node: one recorded value, as plain data."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..plain_text import clean
from .calls import Call
from .primitive import Primitive
from .source import Source, locate
from .tensor import Tensor


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
    attributes : dict
        Static arguments of the op, as ``axis``.
    data : ndarray
        The value as recorded, read-only.
    requires_grad : bool
    scope : str
        Names of `tg.scope` around it, joined by ``/``.
    timestep_label : int or None
        What `tg.timestep` said.
    told_loops : tuple of (str, int)
        The loops around it and their iterations, as `tg.iteration` told them, outermost first.
    call : Call or None
        The activation of the function it was recorded in.
    tensor : Tensor or None
        The Tensor itself; None for constants and in a graph from a file.
    """

    __slots__ = (
        "__weakref__",
        "_source",
        "_value",
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
        "timestep_of",
        "told_loops",
    )

    def __init__(
        self,
        index: int,
        kind: str,
        op: Primitive | None,
        inputs: tuple[Node, ...],
        data: Any,
        *,
        attributes: dict[str, Any] | None = None,
        requires_grad: bool = False,
        scope: str = "",
        timestep_label: int | None = None,
        told_loops: tuple[tuple[str, int], ...] = (),
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
        self._value = data
        self.attributes = attributes or {}
        self.requires_grad = requires_grad
        self.scope = clean(scope)
        self.timestep_label = timestep_label
        self.told_loops = told_loops
        self.label = None if label is None else clean(label)
        self.call = call
        self.lasti = lasti
        self.tensor = tensor
        self._source = source
        self.timestep_of: Callable[[Node], int | None] | None = None  # its graph knows

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
        return None if self.timestep_of is None else self.timestep_of(self)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"a Node is pickled with all that it comes from: pickle the Graph or the Trace of {self!r}")

    def __copy__(self) -> Node:
        twin = object.__new__(type(self))
        for kind in type(self).__mro__[:-1]:
            for name in set(kind.__dict__["__slots__"]) - {"__weakref__"}:
                setattr(twin, name, getattr(self, name))
        return twin

    def __repr__(self) -> str:
        what = self.op.name if self.op is not None else self.kind
        at = "" if self.timestep is None else f" at time step {self.timestep}"
        return f"<Node {self.index}: {self.name or '·'} = {what}{at}, shape {self.shape}>"


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
        if np.ndim(self._value) == 0:
            return f"{self._value:g}" if not math.isnan(self._value) else "nan"
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
