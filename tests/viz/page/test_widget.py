"""The widget: its position in Python, and the same page around which its module puts a frame, in a real browser."""

import json
import os
import sys

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.viz.page.test_model import elman
from viz.page.assemble import asset
from viz.page.export import page_of

if not os.environ.get("CI"):
    pytest.importorskip("anywidget")
traitlets = pytest.importorskip("traitlets")


@pytest.fixture
def trace():
    return tg.trace(elman(5, 3))


# -- the position in Python -------------------------------------------------------------------------------------------


def test_the_page_is_the_exported_one(trace):
    assert viz.widget(trace, [("h[3]", "Here.")], title="Mine").page == page_of(trace, [("h[3]", "Here.")], "Mine")
    assert viz.widget(elman(2, 2)).trace.output.name == "loss"
    with pytest.raises(TypeError, match="expected a loss"):
        viz.widget(3.0)


def test_position_and_selection_move_each_other(trace):
    w = viz.widget(trace)
    assert (w.k, w.place, w.selection, w.view) == (-1, -1, "", "variables")
    w.selection = "h[2]"
    assert trace[w.k].node is trace.node("h[2]")
    assert w.place == w.k
    w.k = len(trace) - 1
    assert w.selection == trace.symbols.of(trace.nodes[-1]).ascii
    w.place = 0  # as when a reader moves the page
    assert (w.k, w.selection) == (0, trace.symbols.of(trace.nodes[0]).ascii)
    w.k = -1
    assert w.selection == ""
    w.selection = "h⁽³⁾"
    assert w.selection == "h[3]"
    w.selection = ""
    assert w.k == -1
    W = str(trace.symbols.of(trace.graph.parameters[0]))
    w.selection = W
    assert (w.k, w.selection) == (trace.writes(trace.graph.parameters[0])[0][0], W)


def test_whoever_observes_is_told_once_for_each_move(trace):
    w, told = viz.widget(trace), []
    w.observe(lambda change: told.append((change["name"], change["new"])), ["k", "selection"])
    w.place = 4
    assert sorted(told) == [("k", 4), ("selection", trace.symbols.of(trace.nodes[4]).ascii)]
    w.place = 4
    assert len(told) == 2


def test_what_is_no_step_or_no_name_is_refused_and_moves_nothing(trace):
    w = viz.widget(trace)
    w.k = 3
    for wrong in (len(trace), -2):
        with pytest.raises(traitlets.TraitError, match=f"k is a step from 0 to {len(trace) - 1}, or -1"):
            w.k = wrong
    with pytest.raises(LookupError, match="did you mean h"):
        w.selection = "hh"
    with pytest.raises(traitlets.TraitError):
        w.view = "sideways"
    w.place = 10**6  # a page that says what cannot be
    assert w.k == len(trace) - 1
    w.place = -5
    assert w.k == -1


def test_in_a_window_steps_are_those_of_the_whole_pass(trace):
    w = viz.widget(trace, timesteps=1)
    for k in range(-1, len(trace)):
        w.k = k
        assert w.k == k
        assert w.selection == ("" if k < 0 else trace.symbols.of(trace.nodes[k]).ascii)
    walked = [step for step in w._excerpt.steps if isinstance(step, int)]
    for place, step in enumerate(w._excerpt.steps):
        w.k = -1
        w.place = place
        assert w.k == (step if step in walked else step.first)


def test_without_anywidget_it_says_what_to_install(trace, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "viz.page.widget", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'tinygraph-rnn\[widget\]'"):
        viz.widget(trace)


# -- the frame in the browser -----------------------------------------------------------------------------------------

HOST = """<!doctype html><div id="cell"></div><script type="module">
const source = SOURCE;
const listeners = {};
window.model = {
  state: STATE,
  get: (name) => model.state[name],
  set: (name, value) => {
    if (model.state[name] === value) return;
    model.state[name] = value;
    (listeners[`change:${name}`] ?? []).forEach((listener) => listener());
  },
  on: (event, listener) => (listeners[event] ??= []).push(listener),
  off: (event, listener) => { listeners[event] = listeners[event].filter((other) => other !== listener); },
  save_changes: () => window.saved?.(model.state.place, model.state.view),
};
const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
window.leave = module.default.render({ model, el: document.getElementById("cell") });
</script>"""


@pytest.fixture
def cell(browser, tmp_path):
    """Return a function that shows a widget as a notebook would, its two ends joined, and returns page and frame."""
    pages, complaints = [], []

    def show(w):
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        pages.append(page)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: complaints.append(request.url) if request.url[:4] == "http" else None)

        def moved(place, view):
            w.place, w.view = place, view

        page.expose_function("saved", moved)
        state = {name: getattr(w, name) for name in ("page", "place", "view", "height")}
        as_script = lambda x: json.dumps(x).replace("</", "<\\/")
        host = tmp_path / "host.html"
        host.write_text(HOST.replace("SOURCE", as_script(asset("widget.js"))).replace("STATE", as_script(state)))
        page.goto(host.as_uri())
        frame = page.frame_locator("iframe[title='backward pass']")
        frame.locator("html[data-ready]").wait_for(timeout=20_000)
        return page, frame

    yield show
    for page in pages:
        page.close()
    assert not complaints


def position(frame):
    return frame.locator("#position")


@pytest.mark.slow
def test_page_and_python_move_each_other(cell, trace):
    from playwright.sync_api import expect

    w = viz.widget(trace)
    w.k = 3
    page, frame = cell(w)
    expect(position(frame)).to_contain_text("step 3 of")  # it begins where Python is
    frame.locator("[data-move=next]").click()
    expect(position(frame)).to_contain_text("step 4 of")
    page.wait_for_function("model.state.place === 4")
    assert (w.k, w.selection) == (4, trace.symbols.of(trace.nodes[4]).ascii)
    frame.locator("[data-view=ops]").click()
    page.wait_for_function("model.state.view === 'ops'")
    assert w.view == "ops"
    w.selection, w.view = "h[2]", "folded"
    page.evaluate("([place, view]) => { model.set('place', place); model.set('view', view); }", [w.place, w.view])
    expect(position(frame)).to_contain_text(f"step {trace.step_of('h[2]')} of")
    expect(frame.locator("[data-view=folded]")).to_have_attribute("aria-pressed", "true")
    page.evaluate("model.set('place', -7), model.set('view', 'sideways')")
    expect(position(frame)).to_contain_text("before the first step")
    page.evaluate("leave(), model.set('place', 2)")
    frame.locator("[data-move=last]").click()
    page.wait_for_timeout(100)
    assert page.evaluate("model.state.place") == 2


@pytest.mark.slow
def test_a_reader_who_hurries_is_never_sent_back(cell, trace):
    w = viz.widget(trace)
    page, frame = cell(w)
    frame.locator("body").click(position={"x": 400, "y": 5})
    for _ in range(20):
        page.keyboard.press("n")
    page.wait_for_function("model.state.place === 19")
    page.wait_for_timeout(200)
    assert w.k == 19
    assert "step 19 of" in position(frame).inner_text()


@pytest.mark.slow
def test_values_of_the_program_stay_text_in_a_cell(cell):
    name = "</script><img src=x onerror=alert(1)>"
    page, frame = cell(viz.widget(np.sum(np.tanh(tg.parameter([0.5, 1.0], name=name))), title=name))
    assert frame.locator("img").count() == 0
    assert page.locator("img").count() == 0
    assert frame.locator("#title").inner_text() == name
