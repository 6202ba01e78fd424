"""What a reader reads: names with their time step, shapes, and all that is known of a node in one line."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np

from tinygraph.recording.node import operand

from ..layout.metrics import LONGEST_NAME, clean, shorten

__all__ = ["Names", "Words", "at_time", "number_text", "op_name", "tooltip"]

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
LONGEST_EXPRESSION = 14
CLASSIFYING = frozenset(("softmax_cross_entropy", "cross_entropy"))  # a class, though one number, is data


def at_time(name: str, timestep: int | None) -> str:
    """A name with its time step, as the lectures write it.

    >>> at_time("h", 3), at_time("W", None)
    ('h⁽³⁾', 'W')
    """
    name = shorten(clean(name))
    return name if timestep is None or not name.isidentifier() else f"{name}⁽{str(timestep).translate(_RAISED)}⁾"


def op_name(node: Any) -> str:
    """The name of a node's op, as text that is safe to draw."""
    return shorten(clean(str(getattr(node.op, "name", node.op))))


class Words(NamedTuple):
    """What the program's text says about a node: the name of its result, its expression, and where it stands."""

    name: str | None
    expression: str
    where: str


class Names:
    """The words of nodes, read once for each place of the program: in every time step they are the same."""

    def __init__(self, graph: Any) -> None:
        self._known: dict[Hashable, Words] = {}
        self._classes = {
            source.index
            for node in graph.nodes
            if node.kind == "op" and op_name(node) in CLASSIFYING
            for source in node.inputs[1:]
        }

    def of(self, node: Any, place: Hashable) -> Words:
        """The words of `node`, which stands at `place`."""
        if getattr(node, "label", None) is not None:
            place = (place, node.label)
        key = (node.kind, place)
        found = self._known.get(key)
        if found is None:
            source = node.source
            where = f"{PurePath(source.filename).name}:{source.lineno}" if source is not None else ""
            name = _operand(node) if node.kind == "constant" else node.name
            found = self._known[key] = Words(_plain(name), clean(node.expression or ""), clean(where))
        return found

    def kind(self, node: Any, place: Hashable) -> str:
        """How a node is drawn: a named result is a variable, a given array an input, a number or mask a constant."""
        if node.kind == "op":
            return "variable" if self.of(node, place).name else "op"
        if node.kind == "parameter":
            return "parameter"
        number = node.shape == () and node.index not in self._classes
        return "constant" if node.kind == "constant" and (number or node.dtype == np.bool_) else "input"


def _operand(node: Any) -> str | None:
    """What the program calls a plain number or array; None for a literal."""
    argument, source = getattr(node, "argument", None), node.source
    if argument is None or source is None:
        text = node.name
    else:
        text = _listed(source.expression, argument) or operand(source.expression, argument)
    return text if text and re.match(r"[^\W\d]", text) and text not in ("nan", "inf") else None


def _listed(expression: str, argument: int) -> str | None:
    """The source of an operand that is given in a list.

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


def _plain(name: str | None) -> str | None:
    """`name` without what only says which one of many: `X[t]` is x at time t, `self.state` a state.

    >>> _plain("X[t]"), _plain("self.state"), _plain("np.zeros(3)")
    ('X', 'state', 'np.zeros(3)')
    """
    if not name:
        return None
    match = re.fullmatch(r"(?:[^\W\d]\w*\.)*([^\W\d]\w*)(?:\[[^\[\]]*\])?", name)
    return match[1] if match and ("[" in name or name.startswith("self.")) else name


def short_expression(expression: str) -> str | None:
    """The expression that made an unnamed node, if it can stand in a box."""
    return expression if expression and len(expression) <= LONGEST_EXPRESSION else None


def number_text(node: Any) -> str | None:
    """The value of a constant that is a single number."""
    if node.shape or np.asarray(node.data).dtype.kind not in "biufc":
        return None
    return f"{np.asarray(node.data).item():.4g}"


def scope_text(node: Any) -> str:
    """The names around a node, as text that is safe to draw."""
    return "/".join(shorten(clean(part), 16) for part in (node.scope or "").split("/")[-4:])


def loss_label(node: Any) -> str:
    """What to call an output that has no name."""
    return "loss" if node.shape == () else op_name(node)


def tooltip(node: Any, words: Words, label: str, usual: Any) -> str:
    """What the drawn `label` does not say: the whole expression, a type other than the `usual`, and the line."""
    what = words.expression or words.name or ""
    what = shorten(what, 200) if what not in (label, words.name) else ""
    name = shorten(words.name or "", 200) if len(words.name or "") > LONGEST_NAME else ""
    dtype = str(node.dtype) if node.dtype != usual else ""
    return " · ".join(part for part in (name, what, dtype, words.where) if part)
