"""The loops of the recorded program: the iteration in which each node was made, and the loop that is time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..recording.bytecode import instruction
from .grouping import classes_of
from .over_time import op_steps
from .places import Loop, visits

if TYPE_CHECKING:
    from ..graphs.graph import Graph, Node

__all__ = ["Loop", "instruction", "iterations", "time_steps"]


def iterations(graph: Graph) -> list[tuple[tuple[Loop, int], ...]]:
    """Return for each node of the graph the loops it was recorded in, outermost first, and their iterations from 0.

    Leaves have none, and neither have the ops of a graph that was loaded from a file.
    """
    ops = [node for node in graph.nodes if node.kind == "op" and node.call is not None]
    found: list[tuple[tuple[Loop, int], ...]] = [()] * len(graph.nodes)
    for node, place, vector in zip(ops, *visits(ops), strict=True):
        found[node.index] = tuple(zip(place.loops, vector, strict=True))
    return found


def time_steps(graph: Graph) -> list[int | None]:
    """Return for each node of the graph its time step, from 1, or None where it belongs to none.

    A label by ``tg.timestep`` wins. Otherwise the step is the iteration of the loop over time: the one that carries a
    state through parameters it uses again and again, and that takes in other data each time. Leaves other than
    parameters belong to the time step that uses them, if it is one only; an initial state, to the step before the
    first that a loop makes (after the last, where it runs backward). A loop that runs through the sequence from its
    end, as half of a bidirectional network, counts backward, where the program connects it with one that does not.
    """
    ops = [node for node in graph.nodes if node.kind == "op"]
    steps = op_steps(classes_of(graph)) if ops else []
    found: list[int | None] = [None] * len(graph.nodes)
    for node, step in zip(ops, steps, strict=True):
        found[node.index] = step
    users: dict[Node, list[tuple[Node, int]]] = {}
    for node in ops:
        for argument, given in enumerate(node.inputs):
            if given.kind in ("input", "constant"):
                users.setdefault(given, []).append((node, argument))
    reach = _reach(graph, found) if ops else {}
    for leaf, uses in users.items():
        used_in = {found[node.index] for node, _ in uses}
        step = found[leaf.index] = used_in.pop() if len(used_in) == 1 else None
        if step is not None and leaf.shape:
            found[leaf.index] = next((step - back for use in uses if (back := reach.get(use, 0))), step)
    return found


def _reach(graph: Graph, steps: list[int | None]) -> dict[tuple[Node, int], int]:
    """Return how many time steps back the arguments lie that begin a recurrence: later ones read what a step made."""
    classes = classes_of(graph)
    spans: dict[int, tuple[int, int]] = {}
    delays: dict[tuple[int, int], set[int]] = {}
    numbers = classes.number.tolist()
    for node, number in zip(classes.nodes, numbers, strict=True):
        now = steps[node.index]
        if now is None:
            continue
        low, high = spans.get(number, (now, now))
        spans[number] = min(low, now), max(high, now)
        for argument, given in enumerate(node.inputs):
            made = steps[given.index] if given.kind == "op" else None
            if made is not None and made != now:
                delays.setdefault((number, argument), set()).add(now - made)
    found: dict[tuple[Node, int], int] = {}
    for node, number in zip(classes.nodes, numbers, strict=True):
        now = steps[node.index]
        for argument, given in enumerate(node.inputs):
            back = delays.get((number, argument), set())
            if now is not None and given.kind != "op" and len(back) == 1:
                (delay,) = back
                low, high = spans[number]
                if not low <= now - delay <= high:
                    found[node, argument] = delay
    return found
