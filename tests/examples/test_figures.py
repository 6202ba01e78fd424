"""The gallery is what the programs record today: rebuild it by ``python examples/figures.py``."""

import itertools
import json
import re
import xml.etree.ElementTree as ET

import pytest

from examples.figures import FIGURES, GALLERY, page
from tests.tools.pictures import drawn

ROWS = {f"A{i}" for i in range(1, 7)} | {f"B{i}" for i in range(1, 15)} | {"C3", "C4", "C6", "C7", "D"}
STORED = json.loads((GALLERY / "scenes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_the_stored_scene_is_the_one_drawn_today(figure):
    assert drawn(figure.name).as_dict() == STORED[figure.name]


def test_every_row_has_a_figure_under_a_name_of_its_own():
    names = [figure.name for figure in FIGURES]
    assert {figure.row for figure in FIGURES} == ROWS
    assert len(set(names)) == len(names)
    assert set(STORED) == set(names)


def test_the_page_shows_every_figure_and_the_files_are_there():
    stored = (GALLERY / "index.html").read_text(encoding="utf-8")
    assert stored == page()
    assert re.findall(r'<object type="image/svg\+xml" data="([^"]+)\.svg"', stored) == [
        figure.name for figure in FIGURES
    ]
    for figure in FIGURES:
        ET.parse(GALLERY / f"{figure.name}.svg")


def numbers(name, letter):
    """What stands under the values of a letter in a figure, by time step."""
    nodes = drawn(name).scene.nodes
    return [node.detail for node in nodes if re.fullmatch(rf"{letter}⁽[¹²³⁴]⁾", node.label)]


def test_d_the_networks_set_by_hand_show_the_lectures_numbers():
    assert numbers("sum-by-hand", "x") == ["2", "−0.5", "1", "1"]
    assert numbers("sum-by-hand", "o") == ["2", "1.5", "2.5", "3.5"]
    assert numbers("larger-total-by-hand", "h") == ["4", "0.5", "−0.7"]
    assert numbers("larger-total-by-hand", "ŷ") == ["1", "0.92", "0.029"]
    assert numbers("parity-by-hand", "x") == ["1", "0", "1", "1"]
    assert numbers("parity-by-hand", "ŷ") == ["1", "1", "0", "1"]


@pytest.mark.parametrize(
    ("figure", "shape"),
    [
        ("one-to-many", "one-to-many"),
        ("many-to-one", "many-to-one"),
        ("synchronous", "synchronous many-to-many"),
        ("sequence-to-sequence", "sequence-to-sequence"),
    ],
)
def test_b14_the_shape_of_a_task_can_be_read_off_its_figure(figure, shape):
    """What depends on what, along the edges that are drawn."""
    scene = drawn(figure).scene
    inputs = [node.id for node in scene.nodes if re.match(r"x(⁽|$)", node.label)]
    outputs = [node.id for node in scene.nodes if node.kind == "loss"]
    feeds = {node.id: {edge.target for edge in scene.edges if edge.source == node.id} for node in scene.nodes}

    def reached(id):
        return {id}.union(*(reached(target) for target in feeds[id]))

    sees = [[output in reached(id) for id in inputs] for output in outputs]
    assert (len(inputs), len(outputs)) == {"one-to-many": (1, 3), "many-to-one": (3, 1), "synchronous": (3, 3)}.get(
        figure, (3, 2)
    )
    triangle = [[t >= s for s in range(3)] for t in range(3)]
    assert sees == (triangle if figure == "synchronous" else [[True] * len(inputs)] * len(outputs))
    assert shape.split()[0] in next(f.caption for f in FIGURES if f.name == figure).lower()


def test_b5_in_training_the_targets_are_fed_and_in_testing_the_outputs():
    training, testing = (picture.scene for picture in drawn("teacher-forcing-package").pictures)
    for scene, fed in ((training, "y"), (testing, "ŷ")):
        label = {node.id: node.label for node in scene.nodes}
        sources = {label[edge.source] for edge in scene.edges if edge.label == "W"}
        assert sources == {f"{fed}⁽⁰⁾", f"{fed}⁽¹⁾", f"{fed}⁽²⁾"}


def test_b6_a_state_is_drawn_once_a_step_and_reads_the_one_before_where_a_sequence_has_ended():
    scene = drawn("padded-batch").scene
    label = {node.id: node.label for node in scene.nodes}
    edges = {(label[edge.source], label[edge.target], edge.label) for edge in scene.edges}
    for before, t in itertools.pairwise("⁰¹²³⁴"):
        assert {
            (f"h⁽{before}⁾", f"h⁽{t}⁾", ""),
            (f"h_new⁽{t}⁾", f"h⁽{t}⁾", ""),
            (f"h⁽{before}⁾", f"a⁽{t}⁾", "W"),
        } <= edges
    assert [column.masked for column in scene.columns if column.kind == "step"] == [False, False, False, True]


def test_b10_alpha_points_at_one_state_after_another_from_the_end():
    alpha = drawn("attention-weights").matrix.values
    assert [max(range(6), key=row.__getitem__) for row in alpha] == [5, 4, 3, 2, 1, 0]
    assert all(max(row) > 0.8 for row in alpha)
    padded = drawn("attention-weights-padded").matrix.values
    assert [row[4:] for row in padded] == [(0.0, 0.0)] * 4


def test_c7_the_two_drawings_share_their_colours():
    weak, strong = drawn("vanishing-exploding-overlay").pictures
    assert weak.scene.legend.entries == strong.scene.legend.entries
