"""The sheet that a plot is written on: its style, its headings, its place among the formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from string import Template

from ..formats.standing import document
from ..formats.style import themed
from ..formats.text import typeset
from ..layout.metrics import FONT
from ..layout.typeset import SMALL, typeset_width
from ..palette import Theme

PAD = 16.0
TITLE, SMALL_PRINT = 13.0, 11.0  # pixels, of letters
LINE = 18.0  # of small print

_STRUCTURE = Template("""
text{font:${small_print}px $font;text-anchor:middle}
.title{font-size:${title}px;font-weight:bold;text-anchor:start}
.key{text-anchor:start}.end{text-anchor:end}
.low,.up{font-size:${small}em}
""").substitute(font=FONT, small=SMALL, title=TITLE, small_print=SMALL_PRINT)
_COLOURS = Template("""
.paper{fill:$paper}.frame{fill:$frame}text{fill:$ink}.quiet{fill:$quiet}
""")


def text(words: str, x: float, y: float, classes: str = "key") -> str:
    """Return a line of text whose letters stand on `y`."""
    return f'<text class="{classes}" x="{x:.5g}" y="{y:.5g}">{typeset(words)}</text>'


def width_of(words: str, bold: bool = False) -> float:
    """Return the width of small print; of a title, if it is bold."""
    return typeset_width(words, TITLE if bold else SMALL_PRINT, bold)


def sheet(
    title: str,
    description: str,
    size: tuple[float, float],
    lines: Iterable[str],
    structure: str,
    colours: Callable[[Theme], str],
    theme: str,
) -> str:
    """Return lines of SVG on a sheet of paper, by the rules of all plots and rules of their own."""
    width, height = size
    style = themed(
        _STRUCTURE + structure, lambda palette: _COLOURS.substitute(palette._asdict()) + colours(palette), theme
    )
    paper = f'<rect class="paper" width="{width:g}" height="{height:g}"/>'
    return document(title, description, width, height, [f"<style>{style}</style>", paper, *lines])
