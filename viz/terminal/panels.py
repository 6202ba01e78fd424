"""The parts of the debugger's screen, each from plain data to lines of text."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.text import Text

from tinygraph.graphs.symbols import raised
from tinygraph.tracing.contributions import Contributions

from .arrays import number, padded, shape_text, styled

__all__ = ["contribution_table", "formula_lines", "header", "neighbourhood", "numbers", "source_lines", "strip"]

_INDENT = "  "


def header(seen: dict[str, Any], width: int) -> Text:
    """Return the line that says where we are."""
    left = styled(f"step {seen['step']}", "bold")
    left.append(f" of {seen['steps'] - 1}", "dim")
    if seen["timestep"] is not None:
        left.append(" · ", "dim")
        left.append(f"time step {seen['timestep']}", "bold")
    left.append(" · ", "dim")
    left.append(seen["op"], "magenta")
    if seen["scope"]:
        left.append(f" · {seen['scope']}", "dim")
    source = seen["source"]
    if source:
        place = f"{_short(source['file'])}:{source['line']}"
        room = width - left.cell_len - len(place)
        if room > 2:
            left.append(f"{' ' * room}{place}", "dim")
    left.truncate(width, overflow="ellipsis")
    return left


def _short(filename: str) -> str:
    return filename.replace("\\", "/").rsplit("/", 1)[-1]


def source_lines(seen: dict[str, Any], width: int) -> list[Text]:
    """Return the program's line, with the sub-expression of this step marked."""
    source = seen["source"]
    if not source or not source["text"]:
        return []
    number_text = str(source["line"])
    lines = []
    for offset, line in enumerate(source["text"].split("\n")):
        text = styled(f"{_INDENT}{int(number_text) + offset:>{len(number_text)}} │ ", "dim")
        start = source["column"] if offset == 0 else 0
        last = offset == source["end_line"] - source["line"]
        end = source["end_column"] if last else len(line)
        text.append(line[:start])
        text.append(line[start:end], "bold")
        text.append(line[end:])
        text.truncate(width, overflow="ellipsis")
        lines.append(text)
    if source["line"] == source["end_line"]:
        margin = " " * (len(_INDENT) + len(number_text)) + " │ "
        lines.append(Text.assemble((margin, "dim"), (" " * source["column"], ""), ("^" * (end - start), "magenta")))
    return lines


def formula_lines(seen: dict[str, Any], width: int, ascii_only: bool = False) -> list[Text]:
    """Return the chain rule of the step, and what its unnamed symbols stand for."""
    lines = []
    for formula in seen["formulas"]:
        written = formula["ascii"] if ascii_only else formula["text"]
        text = Text(_INDENT)
        text.append(written, "bold cyan")
        rule = formula["rule"]
        room = width - text.cell_len - cell_len(rule)
        if room > 3 and not ascii_only:
            text.append(" " * room)
            text.append(rule, "dim")
        lines.append(text)
    meanings = dict(pair for formula in seen["formulas"] for pair in formula["meanings"])
    line = styled(f"{_INDENT}where ", "dim")
    for place, (symbol, expression) in enumerate(meanings.items()):
        piece = f"{symbol} = {_cut(expression, 40)}"
        if place and line.cell_len + cell_len(piece) + 3 > width:
            lines.append(line)
            line = styled(f"{_INDENT}      ", "dim")
        elif place:
            line.append(" · ", "dim")
        line.append(piece, "dim")
    return [*lines, line] if meanings else lines


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else f"{text[: width - 1]}…"


