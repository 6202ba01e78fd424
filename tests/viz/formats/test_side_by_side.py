"""Pictures beside one another: one document, names and styles of each its own, colours that mean the same."""

import io
import pickle
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

import tinygraph as tg
import viz
from examples import programs
from viz.palette import DARK, LIGHT, ramp

SVG = "{http://www.w3.org/2000/svg}"


def network(gain):
    W = tg.parameter([[gain]], name="W")
    h = tg.tensor([1.0])
    for _ in range(3):
        h = W @ h
    return h.sum()


@pytest.fixture(scope="module")
def drawings():
    return [viz.draw(network(gain), "variables", overlay="grad_norm") for gain in (0.1, 10.0)]


@pytest.fixture(scope="module")
def both(drawings):
    return viz.side_by_side(*drawings, titles=("weak", "strong"))


def test_no_two_elements_have_the_same_id_and_all_that_is_referred_to_is_there(both):
    svg = both.svg()
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids)) > 20
    drawn = svg[svg.index('class="tinygraph-1"') :]
    assert set(re.findall(r"url\(#([^)]+)\)", drawn)) <= set(ids)


def test_each_drawing_keeps_its_style_to_itself(both):
    root = ET.fromstring(both.svg())
    panels = [panel for panel in root.iter(f"{SVG}svg") if panel is not root]
    names = [panel.get("class") for panel in panels]
    assert len(set(names)) == 3  # what is around them, and each of the two
    for panel, name in zip(panels, names, strict=True):
        rules = panel.find(f"{SVG}style").text
        selectors = re.findall(r"(?:^|[},{])([^{},@]+){", rules.replace("@media(prefers-color-scheme:dark){", ""))
        assert selectors
        assert all(f".{name} " in selector for selector in selectors)


def test_the_drawings_stand_beside_one_another_each_under_its_title(both, drawings):
    root = ET.fromstring(both.svg())
    first, second = [panel for panel in root.iter(f"{SVG}svg") if panel.get("x")]
    assert float(second.get("x")) >= float(first.get("x")) + float(first.get("width"))
    assert float(root.get("width")) >= float(second.get("x")) + float(second.get("width"))
    titles = {text.text: float(text.get("x")) for text in root.iter(f"{SVG}text") if text.text in ("weak", "strong")}
    assert titles["weak"] < float(second.get("x")) < titles["strong"]
    stacked = ET.fromstring(viz.side_by_side(*drawings, titles=("weak", "strong"), columns=1).svg())
    first, second = [panel for panel in stacked.iter(f"{SVG}svg") if panel.get("x")]
    assert first.get("x") == second.get("x")
    assert float(second.get("y")) > float(first.get("y")) + float(first.get("height"))


def test_drawings_share_the_scale_of_their_colours_and_have_one_legend(both, drawings):
    weak, strong = (picture.scene for picture in both.pictures)
    assert weak.legend.entries == strong.legend.entries
    fill = lambda scene, label: next(node.fill for node in scene.nodes if node.label == label)
    assert fill(weak, "h⁽³⁾") == fill(strong, "h⁽³⁾")  # its gradient is 1 in both
    assert fill(weak, "h⁽¹⁾") == ramp(0.0)
    assert [fill(strong, f"h⁽{t}⁾") for t in "¹²³"] == sorted(fill(strong, f"h⁽{t}⁾") for t in "¹²³")  # darker back
    assert both.svg().count("norm of the gradient, log scale</text>") == 1
    own = viz.side_by_side(*drawings, shared=False)
    assert [picture.scene for picture in own.pictures] == [drawing.scene for drawing in drawings]
    assert own.svg().count("norm of the gradient, log scale</text>") == 2


def test_the_drawings_that_were_given_stay_as_they_were(drawings):
    before = [drawing.svg() for drawing in drawings]
    viz.side_by_side(*drawings).svg()
    assert [drawing.svg() for drawing in drawings] == before


def test_what_any_of_them_marks_stands_in_the_common_legend():
    x = tg.parameter(np.array([1.0, 1e-9]), name="x")
    tiny, infinite = np.sum(x * np.array([0.0, 0.0])), np.sum(x * np.array([1.0, np.inf]))
    pictures = viz.side_by_side(*(viz.draw(loss, overlay="grad_norm") for loss in (tiny, infinite))).pictures
    for picture in pictures:
        marks = [text for text, _ in picture.scene.legend.entries]
        assert "not finite" in marks
        assert marks[0].startswith("≤")


