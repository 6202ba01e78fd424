"""Calls: which of the program's own calls each op was recorded in, and what they are called there."""

from __future__ import annotations

import ast

from ..recording.calls import Call
from ..recording.idioms import is_tool, last_name
from ..recording.node import Node
from ..recording.skipped import is_skipped
from ..recording.syntax import place_of


def calls_around(node: Node) -> list[Call]:
    """Return the calls of the program's own functions that an op was recorded in, the outermost first.

    A comprehension is part of the function that it stands in, and so is the file itself.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> def sigmoid(z):
    ...     return 1 / (1 + np.exp(-z))
    >>> node = tg.graph(sigmoid(tg.parameter(0.0))).nodes[-1]
    >>> [call_name(call) for call in calls_around(node)][-1]
    'sigmoid'
    """
    calls: list[Call] = []
    call = None if node.pulled is not None else node.call
    while call is not None:
        if not is_skipped(call.code.co_filename) and (call.code.co_name[0] != "<" or _is_lambda(call)):
            calls.append(call)
        call = call.parent
    return calls[::-1]


def call_name(call: Call) -> str:
    """Return what the program calls in a call: a function by its name, an object by that of its variable or class."""
    if call.parent is not None:
        _, there = place_of(call.parent.code, call.lasti)
        if isinstance(there, ast.Call) and not is_tool(there):
            function = there.func.value if isinstance(there.func, ast.Subscript) else there.func
            if last_name(function):
                return last_name(function)
    name = call.code.co_name
    if name.startswith("__"):
        return call.code.co_qualname.removesuffix(f".{name}").rsplit(".", 1)[-1]
    return "λ" if _is_lambda(call) else name


def _is_lambda(call: Call) -> bool:
    return call.code.co_name == "<lambda>"
