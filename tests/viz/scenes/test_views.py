"""What the views show, compared with what is known of the lectures' programs."""

import contextlib

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs


def labelled_edges(drawing, kind=None):
    """Edges as (source's label, target's label)."""
    label = {node.id: node.label for node in drawing.scene.nodes}
    return [(label[e.source], label[e.target]) for e in drawing.scene.edges if kind is None or e.kind == kind]


def variables(program, **options):
    return viz.draw(program, view="variables", **options)


# Op by op


def test_every_recorded_node_is_drawn_once_and_every_argument_is_an_edge():
    graph = tg.graph(programs.first_model())
    scene = viz.draw(graph).scene
    assert {node.id for node in scene.nodes} == {f"n{node.index}" for node in graph.nodes}
    drawn = sorted((e.source, e.target, e.argument) for e in scene.edges)
    assert drawn == sorted((f"n{s.index}", f"n{n.index}", i) for n in graph.nodes for i, s in enumerate(n.inputs))


def test_a2_a_shared_parameter_stands_once_outside_time_with_an_edge_a_step_in_its_colour():
    scene = viz.draw(programs.shared_parameter(5)).scene
    (parameter,) = [node for node in scene.nodes if node.kind == "parameter"]
    uses = [edge for edge in scene.edges if edge.source == parameter.id]
    assert parameter.column is None
    assert len(uses) == 5
    assert {edge.hue for edge in uses} == {parameter.hue} != {None}


def test_every_parameter_has_a_colour_of_its_own():
    scene = viz.draw(programs.first_model()).scene
    hues = [node.hue for node in scene.nodes if node.kind == "parameter"]
    assert sorted(hues) == list(range(5))


def test_names_carry_their_time_step_and_time_runs_from_left_to_right():
    scene = viz.draw(programs.driven_system(3)).scene
    column = {node.label: node.column for node in scene.nodes}
    assert column["h⁽⁰⁾"] < column["h⁽¹⁾"] < column["h⁽²⁾"] < column["h⁽³⁾"]
    assert column["x⁽²⁾"] == column["h⁽²⁾"]
    assert [c.label for c in scene.columns if c.kind == "step"] == ["t = 1", "t = 2", "t = 3"]


def test_the_loss_is_marked_and_only_it():
    scene = viz.draw(programs.first_model()).scene
    assert [node.label for node in scene.nodes if node.kind == "loss"] == ["loss⁽³⁾"]


def test_shapes_are_shown():
    details = {node.label: node.detail for node in viz.draw(programs.worked_example()).scene.nodes}
    assert details["W"] == "20×20"
    assert details["U"] == "20×4"
    assert details["h⁽¹⁾"] == "tanh · 20"


def test_a_transposed_parameter_keeps_its_colour():
    W, x = tg.parameter(np.ones((2, 3)), name="W"), np.ones((4, 3))
    scene = viz.draw(x @ W.T).scene
    (turned,) = [node for node in scene.nodes if "transpose" in node.detail or "transpose" in node.label]
    assert [edge.hue for edge in scene.edges if edge.source == turned.id] == [0]


def test_what_is_drawn_is_told_by_a_graph_or_a_tensor_and_nothing_else():
    loss = programs.shared_parameter()
    assert viz.draw(tg.graph(loss)).scene.as_dict() == viz.draw(loss).scene.as_dict()
    with pytest.raises(TypeError, match="can draw a Tensor, a Graph or a Trace, not ndarray"):
        viz.draw(np.ones(3))
    with pytest.raises(ValueError, match="'ops', 'variables' or 'calls', not 'pixels'"):
        viz.draw(loss, view="pixels")


# Variables


def test_b1_the_first_model_passes_from_hidden_to_hidden():
    T = 4
    drawn = labelled_edges(variables(programs.first_model(T)))
    for t in range(2, T + 1):
        now, before = "⁰¹²³⁴"[t], "⁰¹²³⁴"[t - 1]
        assert (f"h⁽{before}⁾", f"a⁽{now}⁾") in drawn
        assert {(f"a⁽{now}⁾", f"h⁽{now}⁾"), (f"h⁽{now}⁾", f"o⁽{now}⁾"), (f"o⁽{now}⁾", f"L⁽{now}⁾")} <= set(drawn)


