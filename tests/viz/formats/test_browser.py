"""The gallery in a real browser: no two texts overlap, none leaves its box, nothing is cut off, all stands out."""

import functools
import html
import json
import os
import re
import shutil
import subprocess

import pytest

from examples.figures import FIGURES, GALLERY
from tests.tools.pictures import drawn
from tests.viz.test_palette import contrast

pytestmark = pytest.mark.slow

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",  # to look into the gallery's page
    "--virtual-time-budget=15000",
)
LEAST = 3.0  # contrast of text with its ground

MEASURE = r"""
const corners = r => [r.left, r.top, r.right, r.bottom];
const rgb = text => (text.match(/[\d.]+/g) || []).map(Number);
function boxOf(text) {                    // the glyphs' own height, not the line's
  const r = text.getBoundingClientRect(), size = parseFloat(getComputedStyle(text).fontSize);
  const slack = Math.max(0, (r.height - size) / 2);
  return [r.left, r.top + slack, r.right, r.bottom - slack];
}
function ground(text, svg) {
  const own = text.parentNode.querySelector(":scope > rect");
  const beside = text.classList.contains("tag");
  if (own && !beside && text.parentNode.id !== "legend") return getComputedStyle(own).fill;
  const r = text.getBoundingClientRect(), x = (r.left + r.right) / 2, y = (r.top + r.bottom) / 2;
  let fill = null;
  for (const rect of svg.querySelectorAll("rect.paper, rect.frame")) {
    const b = rect.getBoundingClientRect();
    if (b.left <= x && x <= b.right && b.top <= y && y <= b.bottom) fill = getComputedStyle(rect).fill;
  }
  return fill;
}
function look(svg) {
  const texts = [...svg.querySelectorAll("text")];
  return {
    page: corners(svg.getBoundingClientRect()),
    drawn: [...svg.querySelectorAll("text, rect, path:not(marker path), circle:not(marker circle)")]
      .filter(e => !e.closest("defs")).map(e => [e.id || e.textContent, ...corners(e.getBoundingClientRect())]),
    texts: texts.map(t => [t.textContent, ...boxOf(t)]),
    labels: texts.filter(t => t.matches(".name")).map(t => [t.textContent, ...boxOf(t)]),
    boxed: texts.filter(t => t.parentNode.matches("g[id^=n]") && !t.classList.contains("tag")).map(t =>
      [t.textContent, t.getBoundingClientRect().left, t.getBoundingClientRect().right,
       ...corners(t.parentNode.querySelector(":scope > rect").getBoundingClientRect()), ...boxOf(t)]),
    colours: texts.filter(t => !t.querySelector("title")).map(t =>
      [t.textContent, rgb(getComputedStyle(t).fill), rgb(ground(t, svg))]),
    active: [...svg.querySelectorAll("*")].filter(e => ["script", "a", "link", "image", "foreignObject"].includes(
      e.localName) || [...e.attributes].some(a => /href|^on/i.test(a.name))).map(e => e.localName),
  };
}
"""


def _browser() -> str:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None and not os.environ.get("CI"):
        pytest.skip("no Chromium here")
    assert browser, "Chromium must be installed where CI is set"
    return browser


