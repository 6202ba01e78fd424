"""The text of a VJP rule, read back from its source: the formula that is shown is the rule that runs."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from typing import Any


def body(rule: Callable[..., Any]) -> str:
    """Return the source of a lambda's body, or of what a function returns, found through its code positions."""
    code = rule.__code__
    lines, columns = [], []
    for line, end_line, column, end_column in _body_positions(code):
        lines += [line, end_line]
        columns += [(line, column), (end_line, end_column)]
    if not columns:
        return ""
    first, last = min(columns), max(columns)
    text = [linecache.getline(code.co_filename, number) for number in range(first[0], last[0] + 1)]
    if not any(text):
        return ""
    text[-1] = text[-1].encode()[: last[1]].decode(errors="ignore")
    text[0] = text[0].encode()[first[1] :].decode(errors="ignore")
    return _balanced(" ".join(part.strip() for part in text))


def _body_positions(code: Any) -> Iterator[tuple[int, int, int, int]]:
    for line, end_line, column, end_column in code.co_positions():
        known = None not in (line, end_line, column, end_column) and (end_line, end_column) != (line, column)
        if known and (code.co_name == "<lambda>" or line > code.co_firstlineno):
            yield line, end_line, column, end_column


def _balanced(text: str) -> str:
    """Drop what the positions of a body may leave open at its ends."""
    text = text.removeprefix("return ")
    while text.count("(") > text.count(")") and text.endswith("("):
        text = text[:-1]
    return text + ")" * max(0, text.count("(") - text.count(")"))
