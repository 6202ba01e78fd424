"""The page in a real browser: every control and key, the address, what it says to readers who do not see it."""

import re

import numpy as np
import pytest

import tinygraph as tg
from tests.viz.page.programs import until
from viz.page.export import page_of

pytestmark = pytest.mark.slow

TOUR = [("loss", "It begins at the loss."), ("h[2]", "Here the gradient of h is a sum."), ("W", "W receives.")]


@pytest.fixture(scope="module")
def html(trace):
    return page_of(trace, TOUR, "An RNN")


def at(page):
    return page.evaluate("page.state.k")


def test_it_opens_before_the_first_step(opened, html):
    page = opened(html)
    assert page.title() == "An RNN"
    assert at(page) == -1
    assert page.locator("#step h2").inner_text() == "Before the first step"
    assert page.locator(".account").count() == 3
    assert page.locator(".account .nothing").count() == 3


def test_steps_by_key_and_by_button(opened, html, trace):
    page = opened(html)
    for _ in range(3):
        page.keyboard.press("n")
    assert at(page) == 2
    page.keyboard.press("b")
    page.keyboard.press("ArrowLeft")
    page.get_by_label("next step").click()
    assert at(page) == 1
    page.keyboard.press("End")
    assert at(page) == len(trace) - 1
    page.keyboard.press("n")
    assert at(page) == len(trace) - 1
    page.keyboard.press("Home")
    page.keyboard.press("b")
    assert at(page) == -1


def test_moves_by_time_step_and_by_write(opened, html, trace):
    page = opened(html)
    page.keyboard.press("t")
    assert trace.nodes[at(page)].timestep == 4
    assert trace.nodes[at(page) + 1].timestep == 3
    page.keyboard.press("T")
    assert at(page) <= 0
    page.get_by_label("weight").select_option(label="W")
    writes = [step for step, _ in trace.writes(trace.node("W"))]
    visited = []
    page.keyboard.press("Home")
    page.locator("body").click(position={"x": 2, "y": 2})
    for _ in writes:
        page.keyboard.press("w")
        visited.append(at(page))
    assert visited == writes
    page.keyboard.press("W")
    assert at(page) == writes[-2]


def test_the_address_leads_to_a_step_and_back(opened, html):
    page = opened(html, "#step=7&view=ops")
    assert at(page) == 7
    assert page.locator("[data-view=ops]").get_attribute("aria-pressed") == "true"
    page.keyboard.press("n")
    until(page, "location.hash === '#step=8&view=ops'")
    page.keyboard.press("1")
    until(page, "location.hash === '#step=8'")
    page.evaluate("location.hash = 'step=3'")
    until(page, "page.state.k === 3")


def test_weight_and_breakpoints_are_in_the_address_too(opened, html, trace):
    page = opened(html, f"#step=3&weight={trace.node('U').index}&breaks=2.9")
    assert page.locator(".flag").count() == 2
    page.keyboard.press("c")
    assert at(page) == 9
    page.keyboard.press("w")
    assert at(page) == next(step for step, _ in trace.writes(trace.node("U")) if step > 9)


@pytest.mark.parametrize("address", ["#step=99999", "#step=-5", "#step=x", "#view=none", "#stop=99", "#%00<script>"])
def test_a_wrong_address_does_no_harm(opened, html, trace, address):
    page = opened(html, address)
    assert -1 <= at(page) < len(trace)


def test_the_sum_grows_to_the_gradient(opened, html, trace):
    page = opened(html)
    account = page.locator("[data-parameter=W]")
    writes = [step for step, _ in trace.writes(trace.node("W"))]
    for count, step in enumerate(writes, 1):
        page.evaluate(f"page.go({step})")
        assert account.locator(".slot.done").count() == count
        shown = account.locator(".sum .digits").first.locator("span").all_inner_texts()
        running = trace.at(step + 1).gradient("W")
        np.testing.assert_allclose([number(text) for text in shown], np.ravel(running), rtol=5e-3, atol=1e-12)
    assert "= W.grad, exactly" in account.inner_text()


