"""verify: run every op of a program again, forward and by its rules, and name those that are wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..backward.replay import receives, run_forward
from ..graphs.graph import Graph, graph
from ..recording.node import Node
from ..recording.op import Op
from ..recording.primitive import is_ours
from ..recording.sparse import dense
from ..recording.tensor import Tensor
from .comparison import Comparison, Flat, compare
from .findings import Finding, Findings
from .rules import misfit
from .tolerances import relative_tolerance


def verify(recorded: Graph | Tensor, *, seed: int = 0, first: bool = False) -> Findings:
    """Run every op again at the values that were recorded, and check its rules numerically.

    Each op of the program's own is first run forward: if it gives another value now, it reads something that has
    changed, as a mask in a buffer that is used again, and its rules read that too. Then each op is pulled back alone,
    with a random adjoint, and compared with a complex step or extrapolated differences of its own forward function: a
    wrong rule is found where it is, however long the network.

    Parameters
    ----------
    recorded : Graph or Tensor
        A loss, or its graph.
    seed : int
        Chooses adjoints and directions.
    first : bool
        Whether to stop at the first node that is wrong.

    Returns
    -------
    Findings
        A list of what is wrong, in recorded order; empty if all rules agree. It prints, and its attributes tell, how
        many nodes were checked and how many could not be, at a kink or where a value is not finite.

    Raises
    ------
    TypeError
        If `recorded` is neither.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> cube = tg.op(lambda x: x**3, vjp=lambda g, y, x: g * 2 * x * x, name="cube")
    >>> x = tg.parameter([1.0, 2.0])
    >>> verify(np.sum(np.tanh(x)))
    every rule agrees (2 checked)
    >>> [finding] = verify(np.sum(np.tanh(cube(x))))
    >>> finding.node.op, finding.node.expression, round(finding.got / finding.expected, 6)
    (<op cube>, 'cube(x)', 0.666667)
    """
    if isinstance(recorded, Tensor):
        recorded = graph(recorded)
    if not isinstance(recorded, Graph):
        raise TypeError(f"verify: expected a Graph or a recorded Tensor, got {type(recorded).__name__}")
    return check_nodes(recorded.nodes, seed, first)


def check_nodes(nodes: Iterable[Node], seed: int = 0, first: bool = False) -> Findings:
    """Check the rules of some nodes, as `verify` does those of a whole graph."""
    rng = np.random.default_rng(seed)
    findings = Findings()
    for node in nodes:
        if node.kind == "op" and node.requires_grad:
            _check(node, rng, findings)
            if findings and first:
                break
    return findings


def _check(node: Node, rng: np.random.Generator, findings: Findings) -> None:
    """Check the rules of one node, and note the outcome."""
    op = node.op
    if not isinstance(op, Op):
        findings.unknown.append(node)
        return
    if not is_ours(op):
        changed = _changed(node)
        if changed is not None:
            findings.checked.append(node)
            findings.append(changed)
            return
    values = node.values()
    y = np.asarray(node.data)
    adjoint = np.asarray(rng.uniform(0.5, 1.5, y.shape)).astype(y.dtype)
    ruled = [i for i, _ in enumerate(node.inputs) if receives(node, i)]
    if not all(np.isfinite(x).all() for x in (y, *(values[i] for i in ruled))):
        findings.nonfinite.append(node)
        return
    findings.checked.append(node)
    with np.errstate(all="ignore"):  # an infinite slope is no error of the rule
        misfits = {i: misfit(node, i, adjoint) for i in ruled}
        if any(misfits.values()):
            findings.extend(Finding(node, i, None, None, None, reason) for i, reason in misfits.items() if reason)
            return
        contributions = op.pull(adjoint, node._value, values, node.inputs, node.attributes or None)
    flat = Flat([values[i] for i in ruled])
    gradient = flat.pack([dense(contributions[i]) for i in ruled])
    comparison = _compare(node, op, values, ruled, flat, adjoint, gradient, rng)
    if comparison.kinks:
        findings.kinks.append(node)
    # what tinygraph's own rules round off below an ulp of a slope of 1, as sigmoid(−70), is no fault
    slightest = float(np.finfo(y.dtype).eps) * np.max(np.abs(adjoint), initial=0) if is_ours(op) else 0.0
    for fault in comparison.faults:
        if abs(fault.got - fault.expected) <= slightest:
            continue
        position, index = flat.place(fault.element)
        reason = f"gives {fault.values(index)}"
        findings.append(Finding(node, ruled[position], index, fault.got, fault.expected, reason))


def _changed(node: Node) -> Finding | None:
    """Run the forward function of a node again; return what is wrong if it gives another value than was recorded."""
    recorded = np.array(node.data)  # a function that writes into a buffer of its own changes what it gave before
    try:
        now = np.asarray(run_forward(node))
    except Exception as error:
        return Finding(node, None, None, None, None, f"raises {type(error).__name__} when it is run again: {error}")
    if now.shape != recorded.shape:
        return Finding(node, None, None, None, None, f"gives shape {now.shape} now, recorded was {recorded.shape}")
    with np.errstate(all="ignore"):
        tolerance = relative_tolerance(recorded.dtype) * np.max(np.abs(recorded[np.isfinite(recorded)]), initial=0)
        same = (now == recorded) | (np.abs(now - recorded) <= tolerance) | (np.isnan(now) & np.isnan(recorded))
    if same.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~same)[0])
    at = f" at {index}" if index else ""
    reason = f"gives {now[index]:.6g} now{at}, recorded was {recorded[index]:.6g}: {_STATE}"
    return Finding(node, None, index, float(now[index]), float(recorded[index]), reason)


_STATE = "it reads something that has changed since, and so do its rules"


def _compare(
    node: Node,
    op: Op,
    values: tuple[Any, ...],
    ruled: list[int],
    flat: Flat,
    adjoint: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
) -> Comparison:
    wide = [_wide(value) for value in values[: len(node.inputs)]]
    attributes = dict(node.attributes)
    if attributes.get("dtype") is not None and np.dtype(attributes["dtype"]).kind == "f":
        attributes["dtype"] = np.float64  # a narrow one would round what is to be differentiated

    def phi(vector: np.ndarray) -> Any:
        arguments: list[Any] = list(wide)
        for i, value in zip(ruled, flat.unpack(vector), strict=True):
            arguments[i] = value
        return np.sum(adjoint * (op(arguments, **attributes) if op.sequence else op(*arguments, **attributes)))

    point = flat.pack([values[i] for i in ruled])
    rtol = max(relative_tolerance(np.asarray(value).dtype) for value in (node.data, *(values[i] for i in ruled)))
    return compare(phi, point, gradient, rng, rtol, at_most=1)


def _wide(value: Any) -> Any:
    """Return floating-point values in float64, where differences are exact enough."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else value
