"""What every picture must keep to."""

import itertools

import pytest


def _overlap(a, b):
    return abs(a.x - b.x) < (a.width + b.width) / 2 - 0.5 and abs(a.y - b.y) < (a.height + b.height) / 2 - 0.5


def _points(path):
    """Twenty points of each piece of a path."""
    for i in range(0, len(path.points) - 1, 3):
        piece = path.points[i : i + 4]
        for k in range(21):
            t, s = k / 20, 1 - k / 20
            weights = s**3, 3 * s * s * t, 3 * s * t * t, t**3
            yield tuple(sum(w * p[axis] for w, p in zip(weights, piece, strict=True)) for axis in (0, 1))


def _crosses(path, box):
    return any(abs(x - box.x) < box.width / 2 - 4 and abs(y - box.y) < box.height / 2 - 4 for x, y in _points(path))


@pytest.fixture(scope="session")
def check_picture():
    """Check that no two nodes overlap, none is cut off, and no edge runs through a node that it does not join."""

    def check(drawing):
        layout, scene = drawing.layout, drawing.scene
        boxes = {node.id: layout.box(node.id) for node in scene.nodes}
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
            assert not _overlap(a, b), (one, other)
        for box in boxes.values():
            assert box.left >= -1
            assert box.right <= layout.width + 1
            assert box.top >= -1
            assert box.bottom <= layout.height + 1
        for route in layout.routes:
            edge = scene.edges[route.edge]
            path = route.path.moved(layout.origin(route.column), 0.0)
            for id, box in boxes.items():
                if id not in (edge.source, edge.target):
                    assert not _crosses(path, box), f"{edge.source}→{edge.target} runs through {id}"

    return check
