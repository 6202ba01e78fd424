"""Values by time step as the rows of a matrix, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import tinygraph as tg
from tinygraph.diagnosing.values_by_time import variables
from tinygraph.graphs.symbols import Symbols, plain_name

from ..scenes.labels import at_time

Row = tuple[float, ...]


@dataclass(frozen=True)
class Matrix:
    """Numbers in rows, which may be of unequal length; `rows` and `columns` say what stands beside and above."""

    title: str
    quantity: str
    values: tuple[Row, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    axes: tuple[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return the matrix as JSON-ready data, its numbers to two digits: for golden files."""
        values = [[f"{value:.2g}" for value in row] for row in self.values]
        names = {"rows": list(self.rows), "columns": list(self.columns), "axes": list(self.axes)}
        return {"title": self.title, **names, "values": values}


class Rows(NamedTuple):
    """Vectors, the number of each, and what is numbered."""

    values: list[np.ndarray]
    numbers: list[int]
    axis: str


def named_rows(graph: tg.Graph, name: str, at: Any) -> Rows:
    """Return the values of that name: of each time step, or of each turn of another loop, or the rows of one matrix.

    Raises
    ------
    LookupError
        If nothing has that name, or several loops over time have.
    ValueError
        If a value is no vector.
    """
    try:
        same = variables(graph, name)
    except LookupError:
        return _outside_of_time(graph, name, at)
    plain = [variable for variable in same if not variable.where and str(variable) == same[0].name]
    same = plain if len(plain) == 1 else same  # that of no scope, beside those within some
    if len(same) > 1:
        there = ", ".join(f"{variable} ({variable.where})" if variable.where else str(variable) for variable in same)
        raise LookupError(f"{name!r} is computed in several loops: {there}; say which, or give the values as a list")
    nodes = same[0].nodes
    return Rows([selected(node.data, at, at_time(name, t), 1) for t, node in nodes.items()], list(nodes), "time step t")


def _outside_of_time(graph: tg.Graph, name: str, at: Any) -> Rows:
    subscripts = graph.timeline.subscripts
    turns = {
        subscripts[node.index][0]: node
        for node in graph.nodes
        if node.kind == "op" and plain_name(node.name) == name and len(subscripts[node.index]) == 1
    }
    if turns:
        values = [selected(node.data, at, at_time(name, None, (i,)), 1) for i, node in sorted(turns.items())]
        return Rows(values, sorted(turns), "turn i of its loop")
    matrix = selected(Symbols(graph).find(name).data, at, name, 2)
    return Rows(list(matrix), list(range(1, len(matrix) + 1)), "row")


def rows_of(values: Sequence[Any] | np.ndarray | tg.Tensor, at: Any) -> Rows:
    """Return a matrix, or a sequence of vectors, as rows.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a value is no vector.
    """
    if isinstance(values, (tg.Tensor, np.ndarray)):
        rows = list(selected(_array(values), at, "the value", 2))
        return Rows(rows, list(range(1, len(rows) + 1)), "row")
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        kind = type(values).__name__
        raise TypeError(f"heat_map: expected a matrix, a list of vectors, or a recorded program and of=…, not {kind}")
    rows = [selected(_array(value), at, f"value {number}", 1) for number, value in enumerate(values, 1)]
    return Rows(rows, list(range(1, len(rows) + 1)), "row")


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.data if isinstance(value, tg.Tensor) else value)


def selected(value: np.ndarray, at: Any, name: str, dimensions: int) -> np.ndarray:
    """Return the part of a value that is meant, as a vector or a matrix of real numbers.

    Raises
    ------
    ValueError
        If it is no such thing.
    """
    part = value if at is None else value[at]
    lengths = [length for length in part.shape if length != 1] if part.ndim > dimensions else part.shape
    if len(lengths) != dimensions or part.dtype.kind not in "biuf":
        what = "vector" if dimensions == 1 else "matrix"
        which = "" if at is None else " there"
        raise ValueError(
            f"heat_map: {name} has shape {part.shape} and dtype {part.dtype}{which}, which is no {what} of numbers; "
            "say which part is meant, as in at=np.s_[:, 0]"
        )
    return part.reshape(lengths).astype(float)
