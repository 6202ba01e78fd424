"""The debugger's screen at one stop, panel by panel, each from a snapshot to lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from tinygraph.array_text import shape_text, values_text
from tinygraph.recording.filenames import file_name
from tinygraph.tracing.what_if import WhatIf

from ..debugging.debugger import Debugger
from ..debugging.expressions import ExpressionError
from ..debugging.snapshot import take_snapshot
from .arrays import one_line
from .ascii_text import in_ascii

_INDENT = "  "
_MOST_NEIGHBOURS = 6
_MOST_TERMS = 12


def stop_lines(debugger: Debugger, width: int, ascii_only: bool) -> list[Text]:
    """Return what is shown where the debugger stands."""
    snapshot = take_snapshot(debugger.trace, debugger.position)
    if ascii_only:  # before anything is placed: names have another width then
        snapshot = in_ascii(snapshot)
    panels = [
        _source_lines(snapshot, width),
        formula_lines(snapshot["formulas"], width, ascii_only),
        _numbers(snapshot, width),
        [*_neighbourhood(snapshot, width), *_time_strip(snapshot, width)],
        _displays(debugger, width),
    ]
    lines = [_rule(debugger, width), _header(snapshot, width)]
    for panel in filter(None, panels):
        if len(lines) > 2:
            lines.append(Text())
        lines += panel
    return lines


def _rule(debugger: Debugger, width: int) -> Text:
    """Return the line above a stop; in a replay it says what was changed."""
    if not isinstance(debugger.trace, WhatIf):
        return Text("─" * width, "dim")
    line = Text.assemble(
        ("── ", "dim"), (cut(f"what if {'; '.join(debugger.trace.changes)}", width - 6), "yellow"), " "
    )
    return line.append("─" * (width - line.cell_len), "dim")


def _header(snapshot: dict[str, Any], width: int) -> Text:
    """Return the line that says where we are."""
    line = Text.assemble((f"step {snapshot['step']}", "bold"), (f" of {snapshot['steps'] - 1}", "dim"))
    if snapshot["timestep"] is not None:
        line.append(" · ", "dim").append(f"time step {snapshot['timestep']}", "bold")
    line.append(" · ", "dim").append(snapshot["op"], "magenta")
    if snapshot["scope"]:
        line.append(f" · {snapshot['scope']}", "dim")
    source = snapshot["source"]
    if source:
        append_at_right(line, f"{file_name(source['file'])}:{source['line']}", width, 3)
    line.truncate(width, overflow="ellipsis")
    return line


def append_at_right(line: Text, remark: str, width: int, gap: int) -> None:
    """Append a remark that ends at the right margin, where it leaves a gap of so many columns."""
    room = width - line.cell_len - cell_len(remark)
    if room >= gap:
        line.append(" " * room + remark, "dim")


def _source_lines(snapshot: dict[str, Any], width: int) -> list[Text]:
    """Return the program's line, with the sub-expression of this step marked; above it, who called a library's."""
    source = snapshot["source"]
    if not source or not source["text"]:
        return []
    return [*_caller_line(snapshot["called_from"], width), *_marked_lines(source, width)]


def _caller_line(caller: dict[str, Any] | None, width: int) -> list[Text]:
    if caller is None:
        return []
    place = f"{_INDENT}called from {file_name(caller['file'])}:{caller['line']}   "
    line = Text.assemble((place, "dim"), " ".join(caller["text"].split()))
    line.truncate(width, overflow="ellipsis")
    return [line]


def _marked_lines(source: dict[str, Any], width: int) -> list[Text]:
    """Return the lines of a source, the sub-expression marked."""
    first, last = source["line"], source["end_line"]
    digits = len(str(first))
    lines = []
    for number, text in enumerate(source["text"].split("\n"), first):
        start = source["column"] if number == first else 0
        end = source["end_column"] if number == last else len(text)
        margin = f"{_INDENT}{number:>{digits}} │ "
        if first == last:
            text, start, end = _in_sight(text, start, end, width - len(margin))
        line = Text.assemble((margin, "dim"), text[:start], (text[start:end], "bold"), text[end:])
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    if first == last:
        margin = f"{_INDENT}{'':{digits}} │ "
        lines.append(Text.assemble((margin, "dim"), " " * start, ("^" * (end - start), "magenta")))
        lines[-1].truncate(width)
    return lines


def _in_sight(text: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """Return a line without its beginning where the marked part would be out of sight, and where that part is then."""
    hidden = min(start, end - room + 1)
    return (f"…{text[hidden + 1 :]}", start - hidden, end - hidden) if 0 < hidden < start else (text, start, end)


def formula_lines(formulas: list[dict[str, Any]], width: int, ascii_only: bool) -> list[Text]:
    """Return the chain rule of a step, and what its unnamed symbols stand for."""
    lines = []
    shown, left_out = _shortened(formulas)
    for formula in shown:
        text = f"{_INDENT}{formula['ascii' if ascii_only else 'text']}"
        if cell_len(text) > width:
            lines += [Text(part, "bold cyan") for part in textwrap.wrap(text, width, subsequent_indent=3 * _INDENT)]
            continue
        lines.append(Text.assemble((text, "bold cyan")))
        if not ascii_only:
            append_at_right(lines[-1], formula["rule"], width, 4)
    return lines + _left_out(left_out) + _meanings(shown, width)


def _shortened(items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return the items to show, the first ones of many, and how many are left out."""
    return (items[:_MOST_TERMS], len(items) - _MOST_TERMS) if len(items) > _MOST_TERMS + 1 else (items, 0)