def number(text):
    digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
    return float(text.translate(digits).replace("·10", "e"))


def test_a_slot_leads_to_its_step_and_a_node_to_its_own(opened, html, trace):
    page = opened(html)
    page.locator("[data-parameter=U] .slot").first.click()  # of the first time step, and so the last that is written
    assert at(page) == trace.writes(trace.node("U"))[-1][0]
    page.locator("#network .node", has_text=re.compile(r"^h\(2\)")).click()
    assert at(page) == trace.step_of("h[2]")


def test_a_product_appears_as_column_times_row(opened, html, trace):
    page = opened(html, f"#step={trace.writes(trace.node('W'))[0][0]}")
    signs = page.locator("[data-parameter=W] .sign").all_inner_texts()
    assert signs == ["+=", "×"]


def test_the_rule_is_shown_in_symbols_in_numbers_and_as_it_runs(opened, html, trace):
    k = trace.step_of("h[3]")
    page = opened(html, f"#step={k}")
    rule = page.locator(".rule").first
    formula = trace.formulas(k)[0]
    assert rule.locator("math").first.get_attribute("aria-label") == formula.text
    assert rule.locator("code").inner_text() == formula.rule == "g * (1 - y * y)"
    assert rule.locator(".numbers mtable").count() == 3
    assert page.locator(".source mark").inner_text() == "np.tanh(W @ h + U @ x + b)"
    assert "line here" in page.locator(".source mark").locator("..").get_attribute("class")


def test_a_sum_is_tinted_by_what_has_come(opened, html, trace):
    k = trace.writes(trace.node("h[2]"))[0][0]
    page = opened(html, f"#step={k}")
    index = trace.node("h[2]").index
    partial = page.locator("#network .node.partial", has_text="h(2)")
    before = partial.first.locator("rect").evaluate("e => e.style.fill")
    assert before == page.evaluate(
        "(([share]) => `color-mix(in oklab, var(--gradient) ${Math.round(12 + 78 * share)}%, var(--box))`)"
        f"([page.scale({np.linalg.norm(trace.at(k + 1).gradient('h[2]'))})])"
    )
    page.evaluate(f"page.go({trace.step_of('h[2]')})")
    assert page.evaluate(f"page.trace.values[{index}].index") == index
    whole = page.locator("#network .node", has_text="h(2)").first.locator("rect").evaluate("e => e.style.fill")
    assert whole != before


def test_the_factor_of_an_edge_is_from_box_to_box(opened, html, trace):
    k, argument = trace.writes(trace.node("h[2]"))[0]
    page = opened(html, f"#step={k}")
    shown = page.locator(".factor").first.text_content()
    term = np.linalg.norm(trace[k].contributions[argument])
    box = np.linalg.norm(trace.gradient("h[3]"))
    assert number(shown.removeprefix("×")) == pytest.approx(term / box, rel=6e-3)


def test_what_the_rule_reads_is_what_is_listed(opened, html, trace):
    page = opened(html, f"#step={trace.step_of('h[3]')}")  # tanh: g * (1 - y * y)
    assert page.locator(".operands figure").count() == 2


def test_the_letters_of_a_rule_are_its_own(opened):
    W = tg.parameter(np.eye(2) / 2, name="W")
    g = tg.tensor([1.0, 2.0], name="g")
    for _ in range(2):
        g = np.tanh(W @ g)
    trace = tg.trace(np.sum(g))
    page = opened(page_of(trace), f"#step={trace.step_of('g[2]')}")
    assert page.locator(".rule p").inner_text() == "g * (1 - y * y) where g is g̅⁽²⁾, y is g⁽²⁾".replace(
        "g̅⁽²⁾", trace.symbols.of(trace.node("g[2]")).bar
    )


