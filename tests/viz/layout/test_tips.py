"""Many lines that come to one box from below: the box is as wide as their arrowheads ask, and no two meet."""

from itertools import pairwise

import numpy as np
import pytest

import tinygraph as tg
import viz


def of_many(steps):
    """A helper with twenty arguments; in each of some time steps, or once."""
    weights = [tg.parameter(np.ones(2) * (k + 1), name=f"w{k:02d}") for k in range(20)]

    def mix(h, weights):
        return np.tanh(sum(w * h for w in weights))

    h = np.ones(2)
    for _ in range(steps):
        h = mix(h, weights)
    return np.sqrt((h * h).sum())


@pytest.mark.parametrize("steps", [1, 3])
def test_the_arrowheads_of_many_arguments_stand_side_by_side_at_a_box_as_wide_as_they_are(steps):
    drawing = viz.draw(of_many(steps), view="calls")
    layout, scene = drawing.layout, drawing.scene
    called = [node.id for node in scene.nodes if node.label == "mix"]
    assert len(called) == steps
    for id in called:
        box = layout.box(id)
        assert box.width >= 200
        routes = [route for route in layout.routes if scene.edges[route.edge].target == id]
        tips = [(route.path.tip[0] + layout.origin(route.column), route.path.tip[1]) for route in routes]
        below = sorted(x for x, y in tips if abs(y - box.bottom) < 1)
        assert len(below) >= 20
        assert min(right - left for left, right in pairwise(below)) >= 9
        assert box.left < below[0] < below[-1] < box.right


def test_a_box_with_few_arguments_is_as_wide_as_its_text():
    W, U = (tg.parameter(np.eye(2), name=name) for name in "WU")

    def both(h):
        return np.tanh(W @ h + U @ h)

    drawing = viz.draw((both(np.ones(2)) ** 2).sum(), view="calls")
    (called,) = [node.id for node in drawing.scene.nodes if node.label == "both"]
    assert drawing.layout.box(called).width < 60