def test_b1_edges_are_labelled_with_the_weights_and_biases_stand_beside():
    scene = variables(programs.first_model(2)).scene
    label = {node.id: node.label for node in scene.nodes}
    named = {(label[e.source][0], label[e.target][0]): e.label for e in scene.edges}
    assert named["x", "a"] == "U"
    assert named["h", "a"] == "W"
    assert named["h", "o"] == "V"
    assert named["a", "h"] == ""
    tags = {node.label: [text for text, _ in node.tags] for node in scene.nodes}
    assert tags["a⁽¹⁾"] == ["b"]
    assert tags["o⁽²⁾"] == ["c"]
    assert tags["h⁽¹⁾"] == []


def test_b4_the_second_model_passes_from_the_output_and_not_from_hidden():
    scene = variables(programs.second_model(4)).scene
    node = {n.id: n for n in scene.nodes}
    between = [(node[e.source], node[e.target]) for e in scene.edges if node[e.source].column != node[e.target].column]
    state = [(s.label[0], t.label[0]) for s, t in between if s.label[0] != "l"]
    assert set(state) == {("ŷ", "h")}


def test_b5_teacher_forcing_passes_targets_in_training_and_outputs_in_testing():
    training = set(labelled_edges(variables(programs.teacher_forcing(3))))
    testing = set(labelled_edges(variables(programs.free_running(3))))
    assert {("y⁽¹⁾", "h⁽²⁾"), ("y⁽¹⁾", "L⁽¹⁾")} <= training
    assert ("ŷ⁽¹⁾", "h⁽²⁾") not in training
    assert ("ŷ⁽¹⁾", "h⁽²⁾") in testing


@pytest.mark.parametrize("T", [3, 5, 8])
def test_a4_full_history_has_all_pairs_and_the_summary_a_chain(T):
    assert len(labelled_edges(variables(programs.full_history(T)))) == T * (T - 1) // 2
    assert len(labelled_edges(variables(programs.state_summary(T)))) == T - 1


def test_b8_two_chains_run_against_each_other_in_the_same_columns():
    scene = variables(programs.bidirectional(4)).scene
    column = {node.label: node.column for node in scene.nodes}
    drawn = labelled_edges(variables(programs.bidirectional(4)))
    assert ("h⁽²⁾", "h⁽³⁾") in drawn
    assert ("g⁽³⁾", "g⁽²⁾") in drawn
    assert all(column[f"h⁽{t}⁾"] == column[f"g⁽{t}⁾"] == column[f"x⁽{t}⁾"] for t in "¹²³⁴")
    assert column["g⁽⁵⁾"] > column["g⁽⁴⁾"]
    assert column["h⁽⁰⁾"] < column["h⁽¹⁾"]


def test_b9_decoders_start_after_the_encoder_and_stand_over_each_other():
    drawing = variables(programs.three_decoders(3, 2))
    encoder = {n.column for n in drawing.scene.nodes if n.label.startswith("h")}
    decoders = {n.scope: set() for n in drawing.scene.nodes if n.scope}
    for node in drawing.scene.nodes:
        if node.scope:
            decoders[node.scope].add(node.column)
    assert set(decoders) == {"EN", "FR", "ES"}
    assert all(max(encoder) < min(columns) for columns in decoders.values())
    assert len({frozenset(columns) for columns in decoders.values()}) == 1


def test_b11_a_deep_network_is_a_grid():
    drawing = variables(programs.deep(4, 3))
    hidden = [node for node in drawing.scene.nodes if node.label.startswith("h") and "⁽⁰⁾" not in node.label]
    assert {node.label for node in hidden} == {f"h{layer}⁽{t}⁾" for layer in "₁₂₃" for t in "¹²³⁴"}
    heights = {drawing.layout.box(node.id).y for node in hidden}
    places = {drawing.layout.box(node.id).x for node in hidden}
    assert (len(hidden), len(heights), len(places)) == (12, 3, 4)


