"""A tour: what a stop chooses, where one is when one has left it, and questions that stay answered."""

import pytest

from viz.page.export import page_of

pytestmark = pytest.mark.slow

TOUR = [("", "It begins."), ("h[3]", "What comes next?", "Its sum."), ("U[2]", "U at t = 2."), ("h[1]", "The end.")]


@pytest.fixture(scope="module")
def html(trace):
    return page_of(trace, TOUR)


def stop(page):
    return page.locator("#stop").inner_text()


def test_next_first_answers_and_an_answer_stays(opened, html, trace):
    page = opened(html)
    page.keyboard.press(".")
    assert page.evaluate("page.state.k") == -1
    page.keyboard.press(".")
    assert stop(page) == "What comes next? (Step on to see.)"
    page.keyboard.press(".")
    assert stop(page) == "What comes next? Its sum."
    assert page.evaluate("page.state.k") == trace.step_of("h[3]") + 1
    page.keyboard.press(".")
    assert stop(page) == "U at t = 2."
    page.keyboard.press(",")
    assert stop(page) == "What comes next? Its sum."


def test_elsewhere_the_sentence_is_pale_and_a_button_leads_back(opened, html, trace):
    page = opened(html, "#stop=4")
    assert "away" not in (page.locator("#tour").get_attribute("class") or "")
    page.keyboard.press("b")
    page.keyboard.press("b")
    assert page.locator("#tour.away").count() == 1
    page.get_by_role("button", name="Return").click()
    assert page.evaluate("page.state.k") == trace.step_of("h[1]")
    assert page.locator("#tour.away").count() == 0
    page.get_by_role("button", name="Back", exact=True).click()
    assert stop(page) == "U at t = 2."


def test_a_stop_that_names_a_weight_chooses_it_and_its_card_comes_first(opened, html, trace):
    page = opened(html, "#stop=2")
    page.keyboard.press(".")
    page.keyboard.press(".")
    assert page.locator("#weight").evaluate("e => e.selectedOptions[0].textContent") == "U"
    again = opened(html, "#stop=3")
    assert again.locator("#weight").evaluate("e => e.selectedOptions[0].textContent") == "U"
    left = {
        name: page.locator(f"[data-parameter={name}]").bounding_box()["x"]
        + page.locator(f"[data-parameter={name}]").bounding_box()["y"] * 9999
        for name in "WUb"
    }
    assert min(left, key=left.get) == "U"
    step = next(k for k, _ in trace.writes(trace.node("U")) if trace.nodes[k].timestep == 2)
    assert page.evaluate("page.state.k") == step


def test_a_stop_by_number_chooses_the_weight_that_its_step_writes(trace, opened):
    step = trace.writes(trace.node("W"))[1][0]
    page = opened(page_of(trace, [(str(step), "W.")]))
    page.get_by_label("weight", exact=True).select_option(label="b")
    page.keyboard.press(".")
    assert page.locator("#weight").evaluate("e => e.selectedOptions[0].textContent") == "W"
