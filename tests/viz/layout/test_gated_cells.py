"""Positions of gated cells: the lane of the memory is straight, gates stand in one row, inputs below, outputs right."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs
from tests.programs import gated
from tests.programs.gated import GATED
from tests.tools.pictures import check_picture, drawn
from tests.tools.wires import touching
from viz.layout.geometry import Box
from viz.layout.straight import in_line, straight

FOLDED = {"view": "variables", "fold": True}
STEP = {"view": "variables", "timesteps": [2]}
FAST = [gated.lstm, gated.gru, gated.package_peepholes, gated.two_layers]
views = pytest.mark.parametrize("options", [FOLDED, STEP], ids=["folded", "step"])
all_programs = pytest.mark.parametrize(
    "program",
    [program if program in FAST else pytest.param(program, marks=pytest.mark.slow) for program in GATED],
    ids=lambda program: program.__name__,
)


def box_of(drawing, label):
    return next(drawing.layout.box(node.id) for node in drawing.scene.nodes if node.label.partition("⁽")[0] == label)


def lines(drawing):
    """Return each edge with the points of its line."""
    for route in drawing.layout.routes:
        path = route.path.moved(drawing.layout.origin(route.column), 0.0)
        yield drawing.scene.edges[route.edge], np.array([*path.points, path.tip])


@all_programs
@views
def test_the_lane_of_a_memory_is_straight(program, options):
    drawing = viz.draw(program(), **options)
    scene, layout = drawing.scene, drawing.layout
    straight = {(edge.source, edge.target) for edge, points in lines(drawing) if np.ptp(points[:, 1]) < 0.5}
    for state in GATED[program][0].split():
        ghost = next(node for node in scene.nodes if node.kind == "ghost" and node.label.startswith(f"{state}⁽"))
        lane, end = [ghost.id], ""
        while len(lane) < 8 and not end.startswith(f"{state}⁽"):
            (following,) = [target for source, target in straight if source == lane[-1]]
            lane.append(following)
            end = scene.node(following).label
        assert len({layout.box(id).y for id in lane}) == 1
        assert [layout.box(id).x for id in lane] == sorted(layout.box(id).x for id in lane)
        assert {scene.node(id).label for id in lane[1:-1]} <= {"⊙", "+"}


@all_programs
@views
def test_gates_of_one_rank_stand_in_one_row_and_x_below_them(program, options):
    drawing = viz.draw(program(), **options)
    names = [name for name in GATED[program][1].split() if name != "σ"]
    ranks = [names[:2], names[2:]] if program is gated.two_layers else [names]
    for rank in ranks:
        assert len({box_of(drawing, name).y for name in rank}) <= 1
        assert all(box_of(drawing, name).bottom < box_of(drawing, "x").top for name in rank)


@all_programs
@views
def test_nothing_touches_or_overlaps(program, options):
    drawing = viz.draw(program(), **options)
    check_picture(drawing)
    assert touching(drawing) == []


def test_without_names_the_gates_of_an_lstm_stand_in_one_row_with_its_candidate():
    for program in (gated.lstm_without_named_gates, gated.fused):
        drawing = viz.draw(program(), **FOLDED)
        scene, layout = drawing.scene, drawing.layout
        gates = [node for node in scene.nodes if node.label == "σ"]
        assert len(gates) == 3
        row = [node.label for node in scene.nodes if layout.box(node.id).y == layout.box(gates[0].id).y]
        assert sorted(row) == ["tanh", "σ", "σ", "σ"]


def test_an_output_gate_with_a_peephole_stands_with_the_others_under_the_memory():
    drawing = drawn("lstm-cell")
    assert len({box_of(drawing, name).y for name in "fgio"}) == 1
    assert box_of(drawing, "s").y < box_of(drawing, "b").y < box_of(drawing, "o").y


def test_states_come_from_the_left_and_results_leave_to_the_right():
    drawing = viz.draw(gated.lstm(), **FOLDED)
    scene, layout = drawing.scene, drawing.layout
    ghosts = [layout.box(node.id) for node in scene.nodes if node.kind == "ghost"]
    cell = [layout.box(node.id) for node in scene.nodes if node.label.endswith("⁽ᵗ⁾") or node.kind == "operator"]
    loss = next(layout.box(node.id) for node in scene.nodes if node.kind == "loss")
    assert max(box.right for box in ghosts) < min(box.left for box in cell)
    assert max(box.right for box in cell) < loss.left
    assert len({box.x for box in ghosts}) == 1


def test_the_lines_from_one_state_to_the_gates_share_a_line_until_they_part():
    drawing = viz.draw(gated.lstm(), **FOLDED)
    ghost = next(node.id for node in drawing.scene.nodes if node.label == "h⁽ᵗ⁻¹⁾")
    fan = [points for edge, points in lines(drawing) if edge.source == ghost]
    assert len(fan) == 4
    assert len({tuple(points[0]) for points in fan}) == 1
    assert len({points[:, 1].max() for points in fan}) == 1  # the common line, below the gates
    assert {len({points[-1][0] for points in fan})} == {4}


def test_labels_of_a_gate_stand_beside_the_last_part_of_their_line():
    drawing = viz.draw(gated.lstm(), **FOLDED)
    for route in drawing.layout.routes:
        edge = drawing.scene.edges[route.edge]
        if edge.label.startswith("U_"):
            assert abs(route.label[0] - route.path.tip[0]) < 25
            assert route.path.tip[1] < route.label[1] < route.path.tip[1] + 45


def both_ways():
    W, (h, g), hs, gs = tg.parameter(np.eye(2), name="W"), np.zeros((2, 2)), [], []
    X = np.sin(np.arange(8.0)).reshape(4, 2)
    for x in X:
        f = tg.sigmoid(W @ x)
        h = f * h + x
        hs.append(h)
    for x in X[::-1]:
        k = tg.sigmoid(W @ x)
        g = k * g + x
        gs.append(g)
    return sum((h * g).sum() for h, g in zip(hs, gs[::-1], strict=True))


@views
def test_a_state_of_the_time_step_after_comes_from_the_left_too(options):
    drawing = viz.draw(both_ways(), **options)
    check_picture(drawing)
    labels = {node.label: drawing.layout.box(node.id) for node in drawing.scene.nodes}
    before, after, state = ("g⁽ᵗ⁺¹⁾", "h⁽ᵗ⁻¹⁾", "g⁽ᵗ⁾") if options is FOLDED else ("g⁽³⁾", "h⁽¹⁾", "g⁽²⁾")
    assert labels[before].y == labels[state].y
    assert max(labels[before].right, labels[after].right) < labels[state].left


def test_lines_to_gates_with_nothing_below_them_are_not_cut_off():
    W, h = tg.parameter(np.eye(2), name="W"), np.ones(2)
    for _ in range(3):
        z, r = tg.sigmoid(W @ h), tg.sigmoid(-W @ h)
        h = (1 - z) * h + z * np.tanh(W @ (r * h))
    drawing = viz.draw(h.sum(), **FOLDED)
    assert max(points[:, 1].max() for _, points in lines(drawing)) < drawing.layout.height


@pytest.mark.parametrize("program", [programs.lstm, programs.gru, gated.lstm, gated.gru])
def test_op_by_op_delays_come_from_ghosts_too(program):
    drawing = viz.draw(program(), view="ops", fold=True)
    check_picture(drawing)
    assert not [edge for edge in drawing.scene.edges if edge.kind == "delay"]
    parameters = {node.id for node in drawing.scene.nodes if node.kind == "parameter"}
    assert parameters == {rail.source for rail in drawing.layout.rails}


def test_a_row_is_put_in_order_and_keeps_its_distance():
    boxes = {"a": Box(50, 0, 20, 20), "b": Box(0, 0, 20, 20)}
    placed = in_line(["a", "b"], boxes, {})
    assert (placed["a"].x, placed["b"].x) == (0, 50)


def test_a_straight_line_goes_round_nothing():
    ends = Box(0, 0, 20, 20), Box(0, 100, 20, 20)
    assert straight(*ends, True, []).tip == pytest.approx((0, 90), abs=0.1)
    assert straight(*ends, True, [Box(0, 50, 20, 20)]) is None
