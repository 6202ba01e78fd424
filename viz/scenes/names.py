"""What the program calls its values, and all that is known of one in a line."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Sequence
from pathlib import PurePath
from typing import NamedTuple

import numpy as np

import tinygraph as tg
from tinygraph.graphs.symbols import plain_name
from tinygraph.recording.node import operand

from .text import LONGEST_NAME, shorten

__all__ = ["Names", "Words"]

CLASSIFYING = frozenset(("softmax_cross_entropy", "cross_entropy"))  # a class, though one number, is data


class Words(NamedTuple):
    """What the program's text says about a node: the name of its result, its expression, and where it stands."""

    name: str | None
    expression: str
    where: str


class Names:
    """The words of a graph's nodes, read once for each slot of the cell: in every time step they are the same.

    Parameters
    ----------
    graph : Graph
    slots : sequence of int, optional
        The slots of the nodes, by index; without them, a node stands for itself.
    """

    def __init__(self, graph: tg.Graph, slots: Sequence[int] = ()) -> None:
        self._graph = graph
        self._slots = slots
        self._words: dict[Hashable, Words] = {}
        self._outputs = set(graph.outputs)
        self._usual_dtype = graph.outputs[0].dtype
        self._classes = {source for node in graph.nodes if str(node.op) in CLASSIFYING for source in node.inputs[1:]}

    def of(self, node: tg.Node) -> Words:
        """Return what the program's text says about `node`."""
        is_constant = node.kind == "constant"
        in_cell = self._slots and (is_constant or node.kind == "op")
        slot = self._slots[node.index] if in_cell else node.index
        key = slot, node.kind, None if is_constant else node.label
        words = self._words.get(key)
        if words is None:
            source = node.source
            where = f"{PurePath(source.filename).name}:{source.lineno}" if source is not None else ""
            name, expression = self._of_constant(node) if is_constant else (node.name, node.expression)
            words = self._words[key] = Words(_without_index(name), expression, where)
        return words._replace(expression=node.name or "") if is_constant and not node.shape else words

    def _of_constant(self, node: tg.Node) -> tuple[str | None, str]:
        """Return what the program calls a plain number or array, None for a literal, and its expression."""
        after = (self._graph.nodes[i] for i in range(node.index + 1, len(self._graph.nodes)))
        argument = next(reader.inputs.index(node) for reader in after if node in reader.inputs)
        text = node.source.expression if node.source is not None else ""
        expression = operand(text, argument) or ""
        name = _listed(text, argument) or expression
        return name if re.match(r"[^\W\d]", name) and name not in ("nan", "inf") else None, expression

    def called(self, node: tg.Node) -> str | None:
        """Return the name of `node`; an initial state is called as what it precedes, a target that is fed as itself."""
        node = self._graph.nodes[self._graph.timeline.again.get(node.index, node.index)]
        value = self._graph.timeline.precedes[node.index]
        return (None if value is None else self.of(self._graph.nodes[value]).name) or self.of(node).name

    def kind(self, node: tg.Node) -> str:
        """Return how a node is drawn: a named result is a variable, a number or mask that is no data a constant."""
        if node in self._outputs:
            return "loss"
        if node.kind == "op":
            return "variable" if self.of(node).name else "op"
        if node.kind == "parameter":
            return "parameter"
        number = node.shape == () and node not in self._classes
        return "constant" if node.kind == "constant" and (number or node.dtype == np.bool_) else "input"

    def tooltip(self, node: tg.Node, label: str = "") -> str:
        """Return what the drawn `label` does not say: the whole expression, a dtype unlike the output's, the line."""
        name, expression, where = self.of(node)
        full_name = shorten(name, 200) if name and len(name) > LONGEST_NAME else ""
        unsaid = shorten(expression, 200) if expression not in (label, name) else ""
        dtype = str(node.dtype) if node.dtype != self._usual_dtype else ""
        return " · ".join(filter(None, (full_name, unsaid, dtype, where)))


def _listed(expression: str, argument: int) -> str | None:
    """Return the source of an operand that is given in a list.

    >>> _listed("np.concatenate([h, x])", 1)
    'x'
    """
    try:
        call = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.List | ast.Tuple):
        items = call.args[0].elts
        return ast.unparse(items[argument]) if argument < len(items) else None
    return None


def _without_index(name: str | None) -> str | None:
    """Return `name` without what only says which one of many: `X[t]` is x at time t, `self.state` a state.

    >>> _without_index("X[t]"), _without_index("self.state"), _without_index("encoder.W"), _without_index("np.zeros(3)")
    ('X', 'state', 'encoder.W', 'np.zeros(3)')
    """
    one_of_many = name and ("[" in name or name.startswith("self."))
    return (one_of_many and plain_name(name)) or name or None
