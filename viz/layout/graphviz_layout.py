"""Asks Graphviz where nodes and edges go.

`pygraphviz` carries Graphviz inside its wheels, so nothing has to be installed by hand. A call of it cannot be
interrupted, so its cost is estimated first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pygraphviz

from .geometry import ARROW, Box, Path, Point

LIMIT = 20.0  # seconds that a layout by dot may be estimated to take


class Request(NamedTuple):
    """A graph to arrange from bottom to top. Nodes are numbered; `sizes` are widths and heights in pixels.

    An edge is (source, target, stands above): where the last is true, the source is placed over the target. The edges
    numbered in `loose` have no say in what stands above what. Of a pair in `over` the second stands higher. `ports` are
    nodes of no size at the very bottom. `scopes` are (path of names, members) to be kept together. `labels`
    are widths to keep free beside edges.
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


def seconds(nodes: int, edges: int) -> float:
    """Estimate how long dot takes: between what random graphs of 100 to 2,000 nodes took, deep and wide."""
    return 4e-7 * (nodes + edges) ** 2


def arrange(request: Request) -> Placed:
    """Have dot find positions for everything in `request`.

    Raises
    ------
    ValueError
        If dot would be at it for longer than 20 seconds or so.
    """
    nodes, edges = len(request.sizes), len(request.edges)
    expected = seconds(nodes, edges)
    if expected > LIMIT:
        raise ValueError(
            f"{nodes:,} nodes and {edges:,} edges that do not repeat in time would take Graphviz about "
            f"{_duration(expected)} to lay out. Draw fewer: view='variables', fold=True or timesteps=slice(…); "
            "or take drawing.to_networkx(), which needs no layout."
        )
    graph = pygraphviz.AGraph(string=_dot(request))
    return _read(json.loads(graph.draw(format="json0", prog="dot")), request)


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


def _duration(expected: float) -> str:
    if expected < 120:
        return f"{expected:.0f} seconds"
    return f"{expected / 60:,.0f} minutes" if expected < 7200 else f"{expected / 3600:,.0f} hours"


def _dot(request: Request) -> str:
    """Return the request in Graphviz' language."""
    shape = "ellipse" if request.round else "box"
    lines = [
        f"digraph {{ rankdir=BT nodesep={request.gap / 72:.4f} ranksep={request.rank_gap / 72:.4f}",
        f'node [shape={shape} fixedsize=true label=""] edge [arrowsize={ARROW / 10:.2f}]',
    ]
    lines += [f"n{i} [width={w / 72:.4f} height={h / 72:.4f}]" for i, (w, h) in enumerate(request.sizes)]
    if request.ports:
        lines.append("{rank=source " + " ".join(f"n{i}" for i in request.ports) + "}")
    for number, (_, members) in enumerate(request.scopes):
        inside = " ".join(f"n{i}" for i in members)
        lines.append(f'subgraph cluster{number} {{ margin=9 label="x" fontsize=9 labeljust=l {inside} }}')
    for i, (source, target, above) in enumerate(request.edges):
        ends = f"n{target} -> n{source} [dir=back" if above else f"n{source} -> n{target} ["
        wide = _room(request.labels[i]) if request.labels and request.labels[i] else ""
        loose = " constraint=false" if i in request.loose else ""
        lines.append(f'{ends} id="{i}"{wide}{loose}]')
    lines += [f"n{low} -> n{high} [style=invis]" for low, high in request.over]
    return "\n".join([*lines, "}"])


def _room(width: float) -> str:
    """Return a label of exactly that width, whatever fonts there are."""
    cell = f'<td border="0" fixedsize="true" width="{width:.0f}" height="16"></td>'
    return f' label=<<table border="0" cellspacing="0" cellpadding="0"><tr>{cell}</tr></table>>'


def _read(answer: dict[str, Any], request: Request) -> Placed:
    _, _, width, height = map(float, answer["bb"].split(","))
    places = {thing["name"]: thing for thing in answer.get("objects", ())}
    edges = {edge["id"]: edge for edge in answer.get("edges", ()) if "id" in edge}
    lines = [edges[str(i)] for i in range(len(request.edges))]
    return Placed(
        [Box(*_point(places[f"n{i}"]["pos"], height), *size) for i, size in enumerate(request.sizes)],
        [_path(line["pos"], height) for line in lines],
        [_frame(places[f"cluster{i}"]["bb"], height) for i in range(len(request.scopes))],
        [_point(line["lp"], height) if "lp" in line else None for line in lines],
        width,
        height,
    )


def _point(text: str, height: float) -> Point:
    x, y = map(float, text.split(","))
    return x, height - y


def _frame(text: str, height: float) -> Box:
    left, low, right, high = map(float, text.split(","))
    return Box((left + right) / 2, height - (low + high) / 2, right - left, high - low)


def _path(text: str, height: float) -> Path:
    """Read a spline: an arrowhead at its end as ``e,x,y``, or at its start as ``s,x,y``, and its points."""
    heads = {word[0]: _point(word[2:], height) for word in text.split() if word[0] in "es"}
    points = tuple(_point(word, height) for word in text.split() if word[0] not in "es")
    return Path(points[::-1], heads["s"]) if "s" in heads else Path(points, heads.get("e"))
