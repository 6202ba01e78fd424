"""Pages in notebooks: a notebook is executed as nbconvert does it, and what it exports is looked at in the browser."""

import json
import os
import sys

import numpy as np
import pytest

import tinygraph as tg
import viz
from viz.page import notebook

pytestmark = pytest.mark.slow

CELLS = [
    "import sys; sys.path.insert(0, {root!r})\nimport numpy as np, tinygraph as tg, viz",
    "W = tg.parameter(np.eye(2) / 2, name='W')\nh = np.ones(2)\nfor t in range(3):\n    h = np.tanh(W @ h)",
    "loss = np.sum(h)",
    "tg.trace(loss)",
    "viz.draw(loss)",
    "viz.debug(loss);",
    "viz.plot(loss, 'W')",
    "w = viz.widget(loss)\nw.selection = 'h[2]'\nw",
    "w.k, w.trace[w.k].node.name, w.selection",
]


def test_a_trace_shows_itself():
    trace = tg.trace(tg.parameter(1.0, name="w") * 2.0)
    shown = trace._repr_html_()
    assert shown.startswith("<iframe")
    assert 'sandbox="allow-scripts"' in shown
    assert "<script" not in shown  # all of it is escaped


def test_what_is_too_large_for_a_notebook_says_what_to_write(monkeypatch):
    monkeypatch.setattr(notebook, "MOST_BYTES", 10_000)
    shown = tg.trace(tg.parameter(1.0) * 2.0)._repr_html_()
    assert "viz.export(trace" in shown
    assert "iframe" not in shown


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A notebook, executed as nbconvert does it, in a kernel of its own."""
    if not os.environ.get("CI"):
        for needed in ("nbconvert", "ipykernel", "anywidget"):
            pytest.importorskip(needed)
    import nbformat
    from nbconvert.preprocessors import ExecutePreprocessor

    folder = tmp_path_factory.mktemp("jupyter")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text.format(root=os.getcwd())) for text in CELLS])
    kernels = folder / "kernels" / "here"
    kernels.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "here"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        ExecutePreprocessor(timeout=120, kernel_name="here").preprocess(book)
    return book


@pytest.fixture(scope="module")
def exported(executed, browser, tmp_path_factory):
    """The notebook as a page of HTML, opened in the browser."""
    from nbconvert import HTMLExporter

    path = tmp_path_factory.mktemp("exported") / "book.html"
    path.write_text(HTMLExporter(embed_images=True).from_notebook_node(executed)[0], encoding="utf-8")
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(path.as_uri())
    yield page
    page.close()


def test_an_executed_notebook_shows_pages_and_pictures(exported):
    assert exported.locator("iframe[title='backward pass']").count() == 2
    assert exported.locator("svg[class^=tg]").count() == 2


@pytest.mark.parametrize("place", [0, 1], ids=["Trace", "debug"])
def test_the_pages_of_an_exported_notebook_are_walked_through(exported, place):
    exported.locator("iframe[title='backward pass']").nth(place).scroll_into_view_if_needed()  # it loads when in sight
    frame = exported.frame_locator("iframe[title='backward pass']").nth(place)
    frame.locator("html[data-ready]").wait_for(timeout=20_000)
    frame.locator("[data-move=next]").click()
    assert "step 0 of" in frame.locator("#position").inner_text()
    frame.locator("[data-move=next]").click()
    assert "h = np.tanh(W @ h)" in frame.locator("#step pre .here").inner_text()
    frame.locator("[data-move=last]").click()
    assert frame.locator(".account .said").all_inner_texts() == ["all 3 contributions: = W.grad, exactly"]


def test_a_widget_moves_in_the_kernel_and_is_kept_in_the_notebook(executed):
    *_, shown, moved = executed.cells
    (output,) = shown.outputs
    model = output["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    state = executed.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"][model]["state"]
    k = moved.outputs[0]["data"]["text/plain"]
    assert k == f"({state['place']}, 'h', 'h[2]')"
    assert state["page"].startswith("<!doctype html>")
    assert "postMessage" in state["_esm"]
    assert "http://" not in state["_esm"] + state["page"].replace("http://www.w3.org/", "")


def test_export_takes_losses_traces_and_files(tmp_path):
    w = tg.parameter([1.0, 2.0], name="w")
    loss = np.sum(np.exp(w))
    trace = tg.trace(loss)
    trace.save(tmp_path / "run.trace")
    pages = [
        viz.export(x, tmp_path / f"{i}.html").read_text() for i, x in enumerate((loss, trace, tmp_path / "run.trace"))
    ]
    assert pages[1] == pages[2]
    assert all(page.startswith("<!doctype html>") for page in pages)
    with pytest.raises(TypeError, match="expected a loss"):
        viz.export(3.0, tmp_path / "no.html")
    with pytest.raises(LookupError, match="did you mean"):
        viz.export(loss, tmp_path / "no.html", tour=[("ww", "…")])
    assert not (tmp_path / "no.html").exists()
