"""The example pages in a real browser: each opens, and its tour leads through it."""

import pytest

from examples.pages import EXAMPLES, PAGES

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
@pytest.mark.parametrize("width", [390, 1440])
def test_a_tour_is_walked_by_key(opened, example, width):
    page = opened(
        (PAGES / f"{example.name}.html").read_text(encoding="utf-8"), viewport={"width": width, "height": 900}
    )
    assert page.title() == example.title
    steps = []
    for stop, (_, text, *answer) in enumerate(example.tour, 1):
        page.keyboard.press(".")
        assert page.locator("#stop-number").inner_text() == f"{stop} of {len(example.tour)}"
        assert page.locator("#stop").inner_text().startswith(text)
        steps.append(page.evaluate("page.state.k"))
        if answer:
            page.keyboard.press("n")
            assert page.locator("#stop").inner_text().endswith(answer[0])
    assert steps == sorted(set(steps))
    page.keyboard.press("End")
    if width < 600:  # a phone: the ledger is in the sheet
        page.locator("#pull-ledger").click()
    said = page.locator(".account .said").all_inner_texts()
    assert said
    assert [text for text in said if not text.endswith(".grad, exactly")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
