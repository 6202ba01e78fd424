"""verify: check every rule that a program used, at the values it was used at, and name the first that is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backward.replay import receives
from ..graphs.graph import Graph, graph
from ..recording.node import Node
from ..recording.op import Op
from ..recording.sparse import dense
from ..recording.tensor import Tensor
from .oracle import Comparison, Flat, compare
from .tolerances import relative_tolerance


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
        What is wrong, in a sentence.
    """

    node: Node
    argument: int
    index: tuple[int, ...] | None
    got: float | None
    expected: float | None
    reason: str

    def __str__(self) -> str:
        node = self.node
        place = f", time step {node.timestep}" if node.timestep is not None else ""
        place += f", scope {node.scope}" if node.scope else ""
        rule = _formula(node, self.argument)
        lines = [
            f"{node.op}, argument {self.argument}{place}: {self.reason}",
            *([f"  rule: {rule}"] if rule else []),
            *([f"  {node.source}"] if node.source else []),
        ]
        return "\n".join(lines)


def verify(recorded: Graph | Tensor, *, seed: int = 0, first: bool = False) -> list[Finding]:
    """Check the rule of every node numerically, at the values that were recorded.

    Each op is pulled back alone, with a random adjoint, and compared with a complex step or extrapolated differences
    of its own forward function: a wrong rule is found where it is, however long the network. Points where an op has a
    kink are passed over.

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
    list of Finding
        In recorded order; empty if all is right.

    Raises
    ------
    TypeError
        If `recorded` is neither.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> from tinygraph.testing.verification import verify
    >>> cube = tg.op(lambda x: x**3, vjp=lambda g, y, x: g * 2 * x * x, name="cube")
    >>> x = tg.parameter([1.0, 2.0])
    >>> verify(np.sum(np.tanh(x)))
    []
    >>> [finding] = verify(np.sum(np.tanh(cube(x))))
    >>> finding.node.op, finding.node.expression, round(finding.got / finding.expected, 6)
    (<op cube>, 'cube(x)', 0.666667)
    """
    if type(recorded) is Tensor:
        recorded = graph(recorded)
    if not isinstance(recorded, Graph):
        raise TypeError(f"verify: expected a Graph or a recorded Tensor, got {type(recorded).__name__}")
    rng = np.random.default_rng(seed)
    found: list[Finding] = []
    for node in recorded.nodes:
        if node.kind == "op" and node.requires_grad:
            found += _check(node, rng)
            if found and first:
                break
    return found


def _check(node: Node, rng: np.random.Generator) -> list[Finding]:
    values = node.values()
    y = np.asarray(node.data)
    adjoint = rng.uniform(0.5, 1.5, y.shape).astype(y.dtype)
    checked = [i for i, source in enumerate(node.inputs) if receives(node, i)]
    try:
        contributions = node.op.pull(adjoint, node._data, values, node.inputs, node.attributes or None)  # type: ignore[union-attr]
    except Exception as error:
        return [Finding(node, checked[0], None, None, None, f"the rule raised {type(error).__name__}: {error}")]
    found = [finding for i in checked for finding in _misshapen(node, i, contributions[i])]
    if found:
        return found
    flat = Flat([values[i] for i in checked])
    gradient = flat.pack([dense(contributions[i]) for i in checked])
    compared = _compare(node, values, checked, flat, adjoint, gradient, rng)
    return [
        Finding(
            node,
            checked[flat.place(fault.element)[0]],
            flat.place(fault.element)[1],
            fault.got,
            fault.expected,
            f"element {flat.place(fault.element)[1]} is {fault.got:.6g}, by {fault.method} {fault.expected:.6g}",
        )
        for fault in compared.faults
    ]


def _compare(
    node: Node,
    values: tuple[Any, ...],
    checked: list[int],
    flat: Flat,
    adjoint: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
) -> Comparison:
    op = node.op
    assert isinstance(op, Op)
    wide = [_wide(value) for value in values[: len(node.inputs)]]

    def phi(vector: np.ndarray) -> Any:
        arguments: list[Any] = list(wide)
        for i, value in zip(checked, flat.unpack(vector), strict=True):
            arguments[i] = value
        given = (arguments,) if op.sequence else arguments
        return np.sum(adjoint * op(*given, **node.attributes))

    point = flat.pack([values[i] for i in checked])
    return compare(phi, point, gradient, rng, relative_tolerance(node.dtype), at_most=1)


def _formula(node: Node, argument: int) -> str:
    return node.op.formula(argument) if node.op is not None else ""


def _misshapen(node: Node, argument: int, contribution: Any) -> list[Finding]:
    expected = node.inputs[argument]
    if contribution is None:
        return [Finding(node, argument, None, None, None, "the rule gave no contribution")]
    given = dense(contribution)
    if np.shape(given) != expected.shape:
        reason = f"the contribution has shape {np.shape(given)}, the argument {expected.shape}"
        return [Finding(node, argument, None, None, None, reason)]
    return []


def _wide(value: Any) -> Any:
    """Return floating-point values in float64, where differences are exact enough."""
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype.kind == "f" else value
