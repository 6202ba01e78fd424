"""What is wrong with a backward pass: how gradients flow through time, who taught whom, where NaN began.

Plain functions of a trace that return plain data; the debugger prints them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .contributions import norm
from .graph import Node
from .rerun import dense
from .trace import Trace

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
    rate : float
        The factor of the norm for one time step back, from a straight line through the logarithms; NaN if there is
        no line to draw.
    verdict : str
        ``"vanishing"``, ``"exploding"``, ``"healthy"``, ``"not finite"``, ``"cut"`` or ``"unknown"``.
    because : str
    """

    name: str
    timesteps: list[int]
    norms: list[float | None]
    rate: float
    verdict: str
    because: str


def flow(trace: Trace, name: str | None = None) -> Flow:
    """Return the norms of ∂L/∂h by time step, with a verdict.

    Parameters
    ----------
    trace : Trace
        A recorded pass.
    name : str, optional
        The variable; by default the state, see `state_name`.

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
    >>> found = flow(tg.trace(h.sum()))
    >>> found.name, found.verdict, round(found.rate, 6), found.norms[-3:]
    ('h', 'vanishing', 0.25, [0.0625, 0.25, 1.0])
    """
    name = name or state_name(trace)
    nodes = _by_timestep(trace, name)
    norms = [None if trace.gradient(node) is None else norm(trace.gradient(node)) for node in nodes.values()]
    rate = _rate(list(nodes), norms)
    verdict, because = _cut(trace) or _verdict(list(nodes), norms, rate)
    return Flow(name, list(nodes), norms, rate, verdict, because)


def state_name(trace: Trace) -> str:
    """Return the name of the variable that is carried from one time step to the next through a parameter.

    Raises
    ------
    LookupError
        If there is none: flow and lag then need a name.
    """
    votes: dict[str, int] = {}
    for node in trace.graph.nodes:
        if node.kind != "op" or node.timestep is None:
            continue
        for source in node.inputs:
            if source.kind == "op" and source.timestep is not None and source.timestep != node.timestep:
                symbol = trace.symbols.of(source)
                if symbol.timestep is not None and source.shape != ():
                    votes[symbol.name] = votes.get(symbol.name, 0) + (3 if _meets_parameter(node) else 1)
    if not votes:
        raise LookupError("no named value is carried from one time step to the next; say which variable is meant")
    return max(votes, key=lambda name: votes[name])


def _meets_parameter(node: Node) -> bool:
    return any(source.kind == "parameter" for source in node.inputs)


def _by_timestep(trace: Trace, name: str) -> dict[int, Node]:
    found: dict[int, Node] = {}
    for node in trace.graph.nodes:
        if node.kind == "op" and node.timestep is not None:
            symbol = trace.symbols.of(node)
            if symbol.name == name and symbol.number is None:
                found[node.timestep] = node
    if not found:
        raise LookupError(f"no value called {name!r} belongs to a time step")
    return dict(sorted(found.items()))


def _cut(trace: Trace) -> tuple[str, str] | None:
    """Tell whether a time step begins with a value that was detached."""
    for node in trace.graph.nodes:
        if node.kind == "input" and ".detach()" in node.expression:
            used = [user.timestep for user, _ in trace.graph.consumers(node) if user.timestep is not None]
            if used:
                line = f", line {node.source.lineno}" if node.source else ""
                return "cut", f"no gradient passes from time step {min(used)} back: {node.expression}{line}"
    return None


def _rate(timesteps: list[int], norms: list[float | None]) -> float:
    pairs = [(t, n) for t, n in zip(timesteps, norms, strict=True) if n is not None and 0 < n < np.inf]
    if len(pairs) < 2:
        return float("nan")
    t, n = np.array(pairs, float).T
    slope = np.polyfit(t - t.mean(), np.log(n), 1)[0]
    return float(np.exp(-slope))