def test_what_is_passed_on_unchanged_is_said_once(opened, html, trace):
    k = next(k for k, node in enumerate(trace.nodes) if node.op == "add" and node.expression == "W @ h + U @ x")
    page = opened(html, f"#step={k}")
    assert page.locator(".rule").count() == 1
    assert page.locator(".rule > math").count() == 2
    assert page.locator(".rule p").inner_text().endswith("passed on unchanged")
    assert page.locator(".write").count() == 1
    assert page.locator(".write .link").count() == 2


def test_two_loops_have_two_clocks(opened):
    W = tg.parameter(np.eye(2) / 2, name="W")
    h, s = tg.tensor([1.0, 2.0], name="h"), tg.tensor([0.5, 0.1], name="s")
    for _ in range(3):
        h = np.tanh(W @ h)
    for _ in range(2):
        s = np.tanh(W @ s) * h
    trace = tg.trace(np.sum(s))
    page = opened(page_of(trace), f"#step={trace.step_of('h[2]')}")
    names = page.locator("#caption span").all_inner_texts()
    pale = [line.evaluate("e => e.classList.contains('aside')") for line in page.locator("#timeline .line").all()]
    assert {name[5]: is_pale for name, is_pale in zip(names, pale, strict=True)} == {"h": False, "s": True}
    ring = page.locator("#timeline .here:not(.hidden)")
    assert ring.count() == 1
    page.evaluate(f"page.go({trace.step_of('s[2]')})")
    pale = [line.evaluate("e => e.classList.contains('aside')") for line in page.locator("#timeline .line").all()]
    assert {name[5]: is_pale for name, is_pale in zip(names, pale, strict=True)} == {"h": True, "s": False}


def test_follow_goes_to_what_contributed_most(opened, html, trace):
    k = trace.step_of("h[2]")
    page = opened(html, f"#step={k}")
    main = max(trace.contributions("h[2]"), key=lambda term: term.norm)
    page.keyboard.press("f")
    assert at(page) == main.step


def test_breakpoints(opened, html):
    page = opened(html, "#step=9")
    page.keyboard.press("k")
    assert page.locator(".flag").count() == 1
    page.keyboard.press("Home")
    page.keyboard.press("c")
    assert at(page) == 9
    page.keyboard.press("End")
    page.keyboard.press("r")
    assert at(page) == 9
    page.get_by_label("breakpoint here").click()
    assert page.locator(".flag").count() == 0


def test_play_and_pause(opened, html, trace):
    page = opened(html)
    page.get_by_label("speed").select_option("very fast")
    page.get_by_label("play", exact=True).click()
    until(page, "page.state.k >= 3")
    page.get_by_label("pause").click()
    page.get_by_label("play", exact=True).wait_for()
    here = at(page)
    page.wait_for_timeout(200)
    assert at(page) == here
    page.get_by_label("play", exact=True).click()
    until(page, f"page.state.k === {len(trace) - 1}")
    page.get_by_label("play", exact=True).wait_for()


def test_find(opened, html, trace):
    page = opened(html)
    page.keyboard.press("g")
    page.keyboard.type("h[1]")
    page.keyboard.press("Enter")
    assert at(page) == trace.step_of("h[1]")
    page.keyboard.press("n")  # the field has let go of the keys
    assert at(page) == trace.step_of("h[1]") + 1
    page.keyboard.press("Home")
    page.keyboard.press("g")
    page.keyboard.type("tanh")
    page.keyboard.press("Enter")
    assert trace.nodes[at(page)].op == "tanh"
    page.locator("#find").fill("nothing")
    page.keyboard.press("Enter")
    assert "Nothing is called nothing" in page.locator("#announcer").inner_text()
    assert page.locator("#notice").is_visible()


def test_the_scrubber(opened, html):
    page = opened(html)
    page.locator("#scrubber").focus()
    page.locator("#scrubber").evaluate("e => { e.value = 5; e.dispatchEvent(new Event('input')); }")
    assert at(page) == 5


