"""How gradients flow back through time: do they vanish, explode, or stop?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..backward.replay import receives
from ..numeric import norm
from ..recording.node import Node
from ..tracing.trace import Trace
from .lag_matrix import propagate
from .local_gains import Gain, extreme_gain, passed_on
from .loss_terms import entries
from .nonfinite import nonfinite_origin
from .values_by_time import Variable, carried, state, variables

VANISHES, EXPLODES = 0.9, 1.1  # rates a time step back: below, a gradient is lost within tens of steps; above, it grows
_FEWEST = 10  # time steps: over fewer, any factor says little
_MORE = 1.2  # times as much of a gradient as by another variable
_MUCH = 1e3  # over all time steps: less is mild


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
        ``"not finite"``, ``"cut"``, ``"vanishing"``, ``"exploding"`` or ``"healthy"``; ``"none"`` where time steps are
        too few to tell, or factors are mild.
    because : str
    gain : Gain or None
        Of a gradient that vanishes or explodes: the op of the cell that makes it smaller or larger most.
    """

    name: str
    timesteps: list[int]
    norms: list[float | None]
    alone: list[float | None]
    rate: float
    verdict: str
    because: str
    gain: Gain | None = None


def flow(trace: Trace, name: str | Variable | None = None) -> Flow:
    """Return the norms of ∂L/∂h by time step, with a verdict where there is one.

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
    >>> for t in range(1, 13):
    ...     with tg.timestep(t):
    ...         h = W @ h
    >>> of_h = flow(tg.trace(h.sum()))
    >>> of_h.name, of_h.verdict, round(of_h.rate, 6), of_h.norms[-3:]
    ('h', 'vanishing', 0.25, [0.0625, 0.25, 1.0])
    >>> str(of_h.gain).split(", ")[0]
    'W @ h'
    """
    variable = name if isinstance(name, Variable) else variables(trace, name)[-1] if name else state(trace)
    return _flow_of(trace, variable, is_state=True)


def flows(trace: Trace) -> list[Flow]:
    """Return the flow of every variable that is carried through time: of each layer, sequence and direction.

    Raises
    ------
    LookupError
        If there is none.
    """
    first = state(trace)
    of_all = [(variable, _flow_of(trace, variable, variable.name == first.name)) for variable in carried(trace)]
    return [of_one._replace(name=", ".join(filter(None, (of_one.name, v.where)))) for v, of_one in of_all]


def _flow_of(trace: Trace, variable: Variable, is_state: bool) -> Flow:
    """Return the flow of a variable; only of the state itself must every time step be reached."""
    gradients = map(trace.gradient, variable.nodes.values())
    norms = [None if gradient is None else norm(gradient) for gradient in gradients]
    alone = _alone(trace, variable, norms)
    along = list(zip(variable.nodes, alone, strict=True))
    states = list(variable.nodes.values())
    if variable.backward:  # in the order of the loop
        along.reverse()
        states.reverse()
    rate = _rate([n for _, n in along])
    last = "the loss"
    if alone is not norms:
        last = "the first loss" if variable.backward else "the last loss"
    verdict, because = (
        _nonfinite(trace, norms)
        or _cut(trace, states)
        or (is_state and _unreached(along, variable, norms, last))
        or _verdict(along, rate)
    )
    gain, growing = None, _growing(states)
    if verdict in ("vanishing", "healthy", "none") and growing:
        verdict, because = growing
    elif verdict in ("vanishing", "exploding"):
        lane = _lane(trace, variable) if verdict == "vanishing" else variable
        gain = extreme_gain(trace, list(lane.nodes.values()), weakest=verdict == "vanishing")
    return Flow(str(variable), list(variable.nodes), norms, alone, rate, verdict, because, gain)


def _lane(trace: Trace, variable: Variable) -> Variable:
    """Return the variable of the same loop by which most of a gradient comes through time: the c beside an h.

    What is weak on other ways is not to blame.
    """
    lanes = [each for each in carried(trace) if each.nodes.keys() == variable.nodes.keys()]
    passed = {lane: passed_on(trace, list(lane.nodes.values())) for lane in lanes} if len(lanes) > 1 else {}
    best = max(passed, key=lambda lane: passed[lane], default=variable)
    return best if passed.get(best, 0.0) > _MORE * passed.get(variable, 0.0) else variable


def _nonfinite(trace: Trace, norms: list[float | None]) -> tuple[str, str] | None:
    """Return the verdict of a pass that is not finite: nothing else can be said of it."""
    if np.isfinite(trace.output.data).all() and all(n is None or np.isfinite(n) for n in norms):
        return None
    origin = nonfinite_origin(trace)
    if origin is None:  # finite elements, whose squares are not
        return "not finite", "norms overflow"
    node = origin.node
    line = f", line {node.source.lineno}" if node.source else ""
    return "not finite", f"{origin.example} begins {origin.phase} at {node.expression or node.op or node.name}{line}"


