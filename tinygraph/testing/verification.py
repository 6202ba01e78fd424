"""verify: check every rule that a program used, at the values it was used at, and name those that are wrong."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backward.replay import receives
from ..graphs.graph import Graph, graph
from ..recording.node import Node
from ..recording.op import Op
from ..recording.sparse import dense
from ..recording.tensor import Tensor
from .comparison import Comparison, Flat, compare
from .rules import misfit, rule_name, show_rule
from .tolerances import relative_tolerance

_HERE = os.path.dirname(__file__) + os.sep


@dataclass(frozen=True)
class Finding:
    """A node whose rule disagrees with its forward function.

    Attributes
    ----------
    node : Node
    argument : int
        Which argument's contribution is wrong.
    index : tuple of int or None
        An element of it that is wrong; None where the whole contribution is.
    got, expected : float or None
        That element of the gradient of ``Σ g·y``, by the rule and by the oracle.
    reason : str
        What the rule does that is wrong: "gives shape (), expected (3,)".
    """

    node: Node
    argument: int
    index: tuple[int, ...] | None
    got: float | None
    expected: float | None
    reason: str

    @property
    def headline(self) -> str:
        """Op, rule and reason, on one line."""
        op = self.node.op
        return f"{op}: {rule_name(op, self.argument) if isinstance(op, Op) else 'a rule'} {self.reason}"

    @property
    def place(self) -> str:
        """Where the program uses the op: time step, scope, and source line; empty where the test itself calls it."""
        node = self.node
        parts = [f"time step {node.timestep}"] if node.timestep is not None else []
        parts += [f"scope {node.scope}"] if node.scope else []
        if node.source and not (node.call is not None and node.call.code.co_filename.startswith(_HERE)):
            parts.append(textwrap.indent(str(node.source), "  ").lstrip())
        return f"  used in {', '.join(parts)}" if parts else ""

    @property
    def cause(self) -> str:
        """The source of the rule, and the place."""
        rule = show_rule(self.node.op, self.argument) if isinstance(self.node.op, Op) else ""
        return "\n".join(part for part in (rule, self.place) if part)

    def __str__(self) -> str:
        return f"{self.headline}\n{self.cause}" if self.cause else self.headline


class Findings(list[Finding]):
    """The rules of a program that are wrong, in recorded order, and which of its ops were tried.

    Attributes
    ----------
    checked : list of Node
        Nodes whose rules were compared with an oracle.
    kinks : list of Node
        Those among them that are at a kink, where some elements have no derivative to compare with.
    nonfinite : list of Node
        Nodes that could not be checked, since they hold a NaN or an infinity.
    unknown : list of Node
        Nodes that could not be checked, since their rules are not on this machine: see `tg.load_trace`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([0.0, 1.0])
    >>> with np.errstate(invalid="ignore"):
    ...     findings = tg.verify(np.abs(x) * 2 + np.sqrt(x - 1))
    >>> findings
    every rule agrees (3 checked, 2 not finite, 1 at a kink)
    >>> findings == [], [str(node.op) for node in findings.nonfinite]
    (True, ['sqrt', 'add'])
    """

    def __init__(self, findings: Iterable[Finding] = ()):
        super().__init__(findings)
        self.checked: list[Node] = []
        self.kinks: list[Node] = []
        self.nonfinite: list[Node] = []
        self.unknown: list[Node] = []

    @property
    def summary(self) -> str:
        """How many rules are wrong, and how many could not be checked, on one line."""
        counts = [
            f"{len(self.checked)} checked",
            *([f"{len(self.nonfinite)} not finite"] if self.nonfinite else []),
            *([f"{len(self.kinks)} at a kink"] if self.kinks else []),
            *([f"{len(self.unknown)} whose rules are not here"] if self.unknown else []),
        ]
        wrong = len({finding.node for finding in self})
        verdict = f"the rules of {wrong} node{'s' * (wrong > 1)} are wrong" if wrong else "every rule agrees"
        return f"{verdict if self.checked else 'nothing was checked'} ({', '.join(counts)})"

    def __repr__(self) -> str:
        return "\n".join([*map(str, self), self.summary])


def verify(recorded: Graph | Tensor, *, seed: int = 0, first: bool = False) -> Findings:
    """Check the rule of every node numerically, at the values that were recorded.

    Each op is pulled back alone, with a random adjoint, and compared with a complex step or extrapolated differences
    of its own forward function: a wrong rule is found where it is, however long the network.

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
    for fault in comparison.faults:
        position, index = flat.place(fault.element)
        reason = f"gives {fault.values(index)}"
        findings.append(Finding(node, ruled[position], index, fault.got, fault.expected, reason))


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
