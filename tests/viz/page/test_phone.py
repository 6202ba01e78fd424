"""The page on a phone: one time step at a time, the step as a sheet, a stop and what it speaks of on one screen."""

import pytest

import tinygraph as tg
from examples.pages import EXAMPLES
from tests.viz.page.programs import until
from viz.page.export import page_of

pytestmark = pytest.mark.slow

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def drag(page, selector, dx, dy):
    box = page.locator(selector).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


def column(page):
    return page.locator("#column").inner_text()


def in_sight(page, selector):
    """Return whether the middle of an element is what a finger would touch there."""
    return page.evaluate(
        """selector => {
          const element = document.querySelector(selector), { x, y, width, height } = element.getBoundingClientRect();
          const there = document.elementFromPoint(x + width / 2, y + height / 2);
          return there !== null && (element.contains(there) || there.contains(element));
        }""",
        selector,
    )


def test_one_column_at_a_time_by_button_key_and_swipe(opened, html):
    page = opened(html, "#step=9", **PHONE)
    assert column(page) == "t = 3"
    page.get_by_label("the column before", exact=True).click()
    assert column(page) == "t = 2"
    page.keyboard.press("[")
    assert column(page) == "t = 1"
    page.keyboard.press("]")
    assert column(page) == "t = 2"
    drag(page, "#network", 120, 0)
    assert column(page) == "t = 1"
    drag(page, "#network", -120, 0)
    assert column(page) == "t = 2"
    before = page.locator("#network").get_attribute("viewBox")
    drag(page, "#network", 20, 0)
    assert page.locator("#network").get_attribute("viewBox") == before
    assert page.evaluate("page.state.k") == 9


def test_the_column_of_the_step_is_in_the_middle_and_the_others_pale(opened, html, trace):
    page = opened(html, **PHONE)
    for k, node in enumerate(trace.nodes):
        page.evaluate(f"page.go({k})")
        if node.timestep is not None and k != trace.step_of(trace.output):
            assert column(page) == f"t = {node.timestep}"
    middle = page.locator("#network g:not(.aside) > .node.current").bounding_box()
    assert abs(middle["x"] + middle["width"] / 2 - 195) < 80
    assert page.locator("#network g.aside").count() > 0


def test_the_step_is_a_sheet(opened, html):
    page = opened(html, "#step=5", **PHONE)
    pull, step = page.locator("#pull"), page.locator("#step")
    assert pull.get_attribute("aria-expanded") == "false"
    assert not step.is_visible()
    pull.click()
    assert pull.get_attribute("aria-expanded") == "true"
    until(page, "document.getElementById('inside').offsetHeight > 400")
    assert step.is_visible()
    assert in_sight(page, "#step h2")
    page.get_by_label("next step").click()  # the moves stay in reach
    assert page.evaluate("page.state.k") == 6
    page.keyboard.press("Escape")
    assert pull.get_attribute("aria-expanded") == "false"
    page.keyboard.press("s")
    assert step.is_visible()
    page.keyboard.press("s")
    assert not step.is_visible()


def test_the_sheet_is_pulled_and_pushed_by_a_finger(opened, html):
    page = opened(html, "#step=5", **PHONE)
    drag(page, "#pull", 0, -200)
    assert page.locator("#pull").get_attribute("aria-expanded") == "true"
    until(page, "document.getElementById('inside').offsetHeight > 400")
    drag(page, "#pull", 0, 200)
    assert page.locator("#pull").get_attribute("aria-expanded") == "false"


def test_the_ledger_is_one_touch_away(opened, html):
    page = opened(html, "#step=30", **PHONE)
    page.get_by_label("gradients of the parameters", exact=True).first.click()
    until(page, "document.getElementById('inside').offsetHeight > 400")
    assert in_sight(page, ".account h3")


def test_the_handle_says_the_step(opened, html, trace):
    k = trace.step_of("h[3]")
    page = opened(html, f"#step={k}", **PHONE)
    assert page.locator("#pull").get_attribute("aria-label") == (
        f"step {k} · t = 3: {trace.formulas(k)[0].text}; details"
    )


def test_what_is_rarer_is_behind_a_button(opened, html):
    page = opened(html, "#step=5", **PHONE)
    for selector in (".views", "#find", "#weight", "#help-button"):
        assert not page.locator(selector).is_visible()
    page.get_by_label("more controls").click()
    for selector in (".views", "#find", "#weight", "#help-button"):
        assert page.locator(selector).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_timeline_has_letters_of_their_own_size(opened, html):
    page = opened(html, **PHONE)
    assert page.evaluate("document.querySelector('#timeline .tick').getBoundingClientRect().height") >= 9
    page.set_viewport_size({"width": 320, "height": 600})
    until(page, "Number(document.getElementById('timeline').getAttribute('viewBox').split(' ')[2]) < 320")


@pytest.mark.parametrize("height", [844, 664])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_stop_and_what_it_speaks_of_are_on_one_screen(opened, example, height):
    html = page_of(tg.trace(example.program()), example.tour)
    page = opened(html, "#stop=1", **PHONE | {"viewport": {"width": 390, "height": height}})
    for stop in range(1, len(example.tour) + 1):
        page.evaluate(f"page.set({{ stop: {stop - 1}, k: page.trace.tour[{stop - 1}].step }})")
        page.wait_for_timeout(60)
        assert in_sight(page, "#stop")
        assert in_sight(page, "#pull")
        if page.locator("#network .node.current").count():
            assert in_sight(page, "#network .node.current"), stop


def test_a_wide_window_has_no_sheet(opened, html):
    page = opened(html, "#step=5")
    assert not page.locator("#pull").is_visible()
    assert page.locator("#step").is_visible()


def test_axe_finds_nothing_in_what_is_opened(opened, html):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = opened(html, "#step=9", **PHONE)
    page.get_by_label("more controls").click()
    page.locator("#pull").click()
    until(page, "document.getElementById('inside').offsetHeight > 400")
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
