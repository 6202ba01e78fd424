"""Names as a book sets them: `W_F` is W with a small F below, `h⁽²⁾` has its time step raised, a bar is a line above.

Raised and barred characters of their own are in few fonts, so they are written with plain ones. Only a single letter
takes an index, of at most three characters: `softmax_cross_entropy` and `log1p` stay as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tinygraph.graphs.writing import LETTERS, LOWERED

from .metrics import text_width

SMALL = 0.72  # the size of an index, beside that of its name
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵗᵀ", "0123456789+−()tT")
_LOWERED = str.maketrans(f"₀₁₂₃₄₅₆₇₈₉₋{LOWERED}", f"0123456789−{LETTERS}")
_LOW = f"₀-₉₋{LOWERED}"
_INDEX = f"[{_LOW}]+(?:,[{_LOW}]+)*"
_PARTS = re.compile(
    r"(?P<sign>[⊙⊗])"
    r"|(?P<up>[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵗᵀ]+)"
    r"|(?P<bar>(?:[^\W\d_]\u0304)+)"
    r"|(?P<hat>[^\W\d_][\u0302\u0303])"
    rf"|(?P<low>(?<=[^\W\d_])(?<!\w\w)(?:\d{{1,2}}|_[^\W{_LOW}]{{1,3}})(?:{_INDEX})?(?!\w)"
    r"|(?:(?<=^[A-Z])|(?<= [A-Z]))_[^\W_]\w{2,8}(?![\w(])"
    rf"|(?<=[^\W\d_]\u0304)(?:_\w{{1,3}}|\d{{1,2}})(?!\w)|{_INDEX})"
)


@lru_cache(maxsize=1 << 16)
def pieces(text: str) -> tuple[tuple[str, str], ...]:
    """Return `text` in parts, each with how it is set: "" on the line, "low", "up", "bar" with a line above, or "sign".

    A sign that few fonts have stands for itself, so that its neighbours keep their font; so does a letter of which
    there is none with a "hat" or a tilde.

    >>> pieces("W_F⁽²⁾")
    (('W', ''), ('F', 'low'), ('(2)', 'up'))
    >>> pieces("h_newᵢ"), pieces("b1ᵢ,ⱼ")
    ((('h', ''), ('new,i', 'low')), (('b', ''), ('1,i,j', 'low')))
    >>> pieces("W_gates")
    (('W', ''), ('gates', 'low'))
    >>> pieces("log1p(x_train)")
    (('log1p(x_train)', ''),)
    """
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PARTS.finditer(text):
        kind = match.lastgroup or ""
        part = re.sub(f"(?<=[^\\W{_LOW}])(?=[{_LOW}])", ",", match[0])  # an index behind an index
        part = part.translate(_RAISED if kind == "up" else _LOWERED).replace("\u0304", "").removeprefix("_")
        parts += [(text[end : match.start()], ""), (part, kind)]
        end = match.end()
    return tuple(part for part in [*parts, (text[end:], "")] if part[0]) or ((text, ""),)


@lru_cache(maxsize=1 << 16)
def typeset_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of `text` in pixels when it is set so.

    >>> typeset_width("W", 10) < typeset_width("W_F", 10) < typeset_width("WF", 10)
    True
    """
    small = ("low", "up")
    return sum(text_width(part, size * (SMALL if kind in small else 1.0), bold) for part, kind in pieces(text))
