"""What is to be changed in a recorded graph, as the user says it: values set, edges cut, ops swapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..array_text import array_text, shape_text
from ..plain_text import did_you_mean
from ..recording.node import Node
from ..recording.op import Op, registry
from ..recording.primitive import Primitive
from ..recording.tensor import Tensor
from .recorded_pass import Pass

Which = Node | Tensor | str
Edge = tuple[Node, int]  # an op and the number of its argument


@dataclass
class Changes:
    """What is changed, by the nodes of the recorded graph.

    Attributes
    ----------
    values : dict of Node to array
        What a node holds instead: it becomes a leaf.
    edges : set of (Node, int)
        Arguments that are read as constants.
    ops : dict of Node to Op
        What computes a node instead.
    texts : list of str
        Each change as a line to read.
    """

    values: dict[Node, Any] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    ops: dict[Node, Op] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


def changes(
    trace: Pass,
    values: Mapping[Any, ArrayLike],
    cut: Iterable[tuple[Which, Which]],
    swap: Mapping[str | Primitive, str | Primitive],
) -> Changes:
    """Return what the user wants changed, found in the graph of `trace`.

    Raises
    ------
    LookupError
        If a value, an edge or an op is not there; the message names the nearest.
    ValueError
        If a value or an op does not fit.
    """
    wanted = Changes()
    for which, value in values.items():
        _set(trace, wanted, trace.node(which), np.asarray(value._value if isinstance(value, Tensor) else value))
    for source, reader in cut:
        _cut(trace, wanted, trace.node(source), trace.node(reader))
    for old, new in swap.items():
        _swap(trace, wanted, str(old), new)
    return wanted


# -- values ------------------------------------------------------------------------------------------------------------


def _set(trace: Pass, wanted: Changes, node: Node, value: np.ndarray) -> None:
    symbol = trace.symbols.of(node)
    if node is trace.output:
        raise ValueError(f"what_if: {symbol} is where the pass begins; set what leads to it")
    new = _fitting(value, node, str(symbol))
    for twin in _twins(trace, node):
        wanted.values[twin] = new
    wanted.texts.append(f"{symbol} = {array_text(value)}")


def _fitting(given: np.ndarray, node: Node, symbol: str) -> Any:
    """Return a value as `node` can hold it: of its shape, its dtype and its order in memory."""
    if given.dtype.kind not in "biuf":
        raise ValueError(f"what_if: {symbol} is to hold numbers, not {given.dtype}")
    old = node._value
    if type(old) in (int, float, bool):  # a plain number, which takes the dtype of what it meets
        if given.shape != ():
            raise ValueError(f"what_if: {symbol} is a number, the value has shape {shape_text(given.shape)}")
        return given.item()
    try:
        spread = np.broadcast_to(given, node.shape)
    except ValueError:
        shapes = f"has shape {shape_text(node.shape)}, the value {shape_text(given.shape)}"
        raise ValueError(f"what_if: {symbol} {shapes}; give a number or an array of that shape") from None
    new = np.empty_like(np.asarray(old))
    with np.errstate(all="ignore"):
        new[...] = spread
    if node.dtype.kind in "biu" and not np.array_equal(new, spread):
        raise ValueError(f"what_if: {symbol} holds {node.dtype}, in which {array_text(given)} would be rounded")
    return new if isinstance(old, np.ndarray) else new[()]


def _twins(trace: Pass, node: Node) -> list[Node]:
    """Return a node, and with a constant the copies of it that other ops were given: x⁽³⁾ of each gate."""
    if node.kind != "constant" or node.shape == ():
        return [node]
    return [
        other
        for other in trace.graph.nodes
        if other.kind == "constant"
        and (other.shape, other.dtype) == (node.shape, node.dtype)
        and other.timestep == node.timestep
        and np.array_equal(other.data, node.data, equal_nan=node.dtype.kind in "fc")
        and other.name == node.name
    ]


# -- edges -------------------------------------------------------------------------------------------------------------


def _cut(trace: Pass, wanted: Changes, source: Node, reader: Node) -> None:
    """Cut where the expression of `reader` reads `source`, be it through results without a name of their own."""
    names = str(trace.symbols.of(source)), str(trace.symbols.of(reader))
    edges = [(node, i) for node in _expression(trace, reader) for i, read in enumerate(node.inputs) if read is source]
    if not edges:
        readers = dict.fromkeys(_named_reader(trace, user) for user, _ in trace.graph.consumers(source))
        known = ", ".join(str(trace.symbols.of(node)) for node in readers)
        raise LookupError(
            f"what_if: {names[1]} does not read {names[0]}"
            + (f"; {known} do" if len(readers) > 1 else "")
            + (f"; only {known} does" if len(readers) == 1 else "")
        )
    for node, _ in edges:
        _refuse_shared(trace, node, reader, names)
    wanted.edges.update(edges)
    wanted.texts.append(f"{names[0]} → {names[1]} cut")


def _expression(trace: Pass, reader: Node) -> list[Node]:
    """Return `reader` and the results without a name that its expression is made of."""
    nodes = dict.fromkeys([reader])
    waiting = [reader]
    while waiting:
        for source in waiting.pop().inputs:
            if source.kind == "op" and source.name is None and source not in nodes:
                nodes[source] = None
                waiting.append(source)
    return list(nodes)


def _named_reader(trace: Pass, node: Node) -> Node:
    """Return the value with a name that an op's result first becomes part of."""
    while node.name is None and (readers := trace.graph.consumers(node)):
        node = readers[0][0]
    return node


