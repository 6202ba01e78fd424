"""Texts of an SVG: escaped, and set as a book sets them."""

from __future__ import annotations

from functools import lru_cache

from tinygraph.plain_text import clean

from ..layout.metrics import text_width
from ..layout.typeset import pieces


def escape(text: str) -> str:
    """Return `text` so that XML reads it as nothing but text.

    >>> escape('<b a="1">')
    '&lt;b a=&quot;1&quot;&gt;'
    """
    return clean(text).translate(_MARKUP)


_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_HEIGHTS = {"low": 3, "up": -5}
_ACCENTS = {"\u0302": "\u02c6", "\u0303": "\u02dc"}  # over a letter, and by itself
_MARKS = {
    "": "",
    "sign": ' class="sign"',
    "low": ' class="low"',
    "up": ' class="up"',
    "bar": ' text-decoration="overline" stroke="none"',
}


@lru_cache(maxsize=1 << 12)
def typeset(text: str) -> str:
    r"""Return `text` as the content of a text element, with what is small or barred in parts of their own.

    >>> typeset("W_F < 1")
    'W<tspan class="low" dy="3">F</tspan><tspan dy="-3">\xa0&lt; 1</tspan>'
    """
    parts = pieces(text)
    if parts == ((text, ""),):
        return escape(text)
    content, height = "", 0
    for part, kind in parts:
        if kind == "hat":
            down = f'<tspan dy="{-height}">' if height else ""
            content += f"{down}{_under_accent(*part)}{'</tspan>' if down else ''}"
            height = 0
            continue
        part = escape(part)
        if part.startswith(" "):
            part = "\N{NO-BREAK SPACE}" + part[1:]  # a plain one is left out by some programs
        rise = _HEIGHTS.get(kind, 0) - height
        height += rise
        marks = _MARKS[kind] + (f' dy="{rise}"' if rise else "")
        content += f"<tspan{marks}>{part}</tspan>" if marks else part
    return content


def _under_accent(letter: str, mark: str) -> str:
    r"""Return an accent and then its letter, set back under it: fonts have the two, but few have them as one.

    >>> _under_accent("x", "\N{COMBINING CIRCUMFLEX ACCENT}")
    '<tspan dx="0.101em">ˆ</tspan><tspan dx="-0.434em">x</tspan>'
    """
    accent, wide, narrow = _ACCENTS[mark], text_width(letter, 1.0, True), 0.333
    rise = 0 if letter in "acegmnopqrsuvwxyz" else 3
    up, down = (f' dy="{-rise}"', f' dy="{rise}"') if rise else ("", "")
    before, back = (wide - narrow) / 2, -(wide + narrow) / 2
    return f'<tspan dx="{before:.3f}em"{up}>{accent}</tspan><tspan dx="{back:.3f}em"{down}>{letter}</tspan>'
