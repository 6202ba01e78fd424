"""Where lines of different nets touch, so that a reader would see an edge that is not there.

A net is all lines from one source. Two nets may cross; they may not run along one another, nor may one end on the
other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import viz
from viz.layout.geometry import Path, samples

End = tuple[Any, ...] | None  # a target, and where the line ends
CLOSE = 2.0  # pixels: nearer lines touch
CELL = 8.0  # pixels: so large are the squares in which lines are looked for
LONGEST = 6.0  # so far two nets may run along each other, where they cross at a small angle


def points(path: Path) -> np.ndarray:
    """Return points along a path, some pixels apart, and its tip."""
    return np.append(samples(path).points, [path.tip], axis=0) if path.tip else samples(path).points


def dense(path: Path) -> np.ndarray:
    """Return points along a path at most two pixels apart."""
    corners = points(path)
    steps = np.hypot(*np.diff(corners, axis=0).T)
    places = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, places[-1], max(2, int(places[-1] / 2) + 1))
    return np.column_stack([np.interp(wanted, places, corners[:, i]) for i in (0, 1)])


def near_pairs(lines: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of lines that come close to one another somewhere."""
    cells: dict[tuple[int, int], set[int]] = defaultdict(set)
    for number, line in enumerate(lines):
        for x, y in {*map(tuple, np.floor(line / CELL).astype(int))}:
            cells[x, y].add(number)
    around = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    pairs = set()
    for (x, y), here in cells.items():
        close = set().union(*(cells[x + dx, y + dy] for dx, dy in around if (x + dx, y + dy) in cells))
        pairs |= {(one, other) for one in here for other in close if one < other}
    yield from sorted(pairs)


def touching(drawing: viz.Drawing) -> list[str]:
    """Return what touches in a drawing, in words; lines may join where no edge is seen that is not there."""
    layout, edges = drawing.layout, drawing.scene.edges
    labels = {node.id: node.label for node in drawing.scene.nodes}
    nets: list[tuple[str, End, str, np.ndarray]] = []
    for route in layout.routes:
        edge = edges[route.edge]
        if edge.kind != "gradient":
            line = dense(route.path.moved(layout.origin(route.column), 0.0))
            nets.append(
                (edge.source, (edge.target, *line[-1].round()), f"{labels[edge.source]}→{labels[edge.target]}", line)
            )
    for rail in layout.rails:
        nets.append((rail.source, None, f"{labels[rail.source]}→", dense(rail.path)))
    joined = {(edge.source, edge.target) for edge in edges}
    problems = []
    for one, other in near_pairs([line for *_, line in nets]):
        (source, end, name, line), (other_source, other_end, other_name, other_line) = nets[one], nets[other]
        if source != other_source and not _may_join(source, end, other_source, other_end, joined):
            problem = _meeting(line, other_line)
            if problem:
                problems.append(f"{name} and {other_name} {problem}")
    return problems


def _may_join(source: str, end: End, other: str, other_end: End, joined: set[tuple[str, str]]) -> bool:
    """Return whether two lines may run together: to one arrowhead, or where all edges that one may see are there."""
    if end is None or other_end is None:
        return False
    if end[0] == other_end[0]:
        return end == other_end
    return {(source, other_end[0]), (other, end[0])} <= joined


def _meeting(line: np.ndarray, other: np.ndarray) -> str:
    """Say how two lines touch; nothing if they keep apart or cross."""
    low, high = other.min(axis=0) - CLOSE, other.max(axis=0) + CLOSE
    inside = ((line >= low) & (line <= high)).all(axis=1)
    if not inside.any():
        return ""
    near = np.zeros(len(line), bool)
    distances = np.hypot(*(line[inside][:, None] - other[None]).transpose(2, 0, 1)).min(axis=1)
    near[inside] = distances < CLOSE
    if near[0] or near[-1]:
        return f"end on one another at {line[0 if near[0] else -1].round()}"
    back = np.hypot(*(other[[0, -1]][:, None] - line[None]).transpose(2, 0, 1)).min(axis=1)
    if (back < CLOSE).any():
        return f"end on one another at {other[0 if back[0] < CLOSE else -1].round()}"
    runs = np.flatnonzero(np.diff(np.concatenate([[0], near.astype(int), [0]])))
    if len(runs) and 2 * (runs[1::2] - runs[::2]).max() > 2 * CLOSE + LONGEST:
        return f"run along one another at {line[runs[0]].round()}"
    return ""
