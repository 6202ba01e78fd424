"""Asks Graphviz where nodes and edges go, and does without it where it fails.

`pygraphviz` carries Graphviz inside its wheels, so nothing has to be installed by hand. It runs in a process of its own
(`graphviz_process`): some graphs would hang it, and some end it.
"""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .geometry import ARROW, Box, Path, Point
from .graphviz_process import Defeated, LayoutError, dot_layout
from .layered import arrange_in_layers
from .request import Placed, Request

LIMIT = 20.0  # seconds that a layout by dot may be estimated to take
PATIENCE = 1.0  # seconds that a layout may take, however small it is
SETTINGS = "rankdir=BT nslimit=2 nslimit1=2 mclimit=0.5"  # else its network simplex may go on for minutes


@dataclass
class _Terms:
    """The seconds that are left for the layouts of a drawing, and whether it may be large."""

    seconds: float = float("inf")
    large: bool = False


_terms: ContextVar[_Terms | None] = ContextVar("terms", default=None)


def seconds(nodes: int, edges: int) -> float:
    """Estimate how long dot takes: between what random graphs of 100 to 2,000 nodes took, deep and wide."""
    return 4e-7 * (nodes + edges) ** 2


@contextmanager
def one_drawing(nodes: int, edges: int, large: bool = False) -> Iterator[None]:
    """Give all layouts of a drawing together the time that one of so many nodes and edges may take.

    What is too large for Graphviz is refused, unless it is said to be `large`: then it gets the plainer layout.
    """
    token = _terms.set(_Terms(PATIENCE + seconds(nodes, edges), large))
    try:
        yield
    finally:
        _terms.reset(token)


def arrange(request: Request) -> Placed:
    """Have dot find positions for everything in `request`; where it cannot, find simpler ones with a warning.

    Raises
    ------
    ValueError
        If dot would be at it for longer than 20 seconds or so.
    """
    nodes, edges = len(request.sizes), len(request.edges)
    expected = seconds(nodes, edges)
    terms = _terms.get() or _Terms()
    if expected > LIMIT and terms.large:
        return arrange_in_layers(request)
    if expected > LIMIT:
        raise ValueError(
            f"{nodes:,} nodes and {edges:,} edges that do not repeat in time would take Graphviz about "
            f"{_duration(expected)} to lay out. Draw fewer: view='variables', fold=True or timesteps=slice(…); "
            "large=True draws them all in a plainer layout, and drawing.to_networkx() needs no layout."
        )
    wait = min(expected, 0.4 * max(1.0, nodes / 500) ** 2)  # 500 nodes are drawn in 2 seconds, whatever their edges
    limit = max(min(PATIENCE + wait, terms.seconds), 0.01)
    try:
        if any(request.labels):
            limit /= 2
            try:
                return _laid_out(request, limit, terms)
            except Defeated:  # room for labels makes a graph harder, and some assertions are about them
                request = request._replace(labels=())
        return _laid_out(request, limit, terms)
    except LayoutError as error:
        warnings.warn(
            f"Graphviz {error}: {nodes:,} nodes and {edges:,} edges are drawn in a plainer layout",
            RuntimeWarning,
            stacklevel=2,
        )
        return arrange_in_layers(request)


def _laid_out(request: Request, limit: float, terms: _Terms) -> Placed:
    took = limit
    try:
        answer, took = dot_layout(_dot(request), limit)
    finally:
        terms.seconds -= took
    return _read(json.loads(answer), request)


def _duration(expected: float) -> str:
    if expected < 120:
        return f"{expected:.0f} seconds"
    return f"{expected / 60:,.0f} minutes" if expected < 7200 else f"{expected / 3600:,.0f} hours"


def _dot(request: Request) -> str:
    """Return the request in Graphviz' language; it aborts over labels of edges within a rank (`fixLabelOrder`)."""
    shape = "ellipse" if request.round else "box"
    lines = [
        f"digraph {{ {SETTINGS} nodesep={request.gap / 72:.4f} ranksep={request.rank_gap / 72:.4f}",
        f'node [shape={shape} fixedsize=true label=""] edge [arrowsize={ARROW / 10:.2f}]',
    ]
    lines += [f"n{i} [width={w / 72:.4f} height={h / 72:.4f}]" for i, (w, h) in enumerate(request.sizes)]
    if request.ports:
        lines.append("{rank=source " + " ".join(f"n{i}" for i in request.ports) + "}")
    ports = set(request.ports)
    row_of = {i: number for number, row in enumerate(request.rows) for i in row}
    lines += ["{rank=same " + " ".join(f"n{i}" for i in row) + "}" for row in request.rows]
    lines += _clusters(request.scopes)
    for i, (source, target, above) in enumerate(request.edges):
        ends = f"n{target} -> n{source} [dir=back" if above else f"n{source} -> n{target} ["
        flat = source in row_of and row_of[source] == row_of.get(target)
        labelled = request.labels and not flat and (i not in request.loose or source == target)
        room = request.labels[i] if labelled else 0.0
        wide = _room(room) if room else ""
        upright = " tailport=n" if source in ports else ""
        loose = " constraint=false" if i in request.loose else " weight=20" if flat else ""
        lines.append(f'{ends} id="{i}"{wide}{loose}{upright}]')
    lines += [f"n{low} -> n{high} [style=invis]" for low, high in request.over]
    beside = [pair for number in request.ordered for pair in pairwise(request.rows[number])]
    joined = {(source, target) for source, target, _ in request.edges}
    lines += [f"n{left} -> n{right} [style=invis]" for left, right in beside if (left, right) not in joined]
    return "\n".join([*lines, "}"])


def _clusters(scopes: Sequence[tuple[str, Sequence[int]]]) -> list[str]:
    """Return the scopes as clusters; one stands in the smallest other that has all its members and more."""
    sets = [set(members) for _, members in scopes]
    inside: dict[int | None, list[int]] = defaultdict(list)
    for number, members in enumerate(sets):
        around = [other for other, larger in enumerate(sets) if members < larger]
        inside[min(around, key=lambda other: len(sets[other]), default=None)].append(number)

    def cluster(number: int) -> str:
        nodes = " ".join(f"n{i}" for i in scopes[number][1])
        inner = "\n".join(map(cluster, inside[number]))
        return f'subgraph cluster{number} {{ margin=9 label="x" fontsize=9 labeljust=l {nodes} {inner} }}'

    return [cluster(number) for number in inside[None]]


def _room(width: float) -> str:
    """Return a label of exactly that width, whatever fonts there are."""
    cell = f'<td border="0" fixedsize="true" width="{width:.0f}" height="16"></td>'
    return f' label=<<table border="0" cellspacing="0" cellpadding="0"><tr>{cell}</tr></table>>'


def _read(answer: dict[str, Any], request: Request) -> Placed:
    _, _, width, height = map(float, answer["bb"].split(","))
    places = {thing["name"]: thing for thing in answer.get("objects", ())}
    edges = {edge["id"]: edge for edge in answer.get("edges", ()) if "id" in edge}
    lines = [edges[str(i)] for i in range(len(request.edges))]
    if not all("pos" in line for line in lines):
        raise LayoutError("lost some of the lines")
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
