"""Units that do not take part: off for all data, or so far out that their slope is nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...recording.node import Node
from .case import Case, Symptom
from .summands import largest_part

_RECTIFIERS = {"relu", "maximum", "where", "clip", "multiply"}
_SIGMOIDS = {"sigmoid", "expit", "logistic"}
_FEW_EXAMPLES = 8
_MANY_UNITS = 0.5
NO_SLOPE = 3e-4  # |a| > 8.1 for a logistic unit, 4.7 for tanh
LITTLE_SLOPE = 5e-3  # |a| > 3.3 for tanh
_NEARLY_ALL = 0.9
_WEIGHS = {"matmul", "multiply", "einsum", "dot", "linear"}
_FEW_WEIGHTS = 3
_NO_CHOICE = 1e-2
_HALF = 0.5


def units_off(case: Case) -> Iterator[Symptom]:
    """Find rectified layers in which most units are off for all data, in all time steps."""
    for line in case.lines:
        if line.op not in _RECTIFIERS or not line.first.requires_grad or not _rectifies(line.first):
            continue
        off = np.stack([node.data == 0 for node in line.alike()])
        share, units = max((_always(off, axis) for axis in range(off.ndim - 1, 0, -1)), default=(0.0, 1), key=_share)
        if share > _MANY_UNITS and off.size / units >= _FEW_EXAMPLES and share * units >= 2:
            text = f"{round(share * units)} of the {units} units of {line.op} are off for all data"
            yield case.symptom("units off", text, line.nodes, f"forward {case.trace.symbols.of(line.first).name}")


def _share(found: tuple[float, int]) -> float:
    return found[0]


def _always(off: np.ndarray, axis: int) -> tuple[float, int]:
    """Return the share of the units along an axis that are off in all else, and how many units there are."""
    others = tuple(i for i in range(off.ndim) if i != axis)
    return float(off.all(others).mean()), off.shape[axis]


def _rectifies(node: Node) -> bool:
    """Tell whether an op is one that lets pass what is positive: ``np.maximum(a, 0)``, ``a * (a > 0)``."""
    if str(node.op) == "relu":
        return True
    if not (node.data >= 0).all():
        return False
    constants = [source for source in node.inputs if source.kind == "constant"]
    if str(node.op) == "multiply":
        return any(constant.dtype.kind == "b" for constant in constants)
    return str(node.op) == "clip" or any(constant.shape == () and constant.data == 0 for constant in constants)


def saturated(case: Case) -> Iterator[Symptom]:
    """Find gates and tanh units that have no slope left, nearly all of them at nearly all times.

    A gate may be nearly closed on purpose. A tanh whose units each have one value for all data is a constant, and a
    candidate or a state that is one says nothing: there, less is enough.
    """
    for line in case.lines:
        nodes = line.alike()
        values = np.stack([node.data for node in nodes])
        slopes = slope(line.first, values) if line.first.requires_grad else None
        if slopes is None or slopes.size < _FEW_EXAMPLES:
            continue
        limits = (NO_SLOPE, LITTLE_SLOPE) if line.op == "tanh" and _are_constant(values) else (NO_SLOPE,)
        least = next((limit for limit in limits if (slopes < limit).mean() >= _NEARLY_ALL), None)
        if least is not None:
            name = line.first.name and case.trace.symbols.of(line.first).name
            text = f"{name} = {line.op}" if name else line.first.expression or line.op
            text += f": {(slopes < least).mean():.0%} of its values have a slope below {least:g}"
            text += f" (median {np.median(slopes):.1g}){largest_part(case, line.first)}"
            yield case.symptom("saturated", text, line.nodes, f"forward {name}" if name else "")


def _are_constant(values: np.ndarray) -> bool:
    """Tell whether each unit is on one side in all examples and at all times; there are enough of them to tell."""
    by_unit = values.reshape(-1, values.shape[-1])
    return len(by_unit) >= _FEW_EXAMPLES and bool(((by_unit > 0).all(0) | (by_unit < 0).all(0)).all())


def slope(node: Node, y: np.ndarray) -> np.ndarray | None:
    """Return the slopes of a squashing function, `node`'s op, from its values; None of other ops."""
    if y.dtype.kind != "f":
        return None
    if str(node.op) == "tanh":
        return 1 - y * y
    if str(node.op) in _SIGMOIDS or (str(node.op) in ("divide", "reciprocal") and _is_logistic(node)):
        return y * (1 - y)
    return None


def _is_logistic(node: Node) -> bool:
    """Tell whether a quotient is ``1 / (1 + exp(a))``."""
    below = node.inputs[-1]
    terms = {str(source.op or source.kind) for source in below.inputs} if str(below.op) == "add" else set()
    return "exp" in terms and "constant" in terms


def saturated_attention(case: Case) -> Iterator[Symptom]:
    """Find a softmax whose weights are all 0 or 1 where they weigh something: no gradient passes it."""
    for line in case.lines:
        node = line.first
        if line.op != "softmax" or not node.requires_grad or node.shape[-1:] < (_FEW_WEIGHTS,):
            continue
        if not any(str(reader.op) in _WEIGHS for reader, _ in case.graph.consumers(node)):
            continue
        p = np.stack([each.data for each in line.alike()])
        slope_of_each = np.max(p * (1 - p), axis=-1)
        share = float((slope_of_each < _NO_CHOICE).mean())
        if slope_of_each.size >= _FEW_EXAMPLES and share >= _HALF:
            text = f"{share:.0%} of the softmaxes here choose one with a weight above {1 - _NO_CHOICE:g}"
            yield case.symptom("saturated", text, line.nodes)