def _page() -> str:
    """All figures in both themes, one under the other, with what measures them, and the gallery's page beside."""
    parts = ['<!doctype html><meta charset="utf-8"><body style="margin:0">']
    for figure in FIGURES:
        drawing = drawn(figure.name)
        # Styles of a document know no bounds: each drawing has its own shadow tree.
        for theme in ("light", "dark"):
            svg = drawing.svg(theme)
            parts.append(
                f'<div data-name="{figure.name}:{theme}"><template shadowrootmode="open">{svg}</template></div>'
            )
    parts.append(f'<iframe id="page" src="{(GALLERY / "index.html").as_uri()}" width="1200" height="800"></iframe>')
    parts.append('<pre id="found"></pre>')
    parts.append(f"<script>{MEASURE}")
    parts.append(
        """addEventListener("load", () => {
        const found = {};
        for (const div of document.querySelectorAll("div[data-name]"))
          found[div.dataset.name] = look(div.shadowRoot.querySelector("svg"));
        const inner = document.getElementById("page").contentDocument;
        found.page = {
          images: [...inner.querySelectorAll("object")].map(i =>
            [i.getAttribute("data"), i.getBoundingClientRect().width, i.getAttribute("aria-label")]),
          active: inner.querySelectorAll("script, link, iframe").length,
          leads: [...inner.querySelectorAll("[href]")].map(e => e.getAttribute("href")),
          wide: inner.documentElement.scrollWidth - inner.documentElement.clientWidth,
          colours: [...inner.querySelectorAll("h1, h2, p, figcaption, small")].map(
            e => [e.textContent, rgb(getComputedStyle(e).color), rgb(getComputedStyle(inner.body).backgroundColor)]),
        };
        document.getElementById("found").textContent = JSON.stringify(found);
        for (const div of document.querySelectorAll("div, iframe")) div.remove();
        });</script>"""
    )
    return "\n".join(parts)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What one run of the browser measured, by figure and theme."""
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "all.html"
    page.write_text(_page(), encoding="utf-8")
    command = [_browser(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-2000:]
    return json.loads(html.unescape(match[1]))


figures = pytest.mark.parametrize("name", [figure.name for figure in FIGURES])


def _overlap(a, b, slack=1.0):
    return min(a[2], b[2]) - max(a[0], b[0]) > slack and min(a[3], b[3]) - max(a[1], b[1]) > slack


@figures
def test_no_two_texts_overlap(seen, name):
    texts = seen[f"{name}:light"]["texts"]
    assert texts
    for i, (one, *a) in enumerate(texts):
        for other, *b in texts[:i]:
            assert not _overlap(a, b), (one, other)


@figures
def test_no_edge_label_stands_on_a_node(seen, name):
    picture = seen[f"{name}:light"]
    boxes = [entry[3:7] for entry in picture["boxed"]]
    for text, *place in picture["labels"]:
        assert not any(_overlap(place, box, 2.0) for box in boxes), text


@figures
def test_no_text_leaves_the_box_of_its_node(seen, name):
    for text, left, right, *rest in seen[f"{name}:light"]["boxed"]:
        box, glyphs = rest[:4], rest[4:]
        assert box[0] + 2 <= left, text
        assert right <= box[2] - 2, text
        assert box[1] <= glyphs[1], text
        assert glyphs[3] <= box[3], text


@figures
def test_nothing_is_cut_off(seen, name):
    picture = seen[f"{name}:light"]
    page = picture["page"]
    for what, left, top, right, bottom in picture["drawn"]:
        assert page[0] - 0.5 <= left, what
        assert page[1] - 0.5 <= top, what
        assert right <= page[2] + 0.5, what
        assert bottom <= page[3] + 0.5, what


@figures
def test_nothing_in_it_acts_or_leads_elsewhere(seen, name):
    assert seen[f"{name}:light"]["active"] == []


def _hex(colour):
    return "#" + "".join(f"{round(part):02x}" for part in colour[:3])


_contrast = functools.cache(contrast)


@figures
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(seen, name, theme):
    for text, colour, ground in seen[f"{name}:{theme}"]["colours"]:
        assert _contrast(_hex(colour), _hex(ground)) >= LEAST, (text, colour, ground)


def test_the_page_shows_every_figure_and_leads_to_the_example_pages_and_the_rows_alone(seen):
    page = seen["page"]
    assert [image[0] for image in page["images"]] == [f"{figure.name}.svg" for figure in FIGURES]
    assert all(width > 0 and alt for _, width, alt in page["images"])
    assert page["active"] == 0
    leads = {(GALLERY / link).resolve() for link in page["leads"]}
    assert leads == {GALLERY.parent / "rows.md", *(GALLERY.parent / "pages").glob("*.html")}
    assert page["wide"] <= 0
    for text, colour, ground in page["colours"]:
        assert _contrast(_hex(colour), _hex(ground)) >= LEAST, text
