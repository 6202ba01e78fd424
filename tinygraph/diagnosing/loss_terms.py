"""The loss as a sum of terms, one for each time step: where a backward pass of each of them begins."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..backward.replay import pull, receives
from ..backward.sums import add
from ..recording.node import Node
from ..recording.sparse import dense
from ..tracing.trace import Trace

Terms = dict[int, dict[Node, Any]]  # by time step: the adjoints that its term of the loss begins with

_SUMS = {"add", "subtract", "negative", "alias", "sum", "mean", "divide", "multiply"}
_MOVES = {"stack", "concatenate", "getitem", "reshape", "transpose", "moveaxis", "swapaxes", "expand_dims", "squeeze"}
_MEASURES = {"sqrt", "exp", "log"}  # of a mean over time steps, as a perplexity


def entries(trace: Trace) -> Terms:
    """Return for each time step the adjoints with which its term of the loss begins.

    Sums of losses along the loop and after it are followed to what they add. What is computed after the loop, of the
    values of all time steps on one axis, is split into rows of that axis.

    Raises
    ------
    LookupError
        If the loss is not known to be a sum over time steps.
    """
    if not _gathers(trace.output):
        return {trace.output.timestep or 0: {trace.output: np.asarray(trace.adjoints[0])}}
    terms: Terms = {}
    adjoints: dict[Node, Any] = {trace.output: np.asarray(trace.adjoints[0])}
    for node in trace.nodes:
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            continue
        adjoint = dense(adjoint)
        if not _gathers(node):
            _enter(terms, node.timestep or 0, node, adjoint)
        elif adds_terms(node):
            for source, contribution in zip(node.inputs, pull(node, adjoint), strict=False):
                if contribution is not None and source.kind == "op":
                    adjoints[source] = add(adjoints.get(source), False, contribution)
        else:
            _split(trace, terms, node, adjoint)
    return terms


def _gathers(node: Node) -> bool:
    return node.timestep is None or (node.shape == () and node.op is not None and node.op.name in _SUMS)


def adds_terms(node: Node) -> bool:
    """Tell whether an op adds up terms or moves them about, and a loss made by it is a sum of its arguments' terms."""
    name = str(node.op)
    if name in ("multiply", "divide"):
        return sum(receives(node, argument) for argument in range(len(node.inputs))) == 1
    return name in _SUMS or name in _MOVES or (name in _MEASURES and node.shape == ())


def _enter(terms: Terms, t: int, node: Node, adjoint: Any) -> None:
    entering = terms.setdefault(t, {})
    entering[node] = add(entering.get(node), False, adjoint)


def _split(trace: Trace, terms: Terms, node: Node, adjoint: np.ndarray) -> None:
    """Enter what was computed after the loop: as the term of the one time step that it reads, or row by row."""
    read = _timesteps_read(node)
    if len(read) < 2:
        for t in read:
            _enter(terms, t, node, adjoint)
        return
    known: dict[tuple[Node, int], list[set[int]]] = {}
    for axis, count in enumerate(node.shape):
        if count < 2:
            continue
        rows = np.moveaxis(adjoint, axis, 0)
        used = [row for row in range(count) if rows[row].any()]
        of_rows = _timesteps_of_rows(node, axis, known)
        if all(len(of_rows[row]) == 1 for row in used):
            parts: dict[int, np.ndarray] = {}
            for row in used:
                part = parts.setdefault(min(of_rows[row]), np.zeros_like(adjoint))
                np.moveaxis(part, axis, 0)[row] = rows[row]
            for t, part in parts.items():
                _enter(terms, t, node, part)
            return
    line = f", line {node.source.lineno}," if node.source else ""
    steps = f"time steps {min(read)} to {max(read)}"
    raise LookupError(
        f"the loss is no sum over time steps that is known: {node.expression or node.op}{line} joins {steps}"
    )


def _timesteps_read(node: Node) -> set[int]:
    """Return the time steps whose values an op after the loop is made of."""
    timesteps: set[int] = set()
    known, open_nodes = {node}, [node]
    while open_nodes:
        reader = open_nodes.pop()
        for argument, source in enumerate(reader.inputs):
            if source.op is None or source in known or not receives(reader, argument):
                continue
            known.add(source)
            if source.timestep is None:
                open_nodes.append(source)
            else:
                timesteps.add(source.timestep)
    return timesteps


def _timesteps_of_rows(node: Node, axis: int, known: dict[tuple[Node, int], list[set[int]]]) -> list[set[int]]:
    """Return the time steps that the rows of an axis stand for: followed through ops that keep rows apart.

    An attention keeps the rows of its queries apart, not those of its keys and values.
    """
    if (node, axis) in known:
        return known[node, axis]
    count = node.shape[axis]
    timesteps = known[node, axis] = [set() for _ in range(count)]
    for argument, of_rows in _read_by_rows(node, axis).items():
        source = node.inputs[argument]
        if source.timestep is not None:
            if len(of_rows) < count:
                for row in of_rows:
                    timesteps[row].add(source.timestep)
            continue
        for along in range(len(source.shape)):
            targets = {row: indices[along] for row, indices in of_rows.items()}
            if any(len(indices) != 1 for indices in targets.values()):
                continue
            uses = Counter(int(indices[0]) for indices in targets.values())
            if len(uses) > 1 and len(set(uses.values())) == 1:
                further = _timesteps_of_rows(source, along, known)
                for row, indices in targets.items():
                    timesteps[row] |= further[indices[0]]
    return timesteps


def _read_by_rows(node: Node, axis: int) -> dict[int, dict[int, list[np.ndarray]]]:
    """Return for each argument and row of an axis the indices along the argument's axes that the row's gradient has."""
    rng = np.random.default_rng(0)
    read: dict[int, dict[int, list[np.ndarray]]] = {}
    for row in range(node.shape[axis]):
        seed = np.zeros(node.shape, node.dtype)
        part = np.moveaxis(seed, axis, 0)
        part[row] = rng.normal(size=part[row].shape)
        for argument, contribution in enumerate(pull(node, seed)):
            source = node.inputs[argument]
            if contribution is None or source.op is None or not receives(node, argument):
                continue
            indices = [np.unique(along) for along in np.nonzero(np.atleast_1d(dense(contribution)))]
            if source.shape == () or all(len(along) for along in indices):
                read.setdefault(argument, {})[row] = indices
    return read
