"""The table of what a gradient is the sum of: its cells, and which of many rows are shown."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..array_text import number_text
from ..graphs.symbols import raised
from ..numeric import norm

if TYPE_CHECKING:
    from .contributions import Contributions  # whose repr is this table

HEADS = {"step": 8, "time": 6, "‖term‖": 12, "share": 9, "cosine": 8, "‖sum so far‖": 14}  # and their columns
ROWS = 12


def cells(terms: Contributions, place: int) -> list[str]:
    """Return a term under `HEADS`; shares of a sum that is only rounding are none."""
    term = terms[place]
    step = [str(term.step), raised(term.timestep)]
    shares = ["—", "—"] if terms.cancels else [_text(term.share, ".1%"), _text(term.cosine, ".2f")]
    return [*step, number_text(term.norm), *shares, number_text(norm(term.running))]


def _text(x: float, form: str) -> str:
    return "—" if math.isnan(x) else format(x, form)


def by_size(terms: Contributions) -> list[int]:
    """Return the places of all terms, the largest first; NaN before all."""
    sizes = terms.norms.tolist()
    return sorted(range(len(terms)), key=lambda place: -math.inf if math.isnan(sizes[place]) else -sizes[place])


def chosen(order: Sequence[int], most: int, focus: int, always: Collection[int]) -> list[int | None]:
    """Return which of many rows to show: those around one of them and those of note; None where rows are left out.

    Parameters
    ----------
    order : sequence of int
        All places, in the order of the table.
    most : int
    focus : int
        The position in the table to be seen.
    always : collection of int
        Places that are never left out.

    Examples
    --------
    >>> chosen(range(100), 4, 50, [7])
    [None, 7, None, 49, 50, 51, None]
    """
    positions = {position for position, place in enumerate(order) if place in always}
    distance = sorted(range(len(order)), key=lambda position: (abs(position - focus), position))
    for position in distance:
        if len(positions) >= most:
            break
        positions.add(position)
    rows: list[int | None] = []
    before = -1
    for position in sorted(positions):
        if position > before + 1:
            rows.append(None)
        rows.append(order[position])
        before = position
    return rows if before == len(order) - 1 else [*rows, None]


def remark(terms: Contributions, place: int) -> str:
    """Return what is to be said of an outlier, with the command that goes there; nothing of other terms."""
    if place not in terms.outliers:
        return ""
    size = float(terms.norms[place])
    step = terms.writes[place][0]
    if not math.isfinite(size):
        return f"not finite; goto {step}"
    return f"{size / terms.median:.3g} × the median; goto {step}"


def table(terms: Contributions) -> str:
    """Return the table in plain text."""
    symbol = terms.trace.symbols.of(terms.node)
    if not terms:
        return f"no gradient reaches {symbol}"
    lines = [f"{symbol.bar} = sum of {len(terms)} terms"]
    lines.append("".join(head.rjust(columns) for head, columns in HEADS.items()))
    for place in chosen(range(len(terms)), ROWS, 0, terms.outliers[:ROWS]):
        if place is None:
            lines.append("⋮".rjust(8))
        else:
            row = "".join(
                cell.rjust(columns) for cell, columns in zip(cells(terms, place), HEADS.values(), strict=True)
            )
            lines.append(f"{row}  {remark(terms, place)}".rstrip())
    return "\n".join([*lines, *cancellation(terms)])


def cancellation(terms: Contributions) -> list[str]:
    """Return a line about terms that cancel to rounding; none where they do not."""
    if not terms.cancels:
        return []
    left = 0.0 if terms.total is None else norm(terms.total)
    return [f"the terms cancel: of ‖terms‖ up to {max(terms.norms):.3g}, {left:.3g} is left, which is rounding"]
