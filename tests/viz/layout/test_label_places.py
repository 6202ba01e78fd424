"""Labels of edges: beside their line and off all others, alike in every column; and how names are set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz
from examples import programs
from examples.figures import DRAWINGS
from tests.tools.pictures import drawn
from viz.layout.bends import bow, loop
from viz.layout.edge_labels import HEIGHT
from viz.layout.geometry import Box
from viz.layout.size import LABEL_SIZE
from viz.layout.surroundings import ink
from viz.layout.typeset import pieces, typeset_width

# In the folded LSTM six lines come together at one side of s.
CROWDED = {"lstm-cell"}


def _corners(place, label):
    width = typeset_width(label, LABEL_SIZE, True)
    return place[0] - width / 2, place[1] - HEIGHT / 2, place[0] + width / 2, place[1] + HEIGHT / 2


@pytest.mark.parametrize("figure", [f for f in DRAWINGS if f.name not in CROWDED], ids=lambda figure: figure.name)
def test_no_line_runs_through_a_label(figure):
    drawing = drawn(figure.name)
    layout, scene = drawing.layout, drawing.scene
    lines = []
    for route in layout.routes:
        path = route.path.moved(layout.origin(route.column), 0.0)
        lines += [(scene.edges[route.edge], corners) for corners in ink(path)]
    for route in layout.routes:
        label = scene.edges[route.edge].label
        if label and route.label:
            x, y = route.label
            left, top, right, bottom = _corners((x + layout.origin(route.column), y), label)
            for edge, line in lines:
                covered = line[0] < right and line[2] > left and line[1] < bottom and line[3] > top
                assert not covered, (label, edge)


@pytest.mark.parametrize("figure", DRAWINGS, ids=lambda figure: figure.name)
def test_no_label_stands_across_the_side_of_a_frame(figure):
    layout, edges = drawn(figure.name).layout, drawn(figure.name).scene.edges
    frames = [frame.box.moved(layout.origin(frame.column), 0.0) for frame in layout.frames]
    for route in (route for route in layout.routes if route.label):
        x, y = route.label
        left, top, right, bottom = _corners((x + layout.origin(route.column), y), edges[route.edge].label)
        beside = [frame for frame in frames if frame.top < bottom and top < frame.bottom]
        assert not any(left < side < right for frame in beside for side in (frame.left, frame.right))


def test_labels_of_like_edges_stand_alike_in_every_column():
    drawing = viz.draw(programs.bidirectional(8), view="variables")
    places = {}
    for route in drawing.layout.routes:
        label = drawing.scene.edges[route.edge].label
        if label:
            places.setdefault((label, id(route.path)), set()).add(route.label)
    assert len(places) < 30
    assert all(len(found) == 1 for found in places.values())


def test_a_loop_leaves_and_enters_its_node_at_the_right():
    box = Box(50, 50, 44, 44)
    path = loop(box, True)
    for x, y in (path.points[0], path.tip):
        assert (x - 50) ** 2 + (y - 50) ** 2 == pytest.approx(22**2)
        assert x > 50
    assert max(x for x, _ in path.points) > box.right + 15


def test_a_bow_is_not_drawn_through_a_node():
    source, target = Box(0, 0, 40, 40), Box(0, 100, 40, 40)
    assert bow(source, target, True, []) is not None
    assert bow(source, target, True, [Box(40, 50, 30, 30)]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("W_F", [("W", ""), ("F", "low")]),
        ("b1", [("b", ""), ("1", "low")]),
        ("s⁽¹²⁾", [("s", ""), ("(12)", "up")]),
        ("W\u0304_EN U\u0304", [("W", "bar"), ("EN", "low"), (" ", ""), ("U", "bar")]),
        ("softmax_cross_entropy", [("softmax_cross_entropy", "")]),
        ("log1p", [("log1p", "")]),
        ("x_train", [("x_train", "")]),
        ("1e5", [("1e5", "")]),
    ],
)
def test_only_a_single_letter_takes_an_index(text, expected):
    assert list(pieces(text)) == expected


@given(st.text(max_size=30))
def test_setting_a_text_loses_nothing_of_it(text):
    plain = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵗᵀ₀₁₂₃₄₅₆₇₈₉ᵢ", "0123456789+−()tT0123456789i"))
    letters = "".join(part for part, _ in pieces(text))
    assert letters.replace("_", "").replace("\u0304", "") == plain.replace("_", "").replace("\u0304", "")
