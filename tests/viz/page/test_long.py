"""Pages of long passes: they are exported in a sane time, open at once, and still add up to the last bit."""

import os
import time

import pytest

import tinygraph as tg
from tests.viz.page.test_model import elman
from viz.page.export import page_of

pytestmark = pytest.mark.slow

T = 2_500 if os.environ.get("CI") else 11_200  # 9 steps of the pass in each


@pytest.fixture(scope="module")
def long():
    trace = tg.trace(elman(T, 16))
    start = time.process_time()
    page = page_of(trace)
    return trace, page, time.process_time() - start


def test_a_long_pass_is_exported_soon_and_small(long):
    trace, page, seconds = long
    assert len(trace) == 9 * T
    assert seconds < 60
    assert len(page) < 600_000


def test_a_long_pass_opens_at_once_and_goes_over_the_gap(long, opened):
    trace, html, _ = long
    page = opened(html)
    assert page.evaluate("performance.now()") < 3_000
    assert page.locator("#window").inner_text().startswith(f"Time steps 1 to 24 and {T - 23:,} to {T:,} of {T:,}.")
    gap = page.evaluate("page.trace.steps.findIndex(({ last }) => last !== undefined)")
    page.evaluate(f"page.go({gap - 1})")
    page.keyboard.press("n")
    assert f"steps 216 to {len(trace) - 217:,} of the pass" in page.locator("#step").inner_text()
    assert f"{T - 48:,} contributions in one" in page.locator("#step").inner_text()
    assert page.locator("#network .e.now").count() == 2  # of loss and h, over the gap
    assert page.locator(".account.now").count() == len(trace.graph.parameters)
    page.locator(".account .slot").nth(30).click()
    assert page.evaluate("page.state.k") != gap
    page.locator(".account .slot", has_text="⋯").first.click()
    assert page.evaluate("page.state.k") == gap
    page.evaluate("page.go(page.trace.values.find(({ name, raised }) => name === 'h' && raised === 23).step)")
    for _ in range(6):
        page.keyboard.press("F")
    assert page.evaluate("page.state.k") >= gap
    page.evaluate(f"page.go({gap})")
    page.keyboard.press("f")
    assert page.locator("#notice").inner_text() == "The way goes on in time steps that this page leaves out."
    for view in "231":
        page.keyboard.press(view)
        for key in ("Home", "n", "t", "End"):
            page.keyboard.press(key)
    said = page.locator(".account .said").all_inner_texts()
    assert len(said) == len(trace.graph.parameters)
    assert all(f"all {T} contributions" in text and text.endswith("exactly") for text in said)