def _left_out(count: int) -> list[Text]:
    return [Text(f"{_INDENT}… {count:,} more, one for each argument", "dim")] if count else []


def _meanings(formulas: list[dict[str, Any]], width: int) -> list[Text]:
    meanings = dict(pair for formula in formulas for pair in formula["meanings"])
    lines: list[str] = []
    for symbol, expression in meanings.items():
        meaning = cut(f"{symbol} = {cut(expression, 40)}", width - 8)
        if lines and cell_len(lines[-1]) + cell_len(meaning) + 3 <= width:
            lines[-1] += f" · {meaning}"
        else:
            lines.append(f"{_INDENT}{'      ' if lines else 'where '}{meaning}")
    return [Text(line, "dim") for line in lines]


def under_heads(cells: Iterable[str], heads: Mapping[str, int], width: int, begin: str = "") -> str:
    """Return cells under their heads, given the columns of each, as many as there is room for."""
    line = begin
    for cell, columns in zip(cells, heads.values(), strict=True):
        if cell_len(line) + columns <= width:
            line += " " * (columns - cell_len(cell)) + cell
    return line


def wrapped(text: str, width: int, style: str = "") -> list[Text]:
    """Return a text as lines, indented, that fit a screen."""
    return [Text(f"{_INDENT}{line}", style) for line in textwrap.wrap(text, width - len(_INDENT))]


def cut(text: str, width: int) -> str:
    """Return text in at most so many columns, its end left out if it is longer."""
    line = Text(text)
    line.truncate(width, overflow="ellipsis")
    return line.plain


def padded(text: str, width: int) -> str:
    """Return text filled up to so many columns; a letter with its bar takes one."""
    return text + " " * max(width - cell_len(text), 0)


