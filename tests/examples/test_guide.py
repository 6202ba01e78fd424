"""The guide's notebooks run, print and draw what is stored in them, and their prose quotes no other numbers."""

import json
import os
import re

import pytest

from examples import notebooks
from tests.tools.processes import ROOT, run_python
from tests.tools.quoted import assert_same, links

DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.])")
MOST_BYTES = 100_000


def cells(path, kind=None):
    """Return the stored cells, all or those of a kind."""
    every = json.loads(path.read_text("utf-8"))["cells"]
    return [cell for cell in every if kind in (None, cell["cell_type"])]


def source(cell):
    return "".join(cell["source"])


def texts(cell):
    """Return what a cell's outputs say; a picture says it in words."""
    outputs = cell.get("outputs", [])
    return ["".join(o.get("text") or o.get("data", {}).get("text/plain") or o["traceback"]) for o in outputs]


def kinds(cell):
    return [sorted(output.get("data", {})) for output in cell.get("outputs", [])]


@pytest.fixture(params=notebooks.GUIDE, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_the_guide_has_five_notebooks():
    assert [path.stem[0] for path in notebooks.GUIDE] == list("12345")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning:zmq", "ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_what_is_stored_is_what_happens(path):
    if not os.environ.get("CI"):
        for needed in ("nbformat", "nbclient", "ipykernel"):
            pytest.importorskip(needed)
    for now, before in zip(notebooks.executed(path).cells, cells(path), strict=True):
        assert kinds(now) == kinds(before), now.source
        for printed, quoted in zip(texts(now), texts(before), strict=True):
            assert_same(printed, quoted, rel_tol=1e-2)


def test_numbers_in_the_prose_stand_in_an_output_or_in_the_code(path):
    shown = "\n".join(text for cell in cells(path, "code") for text in (source(cell), *texts(cell)))
    known = [float(number) for number in re.findall(r"\d+\.?\d*(?:e[-+]\d+)?", shown)]
    for cell in cells(path, "markdown"):
        for number in DECIMAL.findall(source(cell)):
            digits = len(number.partition(".")[2])
            assert any(f"{value:.{digits}f}" == number for value in known), f"{number} in: {source(cell)}"


def test_files_are_small_and_pictures_are_those_that_github_shows(path):
    assert path.stat().st_size < MOST_BYTES
    shown = [kind for cell in cells(path) for output in kinds(cell) for kind in output]
    assert "text/html" not in shown
    assert "image/svg+xml" in shown


def test_each_is_a_lecture_with_an_exercise_and_its_solution(path):
    prose = "\n".join(map(source, cells(path, "markdown")))
    heads = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    assert heads.index("Exercise") < heads.index("A solution")
    assert cells(path)[-2]["cell_type"] == "code"  # the solution ran


def test_links_lead_to_files(path):
    for cell in cells(path, "markdown"):
        for link in links(source(cell)):
            assert (path.parent / link).exists(), link


def test_a_name_that_no_notebook_has_is_told_in_one_line():
    ran = run_python(ROOT / "examples" / "notebooks.py", "walking")
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "no notebook's name contains 'walking': 1_record_and_draw, 2_walk_backward" in ran.stderr
