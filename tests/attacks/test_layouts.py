"""Random graphs of every shape are drawn in every view, at once and without a failure; a long campaign: `layouts`."""

import os

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.attacks.layouts import SHAPES, Case, cases, draw, outcomes
from tests.tools.pictures import check_picture
from viz.layout import graphviz_layout
from viz.layout.graphviz_process import LayoutError

pytestmark = pytest.mark.slow

COUNT = int(os.environ.get("TINYGRAPH_LAYOUTS", "40"))  # graphs, each drawn in four views


@pytest.mark.slow
def test_every_graph_is_drawn_and_none_takes_long():
    for outcome in outcomes(COUNT):
        assert not outcome.failure, outcome
        assert not outcome.warning, outcome
        assert min(outcome.seconds, *again(outcome)) < 2, outcome


def again(outcome):
    """Return the seconds of drawing a case once more where it took long: other programs may have run."""
    return [draw(outcome.case, outcome.options).seconds for _ in range(3)] if outcome.seconds > 1 else [outcome.seconds]


def test_every_shape_repeats_itself_by_its_seed():
    for shape in SHAPES:
        assert viz.draw(Case(shape, 3).result()).scene == viz.draw(Case(shape, 3).result()).scene


@pytest.mark.slow
@pytest.mark.parametrize("view", ["ops", "variables"])
def test_the_plainer_layout_draws_them_too(view, monkeypatch):
    def broken(source, limit):
        raise LayoutError("broke off")

    monkeypatch.setattr(graphviz_layout, "dot_layout", broken)
    for case in cases(40, 800, most=150):
        outcome = draw(case, {"view": view})
        assert not outcome.failure, outcome
        assert "plainer layout" in outcome.warning


@pytest.mark.filterwarnings("ignore:Graphviz")
def test_in_the_plainer_layout_nothing_overlaps_and_no_node_is_crossed(monkeypatch):
    def broken(source, limit):
        raise LayoutError("broke off")

    monkeypatch.setattr(graphviz_layout, "dot_layout", broken)
    for case in cases(24, 0, most=60):
        if case.shape in ("constants", "recursion", "tree"):
            check_picture(viz.draw(case.result(), fold=True))


@pytest.mark.parametrize("calls", [80, 200])
def test_a_long_recursion_is_drawn_at_once(calls):
    W = tg.parameter(np.eye(2), name="W")

    def f(h, n):
        return f(np.tanh(W @ h), n - 1) if n else h

    case = Case("recursion", 0)
    for options in ({}, {"view": "variables"}, {"fold": True}):
        assert draw(case, options).seconds < 2
        viz.draw(f(np.ones(2), calls), **options).svg()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_recursion_with_branches_is_drawn_folded(seed):
    """Its calls read each other without a delay: the folded graph has a cycle."""
    for view in ("ops", "variables"):
        assert draw(Case("tree", seed), {"view": view, "fold": True}).failure == ""


@pytest.mark.parametrize("seed", [5, 322])
def test_what_aborts_graphviz_is_drawn_all_the_same(seed):
    """Labels of flat edges: `fixLabelOrder: Assertion`."""
    for view in ("ops", "variables"):
        outcome = draw(Case("dag", seed), {"view": view, "fold": True})
        assert (outcome.failure, outcome.warning) == ("", "")


@pytest.mark.parametrize("seed", [2670, 2724])
def test_a_time_step_of_a_loop_in_a_loop_that_is_read_once_is_told(seed):
    for view in ("ops", "variables"):
        assert draw(Case("loops", seed), {"view": view, "fold": True}).failure == ""
