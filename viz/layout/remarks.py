"""Where remarks on nodes stand: at the corner where they cover least, alike in every column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

import numpy as np

from ..scenes.scene import Node, Scene
from .positions import Layout
from .size import CORNERS, tag_boxes
from .surroundings import COVERS_TEXT, Surroundings, corners, meet

AWKWARD = 0.5  # what each corner costs more than the one before
MOST = 600  # distinct nodes with remarks; beyond, they stay at the lower right


def place_remarks(scene: Scene, layout: Layout, spans: list[tuple[int, int]]) -> None:
    """Find the corner of each node at which its remarks stand; `spans` are the first and last column of each route."""
    alike: dict[Hashable, list[Node]] = defaultdict(list)
    for node in scene.nodes:
        if node.tags:
            column, box = layout.places[node.id]
            alike[node.tags, box if column >= 0 else node.id].append(node)
    if len(alike) > MOST:
        return
    around: dict[int, Surroundings] = {}
    for nodes in alike.values():
        columns = [layout.places[node.id][0] for node in nodes]
        total = np.zeros(len(CORNERS))
        for place in sorted({0, min(1, len(nodes) - 1), len(nodes) - 1}):
            node, column = nodes[place], columns[place]
            if column not in around:
                around[column] = Surroundings(scene, layout, spans, column, 1, remarks=False)
            total = np.maximum(total, _costs(around[column], node, layout))
        corner = int(np.argmin(total + AWKWARD * np.arange(len(CORNERS))))
        for node in nodes:
            layout.corners[node.id] = corner
        for surroundings in around.values():
            for box in tag_boxes(nodes[0], layout.places[nodes[0].id][1], corner):
                surroundings.take(box, set(columns))


def _costs(around: Surroundings, node: Node, layout: Layout) -> np.ndarray:
    """Return what it costs to put the remarks of a node at each of its corners."""
    box = layout.places[node.id][1]
    places = [tag_boxes(node, box, corner) for corner in range(len(CORNERS))]
    costs = np.zeros(len(CORNERS))
    for i in range(len(node.tags)):
        remarks = [boxes[i] for boxes in places]
        costs += around.costs(remarks) - COVERS_TEXT * meet(corners(remarks), corners([box]), 1.0)[:, 0]
    return costs
