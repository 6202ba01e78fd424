"""Arrays as text: small ones whole, large ones as a summary and a heat map of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from tinygraph.numeric import norm

__all__ = ["array_lines", "heat_map", "number", "padded", "shape_text", "sparkline", "styled", "summary"]

_SHADES = " ·░▒▓█"
_SPARKS = "▁▂▃▄▅▆▇█"


def number(x: float) -> str:
    """Return a number in at most four digits.

    Examples
    --------
    >>> number(0.12345), number(-3.0), number(1.5e-9), number(float("nan"))
    ('0.1235', '-3', '1.5e-09', 'nan')
    """
    text = f"{x:.4g}"
    return "0" if text == "-0" else text


def styled(text: str, style: str) -> Text:
    """Return text of which this part alone has the style: what is appended has its own."""
    return Text().append(text, style)


def padded(text: str, width: int) -> str:
    """Return text filled up to so many columns; a letter with its bar takes one."""
    return text + " " * max(width - cell_len(text), 0)


def shape_text(shape: Any) -> str:
    """Return a shape to read.

    Examples
    --------
    >>> shape_text((20, 4)), shape_text(())
    ('20×4', 'scalar')
    """
    return "×".join(map(str, shape)) if len(shape) else "scalar"


def summary(x: Any, width: int = 40) -> str:
    """Return an array on one line: whole if it fits in `width`, else its extremes."""
    x = np.asarray(x)
    if x.size <= 16:
        text = _inline(x)
        if len(text) <= width:
            return text
    bad = int(x.size - np.isfinite(x).sum())
    finite = x[np.isfinite(x)]
    spread = f"{number(finite.min())} … {number(finite.max())}" if finite.size else ""
    return f"{spread}{'  ' * bool(spread)}{bad} not finite" if bad else spread


def _inline(x: np.ndarray) -> str:
    if x.ndim == 0:
        return number(x.item()) if x.dtype.kind == "f" else str(x.item())
    return f"[{' '.join(_inline(part) for part in x)}]"


def array_lines(x: Any, width: int = 76) -> list[Text]:
    """Return an array as lines: whole if it is small, else a heat map with its norm and extremes."""
    x = np.asarray(x)
    if x.ndim == 0:
        return [Text(_inline(x))]
    rows = x.reshape(-1, x.shape[-1]) if x.ndim > 1 else x[None]
    if x.ndim <= 2 and rows.shape[0] <= 12 and 9 * rows.shape[1] <= width:
        cells = [[_inline(cell) for cell in row] for row in rows]
        size = max((len(cell) for row in cells for cell in row), default=1)
        return [Text("  ".join(cell.rjust(size) for cell in row)) for row in cells]
    head = f"{shape_text(x.shape)} {x.dtype}  norm {number(norm(x))}  {summary(x)}"
    return [Text(head), *heat_map(rows, min(width, 64))]


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
    scale = Text(f"  {_SHADES[1:]} to {number(top)}  ", "dim")
    scale.append("positive", "cyan")
    scale.append(" negative", "red")
    return [*lines, scale]


def sparkline(values: Any) -> str:
    """Return numbers as a row of bars.

    Examples
    --------
    >>> sparkline([0.0, 0.5, 1.0])
    '▁▅█'
    """
    values = [float(v) if np.isfinite(v) else 0.0 for v in values]
    top = max(values, default=0.0) or 1.0
    return "".join(_SPARKS[round(max(v, 0.0) / top * (len(_SPARKS) - 1))] for v in values)
