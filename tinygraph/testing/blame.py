"""Which rule is to blame for a wrong gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backward.replay import receives
from ..graphs.graph import Graph, graph
from ..recording.creation import tensor
from ..recording.node import Node
from ..recording.op import Op
from ..recording.primitive import is_ours
from ..recording.tensor import Tensor
from .findings import Finding
from .problem import Problem
from .tolerances import relative_tolerance
from .verification import check_nodes


def rule_to_blame(problem: Problem, scalar: Callable[..., Any] | None = None) -> Finding | None:
    """Return a rule that is wrong in the graph of a function, of the user's own ops if one is; None if no rule is.

    Parameters
    ----------
    problem : Problem
    scalar : callable, optional
        The function of the problem's leaves whose gradient is wrong. Where that is a derivative already, the rules that
        its graph is made of are looked at too, and whether the function's own rules can be differentiated.

    Examples
    --------
    >>> import tinygraph as tg
    >>> half = tg.op(lambda x: x / 2, vjp=lambda g, y, x: g * 2, name="half")
    >>> problem = Problem(lambda x: np.tanh(half(x)), (np.ones(3),), np.random.default_rng(0))
    >>> rule_to_blame(problem).headline
    'half: the rule for x gives 2.27392 at (0,), expected 0.568481 (complex step)'
    """
    outputs = _attempt(problem.recorded)
    if not outputs:
        return None
    graphs = [graph(*outputs)]
    higher = scalar is not None and scalar != problem.scalar
    if scalar is not None and higher:
        leaves = [tensor(leaf, requires_grad=True) for leaf in problem.leaves]
        derivative = _attempt(lambda: scalar(*leaves))
        graphs += [graph(derivative)] if isinstance(derivative, Tensor) else []
    for built_in in (False, True):
        for recorded in graphs:
            findings = check_nodes(_op_nodes(recorded, built_in), first=True)
            if findings:
                return findings[0]
        finding = _not_differentiable(_op_nodes(graphs[0], built_in)) if higher else None
        if finding is not None:
            return finding
    return None


def _attempt(run: Callable[[], Any]) -> Any:
    """Return what a function of the user's gives, None where it raises: then that is what is reported."""
    try:
        return run()
    except Exception:
        return None


def _op_nodes(recorded: Graph, built_in: bool) -> list[Node]:
    return [node for node in recorded.nodes if isinstance(node.op, Op) and is_ours(node.op) is built_in]


def _not_differentiable(nodes: list[Node]) -> Finding | None:
    """Return a rule that gives the right numbers, but not as recorded ops."""
    for node in nodes:
        ruled = [i for i, _ in enumerate(node.inputs) if receives(node, i)]
        for place, argument in enumerate(ruled):
            reason = _second_order(node, ruled, place)
            if reason:
                return Finding(node, argument, None, None, None, reason)
    return None


def _second_order(node: Node, ruled: list[int], place: int) -> str:
    """Differentiate one rule of one node, and say what is wrong with that; empty if nothing is."""
    op = node.op
    assert isinstance(op, Op)

    def f(*varied: Any) -> Any:
        values: list[Any] = [source.data for source in node.inputs]
        for i, value in zip(ruled, varied, strict=True):
            values[i] = value
        return op(values, **node.attributes) if op.sequence else op(*values, **node.attributes)

    problem = Problem(f, tuple(np.array(node.inputs[i].data) for i in ruled), np.random.default_rng(0))
    scalar = problem.directional(problem.scalar, only=place)
    try:
        gradients = problem.gradients(scalar)
    except Exception as error:
        return f"cannot be differentiated: it raises {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    rtol = max(relative_tolerance(leaf.dtype) for leaf in problem.leaves)
    if not problem.comparison(scalar, gradients, rtol).faults:
        return ""
    return "gives right numbers, but not by recorded ops (.data? .detach()?), so it cannot be differentiated"
