"""From a recorded graph to a form: op by op, as it was recorded."""

from __future__ import annotations

from typing import Any

from ...recording.node import Node
from ...recording.primitive import Primitive
from ...recording.tensor import Tensor
from ..calls.capture import Captured
from ..calls.watching import Plain
from ..errors import NotCompiled
from .form import ARGUMENT, CALL, CAPTURED, CONSTANT, Form, Read, Value, shape_and_dtype
from .own import OWN

MOST_OPS = 3000


class Foreign(Primitive):
    """An op that a program made: it runs itself, forward and back, whatever it is called."""

    def __init__(self, op: Primitive):
        super().__init__(f"own_{op.name}", op.rules, op.arguments, variadic=op.variadic, saves=op.saves)
        self.forward = op.forward  # type: ignore[attr-defined]
        self.pull = op.pull


def known(op: Any) -> Any:
    """Return an op, and one that is none of tinygraph's as a `Foreign`."""
    return op if id(op) in OWN or isinstance(op, Plain) else _foreign.setdefault(id(op), Foreign(op))


_foreign: dict[int, Foreign] = {}  # ops are registered, and stay


def is_constant(leaf: Node, captured: Captured) -> bool:
    """Tell whether a leaf is neither an argument nor a Tensor that was there before the call."""
    return leaf.tensor is None or captured.leaf_kind(leaf.tensor) is True


def leaf(node: Node, captured: Captured) -> Value:
    """Return the value of a leaf: an argument, a captured Tensor, or a constant."""
    shape, dtype = shape_and_dtype(node._value)
    if is_constant(node, captured):
        return Value(CONSTANT, shape, dtype, data=node._value, name=node.name)
    assert node.tensor is not None
    number = captured.leaf_kind(node.tensor)
    if number is False:
        return Value(CAPTURED, shape, dtype, data=node.tensor, name=node.name)
    return Value(ARGUMENT, shape, dtype, data=number, name=node.name)


def unrolled(captured: Captured) -> tuple[Form, dict[Tensor, Read]]:
    """Return the form of what was recorded with a value for each node; and the values of its outputs and leaves."""
    graph = captured.graph
    ops = sum(node.op is not None for node in graph.nodes)
    if ops > MOST_OPS:
        raise NotCompiled(f"{ops:,} ops that do not repeat as a loop with one delay: more than {MOST_OPS:,}")
    form = Form()
    values: list[Value] = []
    reads_of: dict[Tensor, Read] = {}
    for node in graph.nodes:
        if node.op is None:
            value = leaf(node, captured)
        else:
            reads = [Read(values[source.index]) for source in node.inputs]
            attributes = dict(node.attributes) or None
            value = Value(
                CALL, node.shape, node.dtype, op=known(node.op), reads=reads, attributes=attributes, name=node.name
            )
        values.append(form.add(value))
        if node.tensor is not None:
            reads_of[node.tensor] = Read(value)
    return form, reads_of
