"""What fits by chance: broadcasts that enlarge both operands, a softmax over the axis of the examples, an index −1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...array_text import shape_text
from ...plain_text import spans
from ...recording.node import Node
from .case import Case, Symptom

_MEANT = ("None", "newaxis", "reshape", "expand_dims", "outer", "keepdims")
_ADDS_AN_AXIS = {"reshape", "expand_dims", "outer", "broadcast_to", "meshgrid", "swapaxes", "transpose"}
_PROBABILITIES = {"softmax", "log_softmax", "divide", "subtract"}
_SOFTMAXES = {"softmax", "log_softmax", "softmax_cross_entropy"}
_FAR = 4  # ops between a softmax and its target


def enlarged_operands(case: Case) -> Iterator[Symptom]:
    """Find elementwise ops like 16×1 − 16, whose result is larger than both operands, which hold as many numbers."""
    for line in case.lines:
        node = line.first
        op = node.op
        if op is None or not op.elementwise or len(node.inputs) != 2 or adds_an_axis(node):
            continue
        a, b = node.inputs
        if 1 < a.data.size == b.data.size < node.data.size and node.requires_grad:
            shapes = f"{shape_text(a.shape)} with {shape_text(b.shape)} gives {shape_text(node.shape)}"
            yield case.symptom("broadcast", f"{op} of {shapes}: every element meets every other", line.nodes)


def adds_an_axis(node: Node) -> bool:
    """Tell whether the program adds an axis itself, where it computes or just before."""
    if any(word in node.expression for word in _MEANT):
        return True
    return any(_gives_an_axis(source) for source in node.inputs)


def _gives_an_axis(source: Node) -> bool:
    if source.op is None:
        return False
    if str(source.op) == "getitem":
        index = source.attributes.get("index")
        return any(part is None for part in (index if isinstance(index, tuple) else (index,)))
    return str(source.op) in _ADDS_AN_AXIS


def softmax_across_targets(case: Case) -> Iterator[Symptom]:
    """Find probabilities that add up to 1 along the axis of the examples, though each example has its target."""
    for line in case.lines:
        node = line.first
        if node.data.ndim != 2 or line.op not in _PROBABILITIES:
            continue
        axis = _normalised(node.data)
        if axis is not None and any(chosen == axis for chosen in _example_axes(case, node)):
            text = f"{node.op} of {shape_text(node.shape)} adds up to 1 over axis {axis}, but there the examples are"
            yield case.symptom("softmax", text, line.nodes)


def _normalised(values: np.ndarray) -> int | None:
    """Return the axis along which probabilities, or their logarithms, add up to 1; None if it is not one."""
    p = values if (values >= 0).all() else np.exp(values) if (values <= 0).all() else None
    if p is None or min(p.shape) < 2:
        return None
    ones = [bool(np.allclose(p.sum(axis), 1, atol=1e-4)) for axis in (0, 1)]
    return ones.index(True) if sum(ones) == 1 else None


def _example_axes(case: Case, node: Node) -> Iterator[int]:
    """Yield the axes of a value along which what reads it has one target each."""
    near = [node]
    for _ in range(_FAR):
        near = [reader for source in near for reader, _ in case.graph.consumers(source) if reader.shape != ()]
        for reader in near:
            index = reader.attributes.get("index")
            if str(reader.op) == "getitem" and isinstance(index, tuple) and len(index) == 2:
                yield from (axis for axis in (0, 1) if _counts(index[axis], node.shape[axis]))
            for source in reader.inputs:
                if source.kind in ("constant", "input") and source.shape == node.shape:
                    yield from (1 - axis for axis in (0, 1) if _is_one_hot(source.data, axis))


def _counts(index: object, length: int) -> bool:
    return isinstance(index, np.ndarray) and length > 1 and np.array_equal(index, np.arange(length))


def _is_one_hot(target: np.ndarray, axis: int) -> bool:
    binary = bool(np.isin(target, (0, 1)).all())
    return binary and bool((target.sum(axis) == 1).all()) and not bool((target.sum(1 - axis) == 1).all())


def softmax_of_probabilities(case: Case) -> Iterator[Symptom]:
    """Find a softmax of what is one already: it takes logits."""
    for line in case.lines:
        node = line.first
        if line.op not in _SOFTMAXES or not node.requires_grad:
            continue
        logits = [each.inputs[0].data for each in line.alike()]
        if all(p.ndim and p.shape[-1] > 1 and _are_probabilities(p) for p in logits):
            text = f"{line.op} takes logits, but all that it is given here are probabilities that add up to 1"
            yield case.symptom("softmax", text, line.nodes)


def _are_probabilities(p: np.ndarray) -> bool:
    return p.dtype.kind == "f" and bool((p >= 0).all()) and bool(np.allclose(p.sum(-1), 1, atol=1e-5))


def wrapped_indices(case: Case) -> Iterator[Symptom]:
    """Find index arrays among whose numbers is a −1, and reads a row of a parameter that another index means, too.

    A last row that nothing but −1 reads may well be that of the padding.
    """
    for line in case.lines:
        source = line.first.inputs[0] if line.first.inputs else None
        if line.op != "getitem" or source is None or source.kind != "parameter":
            continue
        if not any((index < 0).any() for node in line.sample if (index := _row_indices(node)) is not None):
            continue
        indices = {node: index for node in line.nodes if (index := _row_indices(node)) is not None}
        wrapped = [node for node, index in indices.items() if (index < 0).any() and _teaches(case, node, index)]
        numbers = np.concatenate([index.ravel() for index in indices.values()]) if wrapped else np.empty(0, int)
        rows = np.intersect1d(numbers[numbers < 0] + source.shape[0], numbers)
        if rows.size:
            name = case.trace.symbols.of(source)
            text = f"{(numbers < 0).sum()} of the {numbers.size} indices into {name} are negative, and read its last"
            text += f" rows: row {spans(rows.tolist())}, which other indices mean"
            yield case.symptom("index", text, wrapped, case.goto(wrapped[0]))


def _row_indices(node: Node) -> np.ndarray | None:
    """Return the integers by which rows are taken, of an op that does."""
    index = node.attributes.get("index")
    rows = index[0] if isinstance(index, tuple) and index else index
    return rows if isinstance(rows, np.ndarray) and rows.dtype.kind == "i" and rows.size else None


def _teaches(case: Case, node: Node, rows: np.ndarray) -> bool:
    """Tell whether a gradient comes back to what the negative indices read: none does where they are masked."""
    gradient = case.trace.gradient(node)
    return gradient is not None and gradient.shape[: rows.ndim] == rows.shape and bool(np.any(gradient[rows < 0]))
