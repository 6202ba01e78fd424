"""The formulas of a pass as templates, which all steps that do the same thing share."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import NamedTuple

from tinygraph.plain_text import clean
from tinygraph.recording.node import Node
from tinygraph.tracing.formula import index_text
from tinygraph.tracing.trace import Trace

_FIRST = 0xE000  # private characters stand for the symbols: the first for the adjoint of the node itself
_SYMBOL = re.compile(r"[^\W\d](?:(?!ᵀ)[\w\u0300-\u036f])*(?:⁽[^⁾]*⁾)?")


class Template(NamedTuple):
    """A formula with a private character for each symbol, and the source of its rule after the letters of that."""

    text: str
    rule: str


class Templates:
    """The templates of a trace's steps.

    A formula is printed once for all steps whose ops, shapes, static arguments and names are alike.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._traits: dict[Node, tuple[str, Hashable]] = {}
        self._known: dict[Hashable, dict[int, Template]] = {}

    def of(self, k: int) -> dict[int, Template]:
        """Return the templates of step `k`, by the argument that receives the contribution."""
        node = self.trace.nodes[k]
        key = self._kind(node)
        if key not in self._known:
            formulas = self.trace.formulas(k)
            self._known[key] = {
                formula.argument: Template(
                    self._template(node, clean(formula.text)), f"{_letters(node, formula.argument)}: {formula.rule}"
                )
                for formula in formulas
            }
        return self._known[key]

    def _kind(self, node: Node) -> Hashable:
        """Return all that a formula depends on, apart from the numbers in its symbols."""
        traits = [self._traits_of(value) for value in (node, *node.inputs)]
        first = {text: place for place, (text, *_) in reversed(list(enumerate(traits)))}
        alike = tuple(first[text] for text, *_ in traits)
        static = tuple((name, str(value)) for name, value in node.attributes.items() if name != "index")
        index = index_text(node) if node.op == "getitem" else ""
        return id(node.op), alike, tuple(rest for _, rest in traits), static, index

    def _traits_of(self, value: Node) -> tuple[str, Hashable]:
        """Return how a value is written, and what formulas say of it otherwise."""
        if value not in self._traits:
            symbol = self.trace.symbols.of(value)
            written = symbol.name, symbol.number is None, symbol.timestep is None
            is_alone = len(self.trace.writes(value)) < 2
            self._traits[value] = str(symbol), (written, value.shape, value.requires_grad, is_alone)
        return self._traits[value]

    def _template(self, node: Node, text: str) -> str:
        of = self.trace.symbols.of
        symbols: dict[str, str] = {}
        for place, value in enumerate((node, *node.inputs)):
            symbols.setdefault(of(value).bar, chr(_FIRST + 2 * place))
            symbols.setdefault(str(of(value)), chr(_FIRST + 2 * place + 1))
        return _SYMBOL.sub(lambda match: symbols.get(match[0], match[0]), text)


def _letters(node: Node, argument: int) -> str:
    """Return the letters of a rule: for the adjoint, the output, and each input if they are no sequence."""
    assert node.op is not None
    letters = node.op.parameters(argument)
    return " ".join(letters[1:3] if node.op.variadic else letters[: 2 + len(node.inputs)])
