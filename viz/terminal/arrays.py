"""Arrays as lines of text: small ones whole, large ones as a summary and a heat map of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.text import Text

from tinygraph.array_text import number_text, shape_text, values_text
from tinygraph.numeric import norm

_SHADES = " ·░▒▓█"


def is_array(value: Any) -> bool:
    """Tell whether an expression's value is shown as numbers; others are texts, truths, and what is made of several."""
    return isinstance(value, float | complex | np.ndarray | np.number) or (type(value) is int and abs(value) < 2**63)


def one_line(value: Any, width: int = 40) -> str:
    """Return what an expression has given on one line.

    Examples
    --------
    >>> one_line(None), one_line("tanh"), one_line((np.arange(3.0), ("W", 10**20)))
    ('not computed yet', 'tanh', "([0 1 2], ('W', 100000000000000000000))")
    """
    if value is None:
        return "not computed yet"
    if isinstance(value, tuple):
        parts = [repr(part) if isinstance(part, str | None) else one_line(part, width) for part in value]
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    return summary(value, width) if is_array(value) else str(value)


def summary(x: Any, width: int = 40) -> str:
    """Return an array on one line: whole if it fits in `width`, else its extremes.

    Examples
    --------
    >>> summary([1.0, 0.5]), summary(np.arange(100.0)), summary(np.full(20, np.nan))
    ('[1 0.5]', '0 … 99', '20 not finite')
    """
    x = np.asarray(x)
    if x.size <= 16:
        text = values_text(x.tolist())
        if len(text) <= width:
            return text
    finite = x[np.isfinite(x)]
    parts = [f"{number_text(finite.min())} … {number_text(finite.max())}"] if finite.size else []
    if finite.size < x.size:
        parts.append(f"{x.size - finite.size} not finite")
    return "  ".join(parts)


def array_lines(x: Any, width: int = 76) -> list[Text]:
    """Return an array as lines: whole if it is small, else a heat map with its norm and extremes."""
    x = np.asarray(x)
    if x.ndim == 0:
        return [Text(values_text(x.item()))]
    rows = x.reshape(-1, x.shape[-1]) if x.ndim > 1 else x[None]
    if x.ndim <= 2 and rows.shape[0] <= 12 and 3 * rows.shape[1] <= width:
        cells = [[values_text(cell) for cell in row] for row in rows.tolist()]
        size = max((len(cell) for row in cells for cell in row), default=1)
        if (size + 2) * rows.shape[1] <= width + 2:
            return [Text("  ".join(cell.rjust(size) for cell in row)) for row in cells]
    head = f"{shape_text(x.shape)} {x.dtype}  norm {number_text(norm(x))}  "
    return [Text(head + summary(x, min(width - len(head), 40))), *heat_map(rows, min(width, 64))]


def heat_map(x: np.ndarray, width: int, height: int = 10) -> list[Text]:
    """Return a matrix as blocks, each as dark as its largest element; negative ones in another colour."""
    x = np.where(np.isfinite(x), x, 0.0) if x.dtype.kind in "fc" else x.astype(float)
    rows = np.array_split(np.arange(x.shape[0]), min(height, x.shape[0]))
    columns = np.array_split(np.arange(x.shape[1]), min(width, x.shape[1]))
    top = float(np.max(np.abs(x), initial=0.0)) or 1.0
    lines = []
    for row in rows:
        line = Text("  ")
        for column in columns:
            block = x[np.ix_(row, column)]
            extreme = block.flat[np.argmax(np.abs(block))]
            shade = _SHADES[int(np.ceil(abs(extreme) / top * (len(_SHADES) - 1)))]
            line.append(shade, "red" if extreme < 0 else "cyan")
        lines.append(line)
    scale = f"  {_SHADES[1:]} to {number_text(top)} "
    return [*lines, Text.assemble(scale, (" positive", "cyan"), (" negative", "red"), style="dim")]
