"""A plot as SVG: where things stand, what is hollow, crossed or left out, and that every tick says the truth."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import viz
from examples import programs
from viz.palette import DARK, LIGHT
from viz.plots.axes import Axis, log_ticks, span, tick_names, whole_ticks
from viz.plots.charts import Chart, Series
from viz.plots.plot import Plot

SVG = "{http://www.w3.org/2000/svg}"
NAN, INF = float("nan"), float("inf")


def plotted(*values, kind="lines", logarithmic=True, **options):
    series = tuple(Series(f"series {k}", v, k, **options) for k, v in enumerate(values))
    return Plot(Chart("A title", "a quantity", series, kind, logarithmic))


def marks(plot, tag, name):
    """The elements of a tag whose class contains a name, with their attributes."""
    return [e for e in ET.fromstring(plot.svg()).iter(SVG + tag) if name in (e.get("class") or "").split()]


def dots(plot):
    return [(float(e.get("cx")), float(e.get("cy"))) for e in marks(plot, "circle", "dot")]


def test_time_runs_from_left_to_right_and_a_geometric_series_is_a_straight_line():
    places = np.array(dots(plotted({t: 0.3**t for t in (1, 2, 3, 4, 5)})))
    assert (np.diff(places[:, 0]) > 0).all()
    assert np.diff(places, axis=0) == pytest.approx(np.diff(places, axis=0).mean(0) * np.ones((4, 1)), abs=0.02)
    assert (np.diff(places[:, 1]) > 0).all()  # down


def test_every_number_stands_where_the_ticks_say():
    plot = plotted({1: 1e-5, 2: 3e-3, 3: 0.5})
    root = ET.fromstring(plot.svg())
    lines = [
        float(re.match(r"M\S+ (\S+)H", e.get("d"))[1]) for e in root.iter(f"{SVG}path") if e.get("class") == "grid"
    ]
    names = ["".join(e.itertext()) for e in root.iter(f"{SVG}text") if e.get("class") == "end quiet"]
    powers = [int(name.removeprefix("10").replace("−", "-")) for name in names]
    expected = np.interp([-5, np.log10(3e-3), np.log10(0.5)], powers, lines)
    inside = [y for (_, y), power in zip(dots(plot), (-5, -2.5, -0.3), strict=True)]
    assert inside[:2] == pytest.approx(expected[:2], abs=0.5)


def test_zero_on_a_logarithmic_axis_is_hollow_below_it_and_breaks_the_line():
    plot = plotted({1: 0.0, 2: 0.1, 3: 0.2, 4: 0.0, 5: 0.3})
    hollow = marks(plot, "rect", "hollow")
    assert len(hollow) == 2
    assert len(dots(plot)) == 3
    assert min(float(e.get("y")) for e in hollow) > max(y for _, y in dots(plot))
    (line,) = marks(plot, "path", "line")
    assert re.sub(r"[\d. ]+", "", line.get("d")) == "MLM"
    assert "0" in [e.text for e in ET.fromstring(plot.svg()).iter(f"{SVG}text")]


def test_nan_and_infinity_are_crossed_and_what_is_not_there_has_a_row_of_its_own():
    plot = plotted({1: NAN, 2: INF, 3: 0.1, 4: None})
    assert len(marks(plot, "path", "cross")) == 2
    assert len(marks(plot, "path", "bare")) == 1
    texts = [e.text for e in ET.fromstring(plot.svg()).iter(f"{SVG}text")]
    assert {"not finite", "none"} <= set(texts)
    clean = plotted({1: 0.2, 2: 0.1})
    assert not {"not finite", "none", "0"} & {e.text for e in ET.fromstring(clean.svg()).iter(f"{SVG}text")}


def test_bars_stand_on_zero_and_a_share_of_zero_is_hollow():
    plot = plotted({1: 0.5, 2: -0.25, 3: 0.0}, kind="bars", logarithmic=False)
    up, down = [(float(e.get("y")), float(e.get("height"))) for e in marks(plot, "rect", "bar")]
    assert up[0] + up[1] == pytest.approx(down[0], abs=0.01)
    assert up[1] == pytest.approx(2 * down[1], rel=1e-3)
    (hollow,) = marks(plot, "circle", "hollow")
    assert float(hollow.get("cy")) == pytest.approx(down[0], abs=0.01)


def test_many_time_steps_have_lines_without_dots_and_one_mark_for_a_run_of_zeros():
    plot = plotted({t: 0.0 if t < 400 else 0.9 ** (1000 - t) for t in range(1, 1001)})
    assert dots(plot) == []
    (run,) = marks(plot, "rect", "hollow")
    assert float(run.get("width")) > 250
    assert "t = 1 to 399: 0" in ET.tostring(run, "unicode")
    assert len(plot.svg()) < 20_000


def test_what_is_plotted_can_be_read_without_seeing_it():
    text = viz.plot(programs.first_model(), "W").text()
    assert "t=1: 0," in text
    assert len(plotted(dict.fromkeys(range(1000), 1.0)).text()) < 700
    root = ET.fromstring(viz.plot(programs.first_model()).svg())
    assert root.find(f"{SVG}title").text == "The gradient on its way back through h"
    assert "log scale" in root.find(f"{SVG}desc").text


def test_names_are_nothing_but_text():
    plot = viz.plot({'<b a="1">&': programs.first_model(), "other": programs.first_model()}, "W")
    assert '<b a="1">&' in "".join(ET.fromstring(plot.svg()).itertext()).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_plot_has_the_colours_of_the_drawings(theme):
    own = LIGHT if theme == "light" else DARK
    assert own.gradient in viz.plot(programs.first_model()).svg(theme)
    compared = plotted({1: 1.0}, {1: 2.0}).svg(theme)
    assert own.hues[0] in compared
    assert own.hues[1] in compared
    assert own.paper in compared


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "eps"])
def test_a_plot_is_saved_in_the_formats_of_a_drawing(tmp_path, suffix):
    assert viz.plot(programs.first_model()).save(tmp_path / f"plot.{suffix}").stat().st_size > 1000


def test_a_plot_stands_beside_a_drawing_and_shows_itself_in_a_notebook():
    loss = programs.first_model()
    both = viz.side_by_side(viz.draw(loss, "variables"), viz.plot(loss), titles=("network", "gradient"))
    ids = re.findall(r' id="([^"]+)"', both.svg())
    assert len(ids) == len(set(ids))
    assert set(viz.plot(loss)._repr_mimebundle_()) == {"text/html", "image/svg+xml", "text/plain"}
    assert "prefers-color-scheme" not in viz.plot(loss).html()


numbers = st.floats(min_value=5e-324, max_value=1.7e308)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_a_logarithmic_axis_holds_its_numbers_and_its_ticks(values):
    axis = Axis(*span(values, True), 100.0, 0.0, True)
    for number in [*values, *(tick for tick, _ in axis.ticks)]:
        assert -0.5 <= axis.at(number) <= 100.5
    assert len(axis.ticks) <= 8
    assert len({name for _, name in axis.ticks}) == len(axis.ticks)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5))
def test_a_plain_axis_holds_its_numbers_its_ticks_and_zero(values):
    axis = Axis(*span(values, False), 100.0, 0.0)
    for number in [0.0, *values, *(tick for tick, _ in axis.ticks)]:
        assert -0.5 <= axis.at(number) <= 100.5
    assert 1 <= len(axis.ticks) <= 8


@given(st.integers(-5, 5), st.integers(0, 10**6), st.integers(2, 30))
def test_marked_time_steps_are_some_of_them_and_both_ends(first, count, most):
    ticks = whole_ticks(range(first, first + count + 1), most)
    assert ticks == sorted(set(ticks))
    assert (ticks[0], ticks[-1]) == (first, first + count)
    assert len(ticks) <= most + 1


def test_ticks_are_round():
    assert log_ticks(1e-12, 1.0) == [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0]
    assert tick_names(log_ticks(1e-12, 1.0))[:2] == ["10⁻¹²", "10⁻¹⁰"]
    assert [name for _, name in Axis(-0.2, 1.05, 0, 1).ticks] == ["0", "0.5", "1"]


def test_numbers_beyond_the_limits_are_marked_above_and_below_and_break_the_line():
    plot = viz.plot({"loss": [0.5, 3.0, 1.0, 0.01, 0.2]}, limits=(0.1, 2.0))
    assert plot.limits == (0.1, 2.0)
    assert len(dots(plot)) == 3
    (line,) = (e.get("d") for e in marks(plot, "path", "line"))
    assert line.count("M") == 3
    above, below = (float(re.match(r"M\S+ (\S+?)h", e.get("d"))[1]) for e in marks(plot, "path", "dot"))
    assert above < min(y for _, y in dots(plot)) < max(y for _, y in dots(plot)) < below
    texts = {"".join(e.itertext()) for e in ET.fromstring(plot.svg()).iter(SVG + "text")}
    assert {"> 2", "< 0.1"} <= texts
    bars = viz.plot(programs.sequence_to_one(4), "W", show="share", limits=(-0.1, 0.1))
    tops = [float(e.get("y")) for e in marks(bars, "rect", "bar")]
    assert min(tops) == min(float(e.get("d").split()[1].split("H")[0]) for e in marks(bars, "path", "grid"))


def test_limits_may_be_those_of_another_plot():
    loss = programs.sequence_to_one(6)
    wide = viz.plot(loss, limits=(1e-9, 1e3))
    assert viz.plot(loss, limits=wide).svg() == wide.svg() != viz.plot(loss).svg()


@pytest.mark.parametrize(
    ("limits", "error", "message"),
    [
        ((1.0, 0.1), ValueError, "below the second"),
        ((0.0, 1.0), ValueError, "logarithmic: its limits must be above 0"),
        ("abc", TypeError, "two numbers"),
    ],
)
def test_limits_that_are_none_are_refused(limits, error, message):
    with pytest.raises(error, match=message):
        viz.plot(programs.sequence_to_one(3), limits=limits)
    with pytest.raises(ValueError, match="bars stand on 0"):
        viz.plot(programs.sequence_to_one(3), "W", show="share", limits=(0.1, 1))


def test_plots_side_by_side_have_one_axis_where_they_show_the_same():
    short, long = viz.plot(programs.sequence_to_one(3)), viz.plot(programs.lstm(12).sum())
    both = viz.side_by_side(short, long).pictures
    assert both[0].limits == both[1].limits == (long.limits[0], max(short.limits[1], long.limits[1]))
    assert viz.side_by_side(short, long, shared=False).pictures[0].limits == short.limits
    losses, shares = viz.plot({"loss": [0.1, 0.2]}), viz.plot({"accuracy": [0.5, 0.9]})
    apart = viz.side_by_side(losses, shares, short).pictures
    assert [picture.limits for picture in apart] == [losses.limits, shares.limits, short.limits]
