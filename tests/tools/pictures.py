"""What every picture must keep to, and the gallery's figures, each drawn once."""

from functools import cache
from typing import Any

import numpy as np

import viz
from examples.figures import FIGURES

TIMES = np.linspace(0, 1, 21)[:, None]
BERNSTEIN = np.hstack([(1 - TIMES) ** 3, 3 * (1 - TIMES) ** 2 * TIMES, 3 * (1 - TIMES) * TIMES**2, TIMES**3])


def check_picture(drawing: viz.Drawing) -> None:
    """Check that no two nodes overlap, none is cut off, and no edge runs through a node that it does not join."""
    layout, scene = drawing.layout, drawing.scene
    ids = np.array([node.id for node in scene.nodes])
    boxes = np.array([layout.box(id) for id in ids])
    centres, sizes = boxes[:, :2], boxes[:, 2:]

    overlap = (abs(centres[:, None] - centres) < (sizes[:, None] + sizes) / 2 - 0.5).all(axis=-1)
    assert not np.triu(overlap, 1).any(), f"{ids[np.argwhere(np.triu(overlap, 1))].tolist()} overlap"

    page = [layout.width, layout.height]
    cut_off = ((centres - sizes / 2 < -1) | (centres + sizes / 2 > np.add(page, 1))).any(axis=-1)
    assert not cut_off.any(), f"{ids[cut_off].tolist()} are cut off"

    for route in layout.routes:
        edge = scene.edges[route.edge]
        line = points_of(route.path) + [layout.origin(route.column), 0]
        inside = (abs(line[:, None] - centres) < sizes / 2 - 4).all(axis=-1).any(axis=0)
        crossed = set(ids[inside]) - {edge.source, edge.target}
        assert not crossed, f"{edge.source}→{edge.target} runs through {crossed}"


def points_of(path) -> np.ndarray:
    """Return 21 points of each piece of a path: its shape is (points, 2)."""
    starts = np.arange(0, len(path.points) - 1, 3)
    pieces = np.array(path.points)[starts[:, None] + np.arange(4)]
    return (BERNSTEIN @ pieces).reshape(-1, 2)


@cache
def drawn(name: str) -> Any:
    """Return the picture of the gallery's figure of a name, for tests that only look at it."""
    return next(figure for figure in FIGURES if figure.name == name).draw()