def _refuse_shared(trace: Pass, node: Node, reader: Node, names: tuple[str, str]) -> None:
    """Refuse to cut what others read too: the edge would be missing there as well."""
    while node is not reader:
        inside = [user for user, _ in trace.graph.consumers(node)]
        others = {_named_reader(trace, user) for user in inside} - {reader}
        if others:
            also = trace.symbols.of(min(others, key=lambda other: other.index))
            way = f"{node.expression or node.op}, {trace.symbols.of(node)}"
            raise ValueError(
                f"what_if: {names[0]} reaches {names[1]} by way of {way}, which {also} reads too;"
                f" to cut it there write ({trace.symbols.of(node).ascii!r}, {trace.symbols.of(reader).ascii!r})"
            )
        node = inside[0]


# -- ops ---------------------------------------------------------------------------------------------------------------


def _swap(trace: Pass, wanted: Changes, old: str, new: str | Primitive) -> None:
    nodes = [node for node in trace.graph.nodes if node.op == old]
    if not nodes:
        known = sorted({str(node.op) for node in trace.graph.nodes if node.op is not None})
        raise LookupError(f"what_if: no op of this pass is called {old!r}{_nearest(old, known)}")
    for node in nodes:
        wanted.ops[node] = _fitting_op(new, node)
    wanted.texts.append(f"{old} → {new}")


def _fitting_op(new: str | Primitive, node: Node) -> Op:
    """Return the op of that name that takes the arguments of `node`."""
    name = str(new)
    ops = [new] if isinstance(new, Op) else registry.get(name, [])
    if not ops:
        raise LookupError(f"what_if: there is no op called {name!r}{_nearest(name, sorted(registry))}")
    count = len(node.inputs)
    fitting = [op for op in ops if op.variadic or len(op.rules) == count]
    if not fitting:
        takes = " or ".join(sorted({str(len(op.rules)) for op in ops}))
        raise ValueError(f"what_if: {node.op} has {count} arguments, {name} takes {takes}")
    fitting = [op for op in fitting if node.attributes.keys() <= op.defaults.keys()]
    if not fitting:
        raise ValueError(f"what_if: {node.op} was given {', '.join(node.attributes)}, which {name} does not take")
    return fitting[0]


def _nearest(name: str, known: list[str]) -> str:
    meant = did_you_mean(name, known) or (f"there are {', '.join(known[:12])}" if known else "")
    return f"; {meant}" if meant else ""
