"""How wide a text is, and which characters of it may be drawn.

Widths are those of Helvetica, which Arial, Liberation Sans and Nimbus Sans share, in thousandths of the font size;
other scripts are estimated by their East Asian width class.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["FONT", "LONGEST_NAME", "clean", "shorten", "text_width"]

LONGEST_NAME = 24  # characters: what is longer loses its middle
FONT = "Helvetica,Arial,'Liberation Sans',sans-serif"

_WIDTHS = {
    char: width
    for width, chars in {
        191: "'",
        222: "ijl",
        260: "|",
        278: " !,./:;I[\\]ft·",
        333: "()-r`",
        355: '"',
        389: "*",
        469: "^",
        334: "{}",
        500: "cksvxyzJ",
        556: "0123456789#$abdeghnopqu_L?",
        584: "+<=>~×−",
        611: "FTZ",
        667: "&ABEKPSVXY",
        722: "CDHNRUw",
        778: "GOQ",
        833: "mM",
        889: "%",
        944: "W",
        1000: "…→⋯",
        1015: "@",
        390: "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻",
        240: "⁽⁾",
    }.items()
    for char in chars
}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of `text` in pixels, at a font size of `size` pixels.

    >>> text_width("tanh", 10)
    19.46
    """
    return _thousandths(text) * size * (0.00107 if bold else 0.001)


@lru_cache(maxsize=1 << 16)
def _thousandths(text: str) -> int:
    return sum(_WIDTHS.get(char) or _other(char) for char in text)


def _other(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 1000 if unicodedata.east_asian_width(char) in "WF" else 650


def shorten(text: str, limit: int = LONGEST_NAME) -> str:
    """`text` cut to `limit` characters, one of them an ellipsis that stands for its middle.

    >>> shorten("encoder.layers.attention.key", 16)
    'encoder.…ion.key'
    """
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"


def clean(text: str) -> str:
    r"""`text` on one line, without characters that XML forbids or that would reorder the text around them.

    >>> clean("a\nb\x00c")
    'a b\ufffdc'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_drawable, text))


def _drawable(char: str) -> str:
    category = unicodedata.category(char)
    if char.isspace():
        return " "
    if category in ("Cc", "Cs") or ord(char) & 0xFFFE == 0xFFFE or unicodedata.bidirectional(char) in _REORDERING:
        return "\N{REPLACEMENT CHARACTER}"
    return char


_REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
