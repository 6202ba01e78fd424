"""Ends of lines: at a box as wide as many arrowheads ask none meet, and at a circle none has a hook."""

from itertools import pairwise

import numpy as np
import pytest

import tinygraph as tg
import viz
from viz.layout.geometry import Box, Path, samples
from viz.layout.landings import spread_landings


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


def test_a_line_that_ends_in_a_short_piece_comes_to_a_circle_without_a_hook_beside_others():
    boxes = [Box(0, 0, 44, 44), Box(50, 80, 44, 44), Box(60, 60, 44, 44)]
    long = ((45, 58), (45, 30), (60, 40), (25, 17)), ((50, 40), (60, 50), (40, 30), (25, 17))
    paths = [Path((*points, (24, 17), (23, 16), (22, 15)), (17, 12)) for points in long]
    spread_landings(paths, [(1, 0), (2, 0)], boxes)
    assert np.hypot(*np.subtract(paths[0].tip, paths[1].tip)) > 5
    for path in paths:
        steps = np.diff([*samples(path).points, path.tip], axis=0)
        steps = steps[steps.any(axis=1)][-8:]
        angles = np.arctan2(*steps.T)
        assert abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi).max() < 0.7
