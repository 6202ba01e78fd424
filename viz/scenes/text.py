"""Text short enough to be drawn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest

from tinygraph.graphs.writing import superscript

__all__ = ["LONGEST_NAME", "rounded", "shorten", "shortened_apart"]

LONGEST_NAME = 32  # characters: what is longer loses its middle


def shorten(text: str, limit: int = LONGEST_NAME) -> str:
    """Cut `text` to `limit` characters, one of them an ellipsis that stands for its middle.

    >>> shorten("encoder.layers.attention.key", 16)
    'encoder.…ion.key'
    """
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"


def shortened_apart(names: Iterable[str], limit: int = LONGEST_NAME) -> dict[str, str]:
    """Return each name cut to `limit` characters, no two alike: where they would be, with what tells them apart.

    >>> list(shortened_apart(["encoder.layers.0.weight", "encoder.layers.1.weight"], 16).values())
    ['enco…0.weight', 'enco…1.weight']
    """
    short = {name: shorten(name, limit) for name in names}
    for text, count in Counter(short.values()).items():
        alike = [name for name in short if short[name] == text] if count > 1 else []
        start = next((k for k, letters in enumerate(zip_longest(*alike)) if len(set(letters)) > 1), 0)
        for name in alike:
            end = start + limit - limit // 4 - 2
            tail = "" if len(name) <= end else "…"
            short[name] = f"{name[: limit // 4]}…{name[start:end]}{tail}"
    return short


def rounded(number: float, digits: int = 2) -> str:
    """Return a number to that many digits, with a power of ten where it is very large or small.

    >>> rounded(340.7), rounded(0.00123), rounded(3.46e-7), rounded(1e-6), rounded(-1e20), rounded(0.0)
    ('340', '0.0012', '3.5·10⁻⁷', '10⁻⁶', '−10²⁰', '0')
    """
    if number == 0 or not math.isfinite(number):
        return f"{number:g}".replace("-", "−")
    mantissa, exponent = f"{abs(number):.{digits - 1}e}".split("e")
    if -4 <= int(exponent) <= 4:
        text = f"{float(f'{mantissa}e{exponent}'):.10g}"
    else:
        text = f"{float(mantissa):g}·10{superscript(int(exponent))}".removeprefix("1·")
    return f"−{text}" if number < 0 else text
