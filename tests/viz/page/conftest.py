"""A browser, and pages opened in it, of which nothing may go wrong unseen."""

import pytest

import tinygraph as tg
from tests.tools.browser import running_browser
from tests.tools.javascript import engine
from tests.viz.page.programs import recurrent
from viz.page.export import page_of


@pytest.fixture(scope="module")
def trace():
    return tg.trace(recurrent())


@pytest.fixture(scope="module")
def html(trace):
    return page_of(trace)


@pytest.fixture(scope="module")
def logic(html):
    return engine(html)


@pytest.fixture(scope="session")
def browser():
    with running_browser() as running:
        yield running


@pytest.fixture
def opened(browser, tmp_path):
    """Return a function that opens a page's HTML and fails the test for whatever the browser complains of."""
    contexts, complaints = [], []

    def open_page(html, address="", allowed=(), **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url[:4] == "http" else None)
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        page.goto(f"{path.as_uri()}{address}")
        page.wait_for_selector("html[data-ready], #failure:not([hidden])")
        complaints[:] = [text for text in complaints if not any(word in text for word in allowed)]
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
