"""The table of what a gradient is the sum of."""

from __future__ import annotations

import math

from rich.text import Text

from tinygraph.array_text import number_text
from tinygraph.graphs.symbols import raised
from tinygraph.numeric import norm
from tinygraph.tracing.contributions import Contributions

from .panels import visible

_ROWS = 12


def contribution_table(terms: Contributions, upto: int) -> list[Text]:
    """Return what a gradient is the sum of, up to a step; terms still to come are shown as such, never as 0."""
    symbol = terms.trace.symbols.of(terms.node)
    if not terms:
        return [Text(f"  no gradient reaches {symbol}", "dim")]
    done = sum(step <= upto for step, _ in terms.writes)
    title = Text.assemble((f"  {symbol.bar} ", "bold"), (f"= sum of {len(terms)} terms, {done} of them so far", "dim"))
    lines = [title, Text("    step  time      ‖term‖    share   cosine   ‖sum so far‖", "dim")]
    largest = float(max(terms.norms)) or 1.0
    shown = visible(len(terms), _ROWS, done)
    if shown.start > 0:
        lines.append(Text("       ⋮", "dim"))
    lines += [_row(terms, place, place < done, largest) for place in shown]
    if shown.stop < len(terms):
        lines.append(Text("       ⋮", "dim"))
    if done == len(terms):
        check, style = ("equals", "green") if terms.exact else ("does NOT equal", "bold red")
        lines.append(Text(f"  the sum {check} the gradient of the pass to the last bit", style))
    return lines


def _row(terms: Contributions, place: int, computed: bool, largest: float) -> Text:
    step, _ = terms.writes[place]
    line = Text(f"  {step:>6}  {raised(terms.trace.nodes[step].timestep):>4}  ")
    if not computed:
        return line.append("   not computed yet", "dim")
    term = terms[place]
    share, cosine, total = _text(term.share, ".1%"), _text(term.cosine, ".2f"), number_text(norm(term.running))
    line.append(f"{number_text(term.norm):>10}  {share:>7}  {cosine:>6}  {total:>10}   ")
    bar = round(12 * term.norm / largest) if math.isfinite(term.norm) and math.isfinite(largest) else 0
    return line.append("█" * bar, "red" if term.cosine < 0 else "cyan")


def _text(x: float, form: str) -> str:
    return "—" if math.isnan(x) else format(x, form)
