"""The values of a network by time step, and the one that is carried through time."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from ..graphs.graph import Graph
from ..graphs.symbols import own_name, plain_name
from ..graphs.writing import subscript, written
from ..plain_text import did_you_mean
from ..recording.node import Node
from ..tracing.trace import Trace

_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_KEEPING = ("add", "subtract", "multiply", "where")

_OfLoops = dict[
    tuple[str, tuple[int, ...], tuple[str, Hashable]], dict[int, Node]
]  # by name, numbers, and scope and loop


@dataclass(eq=False)
class Variable:
    """A named value of one loop over time, and of one scope.

    Attributes
    ----------
    name : str
        As the program calls it, with a word behind it that tells it from namesakes.
    numbers : tuple of int
        Of its layer, its head, … where that is a loop too.
    nodes : dict of int to Node
        Its value in each time step, in increasing order; the last, where it is computed more than once in one.
    backward : bool
        Whether its loop goes through the sequence from its end, as half of a bidirectional network.
    where : str
        What tells it from a variable of the same name and numbers: a scope, a function, or which loop it is of.
    own_name : str or None
        As the program calls it, where `name` has a word behind.
    """

    name: str
    numbers: tuple[int, ...]
    nodes: dict[int, Node]
    backward: bool = False
    where: str = ""
    own_name: str | None = None

    def __str__(self) -> str:
        return self.name + ",".join(map(subscript, self.numbers))

    @property
    def called(self) -> tuple[str, ...]:
        """What it is found by."""
        plain = str(self).translate(_PLAIN)
        return self.name, self.own_name or self.name, written(self.name), plain, f"{plain} ({self.where})"


def variables(recorded: Trace | Graph, name: str | None = None) -> list[Variable]:
    """Return the named values that belong to time steps, each in its loop: an encoder's h is not its decoder's.

    Parameters
    ----------
    recorded : Trace or Graph
    name : str, optional
        Only those of that name (``"h"``), of one layer (``"h₂"``, ``"h2"``), or of one place (``"h (encoder)"``).

    Raises
    ------
    LookupError
        If there is none of that name; the message names those that there are.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, x = [tg.parameter([[0.5]]) for _ in range(2)], tg.tensor([1.0])
    >>> states = [x, x]
    >>> for t in range(3):
    ...     for layer in range(2):
    ...         h = np.tanh(W[layer] @ states[layer])
    ...         states[layer] = h
    >>> [str(variable) for variable in variables(tg.trace(sum(states).sum()), "h")]
    ['h₁', 'h₂']
    """
    of_loops: _OfLoops = {}
    graph = recorded.graph if isinstance(recorded, Trace) else recorded
    timeline = graph.timeline
    for node in graph.nodes:
        called = plain_name(node.name)
        if node.kind == "op" and node.timestep is not None and called is not None:
            run = timeline.runs[node.index]
            part = run if run and run.loop else timeline.slots[node.index]
            key = called, timeline.subscripts[node.index], (node.scope, part)
            of_loops.setdefault(key, {})[node.timestep] = node
    everything = _told_apart(_continued(of_loops))
    for variable in everything:
        runs = (timeline.runs[node.index] for node in variable.nodes.values())
        variable.own_name = own_name(graph, next(iter(variable.nodes.values())))
        variable.backward = all(run is not None and run.backward for run in runs)
    if name is None:
        return everything
    wanted = unicodedata.normalize("NFC", name).translate(_PLAIN)
    named = [v for v in everything if wanted in v.called]
    if not named:
        there = list(dict.fromkeys(map(str, everything)))
        none = f"no value called {name!r} belongs to a time step"
        those = f"those that do: {', '.join(there) or 'none'}"
        raise LookupError("; ".join(filter(None, (none, did_you_mean(name, there), those))))
    return named


def _continued(of_loops: _OfLoops) -> list[Variable]:
    """Return variables, one for what shares no time step but its loop or its scope.

    The first time step may be written out before the loop, and some may have a scope of their own.
    """
    merged: list[tuple[Variable, set[Hashable]]] = []
    for (name, numbers, place), nodes in of_loops.items():
        for variable, places in merged:
            alike = (variable.name, variable.numbers) == (name, numbers) and places.intersection(place)
            if alike and variable.nodes.keys().isdisjoint(nodes):
                variable.nodes |= nodes
                places.update(place)
                break
        else:
            merged.append((Variable(name, numbers, nodes), set(place)))
    for variable, _ in merged:
        variable.nodes = dict(sorted(variable.nodes.items()))
    return [variable for variable, _ in merged]


def _told_apart(everything: list[Variable]) -> list[Variable]:
    alike: dict[str, list[Variable]] = {}
    for variable in everything:
        alike.setdefault(str(variable), []).append(variable)
    for same in alike.values():
        if len(same) > 1:
            places = _distinct(same, lambda node: node.scope) or _distinct(same, _function)
            for number, variable in enumerate(same):
                variable.where = places[number] if places else f"loop {number + 1}"
    return everything


def _distinct(same: Sequence[Variable], place: Callable[[Node], str]) -> list[str] | None:
    places = [place(next(iter(variable.nodes.values()))) for variable in same]
    return places if len(set(places)) == len(places) else None


def _function(node: Node) -> str:
    return node.source.function.rpartition("<locals>.")[2] if node.source else ""


def carried(trace: Trace) -> list[Variable]:
    """Return the variables that are carried from one time step to the next, those that meet parameters most first.

    Right behind the first one stand the others of its cell, see `states`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter(np.eye(2), name="W"), tg.tensor([1.0, 2.0], name="h")
    >>> for _ in range(3):
    ...     h = np.tanh(W @ h)
    >>> [str(variable) for variable in carried(tg.trace(np.sum(h)))]
    ['h']
    """
    everything = variables(trace)
    variable_of = {node: variable for variable in everything for node in variable.nodes.values()}
    votes: Counter[Variable] = Counter()
    for node in trace.graph.nodes:
        if node.kind != "op" or node.timestep is None:
            continue
        for source in node.inputs:
            if source in variable_of and source.timestep != node.timestep and source.shape != ():
                votes[variable_of[source]] += 3 if _meets_parameter(node) else 1
    by_votes = sorted(votes, key=lambda variable: -votes[variable])
    places = {variable: _place(trace, variable) for variable in by_votes}
    return sorted(by_votes, key=lambda variable: places[variable] != places[by_votes[0]])


def state(trace: Trace) -> Variable:
    """Return the variable that is carried from one time step to the next through a parameter.

    Raises
    ------
    LookupError
        If there is none: flow and lag then need a name.
    """
    return states(trace)[0]


def states(trace: Trace) -> list[Variable]:
    """Return what one cell carries from one time step to the next, the state first: of an LSTM also its memory.

    Raises
    ------
    LookupError
        If there is none.
    """
    variables = carried(trace)
    if not variables:
        raise LookupError("no named value is carried from one time step to the next; say which variable is meant")
    place = _place(trace, variables[0])
    return [variable for variable in variables if _place(trace, variable) == place]


def memory(trace: Trace) -> Variable:
    """Return what one cell carries with the least done to it: s, not h, where ``s = f * s + i * g; h = o * tanh(s)``.

    Raises
    ------
    LookupError
        If there is none.
    """
    of_cell = states(trace)
    return next(filter(_is_kept, of_cell), of_cell[0])


def _place(trace: Trace, variable: Variable) -> tuple[Hashable, ...]:
    """Return the loop over time that a variable is computed in, and the numbers of its layer."""
    run = trace.graph.timeline.runs[next(iter(variable.nodes.values())).index]
    return run and run.loop, variable.numbers


def _is_kept(variable: Variable) -> bool:
    """Tell whether a value is the one before it, times something and with something added."""
    nodes = list(variable.nodes.values())
    before, computed = nodes[-2:-1], nodes[-1:]
    for node in computed:
        if str(node.op) in _KEEPING:
            if before and before[0] in node.inputs:
                return True
            computed += [x for x in node.inputs if x.timestep == node.timestep and x not in computed]
    return False


def state_name(trace: Trace) -> str:
    """Return the name of the variable that is carried from one time step to the next through a parameter.

    Raises
    ------
    LookupError
        If there is none: flow and lag then need a name.
    """
    return str(state(trace))


def _meets_parameter(node: Node) -> bool:
    return any(source.kind == "parameter" for source in node.inputs)


def by_timestep(trace: Trace, name: str) -> dict[int, Node]:
    """Return the values of that name, by time step in increasing order; those of the last loop that has it.

    Raises
    ------
    LookupError
        If there is none.
    """
    return variables(trace, name)[-1].nodes
