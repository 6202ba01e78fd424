"""The table of what a gradient is the sum of."""

from __future__ import annotations

import math

from rich.cells import cell_len
from rich.text import Text

from tinygraph.array_text import number_text
from tinygraph.graphs.symbols import raised
from tinygraph.numeric import norm
from tinygraph.tracing.contributions import Contributions

from .panels import visible

_ROWS = 12
_HEADS = {"step": 8, "time": 6, "‖term‖": 12, "share": 9, "cosine": 8, "‖sum so far‖": 14}  # and their columns
_BAR = 12


def contribution_table(terms: Contributions, upto: int, width: int) -> list[Text]:
    """Return what a gradient is the sum of, up to a step; terms still to come are shown as such, never as 0.

    On a narrow screen the last columns are left out.
    """
    symbol = terms.trace.symbols.of(terms.node)
    if not terms:
        return [Text(f"  no gradient reaches {symbol}", "dim")]
    done = sum(step <= upto for step, _ in terms.writes)
    title = Text.assemble((f"  {symbol.bar} ", "bold"), (f"= sum of {len(terms)} terms, {done} of them so far", "dim"))
    lines = [title, Text(_joined(list(_HEADS), width), "dim")]
    largest = float(max(terms.norms)) or 1.0
    shown = visible(len(terms), _ROWS, done)
    if shown.start > 0:
        lines.append(Text("       ⋮", "dim"))
    lines += [_row(terms, place, place < done, largest, width) for place in shown]
    if shown.stop < len(terms):
        lines.append(Text("       ⋮", "dim"))
    if done == len(terms):
        check, style = ("equals", "green") if terms.exact else ("does NOT equal", "bold red")
        lines.append(Text(f"  the sum {check} the gradient of the pass to the last bit", style))
    return lines


def _row(terms: Contributions, place: int, computed: bool, largest: float, width: int) -> Text:
    step, _ = terms.writes[place]
    cells = [str(step), raised(terms.trace.nodes[step].timestep)]
    if not computed:
        return Text(_joined(cells, width)).append("     not computed yet", "dim")
    term = terms[place]
    cells += [
        number_text(term.norm),
        _text(term.share, ".1%"),
        _text(term.cosine, ".2f"),
        number_text(norm(term.running)),
    ]
    line = Text(_joined(cells, width))
    if line.cell_len + 3 + _BAR > width:
        return line
    bar = round(_BAR * term.norm / largest) if math.isfinite(term.norm) and math.isfinite(largest) else 0
    return line.append("   " + "█" * bar, "red" if term.cosine < 0 else "cyan")


def _joined(cells: list[str], width: int) -> str:
    """Return cells under their heads, as many as there is room for."""
    line = ""
    for cell, columns in zip(cells, _HEADS.values(), strict=False):
        if cell_len(line) + columns <= width:
            line += " " * (columns - cell_len(cell)) + cell
    return line


def _text(x: float, form: str) -> str:
    return "—" if math.isnan(x) else format(x, form)
