"""A trace of a backward pass that another framework has run: of the adjoints that it computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..backward.backprop import seed_of
from ..backward.sums import add
from ..recording.context import context
from ..recording.departures import latest_departures, note_pass
from ..recording.history import leading_to
from ..recording.sparse import dense
from ..recording.tensor import Tensor
from .recorded_pass import PassNodes
from .trace import Trace, nodes_of_pass


def told_trace(
    output: Tensor,
    adjoints: Mapping[Tensor, Any],
    finish: Callable[[PassNodes, Sequence[Any]], PassNodes] = lambda nodes, adjoints: nodes,
) -> Trace:
    """Return the trace of a backward pass whose adjoints are told.

    Parameters
    ----------
    output : Tensor
        Where it began.
    adjoints : mapping of Tensor to array or None
        What the pass gave to ops and to leaves; None where it gave nothing. What is missing here is computed, by the
        rules, from what is told.
    finish : callable
        Is given the nodes of the pass and the adjoints of its steps when somebody looks, and returns the nodes.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w = tg.parameter(3.0, name="w")
    >>> y = w * w
    >>> trace = told_trace(y, {y: np.array(0.5), w: np.array(3.0)})
    >>> float(trace[0].adjoint), float(trace.gradient("w")), trace.contributions("w").exact
    (0.5, 3.0, True)
    """
    sums: dict[Tensor, Any] = {}
    if output not in adjoints:
        sums[output] = seed_of(output, None)
    context().frames.clear()
    passed, received = [], []
    leading = leading_to((output,), differentiable=True)
    for tensor in reversed(leading):
        adjoint = adjoints[tensor] if tensor in adjoints else dense(sums.pop(tensor, None)) if tensor.op else None
        if tensor.op is None or adjoint is None:
            continue
        passed.append(tensor)
        received.append(adjoint)
        _add_contributions(tensor, adjoint, adjoints, sums)
    totals = {tensor: adjoints.get(tensor, sums.get(tensor)) for tensor in leading if tensor.op is None}
    totals = {tensor: total for tensor, total in totals.items() if total is not None}
    departures = latest_departures()
    note_pass()
    return Trace(received, lambda: finish(nodes_of_pass(output, passed, totals, departures), received))


def _add_contributions(tensor: Tensor, adjoint: Any, told: Mapping[Tensor, Any], sums: dict[Tensor, Any]) -> None:
    """Pull an adjoint back to those inputs whose own adjoint is not told."""
    inputs = tuple(None if source is None or source in told else source for source in tensor._inputs)
    if not any(source is not None and source.requires_grad for source in inputs):
        return
    assert tensor.op is not None
    with np.errstate(all="ignore"):
        contributions = tensor.op.pull(adjoint, tensor._value, tensor._values, inputs, tensor._attributes)
    for source, contribution in zip(inputs, contributions, strict=False):
        if source is not None and contribution is not None:
            sums[source] = add(sums.get(source), False, contribution)