def test_other_overlays_keep_scales_of_their_own():
    loss = network(0.1)
    pair = [viz.draw(loss, overlay=overlay) for overlay in ("grad_norm", "value")]
    together = viz.side_by_side(*pair)
    assert [picture.scene.legend for picture in together.pictures] == [drawing.scene.legend for drawing in pair]
    assert together.svg().count('legend"') == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_is_light_or_dark(both, theme):
    svg = both.svg(theme)
    own, other = (LIGHT, DARK) if theme == "light" else (DARK, LIGHT)
    assert svg.count(f".paper{{fill:{own.paper}}}") == 3
    assert f".paper{{fill:{other.paper}}}" not in svg
    assert "prefers-color-scheme" not in svg


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "jpg"])
def test_it_is_saved_in_the_formats_of_a_picture(both, tmp_path, suffix):
    assert both.save(tmp_path / f"both.{suffix}").stat().st_size > 1000


def test_the_png_shows_both(both, drawings, tmp_path):
    image = Image.open(io.BytesIO(both.save(tmp_path / "both.png").read_bytes())).convert("L")
    width = image.width // 2
    inked = [(np.asarray(image)[:, part] < 128).sum() for part in (slice(None, width), slice(width, None))]
    assert min(inked) > 500


def test_it_is_not_saved_as_a_graph(both, tmp_path):
    with pytest.raises(ValueError, match=r"both\.dot.*\.svg"):
        both.save(tmp_path / "both.dot")


def test_in_a_notebook_two_of_them_have_nothing_in_common(both):
    other = viz.side_by_side(viz.draw(programs.gru(1)), viz.draw(programs.product()))
    names = [set(re.findall(r' (?:id|class)="(tg[\w-]+)"', picture.html())) for picture in (both, other)]
    assert names[0] and names[1]
    assert names[0].isdisjoint(names[1])
    assert "prefers-color-scheme" not in both.html()
    assert set(both._repr_mimebundle_()) == {"text/html", "image/svg+xml", "text/plain"}
    assert "weak\nUnrolled network" in both.text()


def test_pictures_beside_pictures_can_stand_beside_others(both):
    svg = viz.side_by_side(both, both, columns=1).svg()
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    classes = re.findall(r'<svg [^>]*class="([^"]+)"', svg)
    assert len(classes) == len(set(classes)) == 10


def test_a_name_like_ours_stays_what_it_is():
    x = tg.parameter(1.0, name='tinygraph id="tg-a" url(#tg-a)')
    svg = viz.side_by_side(viz.draw(x * 2), viz.draw(x * 3)).html()
    assert svg.count("tinygraph id=&quot;tg-a&quot; url(#tg-a)") >= 2  # in the titles of its nodes


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: viz.side_by_side(), ValueError, "no picture"),
        (lambda a: viz.side_by_side(a, titles=("one", "two")), ValueError, "2 titles for 1 pictures"),
        (lambda a: viz.side_by_side(a, columns=0), ValueError, "columns must be 1 or more, not 0"),
        (lambda a: viz.side_by_side([a, a]), TypeError, "expected pictures, such as viz.draw.* makes, not list"),
        (lambda a: viz.side_by_side(network(1.0)), TypeError, "not Tensor"),
    ],
)
def test_what_cannot_stand_side_by_side_is_refused(drawings, call, error, message):
    with pytest.raises(error, match=message):
        call(drawings[0])


def test_a_scope_drawn_as_one_node_stays_without_a_colour_and_all_pictures_can_be_pickled():
    W, h = tg.parameter(np.eye(2) / 2), np.ones(2)
    for _ in range(2):
        with tg.scope("cell"):
            h = np.tanh(W @ h)
        h = h + 1.0
    loss = h.sum()
    pair = [viz.draw(loss, overlay="grad_norm", collapse="cell"), viz.draw(loss, overlay="grad_norm")]
    both = viz.side_by_side(*pair, viz.plot(loss, "h"), viz.heat_map(loss, "h"))
    assert {node.fill for node in both.pictures[0].scene.nodes if node.label == "cell"} == {None}
    assert pickle.loads(pickle.dumps(both)).svg() == both.svg()
