"""Pages of programs that others wrote, who had not seen this one."""

import importlib
from pathlib import Path

import pytest

import tinygraph as tg
from tests.tools.javascript import ask, engine
from viz.page.export import page_of

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "programs" / "outsiders"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("p*.py"))


def recorded(name):
    """Return the trace of an outsider's program."""
    return tg.trace(importlib.import_module(f"tests.programs.outsiders.{name}").main())


@pytest.fixture(scope="module", params=PROGRAMS)
def outsider(request):
    trace = recorded(request.param)
    return trace, page_of(trace)


def test_the_ledger_adds_up_exactly(outsider):
    trace, html = outsider
    page = engine(html)
    for node in trace.graph.parameters:
        if trace.gradient(node) is not None:
            assert ask(page, f"agreement(trace, {node.index})") == "exact"


def test_it_is_shown_from_the_first_step_to_the_last(outsider, opened):
    trace, html = outsider
    assert len(html) < 600_000
    page = opened(html)
    last = len(trace) - 1
    for view in "123":
        page.keyboard.press(view)
        for k in (0, last // 3, last // 2, last):
            page.evaluate(f"page.go({k})")
            assert page.locator("#step h2").inner_text()
            assert view == "3" or page.locator("#network .node.reached").count() > 0
    said = page.locator(".account .said").all_inner_texts()
    assert said
    assert all("exactly" in text for text in said)
