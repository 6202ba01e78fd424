"""Where lines of different nets touch, so that a reader would see an edge that is not there.

A net is all lines from one source. Two nets may cross; they may not run along one another, nor may one end on the
other.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np

import viz
from viz.layout.geometry import Path, curve

CLOSE = 2.0  # pixels: nearer lines touch
LONGEST = 6.0  # so far two nets may run along each other, where they cross at a small angle


def points(path: Path) -> np.ndarray:
    """Return points along a path, some pixels apart, and its tip."""
    parts = [curve(piece) for piece in path.pieces()]
    return np.concatenate([*parts, [path.tip]]) if path.tip else np.concatenate(parts)


def dense(path: Path) -> np.ndarray:
    """Return points along a path at most two pixels apart."""
    corners = points(path)
    steps = np.hypot(*np.diff(corners, axis=0).T)
    places = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, places[-1], max(2, int(places[-1] / 2) + 1))
    return np.column_stack([np.interp(wanted, places, corners[:, i]) for i in (0, 1)])


def touching(drawing: viz.Drawing) -> list[str]:
    """Return what touches in a drawing, in words."""
    layout, edges = drawing.layout, drawing.scene.edges
    labels = {node.id: node.label for node in drawing.scene.nodes}
    nets: dict[str, list[tuple[str, np.ndarray]]] = defaultdict(list)
    for route in layout.routes:
        edge = edges[route.edge]
        if edge.kind != "gradient":
            line = dense(route.path.moved(layout.origin(route.column), 0.0))
            nets[edge.source].append((f"{labels[edge.source]}→{labels[edge.target]}", line))
    for rail in layout.rails:
        nets[rail.source].append((f"{labels[rail.source]}→", dense(rail.path)))
    problems = []
    for one, other in combinations(nets, 2):
        for name, line in nets[one]:
            for other_name, other_line in nets[other]:
                problem = _meeting(line, other_line)
                if problem:
                    problems.append(f"{name} and {other_name} {problem}")
    return problems


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
