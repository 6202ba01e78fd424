"""The values of a network by time step, and the one that is carried through time."""

from __future__ import annotations

from ..recording.node import Node
from ..tracing.trace import Trace


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


def by_timestep(trace: Trace, name: str) -> dict[int, Node]:
    """Return the values of that name, by time step in increasing order.

    Raises
    ------
    LookupError
        If there is none.
    """
    values: dict[int, Node] = {}
    for node in trace.graph.nodes:
        if node.kind == "op" and node.timestep is not None:
            symbol = trace.symbols.of(node)
            if symbol.name == name and symbol.number is None:
                values[node.timestep] = node
    if not values:
        raise LookupError(f"no value called {name!r} belongs to a time step")
    return dict(sorted(values.items()))
