"""What a view of the network lights: the edges that gradients have passed, in every view, whichever way one came."""

import importlib
import re

import networkx as nx
import numpy as np
import pytest

import tinygraph as tg
from tests.viz.page.programs import recurrent, until
from viz.page.export import page_of

pytestmark = pytest.mark.slow

LIT = """() => page.drawing.edges.flatMap(({ source, target }, place) => {
  const done = page.drawing.termsByEdge[place].some(({ step }) => step <= page.state.k);
  return done ? [[page.drawing.nodes[source].index, page.drawing.nodes[target].index].join()] : [];
}).sort()"""


EDGES = """() => page.drawing.edges.map(({ source, target }) =>
  [page.drawing.nodes[source].index, page.drawing.nodes[target].index].join())"""


def outsider(name):
    return importlib.import_module(f"tests.programs.outsiders.{name}").main()


def attentive():
    """A value without a name is a part of two that have one: the product of both a and b."""
    h = np.tanh(tg.parameter([1.0, 2.0], name="w"))

    def both(read):
        a = read() + 1.0
        b = read() + 2.0
        return np.sum(a * b)

    values = iter([h * 3.0] * 2)
    return both(lambda: next(values))


PROGRAMS = {
    "elman": recurrent,
    "two readers": attentive,
    "char rnn": lambda: outsider("p01_char_rnn"),
    "lstm": lambda: outsider("p02_lstm_class"),
    "leapfrog": lambda: outsider("p19_leapfrog"),
}


def lit(trace, k, box):
    """Return the pairs of boxes between which contributions have gone after step k; `box` gives that of a value."""
    graph = nx.DiGraph(trace.graph.to_networkx())
    pairs = set()
    for step, node in enumerate(trace.nodes[: k + 1]):
        for argument, term in enumerate(trace[step].contributions):
            source = node.inputs[argument]
            if term is None or source.index not in box:
                continue
            inner = graph.subgraph([n for n in graph if n not in box or n == node.index])
            led = [node.index] if node.index in box else nx.descendants(inner, node.index) | {node.index}
            ends = {user for n in led for user in ({n} if n in box else graph.successors(n)) if user in box}
            pairs |= {f"{box[source.index]},{box[end]}" for end in ends}
    return pairs


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_folded_edge_is_lit_when_a_gradient_has_passed_it(opened, program):
    trace = tg.trace(PROGRAMS[program]())
    page = opened(page_of(trace), "#view=folded")
    shown = set(page.evaluate("page.drawing.nodes.map(({ index }) => index)"))
    last = {node.recorded[-1].index: node.recorded for node in tg.fold(trace.graph).nodes}
    box = {value.index: index for index, recorded in last.items() if index in shown for value in recorded}
    edges = set(page.evaluate(EDGES))
    for k in np.linspace(0, len(trace) - 1, 6).astype(int):
        page.evaluate(f"page.go({k})")
        assert set(page.evaluate(LIT)) == lit(trace, k, box) & edges, k


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_edge_between_variables_is_lit_when_a_gradient_has_passed_it(opened, program):
    trace = tg.trace(PROGRAMS[program]())
    page = opened(page_of(trace))
    shown = page.evaluate("page.drawing.nodes.map(({ index }) => index)")
    box = {index: index for index in shown}
    edges = set(page.evaluate(EDGES))
    for k in np.linspace(0, len(trace) - 1, 6).astype(int):
        page.evaluate(f"page.go({k})")
        assert set(page.evaluate(LIT)) == lit(trace, k, box) & edges, k


def test_a_box_of_the_folded_view_speaks_of_its_value(opened):
    trace = tg.trace(outsider("p02_lstm_class"))
    page = opened(page_of(trace), "#view=folded")
    page.locator("#network .node", has_text=re.compile("^pred")).click()
    assert page.evaluate("page.state.k") == trace.step_of("pred")


# -- what is drawn ----------------------------------------------------------------------------------------------------

DRAWN = """() => {
  const parts = [...document.querySelectorAll("#network .parts > g, #network .columns > g")];
  const names = ["class", "style", "d", "transform"];
  const words = (part) => [part.tagName, ...names.map((name) => part.getAttribute(name)), part.textContent].join("|");
  return parts.map((part) => [words(part), ...[...part.children].map(words)].join(" ")).sort();
}"""


@pytest.mark.parametrize("view", ["variables", "ops"])
def test_columns_that_come_back_are_as_if_made_anew(opened, view):
    html = page_of(tg.trace(recurrent(T=40)))
    fresh = opened(html, f"#step=150&view={view}")
    box = fresh.evaluate("page.drawing.box")
    page = opened(html, f"#view={view}")
    for k in (300, 20, 160, 90, 310, 150):
        page.evaluate(f"page.go({k})")
    page.evaluate("box => page.drawing.show(box)", box)
    assert page.evaluate(DRAWN) == fresh.evaluate(DRAWN)
    assert page.evaluate("page.drawing.columns.free.size") > 0


def test_scrubbing_comes_to_rest_where_the_scrubber_does(opened):
    page = opened(page_of(tg.trace(recurrent(T=40))))
    page.evaluate("for (const k of [300, 20, 160, 90, 310, 150]) page.scrub(k)")
    until(page, "document.querySelector('#network .node.current') !== null")
    frame, node = (page.locator(f"#network{part}").bounding_box() for part in ("", " .node.current"))
    assert frame["x"] <= node["x"] <= frame["x"] + frame["width"]


def test_in_the_ops_view_factors_stay(opened):
    trace = tg.trace(recurrent())
    page = opened(page_of(trace), f"#view=ops&step={trace.step_of('h[2]')}")
    page.locator("#fit").click()
    kept = [text for text in page.locator("#network .past").all_text_contents() if text]
    terms = [
        (step, argument)
        for step in range(trace.step_of("h[2]"))
        for argument, term in enumerate(trace[step].contributions)
        if term is not None and trace.nodes[step].inputs[argument].kind != "parameter"
    ]
    assert len(kept) == len(terms)
    assert all(text.startswith("×") for text in kept)


def test_an_edge_of_two_parameters_has_both_colours(opened):
    W, A = (tg.parameter(np.eye(2) / 2, name=name) for name in ("W", "A"))
    h = tg.tensor([1.0, 2.0], name="h")
    for _ in range(3):
        h = np.tanh(A @ (W @ h))
    page = opened(page_of(tg.trace(np.sum(h))))
    edge = page.locator("#network .e.hue:not(.second)").first
    second = page.locator("#network .e.second")
    assert edge.evaluate("e => getComputedStyle(e).stroke") != second.first.evaluate("e => getComputedStyle(e).stroke")
    label = page.locator("#network .name", has_text=", ").first
    hues = {span.text_content(): span.get_attribute("class") for span in label.locator("tspan.hue").all()}
    assert hues == {"W": "hue hue-0", "A": "hue hue-1"}
    page.keyboard.press("End")
    assert not second.first.is_visible()