def _verdict(timesteps: list[int], norms: list[float | None], rate: float) -> tuple[str, str]:
    known = [(t, n) for t, n in zip(timesteps, norms, strict=True) if n is not None]
    bad = [t for t, n in known if not np.isfinite(n)]
    if bad:
        return "not finite", f"the gradient is NaN or infinite from time step {max(bad)} back"
    missing = [t for t, n in zip(timesteps, norms, strict=True) if n is None]
    if missing and known and min(missing) < max(t for t, _ in known):
        earlier = [t for t in missing if t < max(t for t, _ in known)]
        return "cut", f"no gradient reaches time step {max(earlier)}: was the state detached, or made a plain array?"
    zero = [t for t, n in known if n == 0 and any(m > 0 for s, m in known if s > t)]
    if zero:
        return "vanishing", f"it is exactly 0 from time step {max(zero)} back"
    if not np.isfinite(rate):
        return "unknown", "fewer than two time steps have a gradient"
    first, last = known[0], known[-1]
    told = f"×{rate:.3g} for each time step back; {last[1]:.3g} at t = {last[0]}, {first[1]:.3g} at t = {first[0]}"
    return ("vanishing" if rate < VANISHES else "exploding" if rate > EXPLODES else "healthy"), told


# -- where NaN and infinity begin --------------------------------------------------------------------------------------


class Origin(NamedTuple):
    """Where the first value that is not finite was made.

    Attributes
    ----------
    phase : str
        ``"forward"`` or ``"backward"``.
    node : Node
        The op that made it out of finite values, or the leaf that held it.
    step : int or None
        The step of the backward pass at that node.
    argument : int or None
        Backward: to which argument the contribution is not finite.
    example : float
        The first such element.
    place : tuple of int
        Its indices.
    """

    phase: str
    node: Node
    step: int | None
    argument: int | None
    example: float
    place: tuple[int, ...]


def nonfinite_origin(trace: Trace) -> Origin | None:
    """Return where NaN or infinity first came from; None if all values, adjoints and contributions are finite.

    Forward values are searched in the order of recording: a value that is not finite is the origin if all its inputs
    are. A backward pass over finite values is searched step by step: a contribution of a finite adjoint.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([1.0, 0.0])
    >>> with np.errstate(divide="ignore"):
    ...     trace = tg.trace(np.log(x).sum())
    >>> origin = nonfinite_origin(trace)
    >>> origin.phase, origin.node.op, origin.example, origin.place
    ('forward', <op log>, -inf, (1,))
    """
    for node in trace.graph.nodes:
        if not _finite(node.data):
            return Origin("forward", node, trace.step_of(node), None, *_first_bad(node.data))
    with np.errstate(all="ignore"):
        for k, node in enumerate(trace.nodes):
            if not _finite(trace.adjoints[k]):
                return Origin("backward", node, k, None, *_first_bad(trace.adjoints[k]))
            for argument, contribution in enumerate(map(dense, trace.pull(k))):
                if contribution is not None and not _finite(contribution):
                    return Origin("backward", node, k, argument, *_first_bad(contribution))
    return None


def _finite(x: Any) -> bool:
    return np.asarray(x).dtype.kind not in "fc" or bool(np.isfinite(x).all())


def _first_bad(x: Any) -> tuple[float, tuple[int, ...]]:
    x = np.asarray(x)
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    return x[place].item(), place


# -- two recorded runs -------------------------------------------------------------------------------------------------


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
    for a, b in zip(one.graph.nodes, other.graph.nodes, strict=False):
        steps = (one.step_of(a), other.step_of(b))
        changed = _structure(a, b)
        if changed:
            return Divergence("program", (a, b), steps, float("nan"), float("nan"), changed)
        gap = _gap(a.data, b.data, tolerance)
        if gap:
            return Divergence("forward", (a, b), steps, *gap, "another value")
    if len(one.graph) != len(other.graph):
        longer = one if len(one.graph) > len(other.graph) else other
        extra = longer.graph.nodes[min(len(one.graph), len(other.graph))]
        pair = (extra, None) if longer is one else (None, extra)
        return Divergence("program", pair, (None, None), float("nan"), float("nan"), "one program goes on")
    for k in range(min(len(one), len(other))):
        a, b = one.nodes[k], other.nodes[k]
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
