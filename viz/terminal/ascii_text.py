"""The screen's text in ASCII, for terminals and files that have no other characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from tinygraph.graphs.writing import LETTERS, LOWERED

_SIGNS = {
    **dict(zip("─│◀→←■█▓▒░⋮·…‖∂×−—⊙⊗¬∧∨⟨⟩", "-|<><*#%+:: .~|dx--*@~&|<>".replace(" ", ""), strict=True)),
    **dict.fromkeys("┌┐┬└┘┴├┤┼", "+"),
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉⁽⁾ᵗᵛʲᵖˢ", "0123456789-0123456789[]tvjps", strict=True)),
    **{"≤": "<=", "≥": ">=", "≠": "!=", "–": "-", "Σ": "sum", "ᵀ": ".T", "∞": "inf", "√": "sqrt", "\ufffd": "?"},
    **dict(zip(LOWERED, LETTERS, strict=True)),
    **{"₊": "+", "₋": "-", "⁺": "+", "ᵗ": "t"},
    **{"ε": "eps", "λ": "lambda", "π": "pi", "σ": "sigma"},
}
_TABLE = str.maketrans(_SIGNS)
_OVERLINED = re.compile(r"(?:\w\u0305)+")
_BARRED = re.compile(r"([^\W\d_][\u0300-\u0303\u0306-\u036f]*)\u0304")


def ascii_text(text: str) -> str:
    """Return `text` in ASCII as far as there are names for it: adjoints as ``dh``, time steps as ``[3]``.

    Letters lose their marks; of other scripts they stay as they are.

    Examples
    --------
    >>> ascii_text("h̄⁽³⁾ · ‖∂L/∂h‖ = 0 … 99"), ascii_text("v₁₂ ─ café")
    ('dh[3] - |dL/dh| = 0...99', 'v12 - cafe')
    """
    if text.isascii():
        return text
    text = text.replace(" · ", " - ").replace(" … ", "...")
    text = unicodedata.normalize("NFD", text)
    text = _OVERLINED.sub(lambda match: "d" + match[0].replace("\u0305", ""), text)
    text = _BARRED.sub(r"d\1", text).translate(_TABLE)
    return "".join(char for char in text if not unicodedata.combining(char))


def in_ascii(data: Any) -> Any:
    """Return plain data with all its texts in ASCII."""
    if isinstance(data, dict):
        return {key: in_ascii(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(map(in_ascii, data))
    return ascii_text(data) if isinstance(data, str) else data
