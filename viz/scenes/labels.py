"""The texts of a drawing: names with their time step, shapes, numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import tinygraph as tg
from tinygraph.folding.folded import FoldedNode
from tinygraph.graphs.symbols import raised
from tinygraph.graphs.writing import barred, subscript, written
from tinygraph.tracing.expressions import typeset

from .text import shorten

__all__ = [
    "at_time",
    "enclosed",
    "is_name",
    "loss_label",
    "lowered",
    "number_text",
    "op_name",
    "scope_text",
    "short",
    "symbol",
    "unnamed_label",
    "with_bar",
]

LONGEST_EXPRESSION = 14

AnyNode = tg.Node | FoldedNode


def at_time(name: str, timestep: int | None, subscripts: Sequence[int | str] = ()) -> str:
    """Return a name with its time step, as the lectures write it, and with the numbers of other repetitions below.

    >>> at_time("h", 3), at_time("W", None), at_time("h", 3, (2,)), at_time("q", None, (1, "i"))
    ('h⁽³⁾', 'W', 'h₂⁽³⁾', 'q₁,ᵢ')
    """
    return symbol(name) + (lowered(subscripts) + raised(timestep) if is_name(name) else "")


def lowered(subscripts: Sequence[int | str]) -> str:
    """Return numbers, or i for all of them, as a subscript.

    >>> lowered((12, "i"))
    '₁₂,ᵢ'
    """
    return ",".join(subscript(number) for number in subscripts)


@lru_cache(maxsize=1 << 12)
def is_name(text: str) -> bool:
    """Tell whether a text is one word, and no expression."""
    return re.fullmatch(r"[^\W\d][\w\u0300-\u036f]*", text) is not None and not re.search("[⁰¹²³⁴-⁹ᵀ]", text)


def enclosed(text: str) -> str:
    """Return an expression in brackets, so that an index is that of the whole; a name or a sign as it is.

    >>> enclosed("h"), enclosed("+"), enclosed("1 − z"), enclosed("[x; h]")
    ('h', '+', '(1 − z)', '[x; h]')
    """
    return text if is_name(text) or len(text) == 1 or re.fullmatch(r"\[[^][]*\]", text) else f"({text})"


@lru_cache(maxsize=1 << 12)
def symbol(name: str) -> str:
    """Return a name as it is written in formulas, an expression as it is set there.

    >>> symbol("Wf"), symbol("h_0"), symbol("np.sqrt(var + 1e-05)"), symbol("encoder.W")
    ('W_f', 'h_0', '√(var + 10⁻⁵)', 'encoder.W')
    """
    if is_name(name):
        name = written(name)
        return shorten(_apart(name) if "\u0304" in unicodedata.normalize("NFD", name) or "\u0305" in name else name)
    return shorten(name if re.fullmatch(r"[\w.]+", name) else typeset(name))


def with_bar(name: str) -> str:
    r"""Return a symbol under a bar, the bar apart from the letter, as it is drawn.

    >>> with_bar("W_EN") == "W\u0304_EN"
    True
    """
    return _apart(barred(name))


def _apart(name: str) -> str:
    """Return a name with its bar apart from the letter, as it is drawn: a line of our own above a plain letter."""
    return unicodedata.normalize("NFD", name).replace("\u0305", "\u0304")


def op_name(node: AnyNode) -> str:
    """Return the name of a node's op."""
    return shorten(str(node.op))


def number_text(node: tg.Node) -> str | None:
    """Return the value of a leaf that is a single number; None for other leaves."""
    return f"{node.data.item():.4g}" if node.shape == () and node.dtype.kind in "biufc" else None


def scope_text(node: AnyNode) -> str:
    """Return the names of the innermost four scopes around a node."""
    return "/".join(shorten(scope, 16) for scope in node.scope.split("/")[-4:]) if node.scope else ""


def loss_label(node: AnyNode) -> str:
    """Return what to call an output that has no name."""
    return "loss" if node.shape == () else op_name(node)


def short(expression: str) -> str | None:
    """Return the expression that made an unnamed node, if it can stand in a box."""
    return expression if expression and len(expression) <= LONGEST_EXPRESSION else None


def unnamed_label(node: AnyNode, kind: str, expression: str | None) -> str:
    """Return what to call the unnamed result of an op among variables: a function by its name, else its expression."""
    if kind == "loss":
        return expression or loss_label(node)
    return op_name(node) if node.op not in _SYMBOLS else expression or _SYMBOLS[str(node.op)]


_SYMBOLS = {"add": "+", "subtract": "−", "multiply": "⊙", "divide": "÷", "matmul": "matmul", "power": "power"}
