"""The source of a plan with the program's own names, and what a reader wants to know of it."""

from __future__ import annotations

import keyword
import re
import textwrap
from typing import Any

from .forms.form import ARGUMENT, CALL, CAPTURED, CONSTANT, JOIN, SEED, SUM, Form, Value, needed

_MOST = 600  # values of which names are looked up
_TOKEN = re.compile(r"\b(v|saved|start|f|r)(\d+)(\w*)|\*\*a(\d+)|\ba(\d+)\b")
_SUFFIXES = ((r"_t_p(\d+)", r"_t_plus_\1"), (r"_t_m(\d+)", r"_t_minus_\1"), (r"_rows_\d+", "_rows"), (r"_T\d+", "_T"))
_WIDTH = 116
_TAKEN = {
    *("np", "dense", "dot", "add", "cross_entropy", "arguments", "captured", "plain", "t", "T", "i", "j", "k"),
    *("spread", "number", "ones", "dot_rows", "add_rows", "dot_of_rows", "cross_entropy_adjoint"),
    *("product", "pack"),
    *("exp", "tanh", "sigmoid", "maximum", "minimum", "relu", "silu", "softplus", "softsign", "sign", "where"),
}
_RANK = {ARGUMENT: 0, CAPTURED: 0, CONSTANT: 3, JOIN: 3}  # whose names are given first


def readable(text: str, names: dict[Value, str], space: dict[str, Any]) -> str:
    """Return the source with names of the program in place of numbers."""
    by_number = {value.number: value for value in names}

    def word(match: re.Match[str]) -> str:
        kind, number, rest = match[1], match[2], match[3]
        if kind is None:
            attributes = space.get(f"a{match[4] or match[5]}")
            plain = ", ".join(f"{key}={_short(item)}" for key, item in (attributes or {}).items())
            return plain if match[4] else "None" if attributes is None else f"dict({plain})"
        if int(number) not in by_number:
            return match[0]
        value = by_number[int(number)]
        if kind == "f":
            return value.op.name if not rest and value.op is not None else match[0]
        if kind == "r":
            return f"wanted_{names[value]}"
        if kind == "v" and not rest and value.kind in (CONSTANT, SEED) and not value.loop and not value.shape:
            return _short(value.data)
        for pattern, instead in _SUFFIXES:
            rest = re.sub(pattern, instead, rest)
        rest = re.sub(r"_ts\d+$", "s", re.sub(r"(_t_\w+?_\d+)s\d+$", r"\1s", rest))
        whole = {"v": "", "saved": "saved_of_", "start": "start_of_"}[kind] + names[value] + rest
        return f"{whole}_" if keyword.iskeyword(whole) else whole  # the rows of `a` are no `as`

    return "\n".join(_wrapped(_TOKEN.sub(word, line)) for line in text.split("\n"))


def program_names(form: Form) -> dict[Value, str]:
    """Return a name for each value that is computed: the program's own, with d in front for gradients of something."""
    used, names = needed(form), dict[Value, str]()
    values = [value for value in form.values if value in used]
    taken: set[str] = {*keyword.kwlist, *_TAKEN}
    adjoints = _adjoints(values) if len(values) <= _MOST else set()
    for value in sorted(
        values, key=lambda value: (_RANK.get(value.kind, 1), value.of is not None, value.kind != SUM, value.number)
    ):
        base = _base(value, names, adjoints) if len(values) <= _MOST else f"v{value.number}"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names[value] = name
    return names


def _adjoints(values: list[Value]) -> set[Value]:
    """Return the values that depend on the adjoint that a backward pass begins with."""
    adjoints = {value for value in values if value.kind == SEED}
    growing = True
    while growing:
        before = len(adjoints)
        adjoints.update(value for value in values if not adjoints.isdisjoint(value.sources()))
        growing = len(adjoints) > before
    return adjoints


def _base(value: Value, names: dict[Value, str], adjoints: set[Value]) -> str:
    if value.kind == JOIN and value.of is not None:
        return f"{names[value.of]}_before"
    if value.kind == CONSTANT and value.shape:
        return f"{_word(value)}_0"
    if value.of is not None and value.of in names:
        return f"d{names[value.of]}" if value in adjoints else f"slope_{names[value.of]}"
    return _word(value)


def _word(value: Value) -> str:
    name = value.name if value.of is None else None
    word = re.sub(r"\W", "_", name or (value.op.name if value.op is not None else value.kind))
    return word if word.isidentifier() else f"v{value.number}"


def _short(value: Any) -> str:
    text = str(value) if not isinstance(value, str) else repr(value)
    return text if len(text) < 40 and "\n" not in text else f"{text[:30]!r}…"


def _wrapped(line: str) -> str:
    if len(line) <= _WIDTH:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 8)
    return "\n".join(
        textwrap.wrap(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    )


def described(names: dict[Value, str], loops: list[list[Value]]) -> str:
    """Say what of a plan runs as a loop, and what for all time steps at once."""
    ops = [value for value in names if value.kind == CALL]
    inside = {value for members in loops for value in members}
    lines = [f"{len(ops)} ops, {len(loops)} loops"]
    for members in loops:
        calls = [value for value in members if value.kind == CALL]
        backward = any(value.of is not None for value in calls)
        which = "backward loop" if backward else "loop"
        lines.append(f"{which} ×{members[0].count}: " + ", ".join(names[value] for value in calls))
    at_once = [value for value in ops if value.loop and value not in inside]
    if at_once:
        lines.append(f"for all time steps at once: {len(at_once)} ops")
    return "\n".join(lines)
