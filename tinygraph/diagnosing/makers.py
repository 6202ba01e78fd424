"""Where the program made a constant: the line that gave its variable a value, not only the one that used it."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from ..recording.node import Node
from ..recording.operands import operands_of
from ..tracing.trace import Trace

_MODULES = ("np", "numpy", "tg", "tinygraph", "math", "self")


class Maker(NamedTuple):
    """A line of the program that gave a variable its value.

    Attributes
    ----------
    filename : str
    lineno : int
    text : str
        The line without its indentation.
    """

    filename: str
    lineno: int
    text: str

    def __str__(self) -> str:
        return f"line {self.lineno}: {self.text}"


def made_at(trace: Trace, node: Node) -> Maker | None:
    """Return the line that made a leaf; None where there is none before the line that uses it, or it is not known.

    A plain array has no history: it is looked for in the text, upwards from its first use.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> def program(h):
    ...     mask = np.array([1.0, 0.0])
    ...     return np.sum(h * mask)
    >>> trace = tg.trace(program(tg.parameter([1.0, -2.0])))
    >>> str(made_at(trace, trace.node("mask")))
    'line 2: mask = np.array([1.0, 0.0])'
    """
    source = node.source
    if source is None or node.op is not None:
        return None
    if node.kind != "constant":
        line = trace.source_lines(source.filename).get(source.lineno, source.text)
        return Maker(source.filename, source.lineno, line.strip())
    variable = _variable(trace, node)
    lines = trace.source_lines(source.filename)
    for number in sorted((n for n in lines if n < source.lineno), reverse=True):
        if variable and _gives(lines[number].strip(), variable):
            return Maker(source.filename, number, lines[number].strip())
    return None


def _variable(trace: Trace, constant: Node) -> str | None:
    """Return the variable, or the attribute of one, that the expression of an argument begins with."""
    reader, argument = trace.graph.consumers(constant)[0]
    operands = operands_of(reader.expression)
    if argument >= len(operands):
        return None
    for node in ast.walk(operands[argument]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            return ast.unparse(node)
        if isinstance(node, ast.Name) and node.id not in _MODULES:
            return node.id
    return None


def _gives(line: str, variable: str) -> bool:
    """Tell whether a line gives a variable a value: by an assignment, also of a part, a loop, or as an argument."""
    tree = _parsed(line) or _parsed(f"{line}\n pass")
    if tree is None:  # one of several lines
        return re.match(rf"{re.escape(variable)}(\[.*\])?\s*[-+*/@]?=(?!=)", line) is not None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.arg == variable:
            return True
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            target = node.value if isinstance(node, ast.Subscript) else node
            if ast.unparse(target) == variable:
                return True
    return False


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None
