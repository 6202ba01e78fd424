"""Every program that folding is tested with is drawn too, in every view: nothing overlaps, nothing is crossed."""

import importlib.util
from pathlib import Path

import pytest

import viz


def _load():
    path = Path(__file__).parents[1] / "tinygraph" / "fold_programs.py"
    spec = importlib.util.spec_from_file_location("fold_programs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {**module.EXACT, **module.PARTIAL}


PROGRAMS = _load()
VIEWS = [{"view": view, "fold": fold} for view in ("ops", "variables") for fold in (False, True)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_drawn_without_overlaps_and_crossed_nodes(name, check_picture):
    result = PROGRAMS[name](4)
    for options in VIEWS:
        drawing = viz.draw(result, **options)
        check_picture(drawing)
        drawing.svg()
