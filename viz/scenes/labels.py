"""The texts of a drawing: names with their time step, shapes, numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import tinygraph as tg
from tinygraph.folding.folded import FoldedNode
from tinygraph.graphs.symbols import raised

from .text import shorten

__all__ = [
    "at_time",
    "loss_label",
    "lowered",
    "number_text",
    "op_name",
    "scope_text",
    "short_expression",
    "under_bars",
    "unnamed_label",
]

LONGEST_EXPRESSION = 14

AnyNode = tg.Node | FoldedNode


def at_time(name: str, timestep: int | None, subscripts: Sequence[int | str] = ()) -> str:
    """Return a name with its time step, as the lectures write it, and with the numbers of other repetitions below.

    >>> at_time("h", 3), at_time("W", None), at_time("h", 3, (2,)), at_time("q", None, (1, "i"))
    ('h⁽³⁾', 'W', 'h₂⁽³⁾', 'q₁,ᵢ')
    """
    name = shorten(name)
    return name + lowered(subscripts) + raised(timestep) if name.isidentifier() else name


def lowered(subscripts: Sequence[int | str]) -> str:
    """Return numbers, or i for all of them, as a subscript.

    >>> lowered((12, "i"))
    '₁₂,ᵢ'
    """
    return ",".join(str(number).translate(_LOWERED) for number in subscripts)


_LOWERED = str.maketrans("0123456789i", "₀₁₂₃₄₅₆₇₈₉ᵢ")


def op_name(node: AnyNode) -> str:
    """Return the name of a node's op."""
    return shorten(str(node.op))


def number_text(node: tg.Node) -> str | None:
    """Return the value of a leaf that is a single number; None for other leaves."""
    return f"{node.data.item():.4g}" if node.shape == () and node.dtype.kind in "biufc" else None


def scope_text(node: AnyNode) -> str:
    """Return the names of the innermost four scopes around a node."""
    return "/".join(shorten(scope, 16) for scope in node.scope.split("/")[-4:])


def loss_label(node: AnyNode) -> str:
    """Return what to call an output that has no name."""
    return "loss" if node.shape == () else op_name(node)


def short_expression(expression: str) -> str | None:
    """Return the expression that made an unnamed node, if it can stand in a box."""
    return expression if expression and len(expression) <= LONGEST_EXPRESSION else None


def unnamed_label(node: AnyNode, kind: str, expression: str | None) -> str:
    """Return what to call the unnamed result of an op among variables: a function by its name, else its expression."""
    if kind == "loss":
        return expression or loss_label(node)
    return op_name(node) if node.op not in _SYMBOLS else expression or _SYMBOLS[str(node.op)]


_SYMBOLS = {"add": "+", "subtract": "−", "multiply": "⊙", "divide": "÷", "matmul": "matmul", "power": "power"}


def under_bars(label: str) -> str:
    """Return names under bars, but not their indices.

    >>> under_bars("W_EN b1") == "W\u0304_EN b\u03041"
    True
    """
    return re.sub(r"(?<!\S)[^\d_\s]+", lambda name: re.sub(r"[^\W\d_]", "\\g<0>\u0304", name[0]), label)
