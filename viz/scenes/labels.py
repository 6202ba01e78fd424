"""The texts of a drawing: names with their time step, shapes, numbers."""

from __future__ import annotations

import tinygraph as tg
from tinygraph.folding.folded import FoldedNode
from tinygraph.graphs.symbols import raised

from .text import shorten

__all__ = [
    "at_time",
    "loss_label",
    "number_text",
    "op_name",
    "scope_text",
    "short_expression",
]

LONGEST_EXPRESSION = 14

AnyNode = tg.Node | FoldedNode


def at_time(name: str, timestep: int | None) -> str:
    """Return a name with its time step, as the lectures write it.

    >>> at_time("h", 3), at_time("W", None)
    ('h⁽³⁾', 'W')
    """
    name = shorten(name)
    return name + raised(timestep) if name.isidentifier() else name


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
