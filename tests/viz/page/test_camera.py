"""What part of a drawing is in sight: pure functions, run without a browser."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viz.page.assemble import script

pytestmark = pytest.mark.slow

COLUMNS = [(0, 52, ""), (97, 48, "t = 1"), (199, 48, "t = 2"), (301, 400, "t = 3"), (760, 54, "")]
FIGURE = {
    "width": 814,
    "height": 473,
    "columns": [{"x": x, "width": width, "label": label} for x, width, label in COLUMNS],
}
FRAMES = st.fixed_dictionaries({"width": st.integers(200, 3000), "height": st.integers(100, 2000)})
POINTS = st.fixed_dictionaries({"x": st.integers(0, 814), "y": st.integers(0, 473)})


@pytest.fixture(scope="module")
def camera():
    from py_mini_racer import MiniRacer

    context = MiniRacer()
    context.eval(script(("camera",)))

    def call(function, *arguments):
        text = ", ".join(json.dumps(argument) for argument in arguments)
        return json.loads(context.eval(f"JSON.stringify(camera_module.{function}({text}))"))

    return call


def holds(box, point):
    return (
        box["x"] <= point["x"] <= box["x"] + box["width"] and box["y"] - 1e-9 <= point["y"] <= box["y"] + box["height"]
    )


def in_proportion(box, frame):
    return box["width"] / box["height"] == pytest.approx(frame["width"] / frame["height"])


@settings(max_examples=60, deadline=None)
@given(frame=FRAMES)
def test_all_of_the_drawing_fits_where_any_size_will_do(camera, frame):
    box = camera("fitted", FIGURE, frame, 0)
    assert in_proportion(box, frame)
    assert all(holds(box, {"x": x, "y": y}) for x in (0, 814) for y in (0, 473))


@settings(max_examples=60, deadline=None)
@given(frame=FRAMES, number=st.integers(0, 4), point=POINTS)
def test_a_column_is_in_the_middle_and_readable(camera, frame, number, point):
    x, width, _ = COLUMNS[number]
    point["x"] = x + point["x"] % width
    box = camera("ofColumn", FIGURE, number, frame, point)
    assert in_proportion(box, frame)
    assert frame["width"] / box["width"] >= 0.77 - 1e-9
    assert holds(box, point)
    if width <= box["width"]:
        assert box["x"] + box["width"] / 2 == pytest.approx(x + width / 2)


@settings(max_examples=60, deadline=None)
@given(frame=FRAMES, start=POINTS, point=POINTS)
def test_a_value_is_followed_and_not_when_it_is_in_sight(camera, frame, start, point):
    before = {
        "x": start["x"] - frame["width"] / 2,
        "y": start["y"] - frame["height"] / 2,
        "width": frame["width"],
        "height": frame["height"],
    }
    box = camera("following", FIGURE, before, point)
    assert (box["width"], box["height"]) == (before["width"], before["height"])
    assert holds(box, point)
    assert camera("following", FIGURE, box, point)["y"] == box["y"]


def test_another_frame_has_the_same_middle_and_scale(camera):
    box = camera("resized", {"x": 100, "y": 50, "width": 400, "height": 200}, {"width": 300, "height": 500}, 0.5)
    assert box == {"x": 225, "y": 25, "width": 150, "height": 250}


@pytest.mark.parametrize(
    ("x", "name"), [(-40, "before t = 1"), (110, "t = 1"), (180, "t = 2"), (500, "t = 3"), (9999, "after t = 3")]
)
def test_columns_by_name(camera, x, name):
    assert camera("columnName", FIGURE, camera("columnAt", FIGURE, x)) == name
