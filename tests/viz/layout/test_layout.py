"""Positions: columns alike, nothing over anything else, no more calls of Graphviz for more time steps."""

import itertools

import pytest

import viz
from examples import programs
from examples.figures import DRAWINGS
from tests.tools.pictures import check_picture, drawn
from viz.layout import cell as cells
from viz.layout.geometry import rounded
from viz.layout.graphviz_layout import Request, arrange, seconds


@pytest.mark.parametrize("figure", DRAWINGS, ids=lambda figure: figure.name)
def test_figures_are_untangled(figure):
    check_picture(drawn(figure.name))


@pytest.mark.parametrize("view", ["ops", "variables"])
def test_every_full_column_is_laid_out_alike_and_at_the_same_distance(view):
    drawing = viz.draw(programs.first_model(7), view=view)
    layout, scene = drawing.layout, drawing.scene
    columns = {}
    for node in scene.nodes:
        if node.column is not None:
            columns.setdefault(node.column, {})[node.slot] = layout.places[node.id][1]
    steps = [i for i, column in enumerate(scene.columns) if column.kind == "step"]
    for step in steps[2:]:
        assert columns[step] == columns[steps[1]]
    distances = {b.x - a.x for a, b in itertools.pairwise(layout.strips[i] for i in steps)}
    assert len(distances) == 1


def test_edges_between_steps_are_routed_alike_in_every_column():
    drawing = viz.draw(programs.first_model(7))
    nodes = {node.id: node for node in drawing.scene.nodes}
    shapes = {}
    for route in drawing.layout.routes:
        edge = drawing.scene.edges[route.edge]
        source, target = nodes[edge.source], nodes[edge.target]
        if source.column is not None and source.column > 1 and source.column != target.column:
            shapes.setdefault((source.slot, target.slot, edge.argument), set()).add(route.path)
    assert shapes
    assert all(len(paths) == 1 for paths in shapes.values())


def test_graphviz_is_asked_as_often_for_200_time_steps_as_for_5(monkeypatch):
    asked = []

    def counted(request):
        asked.append(len(request.sizes))
        return arrange(request)

    monkeypatch.setattr(cells, "arrange", counted)
    viz.draw(programs.first_model(5)).svg()
    few = list(asked)
    asked.clear()
    viz.draw(programs.first_model(200), timesteps=slice(None)).svg()
    assert asked == few


def test_a_graph_too_large_for_graphviz_is_refused_with_an_estimate():
    with pytest.raises(ValueError, match=r"100,000 nodes.*would take Graphviz about .* hours.*fold=True"):
        arrange(Request(sizes=[(10.0, 10.0)] * 100_000, edges=[(i, i + 1, False) for i in range(99_999)]))
    assert seconds(100, 150) < 1 < seconds(5000, 8000)


def test_shared_nodes_stand_on_rails_that_reach_every_consumer():
    drawing = viz.draw(programs.first_model(4))
    rails = {rail.source: rail.path for rail in drawing.layout.rails}
    parameters = [node for node in drawing.scene.nodes if node.kind == "parameter"]
    assert {node.id for node in parameters} == set(rails)
    for route in drawing.layout.routes:
        edge = drawing.scene.edges[route.edge]
        if edge.source in rails:
            x, y = route.path.moved(drawing.layout.origin(route.column), 0.0).points[0]
            rail = rails[edge.source].points
            assert y == rail[-1][1]
            assert rail[0][0] <= x <= rail[-1][0] + 0.5


def test_corners_are_rounded_and_the_line_ends_where_its_head_begins():
    path = rounded([(0, 0), (40, 0), (40, 50)])
    assert path.tip == (40, 50)
    assert path.points[-1] == (40, 43)
    assert path.svg().startswith("M0 0H33c")


def moved_out(drawing):
    column, box = drawing.layout.places["n0"]
    drawing.layout.places["n0"] = (column, box.moved(0, drawing.layout.height))


def moved_onto_another(drawing):
    drawing.layout.places["n0"] = drawing.layout.places["n1"]


def led_through_another(drawing):
    layout, edges = drawing.layout, drawing.scene.edges
    box = layout.box("n0")
    across = rounded([(box.left, box.y), (box.right, box.y)])
    number = next(i for i, r in enumerate(layout.routes) if "n0" not in (edges[r.edge].source, edges[r.edge].target))
    layout.routes[number] = layout.routes[number]._replace(column=-1, path=across)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (moved_out, r"\['n0'\] are cut off"),
        (moved_onto_another, r"\[\['n0', 'n1'\]\] overlap"),
        (led_through_another, r"runs through \{.*'n0'"),
    ],
)
def test_the_check_of_pictures_is_able_to_fail(spoil, reason):
    drawing = viz.draw(programs.affine_system())
    check_picture(drawing)
    spoil(drawing)
    with pytest.raises(AssertionError, match=reason):
        check_picture(drawing)
