"""Lines of different nets keep apart: they cross, but none runs along another or ends on one."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples.figures import DRAWINGS
from tests.tools.pictures import drawn
from tests.tools.wires import touching
from viz.layout.geometry import Box, rounded
from viz.layout.landings import spread_landings


@pytest.mark.parametrize("figure", DRAWINGS, ids=lambda figure: figure.name)
def test_no_edge_seems_to_exist_that_does_not(figure):
    assert touching(drawn(figure.name)) == []


def gathered(T):
    W, h, states = tg.parameter(0.5, name="W"), tg.tensor(1.0), []
    for _ in range(T):
        h = np.tanh(W * h)
        states.append(h)
    total = np.sum(np.stack(states))
    return total


def two_states(T):
    W, v, s = tg.parameter(0.5, name="W"), tg.tensor(1.0, name="v"), tg.tensor(0.0, name="s")
    for _ in range(T):
        force = -W * s
        s = s + v
        v = v + force
    return s + v


@pytest.mark.parametrize("make", [gathered, two_states])
@pytest.mark.parametrize("T", [3, 4])
@pytest.mark.parametrize("view", ["ops", "variables"])
def test_lines_into_one_node_keep_apart(make, T, view):
    assert touching(viz.draw(make(T), view=view)) == []


def test_many_that_are_gathered_share_a_lane():
    layout = viz.draw(gathered(12), view="variables").layout
    assert layout.height < viz.draw(gathered(5), view="variables").layout.height + 20


def test_ends_that_fall_together_on_a_circle_are_spread():
    boxes = [Box(0, 0, 44, 44), Box(-40, 100, 44, 44), Box(40, 100, 44, 44)]
    paths = [rounded([(-36, 78), (-1, 22)]), rounded([(36, 78), (1, 22)])]
    spread_landings(paths, [(1, 0), (2, 0)], boxes)
    (x, y), (other_x, other_y) = (path.tip for path in paths)
    assert np.hypot(x - other_x, y - other_y) > 10
    assert np.hypot(x, y) == pytest.approx(22, abs=1)


def moved_onto(drawing):
    routes = drawing.layout.routes
    routes[1] = routes[1]._replace(path=routes[0].path, column=routes[0].column)


def test_the_check_is_able_to_fail():
    drawing = viz.draw(two_states(3), view="variables")
    moved_onto(drawing)
    assert touching(drawing)
