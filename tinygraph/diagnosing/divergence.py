"""Where two recorded runs first differ."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from ..numeric import norm
from ..recording.node import Node
from ..tracing.trace import Trace


class Divergence(NamedTuple):
    """Where two traces first differ.

    Attributes
    ----------
    phase : str
        ``"program"``: another op or shape; ``"forward"``: another value; ``"backward"``: another adjoint.
    nodes : (Node, Node)
        The node of each trace.
    steps : (int or None, int or None)
        Their steps.
    difference : float
        The largest absolute difference; NaN where shapes differ.
    relative : float
        ‖a − b‖ / ‖a‖.
    because : str
    """

    phase: str
    nodes: tuple[Node | None, Node | None]
    steps: tuple[int | None, int | None]
    difference: float
    relative: float
    because: str


def diff(one: Trace, other: Trace, tolerance: float = 0.0) -> Divergence | None:
    """Return the first place where two recorded runs differ; None if they do not.

    The forward pass is compared in the order of recording, then the backward pass step by step.

    Parameters
    ----------
    one, other : Trace
        Recorded passes of the same program, or of two versions of it.
    tolerance : float
        The relative difference that is let pass: ‖a − b‖ ≤ tolerance · ‖a‖.
    """
    for a, b in zip_longest(one.graph.nodes, other.graph.nodes):
        if a is None or b is None:
            return Divergence("program", (a, b), (None, None), float("nan"), float("nan"), "one program goes on")
        steps = (one.step_of(a), other.step_of(b))
        changed = _structure(a, b)
        if changed:
            return Divergence("program", (a, b), steps, float("nan"), float("nan"), changed)
        gap = _gap(a.data, b.data, tolerance)
        if gap:
            return Divergence("forward", (a, b), steps, *gap, "another value")
    for k, (a, b) in enumerate(zip(one.nodes, other.nodes, strict=False)):
        if a.index != b.index:
            return Divergence("backward", (a, b), (k, k), float("nan"), float("nan"), "gradients take another way")
        gap = _gap(one.adjoints[k], other.adjoints[k], tolerance)
        if gap:
            return Divergence("backward", (a, b), (k, k), *gap, "another adjoint of the same values")
    return None


def _structure(a: Node, b: Node) -> str:
    if (a.kind, str(a.op)) != (b.kind, str(b.op)):
        return f"{a.op or a.kind} against {b.op or b.kind}"
    if a.shape != b.shape:
        return f"shape {a.shape} against {b.shape}"
    if [source.index for source in a.inputs] != [source.index for source in b.inputs]:
        return "other inputs"
    return ""


def _gap(a: Any, b: Any, tolerance: float) -> tuple[float, float] | None:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return float("nan"), float("nan")
    if np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
        return None
    with np.errstate(all="ignore"):
        apart = np.subtract(a, b, dtype=complex if a.dtype.kind == "c" else float)
    size = norm(a)
    relative = norm(apart) / size if size else float("inf")
    if relative <= tolerance:
        return None
    return float(np.max(np.abs(apart))), relative
