"""Contracts unnamed results: which variables each variable is made of, and which parameters stand on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .labels import AnyNode, op_name
from .scene import Edge
from .text import shorten

__all__ = ["Contraction", "Delay", "Origin", "Read", "delayed_edge"]

SCALING = frozenset(("matmul", "multiply", "dot", "einsum", "linear", "tensordot", "divide"))
MOST_LABELS = 3

Delay = int | str  # by how many time steps; in words where that is not one number
Read = tuple[int, Delay]  # what an op reads: the index of a node, and of how long ago
Reads = Iterable[tuple[AnyNode, Sequence[Read]]]


class Origin(NamedTuple):
    """What a result is made of.

    `ways` maps each variable that it reads to the parameters on the way from there; `added` are the parameters that
    came alone.
    """

    ways: dict[Read, tuple[int, ...]]
    added: tuple[int, ...]


class Contraction:
    """The nodes that are kept, and the ways between them through those that are not.

    Parameters
    ----------
    reads : iterable of (node, [(index of an argument, delay), …])
        So ordered that what is not kept comes after what it reads.
    kept : set of int
        The indices of the nodes that stay.
    nodes : sequence of nodes
        All of them, by index.
    hues : mapping of int to int
        The colour numbers of the parameters.
    """

    def __init__(self, reads: Reads, kept: set[int], nodes: Sequence[AnyNode], hues: Mapping[int, int]) -> None:
        self.kept = sorted(kept)
        self._nodes = nodes
        self._hues = hues
        self._origins: dict[int, Origin] = {}
        as_read = {index: Origin({(index, 0): ()}, ()) for index in kept}
        for node, arguments in reads:
            if node.kind == "parameter":
                self._origins[node.index] = Origin({}, ())
                as_read[node.index] = Origin({}, (node.index,))
            else:
                parts = [_delayed(as_read[source], delay) for source, delay in arguments]
                self._origins[node.index] = _join(node, parts)
                as_read.setdefault(node.index, self._origins[node.index])

    def edges(self) -> list[Edge]:
        """Return an edge for each way, labelled with its parameters."""
        edges: list[Edge] = []
        for index in self.kept:
            for argument, ((source, delay), parameters) in enumerate(self._origins[index].ways.items()):
                hue = self._hues[parameters[0]] if parameters else None
                edges.append(delayed_edge(source, index, argument, self._label(parameters), hue, delay))
        return edges

    def tags(self, index: int) -> tuple[tuple[str, int], ...]:
        """Return the parameters that are only added to a variable: their labels and colours."""
        return tuple((self._label([parameter]), self._hues[parameter]) for parameter in self._origins[index].added)

    def _label(self, parameters: Sequence[int]) -> str:
        names = [shorten(self._nodes[parameter].name or "parameter") for parameter in parameters]
        return " ".join(names[:MOST_LABELS]) + ("…" if len(names) > MOST_LABELS else "")


def delayed_edge(source: int, target: int, argument: int, label: str, hue: int | None, delay: Delay) -> Edge:
    """Return the edge between two nodes, with its delay, if there is one, in its label."""
    text = " ".join(filter(None, (label, _delay_text(delay))))
    return Edge(f"n{source}", f"n{target}", argument, text, hue, "delay" if delay else "")


def _delay_text(delay: Delay) -> str:
    """Return the time step that a delayed edge reads.

    >>> _delay_text(1), _delay_text(-1), _delay_text("varies"), _delay_text(0)
    ('t−1', 't+1', 'varies', '')
    """
    if isinstance(delay, str):
        return delay
    return f"t−{delay}" if delay > 0 else f"t+{-delay}" if delay else ""


def _delayed(origin: Origin, delay: Delay) -> Origin:
    if delay == 0:
        return origin
    ways = {(source, _sum(before, delay)): parameters for (source, before), parameters in origin.ways.items()}
    return Origin(ways, origin.added)


def _sum(a: Delay, b: Delay) -> Delay:
    return a + b if isinstance(a, int) and isinstance(b, int) else b


def _join(node: AnyNode, parts: list[Origin]) -> Origin:
    """Return what an op makes of its arguments: it scales with parameters, or it adds them."""
    scaling = node.kind == "op" and op_name(node) in SCALING
    alone = [not part.ways and scaling and _is_factor(node, i) for i, part in enumerate(parts)]
    factors = [p for part, factor in zip(parts, alone, strict=True) if factor for p in part.added]
    ways: dict[Read, tuple[int, ...]] = {}
    added: list[int] = []
    for part, factor in zip(parts, alone, strict=True):
        for source, parameters in part.ways.items():
            ways[source] = tuple(dict.fromkeys((*ways.get(source, ()), *parameters, *factors)))
        if not factor:
            added += part.added
    return Origin(ways, tuple(dict.fromkeys(added if ways else [*added, *factors])))


def _is_factor(node: AnyNode, argument: int) -> bool:
    """Tell whether an argument of a scaling op scales: all but the bias of an affine one."""
    return op_name(node) != "linear" or argument < 2
