"""The legend of colours, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..layout.typeset import typeset_width
from ..scenes.scene import Legend
from .style import hue_class
from .text import typeset

ROW = 24.0  # pixels


class LegendGroup(NamedTuple):
    """A legend as SVG, and the room that it takes below what it explains."""

    lines: list[str]
    width: float
    height: float


def legend_group(legend: Legend | None, y: float, classes: Mapping[str, str]) -> LegendGroup:
    """Return the legend of an overlay: a row of its scale, and one of its parameters, where there are such.

    `y` is the middle of its first row, `classes` those of its colours.
    """
    rows = [] if legend is None else [_marks(legend), _parameters(legend)]
    rows = [row for row in rows if row]
    if not rows:
        return LegendGroup([], 0.0, 0.0)
    lines, width = ['<g id="legend">'], 0.0
    for number, row in enumerate(rows):
        x, at = 0.0, y + ROW * number
        for text, colour, hue in row:
            if colour:
                box = f'<rect x="{x:.5g}" y="{at - 7:g}" width="16" height="14" rx="3" class="{classes[colour]}"/>'
                lines.append(box if hue is None else _parameter_key(x, at, hue, classes[colour]))
                x += 21
            lines.append(f'<text class="key" x="{x:.5g}" y="{at + 4:g}">{typeset(text)}</text>')
            x += typeset_width(text, 11) + 14
        width = max(width, x - 8)
    return LegendGroup([*lines, "</g>"], width, 6 + ROW * len(rows))


def _marks(legend: Legend) -> list[tuple[str, str, int | None]]:
    heading = [(legend.title, "", None)] if legend.title and legend.entries else []
    return [*heading, *((text, colour, None) for text, colour in legend.entries)]


def _parameters(legend: Legend) -> list[tuple[str, str, int | None]]:
    return [(entry.text, entry.colour, entry.hue) for entry in legend.parameters]


def _parameter_key(x: float, y: float, hue: int, shade: str) -> str:
    box = f'<rect x="{x:.5g}" y="{y - 7:g}" width="16" height="14" rx="3"/>'
    return f'<g class="parameter filled{hue_class(hue)} {shade}">{box}</g>'
