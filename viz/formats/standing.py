"""SVG as a document, and within something else, a page or a larger picture: its size, and names of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .text import escape

_MARKUP = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)  # all but the texts, in which a < or > is escaped


def document(
    title: str, description: str, width: float, height: float, lines: Iterable[str], left: float = 0.0, top: float = 0.0
) -> str:
    """Return lines of SVG as a document, whose coordinates begin at (`left`, `top`)."""
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tinygraph" role="img" width="{width:g}" height="{height:g}" '
        f'viewBox="{left:g} {top:g} {width:g} {height:g}">'
    )
    words = [f"<title>{escape(title)}</title>", f"<desc>{escape(description)}</desc>"]
    return "\n".join([root, *words, *lines, "</svg>", ""])


def size_of(svg: str) -> tuple[float, float]:
    """Return width and height of an SVG of ours.

    >>> size_of('<svg width="120.5" height="40">')
    (120.5, 40.0)
    """
    width, height = re.findall(r' (?:width|height)="([^"]+)"', svg[: svg.index(">")])
    return float(width), float(height)


def renamed(svg: str, style: str, ids: str) -> str:
    """Return an SVG of ours with names of its own, since styles and ids are those of the whole document it stands in.

    Parameters
    ----------
    svg : str
    style : str
        The class under which its style holds, for ``tinygraph``.
    ids : str
        What its ids begin with, for ``tg``.

    >>> renamed('<svg class="tinygraph"><g id="n0"/><path id="tg-a"/><text>id="n0"</text></svg>', "own", "tg-1")
    '<svg class="own"><g id="tg-1-n0"/><path id="tg-1-a"/><text>id="n0"</text></svg>'
    """

    def rename(part: re.Match[str]) -> str:
        markup = part[0]
        if markup.startswith("<style>"):
            markup = re.sub(r"\.tinygraph(?=[ -])", f".{style}", markup)
        else:
            markup = re.sub(r' class="tinygraph(?=[" -])', f' class="{style}', markup)
            markup = re.sub(r' id="(?:tg-)?', f' id="{ids}-', markup)
        return markup.replace("url(#tg-", f"url(#{ids}-")

    return _MARKUP.sub(rename, svg)
