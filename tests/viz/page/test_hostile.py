"""What comes from outside is only ever text; what is broken says so."""

import re

import numpy as np
import pytest

import tinygraph as tg
from viz.page.export import page_of

pytestmark = pytest.mark.slow

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "<!--<script>",
    "]]>",
    "W\u202egnp.exe",
    "W\x1b[31m",
    "\u2028\u2029",
    "a" * 5000,
    "&lt;b&gt; ${alert(1)} `x`",
    "\ue000\ue001",
    "constructor",
    "__proto__",
]


def named(name):
    W = tg.parameter(np.eye(2), name=name)
    h = tg.tensor([1.0, 2.0])
    with tg.scope(name):
        for _ in range(3):
            h = np.tanh(W @ h)
    return np.sum(h)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text(opened, name):
    page = opened(page_of(tg.trace(named(name)), [("0", name)], name), "#step=2")
    assert page.title() != "owned"
    assert page.locator("img, iframe, body script script").count() == 0
    assert page.locator("script").count() == 4  # data, code, its loader, and what that has unpacked
    for key in "123":
        page.keyboard.press(key)
    page.keyboard.press(".")
    page.keyboard.press("End")
    assert page.title() != "owned"
    said = page.locator("body").inner_text()
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", said)


def test_the_policy_lets_nothing_else_run(opened, tmp_path):
    html = page_of(tg.trace(named("W")))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert "unsafe" not in policy
    assert "http" not in policy
    evil = html.replace("<header>", "<script>document.title = 'owned'</script><header onclick='1'>", 1)
    page = opened(evil, allowed=["Content Security Policy"])
    assert page.title() != "owned"


@pytest.mark.parametrize("cut", [0, 1, 40, -400, -4])
def test_a_truncated_page_says_so(opened, cut):
    html = page_of(tg.trace(named("W")))
    begin = html.index('id="data">') + len('id="data">')
    end = html.index("</script>", begin)
    broken = html[:begin] + html[begin:end][:cut] + html[end:]
    page = opened(broken, allowed=["Error", "error", "decode", "Failed", "JSON", "Uncaught", "compressed"])
    assert page.locator("#failure").inner_text().startswith("This page cannot be shown.")


def test_a_browser_that_cannot_unpack_is_told(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page_of(tg.trace(named("W"))), encoding="utf-8")
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(path.as_uri())
    page.wait_for_selector("#failure:not([hidden])")
    assert "a newer one can" in page.locator("#failure").inner_text()
    page.close()


def test_without_scripts_it_says_what_is_missing(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page_of(tg.trace(named("W"))), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert "switched off" in page.locator("noscript").inner_text()
    context.close()


def not_finite():
    w = tg.parameter([0.0, 1.0, 2.0], name="w")
    with np.errstate(all="ignore"):
        return np.sum(np.log(w) * np.array([0.0, 1.0, 1.0]))


def empty():
    w = tg.parameter(np.zeros((0, 3)), name="w")
    return np.sum(w * 2.0) + np.sum(tg.parameter([1.0], name="v"))


def no_time():
    w = tg.parameter(2.0, name="w")
    return w * w


def zero():
    w = tg.parameter([1.0, 2.0], name="w")
    return np.sum(w * 0.0)


def many_axes():
    w = tg.parameter(np.ones((2, 3, 4)), name="w")
    return np.sum(np.einsum("ijk,kj->i", w, np.ones((4, 3))))


@pytest.mark.parametrize("program", [not_finite, empty, no_time, zero, many_axes], ids=lambda p: p.__name__)
def test_odd_passes_are_shown_to_the_end(opened, program):
    with np.errstate(all="ignore"):
        trace = tg.trace(program())
    page = opened(page_of(trace))
    for k in range(-1, len(trace)):
        page.evaluate(f"page.go({k})")
        assert page.locator("#step h2").inner_text()
    for key in "123":
        page.keyboard.press(key)
    if program is not_finite:
        assert page.locator(".nonfinite").count() > 0
    if program is zero:
        assert page.locator(".slot.hollow").count() > 0
