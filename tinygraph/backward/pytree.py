"""Pytrees, nested dicts, lists and tuples of arrays: take the leaves out, and put results back in their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def flatten(tree: Any) -> list[Any]:
    """Return the leaves of a pytree, in order.

    Examples
    --------
    >>> flatten({"W": 1, "cells": [2, (3, 4)]})
    [1, 2, 3, 4]
    """
    leaves: list[Any] = []
    _each_leaf(tree, leaves.append)
    return leaves


def leaves_like(tree: Any, other: Any, what: str) -> list[Any]:
    """Return the leaves of `other` in the order of those of `tree`, which must have the same structure.

    Where `tree` has a leaf, whatever `other` has there is one: a list may stand for an array.

    Raises
    ------
    ValueError
        If the structures differ, beginning with `what`.

    Examples
    --------
    >>> leaves_like({"W": 1, "b": (2, 3)}, {"b": [20, 30], "W": 10}, "tangents")
    [10, 20, 30]
    """
    if isinstance(tree, dict):
        if not isinstance(other, dict) or other.keys() != tree.keys():
            got = f"the keys {list(other)}" if isinstance(other, dict) else type(other).__name__
            raise ValueError(f"{what}: expected a dict with the keys {list(tree)}, got {got}")
        return [leaf for key, part in tree.items() for leaf in leaves_like(part, other[key], what)]
    if isinstance(tree, list | tuple):
        if not isinstance(other, list | tuple) or len(other) != len(tree):
            got = f"{len(other)}" if isinstance(other, list | tuple) else type(other).__name__
            raise ValueError(f"{what}: expected a {type(tree).__name__} of {len(tree)}, got {got}")
        return [leaf for parts in zip(tree, other, strict=True) for leaf in leaves_like(*parts, what)]
    return [other]


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
    if not isinstance(tree, _NESTED):
        return change(tree)
    if isinstance(tree, dict):
        return {key: _each_leaf(value, change) for key, value in tree.items()}
    parts = [_each_leaf(value, change) for value in tree]
    return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)


_NESTED = (dict, list, tuple)