def _numbers(snapshot: dict[str, Any], width: int) -> list[Text]:
    """Return the adjoint, and for each contribution its numbers and the running sum that it joins."""
    rows = [(snapshot["bar"], snapshot["adjoint"], "the adjoint, complete")]
    shown, left_out = _shortened(snapshot["terms"])
    for term in shown:
        remark = "the only term" if term["of"] == 1 else f"term {term['number']} of {term['of']}"
        rows.append((f"→ {term['bar']}", term["term"], remark))
        if term["before"] is not None:
            rows.append((f"  {term['bar']}", term["after"], "running sum"))
    name_width = min(max(cell_len(name) for name, _, _ in rows), width // 3)
    shape_width = max(len(shape_text(array["shape"])) for _, array, _ in rows)
    lines = []
    for name, array, remark in rows:
        shape = f"  {shape_text(array['shape']):>{shape_width}}  "
        line = Text.assemble(_INDENT, (padded(cut(name, name_width), name_width), "bold"), (shape, "dim"))
        line.append(_values_and_norm(array, width - line.cell_len, len(remark) + 2))
        append_at_right(line, remark, width, 2)
        if array["nonfinite"]:
            line.stylize("bold red")
        lines.append(line)
    return lines + _left_out(left_out)


def _values_and_norm(array: dict[str, Any], room: int, wanted: int) -> str:
    """Return the values and their norm; with little room, no columns are left for a remark, or the norm is left out."""
    norm = f"  ‖·‖ {values_text(array['norm'])}" if array["shape"] else ""
    texts = _values(array)
    for left, tail in ((room - wanted - len(norm), norm), (room - len(norm), norm), (room, "")):
        for text in texts:
            if len(text) <= left:
                return text + tail
    return cut(texts[-1], room)


def _values(array: dict[str, Any]) -> list[str]:
    """Return the values in full, if they are few, and by their extremes."""
    whole = [] if array["values"] is None else [values_text(array["values"])]
    if array["min"] is None:
        return [*whole, "none of them finite"]
    beyond = f", {array['nonfinite']} not finite" if array["nonfinite"] else ""
    return [*whole, f"{values_text(array['min'])} … {values_text(array['max'])}{beyond}"]


def _time_strip(snapshot: dict[str, Any], width: int) -> list[Text]:
    """Return the time steps in a row: those the pass is through with are bright, the current one is marked."""
    timesteps, current = snapshot["timesteps"], snapshot["timestep"]
    if not timesteps:
        return []
    size = max(len(str(t)) for t in timesteps) + 2
    place = timesteps.index(current) if current in timesteps else len(timesteps) - 1
    shown = visible(len(timesteps), max((width - 26) // size, 3), place)
    line = Text.assemble((f"{_INDENT}time ", "dim"), "… " if shown.start else "")
    for t in timesteps[shown.start : shown.stop]:
        if t == current:
            line.append(f"[{t}]".center(size), "bold reverse")
        else:
            line.append(str(t).center(size), "" if current is not None and t > current else "dim")
    line.append(" …" if shown.stop < len(timesteps) else "").append("  ◀ backward", "dim")
    return [line]


def visible(count: int, most: int, place: int) -> range:
    """Return which of `count` items to show where there is room for `most` of them, around the one at `place`.

    Examples
    --------
    >>> visible(5, 9, 0), visible(100, 10, 50), visible(100, 10, 99)
    (range(0, 5), range(45, 55), range(90, 100))
    """
    first = min(max(place - most // 2, 0), max(count - most, 0))
    return range(first, min(first + most, count))


def _neighbourhood(snapshot: dict[str, Any], width: int) -> list[Text]:
    """Return the node between its inputs and its users as a small drawing; gradients run from right to left."""
    inputs = [(cut(source["name"], 16), source["gradient"]) for source in snapshot["inputs"][:_MOST_NEIGHBOURS]]
    users = [cut(f"{user['name']} = {user['op']}", 28) for user in snapshot["users"][:_MOST_NEIGHBOURS]]
    height = max(len(inputs), len(users))
    left, right = _centred(inputs, height, ("", False)), _centred(users or ["(the output)"], height, "")
    left_width = max(cell_len(name) for name, _ in left)
    middle = f" {snapshot['op']} → {snapshot['name']} "
    lines = []
    for row, ((name, gradient), user) in enumerate(zip(left, right, strict=True)):
        edge, text = ("─", middle) if row == (height - 1) // 2 else (" ", " " * cell_len(middle))
        line = Text.assemble(
            _INDENT + " " * (left_width - cell_len(name)),
            (name, "bold cyan" if gradient else "dim"),
            (" ◀" if gradient else "  ", "cyan"),
            (_joint([bool(name) for name, _ in left], row, True), "cyan" if gradient else "dim"),
            (edge, "dim"),
            (text, "bold magenta"),
            (edge, "dim"),
            (_joint([bool(name) for name in right], row, False), "dim"),
            f" {user}" if user else "",
        )
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return lines


def _centred(column: list[Any], height: int, blank: Any) -> list[Any]:
    above = (height - len(column)) // 2
    return [blank] * above + column + [blank] * (height - len(column) - above)


def _joint(occupied: list[bool], row: int, left: bool) -> str:
    """Return two columns of the lines that join the occupied rows of a column to the node in the middle."""
    middle = (len(occupied) - 1) // 2
    joined = [middle, *(i for i, is_occupied in enumerate(occupied) if is_occupied)]
    if not min(joined) <= row <= max(joined):
        return "  "
    outward, inward = occupied[row], row == middle
    to_left, to_right = (outward, inward) if left else (inward, outward)
    corner = _CORNERS[8 * (row > min(joined)) + 4 * (row < max(joined)) + 2 * to_left + to_right]
    line = "─" if outward else " "
    return line + corner if left else corner + line


_CORNERS = "   ─ ┌┐┬ └┘┴│├┤┼"  # by where lines leave to: 8 up, 4 down, 2 left, 1 right


def _displays(debugger: Debugger, width: int) -> list[Text]:
    lines = []
    for display in debugger.displays:
        try:
            text = one_line(display(debugger.moment), min(width - len(display.text) - 6, 60))
        except ExpressionError as error:
            text = error.reason
        lines.append(Text.assemble(f"{_INDENT}{display.text} = ", (text, "bold")))
    return lines