def numbers(seen: dict[str, Any], width: int) -> list[Text]:
    """Return the adjoint, and for each contribution its numbers and the running sum that it joins."""
    rows = [(seen["bar"], seen["adjoint"], "the adjoint, complete")]
    for term in seen["terms"]:
        joined = "the only term" if term["of"] == 1 else f"term {term['number']} of {term['of']}"
        rows.append((f"→ {term['bar']}", term["term"], joined))
        if term["before"] is not None:
            rows.append((f"  {term['bar']}", term["after"], "running sum"))
    names = max(cell_len(name) for name, _, _ in rows)
    shapes = max(len(shape_text(x["shape"])) for _, x, _ in rows)
    lines = []
    for name, x, remark in rows:
        line = Text(_INDENT)
        line.append(padded(name, names), "bold")
        line.append(f"  {shape_text(x['shape']):>{shapes}}  ", "dim")
        norm_text = "" if not x["shape"] else f"  ‖·‖ {_float(x['norm'])}"
        room = width - line.cell_len - len(norm_text) - len(remark) - 2
        line.append(_values(x, room))
        line.append(norm_text)
        gap = width - line.cell_len - len(remark)
        line.append(" " * max(gap, 2) + remark, "dim")
        if x["nonfinite"]:
            line.stylize("bold red")
        lines.append(line)
    return lines


def _values(x: dict[str, Any], room: int) -> str:
    if x["values"] is not None:
        text = _nested(x["values"])
        if len(text) <= room:
            return text
    if x["min"] is None:
        return "none of them finite"
    return _cut(f"{_float(x['min'])} … {_float(x['max'])}", max(room, 12))


def _nested(values: Any) -> str:
    return f"[{' '.join(map(_nested, values))}]" if isinstance(values, list) else _float(values)


def _float(x: Any) -> str:
    return number(x) if isinstance(x, int | float) else str(x)


