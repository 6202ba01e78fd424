"""Colours by a quantity: what they say, in light and dark, and their legend."""

import re

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs
from viz.palette import ramp


def test_the_overlay_of_gradients_agrees_with_the_gradients():
    loss = programs.first_model()
    graph = tg.graph(loss)
    scene = viz.draw(loss, overlay="grad_norm").scene
    loss.backward()
    fills = {node.id: node.fill for node in scene.nodes}
    norms = {f"n{n.index}": float(np.linalg.norm(n.tensor.grad)) for n in graph.parameters}
    largest = max(norms, key=norms.get)
    said = {node.id: float(node.title.rsplit(": ", 1)[1]) for node in scene.nodes if node.id in norms}
    assert said == pytest.approx(norms, rel=5e-3)
    assert all(fills[id] <= fills[largest] or norms[id] <= norms[largest] for id in norms)


def test_a_gradient_that_is_not_computed_is_shown_as_such_and_not_as_zero():
    scene = viz.draw(programs.first_model(), overlay="grad_norm").scene
    (state,) = [node for node in scene.nodes if node.label == "h⁽⁰⁾"]
    assert state.title.endswith("not computed")
    assert state.fill not in {ramp(step / 100) for step in range(101)}
    assert scene.legend.entries[-1] == ("none", state.fill)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_a_gradient_whose_square_is_out_of_range_has_its_norm_and_a_colour(size):
    w = tg.parameter(np.zeros(2), name="w")
    scene = viz.draw(np.sum(w * np.array([3 * size, 4 * size])), overlay="grad_norm").scene
    (parameter,) = [node for node in scene.nodes if node.kind == "parameter"]
    assert parameter.title.endswith(f"norm of the gradient: {5 * size:.3g}")
    assert parameter.fill in {ramp(step / 100) for step in range(101)}
    assert not any(text in ("not finite", "≤ 0") for text, _ in scene.legend.entries)


def test_time_steps_as_colour_and_an_overlay_that_there_is_not():
    scene = viz.draw(programs.driven_system(3), overlay="time_step").scene
    fills = {node.label: node.fill for node in scene.nodes}
    assert fills["h⁽¹⁾"] == ramp(0.0)
    assert fills["h⁽³⁾"] == ramp(1.0)
    with pytest.raises(ValueError, match="overlay must be one of 'grad_norm', 'value', 'time_step'"):
        viz.draw(programs.driven_system(3), overlay="mood")


def fill_in(svg, name):
    """The colours in which a class of fill is drawn, in the order of the style sheet."""
    return re.findall(rf"\.{name} rect,[^{{]*{{fill:(#\w+)", svg)


def test_the_strongest_gradient_is_the_most_visible_in_light_and_dark():
    drawing = viz.draw(programs.first_model(), overlay="grad_norm")
    (loss,) = [node for node in drawing.scene.nodes if node.kind == "loss"]
    assert loss.fill == ramp(1.0)
    name = re.search(rf'id="{loss.id}" class="loss filled (f\d+)"', drawing.svg())[1]
    assert fill_in(drawing.svg("light"), name) == [ramp(1.0)]
    assert fill_in(drawing.svg("dark"), name) == [ramp(1.0, dark=True)]
    assert fill_in(drawing.svg("auto"), name) == [ramp(1.0), ramp(1.0, dark=True)]


def test_the_scale_is_marked_as_logarithmic_at_powers_of_ten():
    w = tg.parameter(np.array([1.0]), name="w")
    h = w
    for scale in (1e-2, 1e-2, 3.0):
        h = np.tanh(scale * h)
    legend = viz.draw(h.sum(), overlay="grad_norm").scene.legend
    assert legend.title == "norm of the gradient, log scale"
    assert {"0.001", "0.01", "0.1"} <= {text for text, _ in legend.entries}
    assert "log" not in viz.draw(h.sum(), overlay="time_step").scene.legend.title


def test_among_variables_the_legend_has_the_norms_of_the_parameters_in_their_colours():
    loss = programs.first_model()
    scene = viz.draw(loss, view="variables", overlay="grad_norm").scene
    trace = tg.trace(loss)
    said = {entry.text[2]: (float(entry.text.rsplit(" ", 1)[1]), entry.hue) for entry in scene.legend.parameters}
    for hue, node in enumerate(trace.graph.parameters):
        assert said[node.name] == (pytest.approx(float(np.linalg.norm(trace.gradient(node))), rel=0.05), hue)
    assert viz.draw(loss, overlay="grad_norm").scene.legend.parameters == ()


def test_a_parameter_keeps_its_hue_as_a_border():
    svg = viz.draw(programs.first_model(), overlay="grad_norm").svg("dark")
    assert ".parameter.filled rect{stroke-width:3}" in svg
    assert re.search(r'class="parameter h0 filled f\d+"', svg)


@pytest.mark.parametrize("view", ["ops", "variables"])
@pytest.mark.parametrize("overlay", ["grad_norm", "value", "time_step"])
def test_an_overlay_is_the_same_of_a_tensor_its_graph_and_its_trace(view, overlay):
    W, h = tg.parameter(np.eye(2) / 2), tg.tensor([1.0, 2.0])
    for _ in range(3):
        h = np.tanh(W @ h)
    loss = h.sum()
    drawn = [viz.draw(x, view=view, overlay=overlay).svg() for x in (loss, tg.graph(loss), tg.trace(loss))]
    assert drawn[0] == drawn[1] == drawn[2]
    assert "legend" in drawn[0]


# Limits


