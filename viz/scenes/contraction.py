"""Contracts unnamed results: which variables each variable is made of, and which parameters stand on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .labels import at_time, op_name

__all__ = ["Reach", "contract", "way_label"]

SCALING = frozenset(("matmul", "multiply", "dot", "einsum", "linear", "tensordot", "divide"))
MOST_LABELS = 3

Way = tuple[int, Any]  # a variable, and by how many time steps it is delayed


class Reach(NamedTuple):
    """What a result is made of.

    `ways` maps each variable (its index, and the delay in time) to the parameters on the way from it; `added` are the
    parameters that came alone.
    """

    ways: dict[Way, tuple[int, ...]]
    added: tuple[int, ...]


def contract(nodes: Iterable[tuple[Any, Sequence[Way]]], kept: set[int]) -> dict[int, Reach]:
    """What each node is made of, in terms of those `kept`.

    Parameters
    ----------
    nodes : iterable of (node, [(index of the argument, delay), …])
        So ordered that what is not kept comes after what it reads.
    kept : set of int
        The indices of the nodes that stay. Parameters never do.
    """
    made_of: dict[int, Reach] = {}
    seen_from: dict[int, Reach] = {index: Reach({(index, 0): ()}, ()) for index in kept}
    for node, inputs in nodes:
        if node.kind == "parameter":
            seen_from[node.index] = Reach({}, (node.index,))
            continue
        parts = [_delayed(seen_from[source], delay) for source, delay in inputs]
        made_of[node.index] = _join(node, parts)
        seen_from.setdefault(node.index, made_of[node.index])
    return made_of


def way_label(parameters: Sequence[int], by_index: Any) -> str:
    """The names of the parameters on a way, as a label of its edge."""
    names = [at_time(str(by_index[p].name or "parameter"), None) for p in parameters]
    return " ".join(names[:MOST_LABELS]) + ("…" if len(names) > MOST_LABELS else "")


def _delayed(reach: Reach, delay: Any) -> Reach:
    if delay == 0:
        return reach
    return Reach({(source, _sum(before, delay)): ps for (source, before), ps in reach.ways.items()}, reach.added)


def _sum(a: Any, b: Any) -> Any:
    return a + b if isinstance(a, int) and isinstance(b, int) else b


def _join(node: Any, parts: list[Reach]) -> Reach:
    """What an op makes of its arguments: it scales with parameters, or it adds them."""
    scaling = node.kind == "op" and op_name(node) in SCALING
    alone = [not part.ways and scaling and _is_factor(node, i) for i, part in enumerate(parts)]
    factors = [p for part, factor in zip(parts, alone, strict=True) if factor for p in part.added]
    ways: dict[Way, tuple[int, ...]] = {}
    added: list[int] = []
    for part, factor in zip(parts, alone, strict=True):
        for source, parameters in part.ways.items():
            ways[source] = tuple(dict.fromkeys((*ways.get(source, ()), *parameters, *factors)))
        if not factor:
            added += part.added
    return Reach(ways, tuple(dict.fromkeys(added if ways else [*added, *factors])))


def _is_factor(node: Any, argument: int) -> bool:
    """Whether an argument of a scaling op scales: all but the bias of an affine one."""
    return op_name(node) != "linear" or argument < 2
