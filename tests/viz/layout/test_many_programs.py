"""Every program that folding is tested with is drawn too, in every view: nothing overlaps, nothing is crossed."""

import pytest

import viz
from tests.programs import ALL
from tests.tools.pictures import check_picture

VIEWS = [{"view": view, "fold": fold} for view in ("ops", "variables") for fold in (False, True)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_it_is_drawn_without_overlaps_and_crossed_nodes(name):
    result = ALL[name](4)
    for options in VIEWS:
        drawing = viz.draw(result, **options)
        check_picture(drawing)
        drawing.svg()
