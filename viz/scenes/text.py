"""Text short enough to be drawn."""

from __future__ import annotations

import math

from tinygraph.graphs.writing import superscript

__all__ = ["LONGEST_NAME", "rounded", "shorten"]

LONGEST_NAME = 24  # characters: what is longer loses its middle


def shorten(text: str, limit: int = LONGEST_NAME) -> str:
    """Cut `text` to `limit` characters, one of them an ellipsis that stands for its middle.

    >>> shorten("encoder.layers.attention.key", 16)
    'encoder.…ion.key'
    """
    return text if len(text) <= limit else f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"


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