def network(gain, steps=4):
    """A state that is turned, and made longer or shorter by a factor in each time step."""
    W = tg.parameter(gain * np.array([[0.6, -0.8], [0.8, 0.6]]))
    h = np.array([0.6, 0.8])
    for _ in range(steps):
        h = W @ h
    return h.sum()


def colours(drawing):
    return {node.label: node.fill for node in drawing.scene.nodes}


def test_drawings_with_the_same_limits_show_the_same_number_in_the_same_colour():
    limits = (1e-3, 1e3)
    weak, strong = (viz.draw(network(gain), "variables", overlay="grad_norm", limits=limits) for gain in (0.1, 10.0))
    marks = [[text for text, _ in drawing.scene.legend.entries] for drawing in (weak, strong)]
    assert marks == [["0.001", "0.01", "0.1", "1", "10", "100", high, "none"] for high in ("1000", "≥ 1000")]
    assert [fill for _, fill in weak.scene.legend.entries] == [fill for _, fill in strong.scene.legend.entries]
    # ‖∂L/∂h⁽⁴⁾‖ = √2 in both, and each step back multiplies by the gain
    assert colours(weak)["h⁽⁴⁾"] == colours(strong)["h⁽⁴⁾"]
    assert colours(weak)["h⁽²⁾"] == ramp(round((np.log10(np.sqrt(2) * 1e-2) + 3) / 6 * 50) / 50)
    assert colours(strong)["h⁽²⁾"] == ramp(round((np.log10(np.sqrt(2) * 1e2) + 3) / 6 * 50) / 50)


def test_limits_are_taken_from_another_drawing():
    first = viz.draw(network(0.1), overlay="grad_norm")
    second = viz.draw(network(0.2), overlay="grad_norm", limits=first)
    assert second.scene.legend.entries == first.scene.legend.entries
    larger = viz.draw(network(10.0), overlay="grad_norm", limits=first).scene.legend.entries
    assert [text for text, _ in larger if text.startswith("≥")] == ["≥ 1.4"]  # the largest of the first is √2
    alone = viz.draw(network(0.2), overlay="grad_norm")
    assert colours(second)["h⁽¹⁾"] != colours(alone)["h⁽¹⁾"]


def test_the_legend_says_what_lies_beyond_its_limits():
    entries = viz.draw(network(0.1), "variables", overlay="grad_norm", limits=(0.05, 0.5)).scene.legend.entries
    assert entries[0] == ("≤ 0.05", ramp(0.0))
    assert ("≥ 0.5", ramp(1.0)) in entries
    assert "0.05" not in [text for text, _ in entries]


def test_a_limit_that_nothing_lies_beyond_is_a_plain_number():
    first = viz.draw(network(0.1), "variables", overlay="grad_norm", limits=(0.05, 0.5))
    second = viz.draw(network(1.0), "variables", overlay="grad_norm", limits=first)  # √2 in every time step
    assert [text for text, _ in second.scene.legend.entries] == ["0.05", "0.1", "≥ 0.5", "none"]
    both = viz.side_by_side(first, second)
    assert all(picture.scene.legend.entries[0][0] == "≤ 0.05" for picture in both.pictures)


def test_what_is_below_the_decades_of_the_scale_is_said_to_be():
    entries = viz.draw(network(0.01, steps=6), "variables", overlay="grad_norm").scene.legend.entries
    assert entries[0][0].startswith("≤ ")


def test_time_steps_have_limits_on_a_plain_scale():
    scene = viz.draw(programs.driven_system(3), overlay="time_step", limits=(0, 4)).scene
    fills = {node.label: node.fill for node in scene.nodes}
    assert fills["h⁽²⁾"] == ramp(0.5)
    assert [text for text, _ in scene.legend.entries][:5] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("limits", "error", "message"),
    [
        ((1.0, 1.0), ValueError, "the first of limits must be below the second, not 1 and 1"),
        ((2.0, 1.0), ValueError, "below the second, not 2 and 1"),
        ((1.0, np.inf), ValueError, "limits must be finite, not 1 and inf"),
        ((np.nan, 1.0), ValueError, "limits must be finite"),
        ((0.0, 1.0), ValueError, "logarithmic: its limits must be above 0, not 0"),
        ((-1.0, 1.0), ValueError, "logarithmic"),
        (3.0, TypeError, r"two numbers \(low, high\), or a picture with such a scale, not 3.0"),
        ((1.0, 2.0, 3.0), TypeError, "two numbers"),
        ("ab", TypeError, "two numbers"),
        (("a", "b"), TypeError, "two numbers"),
    ],
)
def test_limits_that_are_none_are_refused(limits, error, message):
    with pytest.raises(error, match=message):
        viz.draw(network(0.1), overlay="grad_norm", limits=limits)


def test_limits_without_an_overlay_or_of_another_one_are_refused():
    loss = network(0.1)
    with pytest.raises(ValueError, match="say overlay='grad_norm' too"):
        viz.draw(loss, limits=(0.1, 1.0))
    with pytest.raises(ValueError, match="that drawing has no colours; draw it with overlay='grad_norm' too"):
        viz.draw(loss, overlay="grad_norm", limits=viz.draw(loss))
    values = viz.draw(loss, overlay="value")
    with pytest.raises(ValueError, match="say 'root mean square of the value, log scale', not 'norm of the gradient'"):
        viz.draw(loss, overlay="grad_norm", limits=values)


def test_numbers_of_a_drawing_are_not_part_of_its_stored_scene():
    scene = viz.draw(network(0.1), overlay="grad_norm").scene.as_dict()
    assert not any("value" in node for node in scene["nodes"])
    assert "scale" not in scene["legend"]
