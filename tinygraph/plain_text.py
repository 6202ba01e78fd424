"""Text from outside, a file, a name, a line of source, made plain: it then does nothing where it is shown."""

from __future__ import annotations

__all__ = ["clean", "clean_lines"]


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
