"""Pages of programs of every kind, written to try the engine: each is exported, and all of it is in the page."""

import importlib
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

import tinygraph as tg
import viz
from tests.viz.page.test_formulas import check_templates
from tinygraph.backward.backprop import observed
from viz.page.contents import contents

pytestmark = pytest.mark.slow

FILES = sorted((Path(__file__).parents[2] / "foreign").glob("test_*_programs.py"))
MODULES = [path.stem for path in FILES if "programs = Programs()" in path.read_text(encoding="utf-8")]


class Reached(BaseException):
    """Stops a program at its backward pass."""


def first_pass(case):
    """Return the trace of the first backward pass of a program; None where it has none."""
    passes = []

    def begins(output):
        passes.append(tg.trace(output))
        raise Reached

    refused = AssertionError  # a program that is to be refused may have a pass all the same
    with observed(begins), warnings.catch_warnings(action="ignore"), suppress(Reached, refused):
        case()
    return passes[0] if passes else None


@pytest.mark.parametrize("name", MODULES)
def test_every_program_is_exported(name):
    programs = importlib.import_module(f"tests.foreign.{name}").programs
    traces = [trace for case in programs.cases if (trace := first_pass(case.values[0])) is not None]
    assert traces
    for trace in traces:
        check_templates(trace)
        data = contents(trace, "program").data
        assert data["steps"]["length"] == len(trace)
        assert data["values"]["length"] == len(trace.graph.nodes)
        for figure in data["figures"].values():
            assert figure["nodes"]["length"] > 0


def test_what_is_added_to_cells_of_a_table_is_drawn_and_exported(tmp_path):
    u = tg.parameter([1.0, 2.0, 3.0, 4.0], name="u")
    for _ in range(2):
        u = u.at[1:-1].add(0.3 * (u[2:] - 2 * u[1:-1] + u[:-2]))
    loss = (u * u).sum()
    viz.export(loss, tmp_path / "table.html")
    assert "add(" in viz.draw(loss).svg()
