"""How gradients flow back through time: do they vanish, explode, or stop?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..numeric import norm
from ..tracing.trace import Trace
from .lag_matrix import entries, propagate
from .values_by_time import Variable, state, variables

VANISHES, EXPLODES = 0.9, 1.1  # rates a time step back: below, a gradient is lost within tens of steps; above, it grows


class Flow(NamedTuple):
    """How the gradient with respect to one variable changes on its way back through time.

    Attributes
    ----------
    name : str
    timesteps : list of int
        In increasing order.
    norms : list of float or None
        ‖∂L/∂variable‖ in each; None where no gradient reaches it.
    alone : list of float or None
        The same for the loss of the last time step alone (of the first, where the loop runs from right to left): where
        each time step has a loss, those of earlier ones join on the way and hide what becomes of it.
    rate : float
        The factor of `alone` for one time step back, against the direction of the loop, from a straight line through
        the logarithms; NaN if there is no line to draw.
    verdict : str
        ``"vanishing"``, ``"exploding"``, ``"healthy"``, ``"not finite"``, ``"cut"`` or ``"unknown"``.
    because : str
    """

    name: str
    timesteps: list[int]
    norms: list[float | None]
    alone: list[float | None]
    rate: float
    verdict: str
    because: str


def flow(trace: Trace, name: str | Variable | None = None) -> Flow:
    """Return the norms of ∂L/∂h by time step, with a verdict.

    Parameters
    ----------
    trace : Trace
        A recorded pass.
    name : str or Variable, optional
        The variable, that of the last loop that has it; by default the state, see `state`. `variables` has them all.

    Raises
    ------
    LookupError
        If no value of that name has a time step, or, without a name, nothing is carried through time.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.25]], name="W"), tg.tensor([1.0], name="h")
    >>> for t in range(1, 7):
    ...     with tg.timestep(t):
    ...         h = W @ h
    >>> of_h = flow(tg.trace(h.sum()))
    >>> of_h.name, of_h.verdict, round(of_h.rate, 6), of_h.norms[-3:]
    ('h', 'vanishing', 0.25, [0.0625, 0.25, 1.0])
    """
    variable = name if isinstance(name, Variable) else variables(trace, name)[-1] if name else state(trace)
    nodes = variable.nodes
    gradients = map(trace.gradient, nodes.values())
    norms = [None if gradient is None else norm(gradient) for gradient in gradients]
    alone = _alone(trace, variable, norms)
    passed = [-t if variable.backward else t for t in nodes]  # in the order of the loop
    rate = _rate(passed, alone)
    verdict, because = _cut(trace) or _verdict(passed, alone, rate)
    return Flow(str(variable), list(nodes), norms, alone, rate, verdict, because)


def _alone(trace: Trace, variable: Variable, norms: list[float | None]) -> list[float | None]:
    losses = entries(trace)
    if len(losses) < 2:
        return norms
    last = min(losses) if variable.backward else max(losses)
    reached = propagate(trace, losses[last], set(variable.nodes.values()))
    return [norm(reached[node]) if node in reached else None for node in variable.nodes.values()]


def _cut(trace: Trace) -> tuple[str, str] | None:
    """Return the verdict of a time step that begins with a value that was detached, if there is one."""
    for node in trace.graph.nodes:
        if node.kind == "input" and ".detach()" in node.expression:
            used_in = [user.timestep for user, _ in trace.graph.consumers(node) if user.timestep is not None]
            if used_in:
                line = f", line {node.source.lineno}" if node.source else ""
                return "cut", f"no gradient passes from time step {min(used_in)} back: {node.expression}{line}"
    return None


def _rate(timesteps: list[int], norms: list[float | None]) -> float:
    pairs = [(t, n) for t, n in zip(timesteps, norms, strict=True) if n is not None and 0 < n < np.inf]
    if len(pairs) < 2:
        return float("nan")
    t, n = np.array(pairs, float).T
    slope = np.polyfit(t - t.mean(), np.log(n), 1)[0]
    return float(np.exp(-slope))


def _verdict(timesteps: list[int], norms: list[float | None], rate: float) -> tuple[str, str]:
    """Return the verdict and its reason; time steps of a loop that runs from the end of the sequence are negative."""
    known = {t: n for t, n in zip(timesteps, norms, strict=True) if n is not None}
    infinite = [t for t, n in known.items() if not np.isfinite(n)]
    if infinite:
        return "not finite", f"the gradient is NaN or infinite from time step {abs(max(infinite))} back"
    missing = [t for t in timesteps if t not in known and t < max(known, default=t)]
    if missing:
        return (
            "cut",
            f"no gradient reaches time step {abs(max(missing))}: was the state detached, or made a plain array?",
        )
    alive = max((t for t, n in known.items() if n > 0), default=-np.inf)
    zero = [t for t, n in known.items() if n == 0 and t < alive]
    if zero:
        return "vanishing", f"it is exactly 0 from time step {abs(max(zero))} back"
    if not np.isfinite(rate):
        return "unknown", "fewer than two time steps have a gradient"
    first, last = min(known), max(known)
    ends = f"{known[last]:.3g} at t = {abs(last)}, {known[first]:.3g} at t = {abs(first)}"
    because = f"×{rate:.3g} for each time step back; {ends}"
    return ("vanishing" if rate < VANISHES else "exploding" if rate > EXPLODES else "healthy"), because
