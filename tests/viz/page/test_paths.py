"""Where a gradient comes from: the page's own logic against the trace, and the way that stays lit in a browser."""

import re

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.javascript import ask, engine
from tests.viz.page.programs import until
from viz.page.export import page_of

pytestmark = pytest.mark.slow


def largest(trace, node):
    """Return the contribution of largest norm to a value; None for the loss."""
    terms = [] if node is trace.output else list(trace.contributions(node))
    return max(terms, key=lambda term: float(term.norm), default=None)


def way(trace, node):
    """Return the steps of the largest contributions from a value to the loss."""
    steps = []
    while (term := largest(trace, node)) is not None:
        steps.append(term.step)
        node = trace.nodes[term.step]
    return steps


@pytest.mark.parametrize("name", ["h[1]", "h[2]", "h[4]", "W"])
def test_the_way_takes_the_largest_contribution_at_each_value(trace, logic, name):
    node = trace.node(name)
    steps = ask(logic, f"mainWay(trace, {node.index}).map(({{ step }}) => step)")
    assert steps == way(trace, node)
    assert trace.nodes[steps[-1]] is trace.output
    assert ask(logic, f"mainWay(trace, {node.index}, {steps[2]}).length") == 3


def test_shares_are_how_far_a_contribution_reaches_and_add_up_to_one(trace, logic):
    for node in trace.graph.nodes:
        terms = list(trace.contributions(node)) if trace.gradient(node) is not None else []
        if len(terms) < 2:
            continue
        shares = ask(logic, f"trace.values[{node.index}].writes.map((term) => share(trace, term))")
        whole = trace.gradient(node)
        expected = [np.vdot(term.term, whole) / np.vdot(whole, whole) for term in terms]
        np.testing.assert_allclose(shares, expected)
        assert sum(shares) == pytest.approx(1)


def test_the_next_variable_is_the_next_with_a_box(trace, logic):
    h1 = trace.node("h[1]")
    boxes = {int(index) for index in ask(logic, "rows(trace.figures.variables.nodes).map(({ index }) => index)")}
    expected = next(step for step in way(trace, h1) if trace.nodes[step].index in boxes)
    assert ask(logic, f"nextOnWay(trace, {h1.index}, true)") == expected
    assert ask(logic, f"nextOnWay(trace, {h1.index}, false)") == way(trace, h1)[0] > expected
    assert ask(logic, f"nextOnWay(trace, {trace.output.index}, true)") is None


def test_hops_join_what_lies_between_variables(trace, logic):
    h1 = trace.node("h[1]")
    hops = ask(logic, f"hops(trace, mainWay(trace, {h1.index}))")
    assert hops[-1]["to"] == trace.output.index
    assert len(hops) < len(way(trace, h1))
    assert hops[0]["shares"] == ask(logic, f"[share(trace, mainSource(trace, {h1.index}))]")
    split = [term for term in way_terms(trace, h1) if len(trace.writes(term)) > 1]
    assert sum(len(hop["shares"]) for hop in hops) == len(split)


def way_terms(trace, node):
    """Return the values that a way passes, the first included."""
    return [node, *(trace.nodes[step] for step in way(trace, node)[:-1])]


def test_a_zero_gradient_has_no_shares():
    w = tg.parameter([1.0, 2.0], name="w")
    page = engine(page_of(tg.trace(np.sum(w * 0.0) + np.sum(w * 0.0))))
    assert ask(page, "trace.values[trace.parameters[0]].writes.map((term) => share(trace, term))") == [None, None]


# -- in a browser -----------------------------------------------------------------------------------------------------


def test_a_gradient_is_followed_by_variables_and_its_way_stays_lit(opened, html, trace, logic):
    h1 = trace.node("h[1]")
    page = opened(html, f"#step={trace.step_of('h[1]')}")
    hops = ask(logic, f"hops(trace, mainWay(trace, {h1.index}))")
    for count, hop in enumerate(hops, 1):
        page.keyboard.press("F")
        assert page.evaluate("trace => page.trace.steps[page.state.k].node") == hop["to"]
        assert page.locator("#network .e.on-way").count() == count
        assert len(re.findall("⟵", page.locator("#way-words").inner_text())) == count
    page.keyboard.press("F")
    assert page.locator("#notice").inner_text() == "The pass begins here."
    first = f"{round(100 * hops[0]['shares'][0])} %"
    assert page.locator("#network .share").first.text_content() == first
    assert page.locator("#way-words").inner_text().startswith(f"h⁽¹⁾ ⟵ {first}")
    page.keyboard.press("n")
    page.keyboard.press("2")
    assert page.locator("#network .e.on-way").count() == len(way(trace, h1))
    until(page, f"location.hash.includes('way={h1.index}.0')")
    page.keyboard.press("Escape")
    assert page.locator("#network .on-way, #network .share").count() == 0
    assert not page.locator("#way").is_visible()


def test_the_address_lights_the_way_again(opened, html, trace):
    h1 = trace.node("h[1]")
    steps = way(trace, h1)
    page = opened(html, f"#step={steps[-1]}&view=ops&way={h1.index}.{steps[3]}")
    assert page.locator("#network .e.on-way").count() == 4
    page.locator("#way-off").click()
    assert page.locator("#network .on-way").count() == 0


def test_a_button_follows_all_the_way_to_the_loss(opened, html, trace):
    k = trace.step_of("h[1]")
    page = opened(html, f"#step={k}&view=ops")
    page.keyboard.press("F")
    page.locator("#way-all").click()
    assert page.locator("#network .e.on-way").count() == len(way(trace, trace.node("h[1]")))
    assert page.locator("#way-words").inner_text().endswith(str(trace.symbols.of(trace.output)))
    assert page.locator("#way-all").is_disabled()


@pytest.mark.parametrize("address", ["#way=1.9999", "#way=99999.0", "#way=x", "#way=0.0", "#way=3"])
def test_a_wrong_way_does_no_harm(opened, html, address):
    page = opened(html, f"{address}&step=3")
    assert page.evaluate("page.state.k") == 3
    page.keyboard.press("F")


def test_the_lag_matrix_lights_its_ways_alike(opened, html, trace):
    page = opened(html)
    cell = page.get_by_label("loss at 3, h at 2", exact=False)
    cell.click()
    assert page.locator("#network .e.on-way").count() > 0
    page.keyboard.press("Escape")
    assert page.locator("#network .on-way").count() == 0
    assert cell.get_attribute("aria-pressed") == "false"
    page.keyboard.press("End")
    page.evaluate(f"page.go({trace.step_of('h[2]')})")
    cell.click()
    page.keyboard.press("F")
    assert cell.get_attribute("aria-pressed") == "false"
    assert page.locator("#way").is_visible()
