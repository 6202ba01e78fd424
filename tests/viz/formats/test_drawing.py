"""A Drawing's formats: files by suffix, whole or not at all; DOT with positions; other tools' languages; notebooks."""

import gc
import io
import re
import xml.etree.ElementTree as ET

import graphviz
import networkx as nx
import numpy as np
import pygraphviz
import pytest

import tinygraph as tg
import viz
from examples import programs
from viz.palette import DARK, LIGHT
from viz.scenes.scene import Column, Edge, Node, Scene

HOSTILE = [
    "<b>bold</b>",
    "relu:1",
    "\\N and \\l",
    'say "hi"',
    "a\nb",
    "]]>",
    "a|b{c}",
    "};x[label=1]",
    "#quot;",
    "%%{init}%%",
]


@pytest.fixture(scope="module")
def drawing():
    return viz.draw(programs.first_model())


SIGNATURES = {
    "svg": b"<svg", "dot": b"digraph", "gv": b"digraph", "png": b"\x89PNG", "pdf": b"%PDF",
    "jpg": b"\xff\xd8", "graphml": b"<graphml", "mmd": b"flowchart", "json": b"{",
}  # fmt: skip


@pytest.mark.parametrize("suffix", SIGNATURES)
def test_the_suffix_says_the_format(drawing, tmp_path, suffix):
    path = drawing.save(tmp_path / f"g.{suffix}")
    assert path.read_bytes()[:200].find(SIGNATURES[suffix]) >= 0
    assert [file.name for file in tmp_path.iterdir()] == [f"g.{suffix}"]


def test_an_unknown_suffix_is_refused_and_the_known_ones_are_named(drawing, tmp_path):
    with pytest.raises(ValueError, match=r"'.*g\.xyz'.*\.svg.*\.pdf"):
        drawing.save(tmp_path / "g.xyz")
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_survives_a_failure(drawing, tmp_path, monkeypatch):
    path = tmp_path / "g.svg"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="cannot write the drawing: No space left"):
        drawing.save(path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["g.svg"]


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(drawing, tmp_path):
    path, link = tmp_path / "g.svg", tmp_path / "link.svg"
    path.write_text("old")
    path.chmod(0o600)
    link.symlink_to(path)
    drawing.save(link)
    assert link.is_symlink()
    assert path.read_text() == drawing.svg()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_missing_is_said_so(drawing, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot write the drawing.*g\.svg"):
        drawing.save(tmp_path / "no" / "g.svg")


def test_a_bitmap_that_would_be_too_wide_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"32,767.*save it as svg"):
        viz.draw(programs.first_model(200), timesteps=slice(None)).save(tmp_path / "g.png")


def test_the_png_is_the_svg_at_twice_its_size(drawing, tmp_path):
    data = drawing.save(tmp_path / "g.png").read_bytes()
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    root = ET.fromstring(drawing.svg())
    assert width == pytest.approx(2 * float(root.get("width")), abs=2)
    assert height == pytest.approx(2 * float(root.get("height")), abs=2)


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "jpg", "eps", "ps", "dot"])
def test_nothing_is_said_on_stderr(suffix, tmp_path, capfd):
    viz.draw(programs.attention()).save(tmp_path / f"g.{suffix}")
    assert capfd.readouterr().err == ""


def test_what_is_elided_stands_in_the_title():
    name = "the_recurrent_weights_of_the_encoder"
    W = tg.parameter([[0.5]], name=name)
    node = viz.draw(W @ np.ones(1)).scene.node("n0")
    assert node.label == "the_recurrent_we…_of_the_encoder"
    assert name in node.title


def test_the_collector_is_left_as_it_was(drawing):
    for was in (False, True):
        (gc.enable if was else gc.disable)()
        viz.draw(programs.shared_parameter()).svg()
        assert gc.isenabled() is was


def test_dot_carries_the_very_positions_of_the_layout(drawing):
    graph = pygraphviz.AGraph(string=drawing.dot)
    height = drawing.layout.height
    for node in drawing.scene.nodes:
        box = drawing.layout.box(node.id)
        x, y = map(float, graph.get_node(node.id).attr["pos"].split(","))
        assert (x, y) == pytest.approx((box.x, height - box.y), abs=0.01)
    drawn = [node for node in graph.nodes() if not node.startswith("column")]
    assert len(drawn) == len(drawing.scene.nodes)
    assert graph.number_of_edges() == len(drawing.scene.edges)
    assert isinstance(drawing.to_graphviz(), graphviz.Digraph)


