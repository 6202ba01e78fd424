"""Examples of a batch that read one another: a loss that learns from another example's input."""

from __future__ import annotations

from collections.abc import Iterator

from ...recording.node import Node
from ..mixing import Mix, mixed_rows
from .case import Case, Symptom
from .shapes import adds_an_axis

_PRODUCTS = {"matmul", "dot", "linear", "linear_bias"}
_STATISTICS = {"sum", "mean", "var", "std", "max", "min", "norm"}  # of a whole batch: meant
_STEPS = 3


def mixed_examples(case: Case) -> Iterator[Symptom]:
    """Find an op that joins the examples of a batch, where each time step feeds a batch of its own."""
    for mixed, axis, is_meant in _mixed(case):
        if mixed.first is None or is_meant:
            continue
        row, others = next((row, others) for row, others in mixed.reached.items() if others)
        what = "a softmax over the batch" if _is_softmax(case, mixed.first) else f"{mixed.first.op} joins examples"
        text = f"{what}: example {row} of {mixed.of} reaches example {', '.join(map(str, others[:4]))}"
        text += " …" if len(others) > 4 else ""
        yield case.symptom("mixed", text, _alike(case, mixed.first), f"mix {mixed.of} {axis}")
        return


def batch_statistics(case: Case) -> Iterator[Symptom]:
    """Find a statistic of the batch that its examples read: a batch normalisation, which evaluation has to know of."""
    for mixed, axis, is_meant in _mixed(case):
        if mixed.first is not None and is_meant and str(mixed.first.op) in _STATISTICS:
            text = f"{mixed.first.op} over the examples of {mixed.of}: right if evaluation does not use its own batch"
            yield case.symptom("batch", text, _alike(case, mixed.first), f"mix {mixed.of} {axis}")
            return


def _mixed(case: Case) -> Iterator[tuple[Mix, int, bool]]:
    """Yield what becomes of the examples of batches that are told apart after they were joined, and if it is meant."""
    for inputs, axis in _batches(case):
        mixed = mixed_rows(case.graph, inputs, axis, case.trace.symbols.of(inputs[0]).name)
        if mixed.first is not None and mixed.seen_in is not None and any(mixed.reached.values()):
            yield mixed, axis, _is_meant(case, mixed.first, mixed.seen_in, mixed.rows)


def _alike(case: Case, node: Node) -> list[Node]:
    return [each for line in case.lines if node in line.nodes for each in line.nodes]


def _is_meant(case: Case, first: Node, seen_in: Node, rows: int) -> bool:
    """Tell whether examples are joined on purpose: by a statistic of the batch, or in a table of all pairs."""
    if str(first.op) in _STATISTICS and not _is_softmax(case, first):
        return True
    return any(
        node.op is not None and node.op.elementwise and adds_an_axis(node) and node.shape.count(rows) > 1
        for node in (first, seen_in)
    )


def _is_softmax(case: Case, node: Node) -> bool:
    if "softmax" in str(node.op):
        return True
    return str(node.op) == "sum" and any(
        str(node.inputs[0].op) == "exp" and node.inputs[0] in reader.inputs
        for reader, _ in case.graph.consumers(node)
        if str(reader.op) == "divide"
    )


def _batches(case: Case) -> Iterator[tuple[list[Node], int]]:
    """Yield the data that a product with a parameter takes in at each time step, and the axis of its examples.

    Where those are parts of one array that was made before, that array: by the axis that keeps its rows apart, if any.
    """
    for line in case.lines:
        node = line.first
        if line.op not in _PRODUCTS or len({reader.timestep for reader in line.nodes} - {None}) < _STEPS:
            continue
        for argument, source in enumerate(node.inputs[:2]):
            other = node.inputs[1 - argument]
            if source.requires_grad or source.data.ndim != 2 or not other.requires_grad or source.dtype.kind != "f":
                continue
            axis = argument if line.op in ("matmul", "dot") else 0  # the other one is summed over
            inputs = list(dict.fromkeys(reader.inputs[argument] for reader in line.nodes))
            differ = len({each.data.tobytes() for each in inputs}) >= _STEPS
            if differ and source.shape[axis] > 1 and len({each.shape for each in inputs}) == 1:
                yield from _whole(case, source, source.shape[axis]) or [(inputs, axis)]


def _whole(case: Case, part: Node, count: int) -> list[tuple[list[Node], int]]:
    """Return the leaf that a part was taken from, and its axis with so many rows."""
    leaf = part
    while leaf.kind == "op" and len([source for source in leaf.inputs if source.kind != "constant"]) >= 1:
        leaf = next(source for source in leaf.inputs if source.kind != "constant")
    if leaf.kind != "input" or leaf.dtype.kind != "f":
        return []
    axes = [axis for axis, length in enumerate(leaf.shape) if length == count]
    apart = [axis for axis in axes if mixed_rows(case.graph, [leaf], axis, "").first is None]
    return [([leaf], axis) for axis in apart or axes][:1]