def test_b6_time_steps_that_are_all_padding_are_marked():
    W, h = tg.parameter(np.eye(2), name="W"), np.ones((1, 2))
    for active in (True, True, False):
        h = tg.where(np.full((1, 1), active), np.tanh(h @ W), h)
    drawing = viz.draw(h)
    assert [column.masked for column in drawing.scene.columns if column.kind == "step"] == [False, False, True]
    assert drawing.svg().count('class="masked"') == 1


def test_an_output_that_is_a_leaf_is_drawn():
    W = tg.parameter(np.eye(2), name="W")
    (node,) = variables(W).scene.nodes
    assert (node.label, node.kind) == ("W", "loss")


@pytest.mark.parametrize("label", [lambda t, T: T - t, lambda t, T: None])
def test_a_backward_loop_counts_with_the_sequence(label):
    T, h, g = 3, np.zeros(2), np.zeros(2)
    W, V, x = tg.parameter(np.eye(2), name="W"), tg.parameter(np.eye(2), name="V"), np.arange(6.0).reshape(3, 2)
    forward, backward = [], []
    for t in range(T):
        h = np.tanh(W @ h + x[t])
        forward.append(h)
    for k in range(T):
        with contextlib.nullcontext() if label(k, T) is None else tg.timestep(label(k, T)):
            g = np.tanh(V @ g + x[T - 1 - k])
        backward.append(g)
    total = np.sum(np.stack([h + g for h, g in zip(forward, backward[::-1], strict=True)]))
    column = {node.label: node.column for node in variables(total).scene.nodes}
    assert [column[f"g⁽{t}⁾"] for t in "¹²³⁴"] == [column["h⁽⁰⁾"] + t for t in (1, 2, 3, 4)]


# Windows


def test_a_window_keeps_the_first_and_last_steps_and_marks_what_is_left_out():
    drawing = variables(programs.first_model(50), timesteps=2)
    steps = [column for column in drawing.scene.columns if column.kind == "step"]
    assert [column.timestep for column in steps] == [1, 2, 49, 50]
    assert [column.skipped for column in steps] == [0, 0, 46, 0]
    assert ("h⁽²⁾", "a⁽⁴⁹⁾") in labelled_edges(drawing, "elided")


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (slice(1, 4), [1, 2, 3]),
        (slice(0, 4), [1, 2, 3]),
        (slice(8, None), [8, 9, 10]),
        (slice(-2, None), [9, 10]),
        (slice(2, 9, 3), [2, 5, 8]),
        ([4], [4]),
        (range(2, 4), [2, 3]),
        (99, [*range(1, 11)]),
    ],
)
def test_windows_by_slice_number_or_list(wanted, kept):
    columns = viz.draw(programs.driven_system(10), timesteps=wanted).scene.columns
    assert [column.timestep for column in columns if column.kind == "step"] == kept


@pytest.mark.parametrize(
    ("steps", "shown"), [(12, [*range(1, 13)]), (13, [1, 2, 3, 11, 12, 13]), (30, [1, 2, 3, 28, 29, 30])]
)
@pytest.mark.parametrize("options", [{}, {"view": "variables"}, {"backward": True}, {"overlay": "grad_norm"}])
def test_of_many_time_steps_the_ends_are_shown_unless_asked_for(steps, shown, options):
    loss = programs.first_model(steps)
    drawing = viz.draw(loss, **options)
    columns = [column for column in drawing.scene.columns if column.kind == "step"]
    assert [column.timestep for column in columns] == shown
    assert sum(column.skipped for column in columns) == steps - len(shown)
    assert (f">{steps - 6} time steps<" in drawing.svg()) == (steps > 12)
    every = viz.draw(loss, timesteps=slice(None), **options).scene.columns
    assert [column.timestep for column in every if column.kind == "step"] == [*range(1, steps + 1)]


def test_each_of_two_loops_shows_its_own_ends():
    scene = variables(programs.encoder_decoder_attention(20, 15)).scene
    shown = [column.timestep for column in scene.columns if column.kind == "step"]
    assert shown == [1, 2, 3, 18, 19, 20, 1, 2, 3, 13, 14, 15]
    assert [column.skipped for column in scene.columns if column.skipped] == [14, 9]


