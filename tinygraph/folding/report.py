"""What folding found, in words of the user's source lines."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import numpy as np

from ..loops.places import Loop
from ..recording.filenames import file_name
from ..recording.source import Source
from .cell import FoldedEdge, FoldedLoop, FoldedNode
from .indices import LATEST

_LONGEST_LIST = 12


def report(
    nodes: Sequence[FoldedNode],
    edges: Sequence[FoldedEdge],
    loops: Sequence[FoldedLoop],
    dissolved: Sequence[Loop],
    *,
    in_order: bool = True,
) -> str:
    """Return a summary of a recurrence: what repeats, and what could not be folded and why.

    Loops that were `dissolved` are only labels of what they repeat; ops that do not run as the loops say are not
    `in_order`.
    """
    ops = [node for node in nodes if node.kind == "op"]
    recorded = sum(node.times for node in ops)
    lines = [f"{_number(recorded, 'op')} recorded, folded into {len(ops)}"]
    for loop in loops:
        inside = [node for node in ops if node.loops and node.loops[-1] is loop]
        trips = loop.trips if isinstance(loop.trips, int) else f"{min(loop.trips)} to {max(loop.trips)}"
        over_time = ", over time" if loop.over_time else ""
        lines.append(f"{'  ' * loop.depth}{loop.recorded} ×{trips}{over_time}: {_number(len(inside), 'op')}")
    for labels in dissolved:
        lines.append(f"{labels} stays apart: other parameters in each iteration (layers, gates, directions)")
    reasons = [f"- {reason}" for reason in dict.fromkeys(_why_not(ops, edges, in_order))]
    return "\n".join([*lines, *(["not folded, or in part:"] if reasons else []), *reasons])


def _why_not(nodes: list[FoldedNode], edges: Sequence[FoldedEdge], in_order: bool) -> Iterator[str]:
    """Say what is not one op of the cell for all iterations, and why."""
    if any(not loop.recorded.function for node in nodes for loop in node.loops):
        yield "this graph does not know its calls (it comes from an old file): folded by how often the same line ran"
    yield from _own_parameters(nodes)
    yield from _branches(nodes)
    yield from filter(None, map(_irregular, edges))
    yield from _repeated_by_hand(nodes)
    if not in_order:
        yield "ops of several threads or callbacks alternate: their order is a table"


def _branches(nodes: list[FoldedNode]) -> Iterator[str]:
    branches = [node for node in nodes if isinstance(node.when, np.ndarray)]
    for first, *rest in _alike(branches, lambda node: (node.loops, np.asarray(node.when).tobytes())):
        loop = first.loops[-1]
        more = f" and {_number(len(rest), 'more op')}" if rest else ""
        what = "time steps" if loop.over_time else "iterations"
        when = _listed(first.iterations[:, -1] + 1)
        yield f"{_where(first)}{more} ran only in {what} {when} of {loop.recorded}: a branch on data"


def _own_parameters(nodes: list[FoldedNode]) -> Iterator[str]:
    looped = [node for node in nodes if node.loops]
    for alike in _alike(looped, lambda node: (node.loops, node.order)):
        different = {node.parameters for node in alike}
        if len(different) > 1:
            yield f"{_where(alike[0])} used {len(different)} different parameters in its loop: an op for each"
        elif len(alike) > 1:
            yield f"{_where(alike[0])} ran with {len(alike)} different attributes in its loop: an op for each"


def _irregular(edge: FoldedEdge) -> str | None:
    if edge.index is None:
        return f"{_where(edge.target)} reads {_name(edge.source)} of irregular iterations: a table"
    if any(index.kind == LATEST for index in edge.index):
        return f"{_where(edge.target)} reads the latest {_name(edge.source)} there is"
    if isinstance(edge.when, np.ndarray) and edge.target.is_everywhere:
        return f"{_where(edge.target)} reads {_name(edge.source)} in some iterations only: a choice made by the program"
    return None


def _repeated_by_hand(nodes: list[FoldedNode]) -> Iterator[str]:
    parametric = [node for node in nodes if node.parameters]
    for alike in _alike(parametric, lambda node: (str(node.op), node.parameters, tuple(node.recorded[0].attributes))):
        if len(alike) > 1 and any(not node.loops for node in alike):
            what = f"{alike[0].op} on {', '.join(map(_name, alike[0].parameters))}"
            where = ", ".join(sorted({_line(node) for node in alike}))
            yield f"{what} stands in the program {len(alike)} times ({where}): different code is different ops"


def _alike(nodes: list[FoldedNode], key: Callable[[FoldedNode], Hashable]) -> Iterable[list[FoldedNode]]:
    """Return the nodes in groups of the same key, in order of first appearance."""
    groups: dict[Hashable, list[FoldedNode]] = {}
    for node in nodes:
        groups.setdefault(key(node), []).append(node)
    return groups.values()


def _where(node: FoldedNode) -> str:
    return f"`{node.expression or node.op}` ({_line(node)})"


def _line(node: FoldedNode) -> str:
    source: Source | None = node.source
    return f"{file_name(source.filename)}:{source.lineno}" if source else "code without source"


def _name(node: FoldedNode) -> str:
    name = node.name or (node.expression if node.kind == "op" else None)
    return f"`{name}`" if name else str(node.op or node.kind)


def _listed(numbers: np.ndarray) -> str:
    listed = [str(n) for n in numbers[:_LONGEST_LIST].tolist()]
    return ", ".join(listed) + (", …" if len(numbers) > _LONGEST_LIST else "")


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
