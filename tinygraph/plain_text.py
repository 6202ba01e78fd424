"""Text from outside, a file, a name, a line of source, made plain: it then does nothing where it is shown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["clean", "clean_lines", "spans"]


def spans(numbers: Iterable[int]) -> str:
    """Return numbers in increasing order, those that follow one another as one span.

    Examples
    --------
    >>> spans([3, 1, 2, 7, 9, 10])
    '1–3, 7, 9–10'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.4) -> str:
    """Return the question whether the nearest known word was meant; empty where none is near.

    Examples
    --------
    >>> did_you_mean("contribution", ["contributions", "flow"]), did_you_mean("x", ["flow"])
    ('did you mean contributions?', '')
    """
    near = difflib.get_close_matches(word, list(known), 1, likeness)
    return f"did you mean {near[0]}?" if near else ""


def clean(text: str) -> str:
    r"""Return `text` on one line, character by character, with what cannot be printed replaced.

    Line breaks, tabs and other spaces become spaces. Control characters, escape sequences' first of all, what reorders
    or hides the text around it, and halves of characters become U+FFFD. Terminals, XML and all encodings of Unicode
    take what is left, and columns are what they were.

    Examples
    --------
    >>> clean("a\tb\x1b[31m") == "a b\ufffd[31m", clean("h\u202e") == "h\ufffd", clean("h̄⁽³⁾")
    (True, True, 'h̄⁽³⁾')
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def clean_lines(text: str) -> str:
    r"""Return `text` with each of its lines clean.

    Examples
    --------
    >>> clean_lines("a\n\x07b") == "a\n\ufffdb"
    True
    """
    return "\n".join(map(clean, text.split("\n")))


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    return " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
