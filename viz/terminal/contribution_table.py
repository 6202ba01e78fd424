"""The table of what a gradient is the sum of, on a screen."""

from __future__ import annotations

import math

from rich.cells import cell_len
from rich.text import Text

from tinygraph.tracing.contributions import Contributions
from tinygraph.tracing.ledger import HEADS, ROWS, by_size, cancellation, cells, chosen, remark

from .panels import under_heads, wrapped

_BAR = 12
_FEW = 64  # terms whose lines are compared
_ROUNDING = 1e-5


def contribution_table(terms: Contributions, upto: int, width: int, sorted_by_size: bool = False) -> list[Text]:
    """Return what a gradient is the sum of; terms after a step are dim. On a narrow screen the last columns go."""
    symbol = terms.trace.symbols.of(terms.node)
    if not terms:
        return [Text(f"  no gradient reaches {symbol}", "dim")]
    done = sum(step <= upto for step, _ in terms.writes)
    so_far = "" if done == len(terms) else f", {done} so far"
    title = Text.assemble((f"  {symbol.bar} ", "bold"), (f"= sum of {_count(terms)}{so_far}", "dim"))
    lines = [title, Text(under_heads(list(HEADS), HEADS, width), "dim")]
    finite = [size for size in terms.norms.tolist() if math.isfinite(size)]
    largest = max(finite, default=0.0) or 1.0
    order = by_size(terms) if sorted_by_size else range(len(terms))
    focus = 0 if sorted_by_size else min(done, len(terms) - 1)
    for place in chosen(order, ROWS, focus, terms.outliers[: ROWS - 2]):
        if place is None:
            lines.append(Text("       ⋮", "dim"))
        else:
            lines += _rows(terms, place, place < done, largest, width)
    lines += [line for text in cancellation(terms) for line in wrapped(text, width, "yellow")]
    if done == len(terms):
        lines += wrapped(*_check(terms, width))
    return lines


def _check(terms: Contributions, width: int) -> tuple[str, int, str]:
    """Return what is to be said of the sum of all terms beside the gradient of the pass, and how it looks."""
    if terms.exact:
        return "the sum equals the gradient of the pass to the last bit", width, "green"
    if terms.gap <= _ROUNDING:  # the pass was another framework's, whose kernels add up in another order
        return f"the sum equals the gradient of the pass but for rounding, {terms.gap:.1e} of it", width, "green"
    by = f", by {terms.gap:.1e} of it" if math.isfinite(terms.gap) else ""
    return f"the sum does NOT equal the gradient of the pass{by}", width, "bold red"


def _count(terms: Contributions) -> str:
    return "1 term" if len(terms) == 1 else f"{len(terms)} terms"


def _rows(terms: Contributions, place: int, computed: bool, largest: float, width: int) -> list[Text]:
    """Return the line of a term, and of an outlier what is to be said of it."""
    term = terms[place]
    style = "" if computed else "dim"
    line = Text(under_heads(cells(terms, place), HEADS, width), style)
    said = remark(terms, place)
    if said:
        line.stylize("bold red")
        text = f"  ← {said}"
        if line.cell_len + cell_len(text) <= width:
            return [line.append(text, "bold red")]
        return [line, *wrapped(text.strip(), width, "bold red")]
    if line.cell_len + 3 + _BAR > width:
        return [line]
    where = _line(terms, place)
    room = min(_BAR, width - line.cell_len - 3 - len(where))
    bar = "█" * (round(room * term.norm / largest) if math.isfinite(term.norm) else 0)
    line.append("   " + bar, "red" if term.cosine < 0 else "cyan")
    return [line.append(" " * (room - len(bar)) + where, "dim") if where else line]


def _line(terms: Contributions, place: int) -> str:
    """Return the line of the op that a term comes from, if terms come from several."""
    readers = [terms.trace.nodes[step] for step, _ in terms.writes[:_FEW]]
    lines = {reader.source.lineno for reader in readers if reader.source is not None}
    source = terms.trace.nodes[terms.writes[place][0]].source
    return f"  line {source.lineno}" if source is not None and len(lines) > 1 else ""