def test_the_timeline_leads_to_a_time_step(opened, html, trace):
    page = opened(html)
    box = page.locator("#timeline").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.98, box["y"] + box["height"] / 2)
    assert at(page) == trace.step_of("h[4]")


def test_the_tour(opened, html, trace):
    page = opened(html)
    assert page.locator("#stop-number").inner_text() == ""
    for stop, (where, sentence) in enumerate(TOUR, 1):
        page.locator("#next-stop").click()
        assert page.locator("#stop").inner_text() == sentence
        assert page.locator("#stop-number").inner_text() == f"{stop} of {len(TOUR)}"
        own = trace.step_of(where)
        assert at(page) == (trace.writes(trace.node(where))[0][0] if own is None else own)
    assert page.locator("#next-stop").is_disabled()
    until(page, "location.hash.includes('stop=3')")
    page.keyboard.press(",")
    assert page.locator("#stop").inner_text() == TOUR[1][1]


def test_a_question_is_answered_by_stepping(opened, trace):
    page = opened(page_of(trace, [("h[3]", "What comes next?", "Its sum.")]), "#stop=1")
    assert page.locator("#stop").inner_text() == "What comes next? (Step on to see.)"
    page.keyboard.press("n")
    assert page.locator("#stop").inner_text() == "What comes next? Its sum."


def test_views(opened, html):
    page = opened(html)
    counts = {}
    for key, view in (("1", "variables"), ("2", "ops"), ("3", "folded")):
        page.keyboard.press(key)
        assert page.locator(f"[data-view={view}]").get_attribute("aria-pressed") == "true"
        counts[view] = page.locator("#network .node").count()
    assert counts["folded"] < counts["variables"] < counts["ops"]


def test_zoom_pan_and_fit(opened, html):
    page = opened(html)
    box = page.locator("#network").bounding_box()
    before = page.locator("#network").get_attribute("viewBox")
    page.get_by_label("zoom in").click()
    assert page.locator("#network").get_attribute("viewBox") != before
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 350, box["y"] + 200)
    page.mouse.up()
    page.mouse.wheel(100, 0)
    page.locator("#fit").click()
    names = page.locator("#network .node text").all_text_contents()
    assert "h(1)" in names
    assert "h(4)" in names


def test_a_cell_of_the_lag_matrix_lights_its_ways(opened, html, trace):
    page = opened(html)
    cells = page.locator(".cell")
    assert cells.count() == 16
    page.get_by_label("loss at 3, h at 2", exact=False).click()
    lit = page.locator("#network .node.on-way").all_text_contents()
    assert {text[:4] for text in lit} >= {"h(2)", "h(3)"}
    assert not any(text.startswith(("h(1)", "h(4)")) for text in lit)
    page.get_by_label("loss at 3, h at 2", exact=False).click()
    assert page.locator("#network .on-way").count() == 0


def test_help(opened, html):
    page = opened(html)
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


def test_each_step_is_announced(opened, html, trace):
    page = opened(html, f"#step={trace.step_of('h[3]')}")
    assert trace.formulas(trace.step_of("h[3]"))[0].text in page.locator("#announcer").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(opened, html, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = opened(html, "#step=9", color_scheme=scheme, viewport={"width": width, "height": 844})
    page.wait_for_timeout(300)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_on_a_phone_nothing_runs_over_and_targets_are_large(opened, html):
    page = opened(html, "#step=9", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(e => e.offsetParent && !e.closest('.slots'))"
        ".map(e => [e.id || e.textContent, e.getBoundingClientRect().height])"
    )
    assert [name for name, height in sizes if height < 44 and name != "scrubber"] == []


def test_nothing_moves_where_motion_is_not_wanted(opened, html):
    page = opened(html, reduced_motion="reduce")
    page.keyboard.press("n")
    assert page.locator(".pulse").count() == 0