def test_a_window_is_told_by_the_numbers_that_are_printed():
    (W,), h = (tg.parameter(np.eye(2)),), np.ones(2)
    for t in range(40, 60, 2):
        with tg.timestep(t):
            h = np.tanh(W @ h)
    columns = viz.draw(h, timesteps=slice(44, 50)).scene.columns
    assert [column.label for column in columns if column.kind == "step"] == [f"t = {t}" for t in range(44, 50)]


@pytest.mark.parametrize("wanted", [0, [], slice(50, 60), [77]])
def test_a_window_with_nothing_in_it_is_refused(wanted):
    with pytest.raises(ValueError, match="leaves nothing to draw; the time steps recorded are 1 to 4"):
        viz.draw(programs.driven_system(4), timesteps=wanted)


# Folded


@pytest.mark.parametrize("view", ["ops", "variables"])
def test_a_folded_drawing_does_not_grow_with_time(view):
    small, large = (viz.draw(programs.first_model(T), view=view, fold=True).scene for T in (4, 40))
    assert [node.label for node in small.nodes] == [node.label for node in large.nodes]
    assert len(small.edges) == len(large.edges)


def test_a3_the_folded_system_is_one_cell_with_a_delayed_edge():
    drawing = variables(programs.driven_system(6), fold=True)
    assert labelled_edges(drawing, "delay") == [("h⁽ᵗ⁾", "h⁽ᵗ⁾")]
    assert {("x⁽ᵗ⁾", "h⁽ᵗ⁾"), ("h⁽⁰⁾", "h⁽ᵗ⁾")} <= set(labelled_edges(drawing, ""))
    (delayed,) = [edge for edge in drawing.scene.edges if edge.kind == "delay"]
    assert delayed.label == "W t−1"


def test_folded_ops_say_how_often_they_ran():
    details = [node.detail for node in viz.draw(programs.driven_system(6), fold=True).scene.nodes if node.kind == "op"]
    assert details
    assert all(detail.endswith("×6") for detail in details)


def test_a_fold_excludes_what_asks_for_single_time_steps():
    with pytest.raises(ValueError, match="fold=True excludes"):
        viz.draw(programs.driven_system(), fold=True, timesteps=2)


# Scopes


def test_a_scope_is_collapsed_to_one_node_in_each_time_step():
    loss = programs.three_decoders(3, 2)
    whole, folded = viz.draw(loss).scene, viz.draw(loss, collapse=["EN", "FR"]).scene
    collapsed = [node for node in folded.nodes if node.label in ("EN", "FR")]
    assert [node.detail for node in collapsed] == ["5 ops"] * 4
    assert len({node.column for node in collapsed}) == 2
    assert not [node for node in folded.nodes if node.scope == "EN" and node.kind == "op"]
    assert [n.id for n in folded.nodes if n.scope == "ES"] == [n.id for n in whole.nodes if n.scope == "ES"]
    ends = {node.id for node in folded.nodes}
    assert all(edge.source in ends and edge.target in ends for edge in folded.edges)
    viz.draw(loss, collapse="EN").svg()


def test_a_scope_that_there_is_not_is_refused_and_the_known_ones_are_named():
    with pytest.raises(ValueError, match="nothing was recorded in the scope 'DE'; those there are: 'EN', 'ES', 'FR'"):
        viz.draw(programs.three_decoders(), collapse="DE")


def test_numbers_stand_under_the_names_of_small_values():
    W, h = tg.parameter(0.5 * np.eye(2)), np.array([1.0, -2.0])
    for x in np.ones((2, 4)):
        h = W @ h + x.sum()
    details = {node.label: node.detail for node in variables(h, numbers=True).scene.nodes}
    assert details["h⁽⁰⁾"] == "1, −2"
    assert details["h⁽¹⁾"] == "4.5, 3"
    assert {node.label: node.detail for node in viz.draw(h, numbers=True).scene.nodes}["W"] == "2×2"
    for options in ({"fold": True}, {"view": "calls"}):
        with pytest.raises(ValueError, match="numbers"):
            viz.draw(h, numbers=True, **options)
