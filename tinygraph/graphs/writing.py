"""How a name of the program is written as a symbol: ``Wf`` as W_f, ``h_tilde`` as h̃, ``sigma`` as σ."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
_GREEK = {
    word: unicodedata.lookup(f"GREEK SMALL LETTER {word.upper().replace('LAMBDA', 'LAMDA')}") for word in _LETTERS
}
_UNLIKE_LATIN = ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"]
_GREEK |= {word: _GREEK[word.lower()].upper() for word in _UNLIKE_LATIN} | {"eps": "ε", "lamda": "λ"}
_MACRON, _OVERLINE = "\u0304", "\u0305"
_MARKS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307"}

_WEIGHT = re.compile(
    r"([WU])([a-z]{1,2}|out|rec|emb|enc|dec|inp|att|res|fwd|bwd)|([VRPB])([a-z]{1,2})|(b)([a-z]|[hx][hy]|out|in)"
)
_WORDS = frozenset(
    [
        "Use",
        "Up",
        "Was",
        "Way",
        "Web",
        "Who",
        "We",
        "Ref",
        "Pos",
        "Pad",
        "Big",
        "Be",
        "By",
        "Ran",
        "Run",
        "Per",
        "Via",
        "Van",
        "Re",
        "Va",
    ]
)
_NAME = re.compile(r"(.*?)([0-9₀-₉]*)")
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
LETTERS, LOWERED = "ijklmnprstuv", "ᵢⱼₖₗₘₙₚᵣₛₜᵤᵥ"  # that can be an index
_LOWERED = str.maketrans("0123456789" + LETTERS, "₀₁₂₃₄₅₆₇₈₉" + LOWERED)


def superscript(number: int) -> str:
    """Return a number as an exponent.

    >>> superscript(-12)
    '⁻¹²'
    """
    return str(number).translate(_RAISED)


def subscript(number: object) -> str:
    """Return a number, or a letter for any, as an index.

    >>> subscript(12), subscript("i")
    ('₁₂', 'ᵢ')
    """
    return str(number).translate(_LOWERED)


@lru_cache(maxsize=1 << 12)
def written(name: str) -> str:
    """Return a name as it is written in formulas.

    A weight of one letter has the letters behind it as its index; a Greek letter that is spelt out, and a hat, a tilde
    or a bar, are what they say. What is no such name stays as it is.

    Examples
    --------
    >>> written("Wf"), written("Whh₀"), written("b_f"), written("by"), written("Word"), written("loss")
    ('W_f', 'W_hh₀', 'b_f', 'b_y', 'Word', 'loss')
    >>> written("sigma"), written("log_sigma"), written("theta_rain"), written("lambda_")
    ('σ', 'log_σ', 'θ_rain', 'λ')
    >>> written("Phi"), written("Phi_h"), written("Ph")
    ('Φ', 'Φ_h', 'P_h')
    >>> [unicodedata.normalize("NFD", written(name)) == mark for name, mark in
    ...  (("h_tilde", "h" + chr(0x303)), ("y_hat", "y" + chr(0x302)), ("yhat", "y" + chr(0x302)))]
    [True, True, True]
    """
    if not re.fullmatch(r"\w+", name):
        return name
    letters, digits = _NAME.fullmatch(name).groups()  # type: ignore[union-attr]
    weight = _WEIGHT.fullmatch(letters)
    if weight and letters not in _WORDS and letters not in ("Phi", "Psi"):
        letter, index = filter(None, weight.groups())
        return f"{letter}_{index}{digits}"
    if name in ("pi", "xi"):  # rather the i-th p or x
        return name
    parts = name.strip("_").split("_")
    marked: list[str] = []
    for part in parts:
        if part.lower() in _MARKS and marked and len(marked[-1]) == 1:
            marked[-1] = unicodedata.normalize("NFC", marked[-1] + _MARKS[part.lower()])
        else:
            marked.append(_letter(part))
    return "_".join(marked) or name


def _letter(word: str) -> str:
    letters, digits = _NAME.fullmatch(word).groups()  # type: ignore[union-attr]
    marked = re.fullmatch(r"([a-zA-Z])([Hh]at|[Tt]ilde)", letters)
    if marked and letters.lower() not in ("what", "that", "chat"):
        return unicodedata.normalize("NFC", marked[1] + _MARKS[marked[2].lower()]) + digits
    return _GREEK.get(letters, letters) + digits


def barred(name: str) -> str:
    """Return a name under a bar: over the letter of ``b1`` and ``W_F``, over the whole of ``loss``.

    Examples
    --------
    >>> barred("z"), barred("b1") == "b" + chr(0x304) + "1"
    ('z̄', True)
    """
    match = re.fullmatch(r"([^\W\d_])([\u0300-\u036f]*)([\d₀-₉]*|_\w+)", unicodedata.normalize("NFD", name))
    if match:
        letter, marks, rest = match.groups()
        return unicodedata.normalize("NFC", letter + marks + _MACRON) + rest
    return "".join(letter + _OVERLINE for letter in name)
