"""Counters: what ops say of the variables of the loops around them, as ``D[i, j]`` does of i and j.

Where a program records nothing between an outer and an inner loop, nobody sees the outer one go on. But what its ops
take by its counter tells.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..recording.node import Node
from ..recording.operands import operands_of
from .places import Loop


def begins_anew(
    ops: Sequence[Sequence[Node]], iterations: Sequence[Sequence[int]], inner: Loop, outer: Loop, trips: int
) -> np.ndarray | None:
    """Return in which iterations of a loop the one around it has gone on, as far as ops tell.

    Parameters
    ----------
    ops, iterations : sequences
        For each place in the inner loop the ops there, and the iteration of each.
    inner, outer : Loop
    trips : int
        How many iterations there are.

    Returns
    -------
    (trips,) booleans, or None where nothing is told.
    """
    anew = {True: np.zeros(trips, bool), False: np.zeros(trips, bool)}  # by whether counters tell, or data
    told: set[bool] = set()
    for of_place, at in zip(ops, iterations, strict=True):
        source = of_place[0].source
        if source is None or (source.filename, source.function) != (inner.filename, inner.function):
            continue  # of another function, with variables of its own
        for told_by in _told(of_place, set(inner.variables), set(outer.variables)):
            told.add(told_by.counts)
            values = told_by.values
            for before, value, k in zip(values, values[1:], at[1:], strict=False):
                anew[told_by.counts][k] |= value != before if told_by.outer else value == values[0]
    return anew[max(told)] if told else None


class _Told(NamedTuple):
    """What the ops of a place take by the variables of one loop alone: by a number that it counts, or other data."""

    values: list[Hashable]
    outer: bool
    counts: bool


def _told(ops: Sequence[Node], inner: set[str], outer: set[str]) -> Iterator[_Told]:
    """Yield what tells: of the inner loop only counters, as equal data may come twice."""
    first = ops[0]
    parts, operands = _names(first.expression)
    for k, (names, counts) in enumerate(parts if "index" in first.attributes else ()):
        if names and (names <= outer or (names <= inner and counts)):
            indices = [_part(op.attributes["index"], k) for op in ops]
            if all(isinstance(index, int | np.integer) for index in indices):
                yield _Told(indices, names <= outer, counts)
    for argument, leaf in enumerate(first.inputs):
        written = argument if first.op is None else first.op.written_at(argument)
        names = operands[written][0] if written < len(operands) else set()
        if names and names <= outer and leaf.kind == "constant":
            yield _Told([op.inputs[argument].data.tobytes() for op in ops], True, False)


def _part(index: object, part: int) -> object:
    parts = index if isinstance(index, tuple) else (index,)
    return parts[part] if part < len(parts) else None


_Part = tuple[set[str], bool]  # variables, and whether nothing but they and numbers is computed with


@lru_cache(maxsize=1 << 10)
def _names(expression: str) -> tuple[tuple[_Part, ...], tuple[_Part, ...]]:
    """Return the variables in each part of the index of ``array[index]``, and in each operand.

    >>> _names("D[i - 1, word[j]]")[0], _names("R[k][0] * y[i]")[1]
    ((({'i'}, True), ({'j'}, False)), (({'k'}, False), ({'i'}, False)))
    """
    try:
        node = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError):
        return (), ()
    parts: list[ast.expr] = []
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return tuple(map(_part_of, parts)), tuple(map(_part_of, operands_of(expression)))


def _part_of(node: ast.expr) -> _Part:
    return _variables(node), not any(isinstance(inner, ast.Subscript | ast.Call) for inner in ast.walk(node))


def _variables(node: ast.AST) -> set[str]:
    """Return the variables of an expression; of ``xs[i]`` only i."""
    if isinstance(node, ast.Subscript):
        return _variables(node.slice) | (_variables(node.value) if isinstance(node.value, ast.Subscript) else set())
    if isinstance(node, ast.Name):
        return {node.id}
    return set().union(*map(_variables, ast.iter_child_nodes(node)))
