"""What a layout is asked for, and what it answers; by Graphviz or by our own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .geometry import Box, Path, Point


class Request(NamedTuple):
    """A graph to arrange from bottom to top. Nodes are numbered; `sizes` are widths and heights in pixels.

    An edge is (source, target, stands above): where the last is true, the source is placed over the target. The edges
    numbered in `loose` have no say in what stands above what. Of a pair in `over` the second stands higher. `ports` are
    nodes of no size at the very bottom. `scopes` are (path of names, members) to be kept together. `labels`
    are widths to keep free beside edges. The nodes of each of `rows` stand at one height,
    those of the rows numbered in `ordered` from left to right.
    """

    sizes: Sequence[tuple[float, float]]
    edges: Sequence[tuple[int, int, bool]]
    ports: Sequence[int] = ()
    scopes: Sequence[tuple[str, Sequence[int]]] = ()
    round: bool = False
    labels: Sequence[float] = ()
    rank_gap: float = 30.0
    gap: float = 14.4
    over: Sequence[tuple[int, int]] = ()
    loose: frozenset[int] = frozenset()
    rows: Sequence[Sequence[int]] = ()
    ordered: frozenset[int] = frozenset()


class Placed(NamedTuple):
    """The answer, in the request's order: a box per node, a path per edge, a frame per scope."""

    boxes: list[Box]
    paths: list[Path]
    frames: list[Box]
    label_places: list[Point | None]
    width: float
    height: float


def scope_members(scopes: Iterable[str]) -> list[tuple[str, list[int]]]:
    """Return each scope that has a name, with the numbers of the nodes in it, from the scope of every node.

    >>> scope_members(["encoder", "", "decoder", "encoder"])
    [('encoder', [0, 3]), ('decoder', [2])]
    """
    members: dict[str, list[int]] = {}
    for i, scope in enumerate(scopes):
        if scope:
            members.setdefault(scope, []).append(i)
    return list(members.items())


def mirror(placed: Placed) -> Placed:
    """Return the arrangement with left and right exchanged."""
    width = placed.width
    flip = lambda point: point and (width - point[0], point[1])
    return placed._replace(
        boxes=[box._replace(x=width - box.x) for box in placed.boxes],
        paths=[Path(tuple(map(flip, path.points)), flip(path.tip)) for path in placed.paths],
        frames=[box._replace(x=width - box.x) for box in placed.frames],
        label_places=[flip(place) for place in placed.label_places],
    )
