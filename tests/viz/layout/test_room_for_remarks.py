"""Lines that part have a dot where they do; the names of biases and weights have room, also at the ends."""

import re

import numpy as np
import pytest

import tinygraph as tg
import viz
from viz.layout.geometry import samples

X = np.sin(np.arange(8.0)).reshape(4, 2)


def gated():
    Wz, Wr, Wh, h = *(tg.parameter(np.eye(2) / k) for k in (1, 2, 3)), np.zeros(2)
    for x in X:
        z = tg.sigmoid(Wz @ h + x)
        r = tg.sigmoid(Wr @ h + x)
        n = np.tanh(Wh @ (r * h))
        h = (1 - z) * h + z * n
    return h.sum()


def with_long_names():
    W, h = tg.parameter(np.eye(2)), np.zeros(2)
    bias_of_the_hidden_layer, another_long_bias = tg.parameter(np.ones(2)), tg.parameter(np.ones(2))
    for x in X:
        h = np.tanh(W @ h + x + bias_of_the_hidden_layer + another_long_bias)
    return h.sum()


def test_lines_of_one_source_part_at_a_dot():
    drawing = viz.draw(gated(), view="variables")
    layout, edges = drawing.layout, drawing.scene.edges
    points = {}
    for route in layout.routes:
        x = layout.origin(route.column)
        pieces = samples(route.path).points
        points.setdefault(edges[route.edge].source, []).append(pieces + (x, 0.0))
    assert len(layout.forks) >= 4  # h goes on to two gates and more, in every gutter
    for fork in layout.forks:
        near = {
            source: sum(np.hypot(*(line - fork).T).min() < 4.5 for line in lines) for source, lines in points.items()
        }
        assert max(near.values()) >= 2
    assert drawing.svg().count('<circle class="a"') == len(layout.forks)


def remarks(drawing, node):
    """Return where the remarks of a node stand on the page."""
    column, _ = drawing.layout.places[node.id]
    return [box.moved(drawing.layout.origin(column), 0.0) for box in drawing.layout.remarks(node)]


@pytest.mark.parametrize("fold", [False, True])
def test_no_name_beside_a_node_is_cut_off(fold):
    drawing = viz.draw(with_long_names(), view="variables", fold=fold)
    start, _, width, _ = map(float, re.search(r'viewBox="([^"]*)"', drawing.svg())[1].split())
    tags = [box for node in drawing.scene.nodes for box in remarks(drawing, node)]
    assert len(tags) >= 2
    assert all(start <= box.left and box.right <= start + width for box in tags)


def test_names_beside_a_node_do_not_reach_into_the_next_column():
    drawing = viz.draw(with_long_names(), view="variables")
    boxes = {node.id: drawing.layout.box(node.id) for node in drawing.scene.nodes}
    for node in drawing.scene.nodes:
        for tag in remarks(drawing, node):
            for other, box in boxes.items():
                if other != node.id and drawing.scene.node(other).column != node.column:
                    apart = box.left >= tag.right or box.right <= tag.left or box.top >= tag.bottom
                    assert apart or box.bottom <= tag.top