def strip(seen: dict[str, Any], width: int) -> list[Text]:
    """Return the time steps in a row: those the pass is through with are filled, the current one is marked."""
    all_steps, current = seen["timesteps"], seen["timestep"]
    if not all_steps:
        return []
    size = max(len(str(t)) for t in all_steps) + 2
    fits = max((width - 26) // size, 3)
    place = all_steps.index(current) if current in all_steps else len(all_steps) - 1
    first = min(max(place - fits // 2, 0), max(len(all_steps) - fits, 0))
    shown = all_steps[first : first + fits]
    line = styled(f"{_INDENT}time ", "dim")
    line.append("… " if first else "")
    for t in shown:
        if t == current:
            line.append(f"[{t}]".center(size), "bold reverse")
        else:
            line.append(str(t).center(size), "" if current is not None and t > current else "dim")
    line.append(" …" if first + fits < len(all_steps) else "")
    line.append("  ◀ backward", "dim")
    return [line]


def neighbourhood(seen: dict[str, Any], width: int) -> list[Text]:
    """Return the node between its inputs and its users as a small drawing; gradients run from right to left."""
    inputs = [(_cut(i["name"], 16), i["gradient"]) for i in seen["inputs"][:6]] or [("", False)]
    users = [_cut(f"{u['name']} = {u['op']}", 28) for u in seen["users"][:6]] or ["(the output)"]
    middle = f" {seen['op']} → {seen['name']} "
    height = max(len(inputs), len(users))
    left = _column([name for name, _ in inputs], height)
    right = _column(users, height)
    first = (height - len(inputs)) // 2
    size = max(cell_len(name) for name in left)
    lines = []
    for row in range(height):
        name = left[row]
        line = Text(_INDENT + " " * (size - cell_len(name)))
        gradient = first <= row < first + len(inputs) and inputs[row - first][1]
        line.append(name, "bold cyan" if gradient else "dim")
        line.append(" ◀" if gradient else "  ", "cyan")
        line.append(_joint(left, row, height, True), "cyan" if gradient else "dim")
        centre = row == (height - 1) // 2
        line.append("─" if centre else " ", "dim")
        line.append(middle if centre else " " * cell_len(middle), "bold magenta" if centre else "")
        line.append("─" if centre else " ", "dim")
        line.append(_joint(right, row, height, False), "dim")
        line.append(f" {right[row]}" if right[row] else "", "")
        line.truncate(width, overflow="ellipsis")
        lines.append(line)
    return lines


def _column(names: list[str], height: int) -> list[str]:
    before = (height - len(names)) // 2
    return [""] * before + names + [""] * (height - len(names) - before)


def _joint(column: list[str], row: int, height: int, left: bool) -> str:
    """Return two columns of the lines that join the names of a column to the node in the middle."""
    used = [i for i, name in enumerate(column) if name]
    centre = (height - 1) // 2
    low, high = min([*used, centre]), max([*used, centre])
    if not low <= row <= high:
        return "  "
    if low == high:
        return "──"
    up, down = row > low, row < high
    outward, inward = bool(column[row]), row == centre
    first, second = (outward, inward) if left else (inward, outward)
    corner = _CORNERS[(up, down, first, second)]
    return f"{'─' if first else ' '}{corner}" if left else f"{corner}{'─' if second else ' '}"


_CORNERS = {  # (up, down, to the left, to the right)
    (True, True, True, True): "┼",
    (True, True, True, False): "┤",
    (True, True, False, True): "├",
    (True, True, False, False): "│",
    (True, False, True, True): "┴",
    (True, False, True, False): "┘",
    (True, False, False, True): "└",
    (False, True, True, True): "┬",
    (False, True, True, False): "┐",
    (False, True, False, True): "┌",
}


def contribution_table(terms: Contributions, upto: int, width: int, limit: int = 12) -> list[Text]:
    """Return what a gradient is the sum of, up to a step; terms still to come are shown as such, never as 0."""
    bar = terms.trace.symbols.of(terms.node).bar
    done = sum(step <= upto for step, _ in terms.writes)
    head = styled(f"{_INDENT}{bar} ", "bold")
    head.append(f"= sum of {len(terms)} terms, {done} of them so far", "dim")
    lines = [head]
    if not len(terms):
        return [Text(f"{_INDENT}no gradient reaches {terms.trace.symbols.of(terms.node)}", "dim")]
    lines.append(Text(f"{_INDENT}  step  time      ‖term‖    share   cosine   ‖sum so far‖", "dim"))
    shown = _window(len(terms), done, limit)
    top = float(max(terms.norms, default=0.0)) or 1.0
    for place in shown:
        if place is None:
            lines.append(Text(f"{_INDENT}     ⋮", "dim"))
            continue
        lines.append(_contribution_row(terms, place, place < done, top))
    if done == len(terms):
        check = "equals" if terms.exact else "does NOT equal"
        lines.append(
            Text(
                f"{_INDENT}the sum {check} the gradient of the pass to the last bit",
                "green" if terms.exact else "bold red",
            )
        )
    return lines


def _contribution_row(terms: Contributions, place: int, computed: bool, top: float) -> Text:
    from tinygraph.numeric import norm

    step, _ = terms.writes[place]
    t = terms.trace.nodes[step].timestep
    line = Text(f"{_INDENT}{step:>6}  {'' if t is None else raised(t):>4}  ")
    if not computed:
        line.append("   not computed yet", "dim")
        return line
    row = terms[place]
    total = f"{number(norm(row.running)):>10}"
    line.append(f"{number(row.norm):>10}  {_percent(row.share):>7}  {_cosine(row.cosine):>6}  {total}   ")
    bar = round(12 * row.norm / top) if row.norm == row.norm and top < float("inf") else 0
    line.append("█" * bar, "cyan" if not row.cosine < 0 else "red")
    return line


def _percent(x: float) -> str:
    return "—" if x != x else f"{100 * x:.1f}%"


def _cosine(x: float) -> str:
    return "—" if x != x else f"{x:.2f}"


def _window(count: int, done: int, limit: int) -> list[int | None]:
    if count <= limit:
        return list(range(count))
    middle = min(max(done - limit // 2, 0), count - limit)
    shown: list[int | None] = list(range(middle, middle + limit))
    return [*([None] if middle else []), *shown, *([None] if middle + limit < count else [])]
