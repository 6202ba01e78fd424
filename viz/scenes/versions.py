"""Values of one name in a time step: earlier ones are told from the last by primes, the two directions by arrows."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from tinygraph.graphs.writing import LOWERED
from tinygraph.loops.over_time import Run

from .scene import Node

__all__ = ["primed", "tell_directions_apart", "tell_versions_apart"]

_PRIMES = ("", "′", "″", "′″")  # more versions than these are no versions of one thing; few fonts have ‴


def tell_versions_apart(
    nodes: Sequence[Node],
    as_written: Iterable[Node],
    moment: Callable[[Node], Hashable],
    beside: Callable[[Node], Hashable] | None = None,
) -> list[Node]:
    """Return the nodes, with a prime on a variable for each later one of its name at its moment.

    ``h = g * h`` followed by ``h = f(h)`` is drawn as h′ and h: the last is what other time steps read. What is h′ in
    one time step is so in all, also in the last, where nothing may read the h after it. What the program is given
    keeps its name: a variable that is called as it is has a prime.

    Parameters
    ----------
    nodes : sequence of Node
    as_written : iterable of Node
        The same in the order of the program.
    moment : function
        Says in which pass of which loop a node is made.
    beside : function, optional
        Says beside what it is drawn, where that is more than its loop.
    """
    versions: dict[Hashable, list[str]] = {}
    given: set[Hashable] = set()
    taken: set[Hashable] = set()
    beside = moment if beside is None else beside
    as_written = list(as_written)
    for node in as_written:
        if node.kind in ("variable", "loss"):
            versions.setdefault((moment(node), node.label), []).append(node.id)
        elif node.kind == "input":
            given.add((beside(node), node.label))
    for node in as_written:
        if (beside(node), node.label) in given:
            taken.add((moment(node), node.label))
    slots = {node.id: node.id if node.slot is None else node.slot for node in nodes}
    later = {
        id: k
        for key, ids in versions.items()
        for k, id in enumerate(reversed(ids), key in taken)
        if len(ids) + (key in taken) <= len(_PRIMES)
    }
    most: dict[Hashable, int] = {}
    for id, count in later.items():
        most[slots[id]] = max(count, most.get(slots[id], 0))
    for ids in versions.values():
        everywhere = {id: most[slots[id]] for id in ids if id in later}
        if len(set(everywhere.values())) == len(ids):
            later |= everywhere
    return [replace(node, label=primed(node.label, _PRIMES[later.get(node.id, 0)])) for node in nodes]


def tell_directions_apart(
    nodes: Sequence[Node], run_of: Callable[[Node], Run | None], together: Callable[[Node], Hashable]
) -> list[Node]:
    """Return the nodes, with an arrow on variables of which one of that name runs through the sequence from its end.

    A cell that is called once for each direction names what it makes alike, h→⁽ᵗ⁾ and h←⁽ᵗ⁾, unless scopes tell.

    Parameters
    ----------
    nodes : sequence of Node
    run_of : function
        Returns the run of the loop over time that makes a node, or reads it.
    together : function
        Says beside which other loops that loop runs.
    """
    directions: dict[Hashable, dict[bool, set[tuple[str, str]]]] = {}
    for node in nodes:
        run = run_of(node)
        if run is not None and run.first < run.last and node.kind in ("variable", "op"):
            of_loops = directions.setdefault((together(node), run.first, run.last), {})
            of_loops.setdefault(run.backward, set()).add((_name(node.label), node.scope))
    marked: list[Node] = []
    for node in nodes:
        run = run_of(node)
        names = directions.get((together(node), run.first, run.last), {}) if run is not None else {}
        both = {name for name, _ in names.get(False, set()) & names.get(True, set())}
        is_marked = run is not None and node.kind in ("variable", "input") and _name(node.label) in both
        arrow = "" if run is None or not is_marked else "←" if run.backward else "→"
        name, bracket, time = node.label.partition("⁽")
        marked.append(replace(node, label=name + arrow + bracket + time))
    return marked


def _name(label: str) -> str:
    """Return a label without its time step."""
    return label.partition("⁽")[0]


def primed(label: str, prime: str) -> str:
    """Return a name with a prime behind its letters, before what is below and above it.

    >>> primed("h₂⁽ᵗ⁾", "′"), primed("memory", "′"), primed("S_inv", "″")
    ('h′₂⁽ᵗ⁾', 'memory′', 'S″_inv')
    """
    letters = re.match(f"[^_₀-₉{LOWERED}⁽]*", label)
    end = letters.end() if letters else 0
    return label[:end] + prime + label[end:] if prime else label
