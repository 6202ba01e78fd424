"""Drawings that nobody could look at say so before they are made, with their size and the way out."""

import pytest

import viz
from viz.layout.lay_out import lay_out
from viz.scenes.scene import Column, Edge, Node, Scene

pytestmark = pytest.mark.slow


def chain(count, columns=0):
    """Return a scene of so many nodes, each feeding the next; in columns, or in none."""
    at = (lambda i: i * columns // count) if columns else lambda i: None
    nodes = [Node(f"n{i}", "h", column=at(i), slot=i % max(1, count // max(columns, 1))) for i in range(count)]
    edges = [Edge(f"n{i}", f"n{i + 1}") for i in range(count - 1)]
    return Scene(nodes, edges, [Column(f"t = {i}") for i in range(columns)])


def test_a_drawing_of_many_megabytes_is_refused_with_its_size_and_the_way_out():
    drawing = viz.Drawing(chain(300_000, 100_000))
    with pytest.raises(
        ValueError, match=r"300,000 nodes .* 100,000 columns .* 84 MB .*fold=True.*timesteps=.*large=True"
    ):
        drawing.svg()
    assert drawing.to_networkx().number_of_nodes() == 300_000


def test_a_notebook_shows_the_message_in_its_place():
    bundle = viz.Drawing(chain(300_000, 100_000))._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "84 MB" in bundle["text/plain"]


def test_said_to_be_large_it_is_drawn(monkeypatch):
    monkeypatch.setattr("viz.formats.drawing.MOST_BYTES", 1000.0)
    scene = chain(60, 20)
    with pytest.raises(ValueError, match="large=True"):
        viz.Drawing(scene).svg()
    assert viz.Drawing(scene, large=True).svg().count("<rect") > 60


def test_the_size_is_estimated_well():
    drawing = viz.Drawing(chain(3000, 1000))
    size = len(drawing.svg().encode())
    assert 0.5 < 140 * (len(drawing.scene.nodes) + len(drawing.scene.edges)) / size < 2


@pytest.mark.slow
def test_a_large_graph_that_does_not_repeat_gets_the_plainer_layout_if_asked_for():
    scene = chain(6000)
    with pytest.raises(ValueError, match="would take Graphviz"):
        lay_out(scene)
    assert len(lay_out(scene, large=True).places) == 6000
