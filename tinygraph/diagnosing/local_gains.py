"""Local gains: by how much each op of the way back through time makes a gradient smaller or larger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..numeric import norm
from ..recording.node import Node
from ..recording.sparse import dense
from ..tracing.trace import Trace

_SAMPLE = 16  # time steps

Edge = tuple[Node, int]  # an op and the number of the argument that it passes the gradient to


class Gain(NamedTuple):
    """What one op of the cell does to the gradient on its way from a time step to the one before.

    Attributes
    ----------
    node : Node
        The op, in the time step in which its gain is the most extreme.
    factor : float
        ‖contribution‖ / ‖adjoint‖, the geometric mean over time.
    """

    node: Node
    factor: float

    def __str__(self) -> str:
        line = f", line {self.node.source.lineno}" if self.node.source else ""
        return f"{self.node.expression or self.node.op}{line}: ×{self.factor:.3g}"


def extreme_gain(trace: Trace, states: Sequence[Node], weakest: bool) -> Gain | None:
    """Return the op with the weakest or the strongest gain on the way from each state to the one before it in time.

    Where there are several ways, the one is meant that passes most of the gradient on.

    Parameters
    ----------
    trace : Trace
    states : sequence of Node
        The values of a variable, by time step.
    weakest : bool
        Whether the weakest is asked for, else the strongest.
    """
    steps = sorted(step for step in map(trace.step_of, states) if step is not None)
    gains: dict[object, list[tuple[float, Node]]] = {}
    for first, last in zip(steps, steps[1:], strict=False):
        for (node, argument), gain in _best_way(trace, first, last):
            place = str(node.op), node.source or node.name, argument
            gains.setdefault(place, []).append((gain, node))
    means = {place: float(np.mean([gain for gain, _ in group])) for place, group in gains.items()}
    if not means:
        return None
    extreme = (min if weakest else max)(means, key=lambda place: means[place])
    _, node = (min if weakest else max)(gains[extreme], key=lambda pair: pair[0])
    return Gain(node, math.exp(means[extreme]))


def passed_on(trace: Trace, states: Sequence[Node]) -> float:
    """Return the factor by which a gradient comes from each state to the one before it, on the best way there is."""
    steps = sorted(step for step in map(trace.step_of, states) if step is not None)
    pairs = list(zip(steps, steps[1:], strict=False))
    sample = pairs[:: max(1, len(pairs) // _SAMPLE)]
    ways = [_best_way(trace, first, last) for first, last in sample]
    if not ways or not all(ways):
        return 0.0
    return math.exp(sum(gain for way in ways for _, gain in way) / len(ways))


def _best_way(trace: Trace, first: int, last: int) -> list[tuple[Edge, float]]:
    """Return the edges from the node of one step to that of a later one, with the logarithms of their gains."""
    start, goal = trace.nodes[first], trace.nodes[last]
    best: dict[Node, float] = {start: 0.0}
    came: dict[Node, tuple[Edge, float]] = {}
    for k in range(first, last):
        node = trace.nodes[k]
        size = norm(np.asarray(trace.adjoints[k])) if node in best else 0.0
        if not 0 < size < math.inf:
            continue
        for argument, term in enumerate(trace.pull(k)):
            passed = 0.0 if term is None else norm(dense(term))
            source = node.inputs[argument]
            if source.op is None or not 0 < passed < math.inf:
                continue
            gain = math.log(passed) - math.log(size)
            if best[node] + gain > best.get(source, -math.inf):
                best[source] = best[node] + gain
                came[source] = (node, argument), gain
    way: list[tuple[Edge, float]] = []
    while goal in came:
        way.append(came[goal])
        goal = came[goal][0][0]
    return way
