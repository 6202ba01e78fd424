"""Gradients that are 0: where they end, and the parameters that get none; units that can never part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...array_text import number_text
from ...backward.replay import receives
from ...numeric import norm
from ...recording.node import Node
from ...recording.sparse import dense
from .case import Case, Symptom

_ROUNDINGS = 1e3  # units in the last place
_FEW = 3
_UNITS = 4
_MULTIPLIES = {"multiply", "matmul", "dot", "linear", "linear_bias", "einsum"}


def without_gradient(case: Case) -> Iterator[Symptom]:
    """Find parameters that no gradient reaches, or one that is 0, and where it ends; or is 0 but for rounding.

    Behind a factor that starts at 0, as people do it with a last layer, gradients are 0 until it has moved. A bias
    whose gradient is rounding is no symptom: what normalises the values after it takes it out again.
    """
    trace = case.trace
    gradients = {node: trace.gradient(node) for node in case.graph.parameters}
    sizes = {node: norm(g) for node, g in gradients.items() if g is not None}
    largest = max((size for size in sizes.values() if np.isfinite(size)), default=0.0)
    starts_at_zero = any(size > 0 and _is_a_zero_factor(case, node) for node, size in sizes.items())
    ends: list[Node] = []
    for node in case.graph.parameters:
        name, size = trace.symbols.of(node), sizes.get(node)
        if size is not None and size > _small(node) * largest:
            continue
        readers = [reader for reader, _ in case.graph.consumers(node)] or [node]
        command = f"contributions {name.ascii}"
        if size is None:
            yield case.symptom("no gradient", f"no gradient reaches {name}", readers, command)
        elif size == 0 and node.data.size and not starts_at_zero and not _has_met_only_zeros(case, node):
            ends = ends or _ends(case)
            text = f"the gradient of {name} is 0 in all elements"
            if ends and ends[0] not in readers and ends[0].source:
                text += f": it ends in {ends[0].op}, {case.trace.place(ends[0])}"
            yield case.symptom("no gradient", text, readers, command)
        elif node.data.ndim > 1 and 0 < size < _rounding(case, node) and size < _small(node) * largest:
            text = f"the gradient of {name} is {number_text(size)}: 0 but for rounding"
            yield case.symptom("no gradient", text, readers, command)


def _small(node: Node) -> float:
    return float(np.sqrt(np.finfo(node.dtype).eps))


def _is_a_zero_factor(case: Case, node: Node) -> bool:
    return not node.data.any() and any(str(reader.op) in _MULTIPLIES for reader, _ in case.graph.consumers(node))


def _ends(case: Case) -> list[Node]:
    """Return the first ops that have a gradient and hand on none."""
    for k, node in enumerate(case.trace.nodes):
        if np.any(case.trace.adjoints[k]) and any(receives(node, i) for i in range(len(node.inputs))):
            contributions = [dense(part) for part in case.trace.pull(k) if part is not None]
            if contributions and not any(np.any(part) for part in contributions):
                return [node]
    return []


def _has_met_only_zeros(case: Case, node: Node) -> bool:
    """Tell whether a parameter was used in a few steps only, with a state that was still 0, and no zero parameter."""
    uses = case.graph.consumers(node)
    others = [source for reader, argument in uses for i, source in enumerate(reader.inputs) if i != argument]
    if len(uses) > _FEW or not others or any(source.data.any() for source in others):
        return False
    return not any(source.kind == "parameter" for source in others)


def _rounding(case: Case, node: Node) -> float:
    """Return how large the gradient of a parameter may be and still be rounding of what it is the sum of."""
    scale = 0.0
    for step, argument in case.trace.writes(node):
        reader = case.trace.nodes[step]
        others = [norm(source.data) for i, source in enumerate(reader.inputs) if i != argument]
        additive = str(reader.op) in ("add", "subtract")
        adjoints = [case.trace.gradient(each) for each in (reader, *(user for user, _ in case.graph.consumers(reader)))]
        size = max(norm(adjoint) for adjoint in adjoints if adjoint is not None)  # before it was summed, too
        scale += size * (1.0 if additive else max(others, default=1.0))
    return _ROUNDINGS * float(np.finfo(node.dtype).eps) * scale


def equal_units(case: Case) -> Iterator[Symptom]:
    """Find units whose weights are all the same, and so are the gradients of those: the units never part.

    A weight shows it by itself if its rows and its columns are all equal; of one that has rows only, as that of one
    input or one output, two are needed.
    """
    equal: dict[int, list[Node]] = {}
    for node in case.graph.parameters:
        gradient = case.trace.gradient(node)
        if gradient is not None and np.isfinite(gradient).all() and gradient.any() and node.data.any():
            for axis in range(node.data.ndim):
                if _are_equal(node, gradient, axis):
                    equal.setdefault(node.shape[axis], []).append(node)
    for count, nodes in equal.items():
        if len(nodes) > 1:
            names = [case.trace.symbols.of(node) for node in dict.fromkeys(nodes)]
            readers = [reader for reader, _ in case.graph.consumers(nodes[0])] or nodes
            text = f"the {count} units of {', '.join(map(str, names))} are equal, and so are their gradients"
            text += f": they never part{case.made(nodes[0])}"
            yield case.symptom("equal units", text, readers, f"print {names[0].ascii}")


def _are_equal(node: Node, gradient: np.ndarray, axis: int) -> bool:
    """Tell whether all along an axis of a parameter is the same, and of its gradient."""
    if node.shape[axis] < _UNITS:
        return False
    return all(np.allclose(x, np.take(x, [0], axis), rtol=1e-6, atol=0) for x in (node.data, gradient))
