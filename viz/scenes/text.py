"""Text fit to be drawn: on one line, not too long, without what a drawing may not contain."""

from __future__ import annotations

import unicodedata

__all__ = ["LONGEST_NAME", "clean", "shorten"]

LONGEST_NAME = 24  # characters: what is longer loses its middle


def shorten(text: str, limit: int = LONGEST_NAME) -> str:
    """Cut `text` to `limit` characters, one of them an ellipsis that stands for its middle.

    >>> shorten("encoder.layers.attention.key", 16)
    'encoder.…ion.key'
    """
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"


def clean(text: str) -> str:
    r"""Put `text` on one line, without characters that XML forbids or that would reorder the text around them.

    >>> clean("a\nb\x00c")
    'a b\ufffdc'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_drawable, text))


def _drawable(char: str) -> str:
    if char.isspace():
        return " "
    forbidden = unicodedata.category(char) in ("Cc", "Cs") or ord(char) & 0xFFFE == 0xFFFE
    if forbidden or unicodedata.bidirectional(char) in _REORDERING:
        return "\N{REPLACEMENT CHARACTER}"
    return char


_REORDERING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
