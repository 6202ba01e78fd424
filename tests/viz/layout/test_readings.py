"""What the geometry of a picture says: heads on their own lines, labels on parts that are theirs, plain curves.

The gallery is free of all that the checks find; of programs written by somebody who never saw the code a few are.
"""

import importlib
from functools import cache

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs
from examples.figures import DRAWINGS
from tests.tools import readings
from tests.tools.pictures import drawn
from tests.tools.wires import touching
from viz.formats.drawing import Drawing
from viz.layout.geometry import Path
from viz.scenes.scene import Column, Edge, Node, Scene

# In the folded LSTM six lines come together at one side of s, and lines cross where they end there.
CROWDED = {("lstm-cell", readings.crowded_heads), ("lstm-step", readings.crowded_heads)}
VIEWS = {"variables": {"view": "variables"}, "folded": {"view": "variables", "fold": True}, "calls": {"view": "calls"}}
BACKWARD = ("p07_bidirectional_closures", "p13_bilstm_crf", "p18_latent_ode")
WEIGHTS = ("p02_lstm_class", "p08_bahdanau", "p20_clockwork", "p23_history_attention", "p28_slow_over_reservoir")


@cache
def outsider(name, view):
    """Return the picture of a program by an outsider."""
    return viz.draw(importlib.import_module(f"tests.programs.outsiders.{name}").main(), **VIEWS[view])


@pytest.mark.parametrize("check", readings.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("figure", DRAWINGS, ids=lambda figure: figure.name)
def test_nothing_is_read_wrongly_in_the_gallery(figure, check):
    if (figure.name, check) not in CROWDED:
        assert check(drawn(figure.name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("view", ["variables", "folded"])
@pytest.mark.parametrize("name", BACKWARD)
def test_no_line_of_backward_time_seems_to_go_on_in_one_that_leaves(name, view):
    assert readings.continued_lines(outsider(name, view)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", WEIGHTS)
def test_no_weight_stands_on_a_shared_trunk(name):
    assert readings.labels_on_shared_lines(outsider(name, "variables")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["p02_lstm_class", "p05_peephole_dataclass", "p08_bahdanau", "p28_slow_over_reservoir"]
)
def test_labels_of_an_outsiders_program_are_free(name):
    drawing = outsider(name, "variables")
    assert readings.overprinted(drawing) + readings.struck(drawing) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["p02_lstm_class", "p05_peephole_dataclass", "p08_bahdanau", "p24_accumulate"])
def test_no_label_of_a_folded_program_is_taken_for_anothers(name):
    assert readings.labels_taken_for_others(outsider(name, "folded")) == []


def several_weights(T):
    """A network whose gates are fed by three vectors, each by a weight with a long name."""
    rng = np.random.default_rng(0)
    gates = "forget", "input", "output"
    weights = {gate: [tg.parameter(rng.normal(size=(3, 3)), name=f"{gate}_{k}") for k in "WUV"] for gate in gates}
    h, c, s = (tg.tensor(np.zeros(3), name=name) for name in "hcs")
    for _ in range(T):
        x = tg.tensor(rng.normal(size=3), name="x")
        f, i, o = (1 / (1 + np.exp(-(W @ x + U @ h + V @ s))) for W, U, V in weights.values())
        c = f * c + i * np.tanh(x)
        s = 0.5 * s + 0.5 * c
        h = o * np.tanh(c)
    return np.sum(h * h)


def test_the_end_of_a_line_that_is_its_own_has_the_colour_of_its_label():
    drawing = viz.draw(several_weights(3), view="variables")
    routes, edges = drawing.layout.routes, drawing.scene.edges
    labelled = [route for route in routes if edges[route.edge].hue is not None and edges[route.edge].label]
    assert len(labelled) > 20
    assert all(route.own and route.own.tip == route.path.tip for route in labelled)
    assert any(route.own is not route.path for route in labelled)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["p08_bahdanau", "p18_latent_ode", "p19_leapfrog", "p29_river_level"])
def test_curves_are_plain(name):
    assert readings.bad_curves(outsider(name, "folded")) == []


@pytest.mark.slow
def test_lanes_to_all_steps_of_an_attention_come_together():
    drawing = outsider("p08_bahdanau", "variables")
    assert touching(drawing) == []
    labels = [route.label for route in drawing.layout.routes if drawing.scene.edges[route.edge].label == "wKey, vScore"]
    assert sum(place is not None for place in labels) == 6
    assert len(labels) == 30


@pytest.mark.parametrize("name", [figure.name for figure in DRAWINGS])
def test_every_label_is_written_at_its_line_or_at_one_that_joins_it(name):
    layout, edges = drawn(name).layout, drawn(name).scene.edges
    written = {(edges[r.edge].target, edges[r.edge].label) for r in layout.routes if r.label}
    assert {(edge.target, edge.label) for edge in edges if edge.label} <= written


def test_arches_that_meet_at_a_node_keep_their_labels():
    layout = drawn("full-history").layout
    assert all(route.label for route in layout.routes)
    tips = {(layout.origin(route.column) + route.path.tip[0], route.path.tip[1]) for route in layout.routes}
    assert len(tips) == len(layout.routes)


def test_loops_stand_in_the_order_of_the_program():
    drawing = outsider("p04_gru_crf_dict", "variables")
    heights = {node.label: drawing.layout.box(node.id).y for node in drawing.scene.nodes}
    first, second, third = (heights[f"x{digit}⁽¹⁾"] for digit in "₁₂₃")
    assert first < second < third


def test_calls_of_a_cell_are_one_wire_whatever_their_arguments_are_numbered():
    nodes = [Node("w", "W", kind="parameter", hue=0)]
    nodes += [Node(f"n{t}", "cell", column=t, slot="cell") for t in range(4)]
    columns = [Column(f"t = {t}", timestep=t) for t in range(4)]
    alike, numbered = (
        Drawing(Scene(nodes, [Edge("w", f"n{t}", t * step) for t in range(4)], columns)) for step in (0, 1)
    )
    assert alike.layout.width == numbered.layout.width


def led_beside_its_node(drawing):
    number = next(i for i, route in enumerate(drawing.layout.routes) if len(route.path.points) == 4)
    route = drawing.layout.routes[number]
    (x, y), tip = route.path.points[-1], route.path.tip
    drawing.layout.routes[number] = route._replace(
        path=Path((*route.path.points[:3], (x - 70, y)), (tip[0] - 70, tip[1]))
    )


def moved_onto_a_node(drawing):
    node = drawing.scene.nodes[0]
    column, box = drawing.layout.places[node.id]
    for i, route in enumerate(drawing.layout.routes):
        if route.label:
            drawing.layout.routes[i] = route._replace(label=(box.x, box.y), column=column)


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (led_beside_its_node, readings.bad_curves),
        (moved_onto_a_node, readings.overprinted),
        (moved_onto_a_node, readings.labels_nearer_to_others),
        (moved_onto_a_node, readings.labels_taken_for_others),
    ],
)
def test_the_checks_are_able_to_fail(spoil, check):
    drawing = viz.draw(programs.bidirectional(3), view="variables")
    assert check(drawing) == []
    spoil(drawing)
    assert check(drawing)
