"""Asks Graphviz where nodes and edges go.

`pygraphviz` carries Graphviz inside its wheels, so nothing has to be installed by hand. A call of it cannot be
interrupted, so its cost is estimated first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import pygraphviz

from .geometry import ARROW, Box, Path

__all__ = ["Placed", "Request", "arrange", "mirror", "seconds"]

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
    label_places: list[tuple[float, float] | None]
    width: float
    height: float


def seconds(nodes: int, edges: int) -> float:
    """About how long dot takes, in seconds: between what random graphs of 100 to 2,000 nodes took, deep and wide."""
    return 4e-7 * (nodes + edges) ** 2


def arrange(request: Request) -> Placed:
    """Positions for everything in `request`, by dot.

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
    if not nodes:
        return Placed([], [], [], [], 0.0, 0.0)
    graph = pygraphviz.AGraph(string=_text(request))
    return _read(json.loads(graph.draw(format="json0", prog="dot")), request)


def mirror(placed: Placed) -> Placed:
    """The arrangement with left and right exchanged."""
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


def _text(request: Request) -> str:
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
    """A label of exactly that width, whatever fonts there are."""
    cell = f'<td border="0" fixedsize="true" width="{width:.0f}" height="16"></td>'
    return f' label=<<table border="0" cellspacing="0" cellpadding="0"><tr>{cell}</tr></table>>'


def _read(answer: dict[str, Any], request: Request) -> Placed:
    _, _, width, height = (float(part) for part in answer["bb"].split(","))
    boxes: list[Box] = [Box(0, 0, 0, 0)] * len(request.sizes)
    frames: list[Box] = [Box(0, 0, 0, 0)] * len(request.scopes)
    for thing in answer["objects"]:
        name = thing["name"]
        if name.startswith("cluster"):
            left, low, right, high = (float(part) for part in thing["bb"].split(","))
            frames[int(name[7:])] = Box((left + right) / 2, height - (low + high) / 2, right - left, high - low)
        elif "pos" in thing:
            x, y = (float(part) for part in thing["pos"].split(","))
            boxes[int(name[1:])] = Box(x, height - y, *request.sizes[int(name[1:])])
    paths: list[Path] = [Path(())] * len(request.edges)
    places: list[tuple[float, float] | None] = [None] * len(request.edges)
    for edge in answer.get("edges", ()):
        if "id" not in edge:
            continue
        paths[int(edge["id"])] = _path(edge["pos"], height)
        if "lp" in edge:
            x, y = (float(part) for part in edge["lp"].split(","))
            places[int(edge["id"])] = (x, height - y)
    return Placed(boxes, paths, frames, places, width, height)


def _path(text: str, height: float) -> Path:
    points: list[tuple[float, float]] = []
    tip = None
    reverse = False
    for word in text.split():
        head, reverse = word.startswith(("e,", "s,")), reverse or word.startswith("s,")
        x, y = (float(part) for part in word.removeprefix("e,").removeprefix("s,").split(","))
        if head:
            tip = (x, height - y)
        else:
            points.append((x, height - y))
    return Path(tuple(reversed(points)) if reverse else tuple(points), tip)
