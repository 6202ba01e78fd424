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


def test_an_executed_notebook_shows_pages_and_drawings(browser, tmp_path, monkeypatch):
    if not os.environ.get("CI"):
        pytest.importorskip("nbconvert")
        pytest.importorskip("ipykernel")
    import nbformat
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import ExecutePreprocessor

    root = os.getcwd()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text.format(root=root)) for text in CELLS])
    kernels = tmp_path / "kernels" / "here"
    kernels.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "here"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    ExecutePreprocessor(timeout=120, kernel_name="here").preprocess(book)
    exported = tmp_path / "book.html"
    exported.write_text(HTMLExporter(embed_images=True).from_notebook_node(book)[0], encoding="utf-8")
    page = browser.new_page()
    page.goto(exported.as_uri())
    assert page.locator("iframe[title='backward pass']").count() == 2
    assert page.locator("svg[class^=tg]").count() == 1
    frame = page.frame_locator("iframe[title='backward pass']").first
    frame.locator("html[data-ready]").wait_for(timeout=20_000)
    frame.locator("[data-move=next]").click()
    assert "step 0 of" in frame.locator("#position").inner_text()
    page.close()


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