def _growing(states: list[Node]) -> tuple[str, str] | None:
    """Return the verdict of values that explode forward, whatever becomes of the gradient."""
    sizes = [norm(node.data) for node in states]
    rate = 1 / _rate(list(sizes))
    if len(states) < _FEWEST or not rate > EXPLODES or not rate ** (len(states) - 1) > _MUCH:
        return None
    return "exploding", f"forward: values grow ×{rate:.3g} with each time step, from {sizes[0]:.3g} to {sizes[-1]:.3g}"


def _alone(trace: Trace, variable: Variable, norms: list[float | None]) -> list[float | None]:
    try:
        losses = entries(trace)
    except LookupError:  # one loss over several time steps
        return norms
    if len(losses) < 2:
        return norms
    last = min(losses) if variable.backward else max(losses)
    reached = propagate(trace, losses[last], set(variable.nodes.values()))
    return [norm(reached[node]) if node in reached else None for node in variable.nodes.values()]


def _cut(trace: Trace, states: list[Node]) -> tuple[str, str] | None:
    """Return the verdict of a time step that begins with a value that was detached, and is not reached past it."""
    carried_over = {node for cut in trace.cuts if cut.is_of_pass_before for node in cut.returned}
    for node in trace.graph.nodes:
        if node.kind == "input" and ".detach()" in node.expression and node not in carried_over:
            used_in = {user.timestep for user, _ in trace.graph.consumers(node)} - {None}
            place = next((k for k, each in enumerate(states) if each.timestep in used_in), None)
            if place is None:
                continue
            if _connected([node], [states[place]]) and not _connected(states[:place], states[place:]):
                line = f", line {node.source.lineno}" if node.source else ""
                return (
                    "cut",
                    f"no gradient passes from time step {states[place].timestep} back: {node.expression}{line}",
                )
    return None


def _connected(earlier: list[Node], later: list[Node]) -> bool:
    """Tell whether any of the later values is made of any of the earlier ones; of an op as far as gradients go."""
    wanted, open_nodes = set(earlier), [*later]
    known = set(later)
    while open_nodes:
        node = open_nodes.pop()
        if node in wanted:
            return True
        if node.op is None:
            continue
        sources = {each for i, each in enumerate(node.inputs) if each in wanted or receives(node, i)} - known
        known |= sources
        open_nodes += sources
    return False


def _unreached(
    along: list[tuple[int, float | None]], variable: Variable, norms: list[float | None], last: str
) -> tuple[str, str] | None:
    """Return the verdict of a state that the last loss does not reach in every time step, in the order of the loop."""
    reached = [t for t, n in along if n is not None]
    if not reached or len(reached) == len(along):
        return None
    begins = next(place for place, (_, n) in enumerate(along) if n is not None)
    if len(along) - begins > len(reached):  # time steps between those that are reached
        places = [place for place, (_, n) in enumerate(along) if n is not None]
        every_other = set(np.diff(places)) == {2} and places[0] < 2 and places[-1] >= len(along) - 2
        some = [*map(str, reached)] if len(reached) < 6 else [*map(str, reached[:2]), "…", str(reached[-1])]
        steps = ", ".join(some).replace(", …,", " …")
        return (
            "none",
            f"{last} reaches {'every other time step only' if every_other else 'some time steps only'}: {steps}",
        )
    t = along[begins - 1][0]
    because = f"{last} does not reach time step {t}" + (" or those before it" if begins > 1 else "")
    if dict(zip(variable.nodes, norms, strict=True))[t] is None:
        return "cut", f"{because}: was the state detached, or made a plain array?"
    return "cut", f"{because}; other losses reach that one"


def _rate(norms: list[float | None]) -> float:
    """Return the factor for one time step back, given norms in the order of the loop."""
    pairs = [(place, n) for place, n in enumerate(norms) if n is not None and 0 < n < np.inf]
    if len(pairs) < 2:
        return float("nan")
    place, n = np.array(pairs, float).T
    slope = np.polyfit(place - place.mean(), np.log(n), 1)[0]
    return float(np.exp(-slope))


def _verdict(along: list[tuple[int, float | None]], rate: float) -> tuple[str, str]:
    """Return the verdict on the norms by time step, in the order of the loop."""
    known = [(t, n) for t, n in along if n is not None]
    few = f"{len(known)} time steps are too few to tell"
    alive = max((k for k, (_, n) in enumerate(known) if n > 0), default=0)
    zero = [t for t, n in known[:alive] if n == 0]
    if zero:
        because = f"it is exactly 0 from time step {zero[-1]} back"
        return ("none", f"{few}; {because}") if len(along) < _FEWEST else ("vanishing", because)
    if not np.isfinite(rate):
        return "none", "fewer than two time steps have a gradient"
    (first, n_first), (last, n_last) = known[0], known[-1]
    because = f"×{rate:.3g} for each time step back; {n_last:.3g} at t = {last}, {n_first:.3g} at t = {first}"
    if len(known) < _FEWEST:
        return "none", f"{few}: {because}"
    if VANISHES <= rate <= EXPLODES:
        return "healthy", because
    if 1 / _MUCH <= rate ** (len(known) - 1) <= _MUCH:
        return "none", f"mild over {len(known)} time steps: {because}"
    return ("vanishing" if rate < VANISHES else "exploding"), because
