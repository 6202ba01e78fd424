"""Functions of dicts, lists and tuples of arrays: take the arrays out, and put results back in their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def flatten(tree: Any) -> list[Any]:
    """Return the leaves of nested dicts, lists and tuples, in order.

    Examples
    --------
    >>> flatten({"W": 1, "cells": [2, (3, 4)]})
    [1, 2, 3, 4]
    """
    leaves: list[Any] = []
    _each_leaf(tree, leaves.append)
    return leaves


def rebuild(tree: Any, leaves: list[Any]) -> Any:
    """Return `tree` with its leaves replaced, in order.

    Examples
    --------
    >>> rebuild({"W": 1, "cells": [2, (3, 4)]}, [10, 20, 30, 40])
    {'W': 10, 'cells': [20, (30, 40)]}
    """
    remaining = iter(leaves)
    return _each_leaf(tree, lambda _: next(remaining))


def _each_leaf(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _each_leaf(value, change) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[_each_leaf(value, change) for value in tree])
    if isinstance(tree, list | tuple):
        return type(tree)([_each_leaf(value, change) for value in tree])
    return change(tree)
