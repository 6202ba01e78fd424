"""The backward pass drawn upon the forward one: an arrow for each contribution, a sum for each parameter."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs
from viz.palette import DARK, LIGHT


def labelled_edges(drawing, kind=None):
    """Edges as (source's label, target's label)."""
    label = {node.id: node.label for node in drawing.scene.nodes}
    return [(label[e.source], label[e.target]) for e in drawing.scene.edges if kind is None or e.kind == kind]


def backward_scene(loss, **options):
    return viz.draw(loss, backward=True, **options).scene


def test_c4_the_arrows_of_bptt_have_three_terms_of_v_and_u_and_two_of_w_and_one_that_is_zero():
    scene = backward_scene(programs.first_model(3), view="variables")
    label = {node.id: node.label for node in scene.nodes}
    terms = [(label[edge.target], edge.hollow) for edge in scene.edges if edge.target.startswith("g")]
    assert terms.count(("V\u0304", False)) == terms.count(("U\u0304", False)) == 3
    assert (terms.count(("W\u0304", False)), terms.count(("W\u0304", True))) == (2, 1)
    (zero,) = [edge for edge in scene.edges if edge.hollow]
    assert (label[zero.source], zero.label) == ("a⁽¹⁾", "W\u0304=0")


@pytest.mark.parametrize("view", ["ops", "variables"])
@pytest.mark.parametrize(
    "program", [programs.first_model, programs.bidirectional, programs.lstm, programs.encoder_decoder_attention]
)
def test_the_figure_has_as_many_arrows_to_a_sum_as_the_debugger_lists_contributions(program, view):
    loss = program().sum()
    trace = tg.trace(loss)
    scene = backward_scene(loss, view=view)
    details = {node.id: node.detail for node in scene.nodes}
    for parameter in trace.graph.parameters:
        terms = trace.contributions(parameter)
        arrows = [edge for edge in scene.edges if edge.target == f"g{parameter.index}"]
        assert len(arrows) == len(terms)
        assert sum(edge.hollow for edge in arrows) == sum(term.norm == 0 for term in terms)
        assert details[f"g{parameter.index}"] == (f"Σ of {len(terms)} terms" if len(terms) > 1 else "1 term")


def test_an_arrow_runs_against_every_edge_from_what_requires_a_gradient_and_is_hollow_where_it_brings_nothing():
    W, x = tg.parameter(np.eye(2), name="W"), np.ones(2)
    h = W @ x
    dead = np.maximum(h - 9.0, 0.0)
    y = h + dead
    scene = backward_scene(y.sum(), view="variables")
    label = {node.id: node.label for node in scene.nodes}
    arrows = {(label[e.source], label[e.target]): e.hollow for e in scene.edges if e.kind == "gradient"}
    assert arrows == {
        ("Σ y", "y"): False,
        ("y", "h"): False,
        ("y", "dead"): False,
        ("dead", "h"): True,
        ("h", "W\u0304"): False,
    }


def test_gradients_have_a_colour_of_their_own():
    drawing = viz.draw(programs.first_model(), view="variables", backward=True)
    assert {edge.hue for edge in drawing.scene.edges if edge.kind == "gradient"} == {None}
    for theme, colours in (("light", LIGHT), ("dark", DARK)):
        assert f"stroke:{colours.gradient}" in drawing.svg(theme)
        assert colours.gradient not in colours.hues


def test_a_window_keeps_the_sums_and_leads_the_backward_pass_over_the_gap():
    drawing = viz.draw(programs.first_model(30), view="variables", backward=True, timesteps=2)
    (total,) = [node for node in drawing.scene.nodes if node.label == "W\u0304"]
    assert total.detail == "Σ of 30 terms"
    assert len([edge for edge in drawing.scene.edges if edge.target == total.id]) == 4
    assert ("a⁽²⁹⁾", "h⁽²⁾") in labelled_edges(drawing, "gradient")
