"""Text short enough to be drawn."""

from __future__ import annotations

__all__ = ["LONGEST_NAME", "shorten"]

LONGEST_NAME = 24  # characters: what is longer loses its middle


def shorten(text: str, limit: int = LONGEST_NAME) -> str:
    """Cut `text` to `limit` characters, one of them an ellipsis that stands for its middle.

    >>> shorten("encoder.layers.attention.key", 16)
    'encoder.…ion.key'
    """
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"
