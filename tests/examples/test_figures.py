"""The gallery is what the programs record today: rebuild it by ``python examples/figures.py``."""

import json
import re
import xml.etree.ElementTree as ET

import pytest

from examples.figures import FIGURES, GALLERY, page
from tests.tools.pictures import drawn

ROWS = {f"A{i}" for i in range(1, 7)} | {f"B{i}" for i in range(1, 14)} | {"C3", "C4"}
STORED = json.loads((GALLERY / "scenes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_the_stored_scene_is_the_one_drawn_today(figure):
    assert drawn(figure.name).scene.as_dict() == STORED[figure.name]


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
