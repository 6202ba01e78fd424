"""Expressions in labels, with the time step of each operand where that is not the one of the whole: a⁽ᵗ⁻¹⁾ − μ."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from tinygraph.graphs.symbols import raised
from tinygraph.graphs.writing import LOWERED, superscript

from .labels import enclosed, is_name, symbol
from .scene import Node

__all__ = ["at_moment", "marked", "with_moments", "with_operands", "written_out"]

_MARKED = re.compile(r"(\w+?)__(ago|ahead)_(\d+)")
_MOMENT = re.compile(r"⟦(-?\d+)⟧")
_OPERAND = re.compile(rf"(?P<name>.*?)(?P<below>[₀-₉{LOWERED},]*)(?P<time>⁽[^⁾]*⁾)?")


def with_operands(
    nodes: Sequence[Node], text_of: Callable[[Node], str | None], operands: Mapping[str, Sequence[str]]
) -> list[Node]:
    """Return the nodes of a scene, those that show an expression with the time steps of what it is computed from.

    Parameters
    ----------
    nodes : sequence of Node
    text_of : function
        Returns the expression that made a node.
    operands : mapping
        The labels of what each node reads, by its id.
    """
    shown: list[Node] = []
    for node in nodes:
        text = text_of(node) if node.kind == "op" else None
        if text and node.label.startswith(enclosed(text)):
            index = node.label.removeprefix(enclosed(text))
            node = replace(node, label=written_out(text, index, operands.get(node.id, ())))
        shown.append(node)
    return shown


def written_out(text: str, index: str, operands: Sequence[str]) -> str:
    """Return an expression with its index, or with those of its operands where they have others, and their primes.

    Parameters
    ----------
    text : str
        The expression, without an index.
    index : str
        What stands below and above it.
    operands : sequence of str
        The labels of what it is computed from.

    Examples
    --------
    >>> written_out("a − μ", "⁽ᵗ⁾", ["a⁽ᵗ⁻¹⁾", "μ"]), written_out("1 − m", "⁽³⁾", ["m⁽³⁾"])
    ('a⁽ᵗ⁻¹⁾ − μ', '(1 − m)⁽³⁾')
    >>> written_out("s³", "⁽ᵗ⁾", ["s′⁽ᵗ⁾"]), written_out("s³ − x", "⁽²⁾", ["s′⁽¹⁾", "x⁽²⁾"])
    ('(s′³)⁽ᵗ⁾', '(s′⁽¹⁾)³ − x⁽²⁾')
    """
    whole = enclosed(text) + index if index else text
    read: dict[str, set[str]] = {}
    for operand in operands:
        name = re.sub("[′″]", "", _parts(operand)[0])
        if is_name(name) and _token(name).search(text):
            read.setdefault(name, set()).add(operand)
    times = {_parts(operand)[1] for labels in read.values() for operand in labels} - {""}
    if any(len({_parts(operand)[1] for operand in labels}) > 1 for labels in read.values()):
        return whole
    one_time = times <= {_parts("x" + index)[1]}
    for name, labels in read.items():
        label = labels.copy().pop() if len(labels) == 1 else name + _parts(min(labels))[1]
        shown = _parts(label)[0] if one_time else label
        text = _token(name).sub(partial(_in_place, shown), text)
    return enclosed(text) + index if one_time and index else text


def _parts(label: str) -> tuple[str, str]:
    """Return a name, and its time step."""
    match = _OPERAND.fullmatch(label)
    return (match["name"], match["time"] or "") if match else (label, "")


def _token(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.′])({re.escape(name)})(?![^\W²³¹⁰⁴-⁹]|[(′″\u0300-\u036f])([²³¹⁰⁴-⁹]?)")


def _in_place(shown: str, match: re.Match[str]) -> str:
    power = match[2]
    return f"({shown}){power}" if power and "⁽" in shown else shown + power


def marked(expression: str, counter: str) -> str:
    """Return the text of data of several time steps with a mark of how long ago each is; of others, as it is.

    Examples
    --------
    >>> marked("[r[k], r[k - 1]]", "k"), marked("[r[k], s[k]]", "k"), marked("r[k - 1]", "k")
    ('[r__ago_0, r__ago_1]', '[r[k], s[k]]', 'r[k - 1]')
    """
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError):
        return expression
    marking = _Marking(counter)
    with_marks = marking.visit(tree)
    return ast.unparse(with_marks) if len(marking.distances) > 1 else expression


class _Marking(ast.NodeTransformer):
    def __init__(self, counter: str) -> None:
        self._counter = counter
        self.distances: set[int] = set()

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        distance = self._distance(node.slice)
        if distance is None or not isinstance(node.value, ast.Name):
            return node
        self.distances.add(distance)
        return ast.Name(f"{node.value.id}__{'ahead' if distance < 0 else 'ago'}_{abs(distance)}")

    def _distance(self, index: ast.expr) -> int | None:
        match index:
            case ast.Name(id=name) if name == self._counter:
                return 0
            case ast.BinOp(left=ast.Name(id=name), op=ast.Add() | ast.Sub(), right=ast.Constant(value=int(by))):
                return (by if isinstance(index.op, ast.Sub) else -by) if name == self._counter else None
        return None


def with_moments(text: str) -> str:
    """Return a typeset text whose marks are short: ``r⟦1⟧``.

    >>> with_moments("[r__ago_0; r__ahead_1]")
    '[r⟦0⟧; r⟦-1⟧]'
    """
    return _MARKED.sub(lambda m: f"{symbol(m[1])}⟦{int(m[3]) * (-1 if m[2] == 'ahead' else 1)}⟧", text)


def at_moment(text: str, timestep: int | None) -> str | None:
    """Return a text with time steps in the place of its marks, counted from one, or from any; None if it has none.

    >>> at_moment("[r⟦0⟧; r⟦1⟧]", 3), at_moment("[r⟦0⟧; r⟦-1⟧]", None), at_moment("r", 3)
    ('[r⁽³⁾; r⁽²⁾]', '[r⁽ᵗ⁾; r⁽ᵗ⁺¹⁾]', None)
    """
    if "⟦" not in text:
        return None
    if timestep is not None:
        return _MOMENT.sub(lambda m: raised(timestep - int(m[1])), text)
    return _MOMENT.sub(lambda m: _ago(int(m[1])), text)


def _ago(distance: int) -> str:
    sign = "" if not distance else "⁻" if distance > 0 else "⁺"
    return f"⁽ᵗ{sign}{superscript(abs(distance)) if distance else ''}⁾"
