"""What the program calls its values, and all that is known of one in a line."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

import tinygraph as tg
from tinygraph.graphs.symbols import plain_name
from tinygraph.recording.filenames import file_name
from tinygraph.recording.operands import operands_of
from tinygraph.recording.paths import singular
from tinygraph.tracing.expressions import substituted, typeset

from .labels import is_name, symbol, with_bar
from .operands import marked, with_moments
from .text import LONGEST_NAME, shorten, shortened_apart

__all__ = ["Names", "Words"]

CLASSIFYING = frozenset(("softmax_cross_entropy", "cross_entropy"))  # a class, though one number, is data


class Words(NamedTuple):
    """What the program's text says about a node: the name of its result, its expression, and where it stands.

    `typeset` is the expression as it is set in formulas.
    """

    name: str | None
    expression: str
    where: str
    typeset: str


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
        self._words_of: dict[int, Words] = {}
        self._outputs = set(graph.outputs)
        self._usual_dtype = graph.outputs[0].dtype
        self._classes = {source for node in graph.nodes if str(node.op) in CLASSIFYING for source in node.inputs[1:]}

    def of(self, node: tg.Node) -> Words:
        """Return what the program's text says about `node`."""
        words = self._words_of.get(node.index)
        if words is None:
            words = self._words_of[node.index] = self._read(node)
        return words

    def _read(self, node: tg.Node) -> Words:
        is_constant = node.kind == "constant"
        in_cell = self._slots and (is_constant or node.kind == "op") and node.pulled is None
        slot = self._slots[node.index] if in_cell else node.index
        key = slot, node.kind, None if is_constant else node.label
        words = self._words.get(key)
        if words is None:
            source = node.source
            where = f"{file_name(source.filename)}:{source.lineno}" if source is not None else ""
            name, expression = self._of_constant(node) if is_constant else (node.name, node.expression)
            expression = self._of_rule(node, expression) if node.pulled is not None else expression
            if name and not is_name(name) and node.kind != "parameter":
                name = with_moments(typeset(self._marked(node, name), self._axes))
            text = with_moments(typeset(self._marked(node, expression), self._axes))
            words = self._words[key] = Words(name, expression, where, text)
        return words._replace(expression=node.name or "") if is_constant and not node.shape else words

    def _marked(self, node: tg.Node, expression: str) -> str:
        """Return the expression of data with marks where it has those of several time steps."""
        readers = self._graph.consumers(node) if node.kind != "op" else ()
        run = self._graph.timeline.runs[readers[0][0].index] if readers else None
        return marked(expression, run.loop.counter) if run is not None and run.loop is not None else expression

    @cached_property
    def _axes(self) -> dict[str, int]:
        """How many axes the values of a name have."""
        slots = self._slots or range(len(self._graph.nodes))
        one_of_each = dict(zip(reversed(slots), reversed(self._graph.nodes), strict=True)).values()
        return {name: node.data.ndim for node in one_of_each if (name := node.name)}

    def _of_constant(self, node: tg.Node) -> tuple[str | None, str]:
        """Return what the program calls a plain number or array, None for a literal, and its expression."""
        reader, argument = self._graph.consumers(node)[0]
        if reader.pulled is not None:
            return None, ""  # a number of our rule
        operands = operands_of(node.source.expression if node.source is not None else "")
        expression = ast.unparse(operands[argument]) if argument < len(operands) else ""
        name = (node.name if node.shape else _of_number(expression)) or ""
        return name if re.match(r"[^\W\d]", name) and name not in ("nan", "inf") else None, expression

    def _of_rule(self, node: tg.Node, expression: str) -> str:
        """Return what a rule computed in the names of the program; empty where it has none for it.

        A rule says g, y and its own arguments: the adjoint of the op, its value and what it was given.
        """
        through = None if node.pulled is None else node.pulled.through
        if through is None or through.op is None or through.op.variadic:
            return ""
        name = through.name or ""
        words = [with_bar(name) if name else "", name, *(source.name or "" for source in through.inputs)]
        for argument in range(len(through.inputs)):
            of_rule = dict(zip(through.op.parameters(argument), words, strict=False))
            if text := substituted(expression, of_rule):
                return text
        return ""

    def called(self, node: tg.Node) -> str | None:
        """Return the name of `node`; an initial state is called as what it precedes, a target that is fed as itself."""
        node = self._graph.nodes[self._graph.timeline.again.get(node.index, node.index)]
        value = self._graph.timeline.precedes[node.index]
        return (None if value is None else self.of(self._graph.nodes[value]).name) or self.of(node).name

    def is_fixed(self, node: tg.Node) -> bool:
        """Tell whether a leaf is one array in all time steps: a matrix of the program, and no sequence of data."""
        return node.kind in ("constant", "input") and self._graph.timeline.slots[node.index] in self._fixed

    @cached_property
    def _fixed(self) -> set[int]:
        """The slots that are given equal arrays in all time steps; one number throughout may be data: zeros, say."""
        timeline = self._graph.timeline
        first: dict[int, tg.Node] = {}
        fixed: set[int] = set()
        varied: set[int] = set()
        for node in self._graph.nodes:
            if node.kind in ("constant", "input") and node.data.size > 1 and timeline.timesteps[node.index] is not None:
                slot = timeline.slots[node.index]
                before = first.setdefault(slot, node)
                if before is not node and slot not in varied:
                    (fixed if np.array_equal(before.data, node.data) else varied).add(slot)
        return {slot for slot in fixed - varied if np.any(first[slot].data != first[slot].data.flat[0])}

    @cached_property
    def _changing(self) -> set[tg.Node]:
        """The numbers that an op is given others of in other iterations: data, and no constants of the formula."""
        numbers: dict[Hashable, list[tg.Node]] = {}
        sites = self._graph.timeline.sites
        for node in self._graph.timeline.ops:
            for argument, source in enumerate(node.inputs):
                if source.kind == "constant" and not source.shape and source.dtype.kind in "iuf":
                    numbers.setdefault((sites[node.index], argument), []).append(source)
        return {
            leaf for leaves in numbers.values() if len({leaf.data.item() for leaf in leaves}) > 1 for leaf in leaves
        }

    def of_parameter(self, node: tg.Node) -> str:
        """Return what stands for a parameter: its name, or the expression by which the first op reads it."""
        name = self.of(node).name or self._first_use(node) or "?"
        return self._long.get(name) or symbol(name)

    @cached_property
    def _long(self) -> dict[str, str]:
        """The long names of parameters, cut so that no two look alike."""
        return shortened_apart(n for p in self._graph.parameters if (n := self.of(p).name) and len(n) > LONGEST_NAME)

    def _first_use(self, node: tg.Node) -> str:
        for reader, argument in self._graph.consumers(node)[:1]:
            operands = operands_of(reader.expression)
            return ast.unparse(operands[argument]) if argument < len(operands) else reader.expression
        return node.expression

    def kind(self, node: tg.Node) -> str:
        """Return how a node is drawn: a named result is a variable, a number or mask that is no data a constant."""
        if node in self._outputs:
            return "loss"
        if node.kind == "op":
            return "variable" if self.of(node).name and node.op != "alias" else "op"
        if node.kind == "parameter":
            return "parameter"
        number = node.shape == () and node not in self._classes and node not in self._changing
        return "constant" if node.kind == "constant" and (number or node.dtype == np.bool_) else "input"

    def tooltip(self, node: tg.Node, label: str = "") -> str:
        """Return what the drawn `label` does not say: the whole expression, a dtype unlike the output's, the line."""
        words, dtype = self.of(node), "" if node.dtype == self._usual_dtype else str(node.dtype)
        return _in_a_line(words, words.expression in (label, words.name), dtype, node.kind == "parameter")


@lru_cache(maxsize=1 << 12)
def _in_a_line(words: Words, is_said: bool, dtype: str, is_parameter: bool) -> str:
    name, expression, where, _ = words
    full_name = shorten(name, 200) if name and len(name) > LONGEST_NAME else ""
    unsaid = "" if is_said else shorten(expression, 200)
    hint = "" if name or not is_parameter else "no name was found: name= gives it one"
    return " · ".join(filter(None, (full_name, unsaid, dtype, where, hint)))


def _of_number(expression: str) -> str:
    """Return what a number is called that an expression gives: ``y`` for ``ys[t]``."""
    name = plain_name(expression)
    return expression if name is None else name if name == expression else singular(name)
