"""Numbers: NaN, differences that are mostly rounding, an input far from its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ...array_text import number_text
from ...recording.node import Node
from ...recording.source import program_source
from ..nonfinite import nonfinite_origin, nonfinite_places, operands_there
from .case import Case, Symptom

_SMALL = 1e-3  # a difference, as a share of its operands
_LOST = 1e-3  # of the digits that a difference has left, the share that is rounding
_FAR = 20.0
_FEW = 5
_NEAR = 4  # ops between a value and its mean
_APART = 4.0  # times the largest of its neighbours


def not_finite(case: Case) -> Iterator[Symptom]:
    """Find where NaN or infinity begins, if the output or a gradient is not finite."""
    results = [case.trace.output.data, *(g for p in case.graph.parameters if (g := case.trace.gradient(p)) is not None)]
    if all(np.isfinite(result).all() for result in results):
        return
    origin = nonfinite_origin(case.trace)
    if origin is not None:
        node = origin.node
        way = "" if origin.phase == "forward" else ", backward"
        text = f"{origin.example} begins in {node.op or node.kind} {case.trace.symbols.of(node)}{way}"
        for operand, value in operands_there(origin).items():
            text += f"; there {operand.name or operand.expression} is {number_text(value)}"
        if node.kind == "parameter":
            text = f"the parameter {case.trace.symbols.of(node)} holds {origin.example}: an update before this pass has"
            text += " put it in, unless it was made so; `when nonfinite(grad)` and `restart` stop where it began"
        places = nonfinite_places(case.trace, origin)
        yield case.symptom("not finite", text, [node, *places], "nan")


def cancellation(case: Case) -> Iterator[Symptom]:
    """Find differences of computed values that are far smaller than their operands, and by now mostly rounding."""
    for line in case.lines:
        if line.op != "subtract" or not _are_computed_apart(line.first):
            continue
        ratios = np.concatenate([_ratios(node) for node in line.sample])
        if not ratios.size:
            continue
        ratio, dtype = float(np.median(ratios)), line.first.dtype
        lost = float(np.finfo(dtype).eps) / ratio if dtype.kind == "f" else 0.0
        if ratio < _SMALL and lost > _LOST:
            text = f"{line.first.expression or line.op}: the difference is {number_text(ratio)} of its operands"
            text += f", {number_text(100 * min(lost, 1))}% of it is rounding in {dtype}"
            yield case.symptom("cancellation", text, line.nodes)


def _are_computed_apart(node: Node) -> bool:
    """Tell whether a difference is one of two computed values, and none of a value and its own mean, or its maximum."""
    a, b = node.inputs
    if "op" not in (a.kind, b.kind) or "constant" in (a.kind, b.kind) or "input" in (a.kind, b.kind):
        return False
    return a not in _leading(b) and b not in _leading(a)


def _leading(node: Node) -> set[Node]:
    near = {node}
    for _ in range(_NEAR):
        near |= {source for each in near for source in each.inputs}
    return near


def _ratios(node: Node) -> np.ndarray:
    """Return |a − b| / max(|a|, |b|) where the difference is not 0."""
    a, b = np.broadcast_arrays(*(source.data.astype(float) for source in node.inputs))
    y, size = np.abs(node.data.astype(float)), np.maximum(np.abs(a), np.abs(b))
    used = (y > 0) & np.isfinite(size)
    return y[used] / size[used]


def outlying_inputs(case: Case) -> Iterator[Symptom]:
    """Find an input that is 20 times the others: a time step of a sequence, a feature there, or a row of an array."""
    by_slot: dict[int, list[Node]] = {}
    for node in case.graph.nodes:
        if node.kind in ("input", "constant") and node.dtype.kind == "f" and node.shape != ():
            if node.timestep is not None:
                by_slot.setdefault(case.graph.timeline.slots[node.index], []).append(node)
            yield from _outlying_rows(case, node)
    for nodes in by_slot.values():
        if len(nodes) >= _FEW and all(a.shape == b.shape for a, b in pairwise(nodes)):
            values = np.stack([node.data for node in nodes])
            place = _outlier(values) or _outlying_feature(values)
            if place is not None:
                i, factor = place
                text = f"the input {case.trace.symbols.of(nodes[i])} is {factor:.3g} × the median of its neighbours"
                yield case.symptom("input", text + _handed_over(nodes[i], case.trace.script), [nodes[i]])


def _handed_over(node: Node, script: str | None) -> str:
    """Return where a function that reads an input was called."""
    call = node.call
    source = None if call is None or call.parent is None else program_source(call.parent, call.lasti)
    return f", handed over in {source.place(script)}" if source is not None and source.text else ""


def _outlying_feature(values: np.ndarray) -> tuple[int, float] | None:
    """Return the outlier among the values of one feature over time, as of a sensor whose unit changed."""
    columns = values.T[:, :, None] if values.ndim == 2 else ()
    return next((place for column in columns if (place := _outlier(column)) is not None), None)


def _outlying_rows(case: Case, node: Node) -> Iterator[Symptom]:
    for axis in range(min(node.data.ndim, 2)):
        if node.data.ndim > 1 and node.shape[axis] >= _FEW:
            place = _outlier(np.moveaxis(node.data, axis, 0))
            if place is not None:
                row, factor = place
                name = case.trace.symbols.of(node)
                text = f"row {row} of axis {axis} of the input {name} is {factor:.3g} × the median of its neighbours"
                yield case.symptom("input", text, [node])
                return


def _outlier(parts: np.ndarray) -> tuple[int, float] | None:
    """Return the part that is so many times larger than the median of all, and far from the largest of the others.

    Of data with a long tail, as rain, nothing is far from its next; of masks there is nothing to say.
    """
    flat = parts.reshape(len(parts), -1).astype(float)
    with np.errstate(all="ignore"):
        norms = np.sqrt(np.sum(flat * flat, axis=1))
    middle = float(np.median(norms))
    if not 0 < middle < np.inf or not np.isfinite(norms).all() or norms.max() < _FAR * middle:
        return None
    if norms.max() < _APART * norms[norms < _FAR * middle].max() or len(np.unique(flat)) <= 2:
        return None
    return int(norms.argmax()), float(norms.max() / middle)
