"""Which loss taught which time step: the backward pass split into those of the losses of single time steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..backward.replay import pull, receives
from ..backward.sums import add
from ..numeric import norm
from ..recording.node import Node
from ..recording.sparse import dense
from ..tracing.trace import Trace
from .loss_terms import entries
from .values_by_time import Variable, state, variables

Targets = dict[int, list[tuple[Node, int | None]]]  # by time step: a node, or an op and the argument it contributes to


class Lag(NamedTuple):
    """The lag matrix.

    Attributes
    ----------
    of : str
        The variable or parameter.
    losses : list of int
        Time steps that have a term of the loss: the rows.
    uses : list of int
        Time steps of the variable, or of the uses of the parameter: the columns.
    norms : (len(losses), len(uses)) array
        ‖∂L⁽ᵗ⁾/∂h⁽ˢ⁾‖, or the norm of what L⁽ᵗ⁾ contributes to W's gradient through its use at s; not 0
        for an s > t where a loss reads what comes later, as through an attention without a mask.
    """

    of: str
    losses: list[int]
    uses: list[int]
    norms: np.ndarray


def lag(trace: Trace, of: str | Node | Variable | None = None) -> Lag:
    """Return which loss taught which time step.

    A backward pass is linear in its seed, so it is the sum of the passes that begin with the losses of single time
    steps; each of these is run here.

    Parameters
    ----------
    trace : Trace
        A recorded pass.
    of : str, Node or Variable, optional
        A variable by its name (``"h"``), or a parameter; by default the state.

    Raises
    ------
    LookupError
        If there is no such variable, no loss of a time step, or the loss is not a sum over time steps.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h, loss = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h"), 0.0
    >>> for t in (1, 2, 3):
    ...     with tg.timestep(t):
    ...         h = W @ h
    ...         loss = loss + h.sum()
    >>> of_h = lag(tg.trace(loss))
    >>> of_h.of, of_h.norms.tolist()
    ('h', [[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.25, 0.5, 1.0]])
    """
    targets, name = _targets(trace, of)
    seeds = entries(trace)
    if not seeds:
        raise LookupError("no loss enters the pass at a time step; label time steps by tg.timestep")
    norms = [_row(trace, seeds[t], targets) for t in sorted(seeds)]
    return Lag(name, sorted(seeds), sorted(targets), np.array(norms))


def reach(matrix: Lag) -> str:
    """Return in a sentence which time steps the loss of a time step reaches, where one says it for all; else nothing.

    Examples
    --------
    >>> reach(Lag("h", [1, 2, 3], [1, 2, 3], np.tri(3)))
    'the loss of time step t reaches h at s ≤ t'
    >>> reach(Lag("h", [1, 2, 3], [1, 2, 3], np.fliplr(np.tri(3)))).split(": ")
    ['the loss of time step t reaches h at s ≥ 4 − t', 'it meets the sequence from the other end']
    """
    reached = matrix.norms > 0
    if len(matrix.losses) < 3 or len(matrix.uses) < 3 or reached.all() or not reached.any():
        return ""
    t, s = np.array(matrix.losses)[:, None], np.array(matrix.uses)
    both_ends = int(t[0, 0] + s[-1])
    sides = {
        "s ≤ t": s <= t,
        "s ≥ t": s >= t,
        "s = t": s == t,
        f"s ≥ {both_ends} − t": s + t >= both_ends,
        f"s ≤ {both_ends} − t": s + t <= both_ends,
        f"s = {both_ends} − t": s + t == both_ends,
    }
    side = next((words for words, mask in sides.items() if np.array_equal(mask, reached)), "")
    turned = ": it meets the sequence from the other end" if side.endswith("− t") else ""
    return f"the loss of time step t reaches {matrix.of} at {side}{turned}" if side else ""


def _targets(trace: Trace, of: str | Node | Variable | None) -> tuple[Targets, str]:
    """Return what to measure in each time step, and its name."""
    node = of if isinstance(of, Node) else None
    if isinstance(of, str):
        parameters = [p for p in trace.graph.parameters if trace.symbols.of(p).name == of]
        node = parameters[0] if parameters else None
    if node is None:
        variable = of if isinstance(of, Variable) else variables(trace, of)[-1] if isinstance(of, str) else state(trace)
        name = f"{variable} ({variable.where})" if variable.where else str(variable)
        return {t: [(value, None)] for t, value in variable.nodes.items()}, name
    symbol = trace.symbols.of(node)
    uses: Targets = {}
    for step, argument in trace.writes(node):
        user = trace.nodes[step]
        if user.timestep is not None:
            uses.setdefault(user.timestep, []).append((user, argument))
    if not uses:
        raise LookupError(f"{symbol} is not used in any time step")
    return uses, str(symbol)


def _row(trace: Trace, seeds: dict[Node, Any], targets: Targets) -> list[float]:
    """Return the norms, by time step, of what a pass from `seeds` gives to the targets."""
    adjoints = propagate(trace, seeds, {node for pairs in targets.values() for node, _ in pairs})
    norms = []
    for s in sorted(targets):
        total: Any = None
        for node, argument in targets[s]:
            if node in adjoints:
                part = adjoints[node] if argument is None else pull(node, adjoints[node], argument)[argument]
                total = add(total, False, part)
        norms.append(0.0 if total is None else norm(dense(total)))
    return norms


def propagate(trace: Trace, seeds: dict[Node, Any], wanted: set[Node]) -> dict[Node, Any]:
    """Run the pass from other seeds and return the adjoints of the `wanted` nodes that it reaches."""
    adjoints: dict[Node, Any] = dict(seeds)
    reached: dict[Node, Any] = {}
    first = min((k for k in map(trace.step_of, seeds) if k is not None), default=0)
    for node in trace.nodes[first:]:
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            continue
        adjoint = dense(adjoint)
        if node in wanted:
            reached[node] = adjoint
        for argument, (source, contribution) in enumerate(zip(node.inputs, pull(node, adjoint), strict=False)):
            if contribution is not None and source.kind == "op" and receives(node, argument):
                adjoints[source] = add(adjoints.get(source), False, contribution)
    return reached
