"""The SVG itself: well formed, safe whatever a name contains, readable without seeing it, small, always the same."""

import functools
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinygraph as tg
import viz
from examples import programs
from examples.figures import DRAWINGS, FIGURES
from tests.tools.pictures import drawn
from tests.tools.processes import ROOT, run_python
from viz.palette import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"
HARMLESS = {"svg", "title", "desc", "style", "defs", "marker", "path", "circle", "rect", "g", "text", "tspan"}


def named(name: str, view: str = "ops", fold: bool = False) -> viz.Drawing:
    """A small network whose names are all `name`."""
    W, b = tg.parameter(np.eye(2), name=name), tg.parameter(np.zeros(2), name=name)
    h = tg.tensor(np.ones(2), name=name)
    with tg.scope(name or "scope"):
        for _ in range(2):
            h = np.tanh(W @ h + b)
    return viz.draw(h, view=view, fold=fold)


@functools.cache
def groups_of_a_plain_name(view: str, fold: bool) -> list[str | None]:
    return [group.get("id") for group in ET.fromstring(named("h", view, fold).svg()).iter(f"{SVG}g")]


def check_harmless(svg: str) -> ET.Element:
    root = ET.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in HARMLESS
        for attribute in element.attrib:
            assert not attribute.lower().startswith("on")
            assert "href" not in attribute.lower()
    return root


@pytest.mark.slow
@given(st.text(min_size=1, max_size=40))
@example('<script>alert("1")</script>')
@example("</title></svg><a href='javascript:1'>")
@example("<b>bold</b>")
@example("relu:1")
@example("\\N\\l\\G")
@example("a\nb\tc\0d\x1b[31m")
@example('say "hi" & go')
@example("]]><!--")
@example("שלום")
@example("\u202eabc")
@example("👩🏽‍🔬 e\u0301")
@example("\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
@settings(max_examples=60, deadline=None)
def test_no_name_ever_becomes_markup(name):
    for view, fold in (("ops", False), ("variables", False), ("ops", True), ("variables", True)):
        root = check_harmless(named(name, view, fold).svg())
        assert [group.get("id") for group in root.iter(f"{SVG}g")] == groups_of_a_plain_name(view, fold)


@pytest.mark.parametrize("name", ["x" * 24 + "\x1f", "\x01" + "x" * 24])
def test_control_characters_of_a_long_name_are_taken_out(name):
    check_harmless(named(name).svg())


def test_a_name_of_10_000_characters_is_cut():
    drawing = named("x" * 10_000)
    assert drawing.layout.width < 2_000
    assert len(drawing.svg()) < 20_000


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figures_are_well_formed_with_title_and_description(figure):
    root = check_harmless(drawn(figure.name).svg())
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    if figure in DRAWINGS:
        assert root.find(f"{SVG}title").text == figure.caption
    assert root.find(f"{SVG}desc").text
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_identifiers_are_those_of_nodes_and_edges():
    drawing = viz.draw(programs.first_model())
    ids = {element.get("id") for element in ET.fromstring(drawing.svg()).iter()}
    assert {node.id for node in drawing.scene.nodes} <= ids
    for edge in drawing.scene.edges:
        assert f"{edge.source}-{edge.target[1:]}-{edge.argument}" in ids


def test_light_dark_and_by_the_readers_setting():
    drawing = viz.draw(programs.shared_parameter())
    light, dark, auto = (drawing.svg(theme) for theme in ("light", "dark", "auto"))
    assert LIGHT.paper in light
    assert DARK.paper not in light
    assert DARK.paper in dark
    assert LIGHT.hues[0] not in dark
    assert LIGHT.paper in auto
    assert DARK.paper in auto
    assert "@media(prefers-color-scheme:dark)" in auto
    with pytest.raises(ValueError, match="theme must be"):
        drawing.svg("sepia")


def test_at_most_4_kilobytes_a_time_step_and_no_more_for_longer_programs():
    sizes = {T: len(viz.draw(programs.first_model(T), timesteps=slice(None)).svg().encode()) for T in (100, 400)}
    each = (sizes[400] - sizes[100]) / 300
    assert each <= 4096


def test_values_that_are_not_finite_are_drawn():
    W = tg.parameter(np.full((2, 2), np.nan))
    h = np.array([np.inf, 1.0])
    for _ in range(2):
        h = np.tanh(W @ h)
    drawing = viz.draw(h, overlay="value")
    assert "not finite" in [text for text, _ in drawing.scene.legend.entries]
    check_harmless(drawing.svg())


def test_a_graph_of_one_node():
    root = check_harmless(viz.draw(tg.parameter(1.0, name="w")).svg())
    assert [text.text for text in root.iter(f"{SVG}text")] == ["w", "scalar"]


@pytest.mark.slow
def test_the_same_program_gives_the_same_bytes_in_another_process():
    code = "from examples import programs; import viz; print(viz.draw(programs.bidirectional()).svg())"
    another = run_python("-c", code, cwd=ROOT, PYTHONHASHSEED="1")  # here it is another one
    assert another.returncode == 0, another.stderr
    assert another.stdout == viz.draw(programs.bidirectional()).svg() + "\n"