@pytest.fixture(scope="module")
def two_rows():
    """A parameter that two loops share, one drawn over the other."""
    bands = {
        (band, column): Node(f"n{2 * band + column}", "h", column=column, band=band)
        for band in (1, 2)
        for column in (0, 1)
    }
    edges = [Edge("n0", node.id) for node in bands.values()]
    scene = Scene([Node("n0", "W", kind="parameter"), *bands.values()], edges, [Column("t = 1"), Column("t = 2")])
    drawing = viz.Drawing(scene)
    assert len(drawing.layout.rails) == 2
    return drawing


def test_in_dot_every_line_starts_at_its_node_whichever_rail_it_takes(two_rows):
    box, height = two_rows.layout.box("n0"), two_rows.layout.height
    graph = pygraphviz.AGraph(string=two_rows.dot)
    for edge in graph.edges():
        x, y = map(float, edge.attr["pos"].split()[1].split(","))
        assert box.left - 1 <= x <= box.right + 1
        assert box.top - 1 <= height - y <= box.bottom + 1


def test_each_rail_of_a_parameter_has_an_id_of_its_own(two_rows):
    ids = [element.get("id") for element in ET.fromstring(two_rows.svg()).iter() if element.get("id")]
    assert sum(id.startswith("rail-n0") for id in ids) == 2
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_markup_in_dot_mermaid_or_graphml(name):
    def drawn(name):
        W, h = tg.parameter(np.eye(2), name=name), tg.tensor(np.ones(2), name=name)
        return viz.draw(np.tanh(W @ h))

    hostile, plain = drawn(name), drawn("h")
    graph = pygraphviz.AGraph(string=hostile.dot)
    assert sorted(graph.nodes()) == sorted(pygraphviz.AGraph(string=plain.dot).nodes())
    assert "label=<" not in hostile.dot
    assert len(hostile.mermaid().splitlines()) == len(plain.mermaid().splitlines())
    assert all(line.count('"') % 2 == 0 and line.count('"') <= 2 for line in hostile.mermaid().splitlines())
    read = nx.read_graphml(io.StringIO(hostile.graphml()))
    assert set(read.nodes) == {node.id for node in plain.scene.nodes}


def test_backslashes_of_a_name_are_no_escapes_of_graphviz():
    drawing = viz.draw(tg.parameter(1.0, name="\\N \\l"))
    assert 'label="\\\\N \\\\l\\nscalar"' in drawing.dot


def test_networkx_and_graphml_hold_all_nodes_and_edges(drawing):
    graph = drawing.to_networkx()
    assert graph.number_of_nodes() == len(drawing.scene.nodes)
    assert graph.number_of_edges() == len(drawing.scene.edges)
    read = nx.read_graphml(io.StringIO(drawing.graphml()))
    assert {read.nodes[n]["label"] for n in read} == {node.label for node in drawing.scene.nodes}


def test_a_notebook_gets_svg_and_text(drawing):
    bundle = drawing._repr_mimebundle_()
    assert ET.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
    assert "h⁽³⁾" in bundle["text/plain"]
    assert "W" in bundle["text/plain"]
    assert drawing._repr_svg_() == bundle["image/svg+xml"]
    assert drawing._repr_html_() == bundle["text/html"]
    assert set(drawing._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}


def test_the_text_form_is_bounded():
    text = viz.draw(programs.first_model(100), timesteps=slice(None)).text()
    assert len(text.splitlines()) < 50
    assert "more" in text.splitlines()[-1]


def test_in_a_notebook_the_picture_follows_the_page_and_not_the_system(drawing):
    html = drawing.html()
    assert "prefers-color-scheme" not in html
    assert '[data-jp-theme-light="false"]' in html
    assert ".vscode-dark" in html
    assert html.index(LIGHT.paper) < html.index(DARK.paper)
    assert "overflow-x:auto" in html


def test_two_drawings_in_a_page_have_styles_and_arrows_of_their_own(drawing):
    names = [
        set(re.findall(r'class="(tg\w+)"|id="(tg\w+)-a"', html))
        for html in (drawing.html(), viz.draw(programs.gru()).html())
    ]
    assert names[0]
    assert names[0].isdisjoint(names[1])
    assert "tinygraph" not in drawing.html()
    assert all(own in drawing.html() for own in re.findall(r"url\(#(\w+)-a\)", drawing.html()))


def test_a_notebook_that_is_not_trusted_shows_the_text(drawing):
    (text,) = re.findall(r"<pre[^>]*>(.*?)</pre>", drawing.html(), re.DOTALL)
    assert text.startswith("Computational graph")
