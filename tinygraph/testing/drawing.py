"""A drawing of a small graph in plain text, for messages: one line a node, rails for the values still in use."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graphs.graph import Graph
from ..recording.node import Node

_JOINTS = {  # which of up, down, left, right meet
    "ud": "│", "ul": "┘", "ur": "└", "dl": "┐", "dr": "┌", "udl": "┤", "udr": "├", "lr": "─",
    "ulr": "┴", "dlr": "┬", "udlr": "┼", "u": "│", "d": "│", "": " ", "l": "─", "r": "─",
}  # fmt: skip


def sketch(graph: Graph) -> str:
    """Draw a graph in plain text, with shapes and small values.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]]), tg.tensor([2.0])
    >>> print(sketch(tg.graph(np.tanh(W @ h) + h)))
    ● W  parameter (1, 1)  [[0.5]]
    │ ● h  input (1,)  [2.]
    ├─┤
    ● │ matmul: W @ h (1,)  [1.]
    ● │ tanh: np.tanh(W @ h) (1,)  [0.762]
    ├─┘
    ● add: np.tanh(W @ h) + h (1,)  [2.762]
    """
    rails: list[int | None] = []  # which node's value runs down each column
    last_use = {source.index: node.index for node in graph.nodes for source in node.inputs}
    lines: list[str] = []
    for node in graph.nodes:
        used = sorted({source.index for source in node.inputs})
        columns = [rails.index(index) for index in used]
        dying = {column for column, index in zip(columns, used, strict=True) if last_use[index] == node.index}
        target = min(dying, default=_free(rails))
        if target == len(rails):
            rails.append(None)
        if columns and columns != [target]:
            lines.append(_connector(rails, columns, dying, target))
        for column in dying:
            rails[column] = None
        rails[target] = node.index
        drawn = ["●" if column == target else " " if index is None else "│" for column, index in enumerate(rails)]
        lines.append(f"{' '.join(drawn).rstrip()} {_label(node)}")
        if node.index not in last_use:
            rails[target] = None
        while rails and rails[-1] is None:
            rails.pop()
    return "\n".join(lines)


def _free(rails: list[int | None]) -> int:
    return rails.index(None) if None in rails else len(rails)


def _connector(rails: list[int | None], columns: list[int], dying: set[int], target: int) -> str:
    """Draw the line that leads the inputs of a node to its column."""
    first, final = min(*columns, target), max(*columns, target)
    drawn = ""
    for column, index in enumerate(rails):
        joined = column in columns or column == target
        ways = "u" * (index is not None)
        ways += "d" * (column == target or (index is not None and column not in dying))
        ways += "l" * (joined and column > first) + "r" * (joined and column < final)
        passing = first < column < final and not joined
        drawn += ("│" if index is not None else "─") if passing else _JOINTS[ways]
        drawn += "─" if first <= column < final else " "
    return drawn.rstrip()


def _label(node: Node) -> str:
    values = np.asarray(node.data)
    shown = f"  {values_text(values)}" if values.size <= 6 else ""
    if node.kind != "op":
        return f"{node.name or '·'}  {node.kind} {node.shape}{shown}"
    attributes = "".join(f" {name}={value!r}" for name, value in node.attributes.items())
    name = f"{node.name} = " if node.name else ""
    return f"{node.op}{attributes}: {name}{node.expression} {node.shape}{shown}"


def values_text(values: Any) -> str:
    """Return the elements of a small array on one line."""
    return np.array2string(np.asarray(values), precision=3, separator=", ", max_line_width=10**6).replace("\n", "")
