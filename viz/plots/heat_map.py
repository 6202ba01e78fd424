"""`viz.heat_map`: a matrix as colours, such as the weights of attention by time step of decoder and encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import tinygraph as tg

from ..api import graph_of
from ..formats.legend import legend_group
from ..formats.picture import Picture
from ..formats.style import fill_classes, fill_rules
from ..formats.text import escape
from ..palette import Theme
from ..scenes.labels import symbol
from ..scenes.scale import Scale
from ..scenes.scene import Legend
from ..scenes.text import rounded
from .axes import whole_ticks
from .matrices import Matrix, named_rows, rows_of
from .sheet import LINE, PAD, SMALL_PRINT, sheet, text, width_of

MOST = 40_000  # numbers
WIDTH, HEIGHT = 44.0, 30.0  # of a cell, if there is room
LARGEST = 560.0  # of the whole, if there is not
LEAST, NAME = 3.0, SMALL_PRINT + 3  # what a cell has at least, and one whose row or column has a name
NAMED = 80  # names; of more, some are left out
WORDS = 200  # numbers told in words

_STRUCTURE = """
.cell{stroke-width:1}
.zero,.cross{fill:none;stroke-width:1.3}.cross{stroke-width:2}
.number{font-size:10px}
"""


class HeatMap(Picture):
    """A matrix as colours. Made by `viz.heat_map`.

    Attributes
    ----------
    matrix : Matrix
        What it shows, as data.
    """

    def __init__(self, matrix: Matrix, scale: Scale, marked: bool = True) -> None:
        self.matrix = matrix
        self.scale = scale
        self.marked = marked

    def __repr__(self) -> str:
        return f"<HeatMap {self.matrix.title!r}: {len(self.matrix.rows)} × {len(self.matrix.columns)}>"

    @property
    def legend(self) -> Legend:
        """What its colours say."""
        return Legend(self.matrix.quantity, self.scale.legend() if self.marked else (), scale=self.scale)

    def scaled(self, scale: Scale, marked: bool = True) -> HeatMap:
        """Return the heat map in the colours of another scale, with its marks in the legend or without."""
        return HeatMap(self.matrix, scale, marked)

    def as_dict(self) -> dict[str, Any]:
        """Return what it shows as JSON-ready data: for golden files."""
        return self.matrix.as_dict()

    def text(self) -> str:
        """Return what it shows in words: its numbers, where there are not too many."""
        shown = max(1, WORDS // max(1, len(self.matrix.columns)))
        lines = [repr(self)[1:-1], f"columns: {', '.join(self.matrix.columns[:WORDS])}"]
        for name, row in list(zip(self.matrix.rows, self.matrix.values, strict=True))[:shown]:
            lines.append(f"  {name}: {' '.join(rounded(value) for value in row[:WORDS])}")
        return "\n".join(lines)

    def svg(self, theme: str = "auto") -> str:
        """Return the map as an SVG document; `theme` is "light", "dark", or "auto" for the reader's own setting."""
        return _Writer(self).svg(theme)


class _Writer:
    """Where everything of a heat map stands."""

    def __init__(self, picture: HeatMap) -> None:
        self.matrix, self.scale, self.legend = matrix, _, legend = picture.matrix, picture.scale, picture.legend
        if legend.title == matrix.title:
            self.legend = replace(legend, title="")
        colours = {self.scale.colour(value) for row in matrix.values for value in row}
        self.classes = fill_classes(colours | {colour for _, colour in self.legend.entries})
        self.wide = min(WIDTH, max(_least(matrix.columns), LARGEST / len(matrix.columns)))
        self.high = max(_least(matrix.rows), min(HEIGHT, self.wide, LARGEST / len(matrix.rows)))
        longest = max(map(width_of, matrix.columns))
        self.turned = longest > self.wide - 4 and not _are_numbers(matrix.columns)
        self.slant = 0.71 * (longest + SMALL_PRINT) + 4 if self.turned else 0.0
        self.left = PAD + 8 + max(map(width_of, matrix.rows))
        self.top = PAD + 10 + LINE + 10 + max(self.slant, LINE - 2)
        numbers = [rounded(value) for row in matrix.values for value in row]
        self.numbered = self.wide == WIDTH and self.high > 20 and max(map(width_of, numbers)) < WIDTH - 2
        self.least = 0.005 * max((abs(v) for row in matrix.values for v in row if math.isfinite(v)), default=0.0)
        self.right, self.bottom = self.left + self.wide * len(matrix.columns), self.top + self.high * len(matrix.rows)

    def svg(self, theme: str) -> str:
        matrix = self.matrix
        legend = legend_group(self.legend, self.bottom + 22, self.classes)
        axes = f"↓ {matrix.axes[0]}, → {matrix.axes[1]}"
        lines = [
            text(matrix.title, PAD, PAD + 10, "title"),
            text(axes, PAD, PAD + 10 + LINE, "key quiet"),
            *self._row_names(),
            *self._column_names(),
            *self._cells(),
            f'<g transform="translate({PAD:g})">',
            *legend.lines,
            "</g>",
        ]
        headings = max(width_of(matrix.title, bold=True), width_of(axes), legend.width)
        size = max(self.right + self.slant, PAD + headings) + PAD, self.bottom + legend.height + 14
        return sheet(matrix.title, axes, size, lines, _STRUCTURE, self._colours, theme)

    def _row_names(self) -> Iterator[str]:
        for i in _some(self.matrix.rows, self.high, NAME):
            yield text(self.matrix.rows[i], self.left - 7, self.top + self.high * (i + 0.5) + 4, "end")

    def _column_names(self) -> Iterator[str]:
        apart = 8 if _are_numbers(self.matrix.columns) else 4
        needed = NAME if self.turned else max(map(width_of, self.matrix.columns)) + apart
        for j in _some(self.matrix.columns, self.wide, needed):
            x, y = self.left + self.wide * (j + 0.5), self.top - 6
            name = text(self.matrix.columns[j], x, y, "key" if self.turned else "name")
            turn = f'<text transform="rotate(-45 {x:.5g} {y:.5g})" '
            yield name.replace("<text ", turn, 1) if self.turned else name

    def _cells(self) -> Iterator[str]:
        gap = 1.0 if min(self.wide, self.high) > 8 else 0.0
        corner = ' rx="2"' if gap else ""
        size = f'width="{self.wide - gap:.5g}" height="{self.high - gap:.5g}"{corner}'
        for i, row in enumerate(self.matrix.values):
            for j, value in enumerate(row):
                x, y = self.left + self.wide * j, self.top + self.high * i
                words = escape(f"{self.matrix.rows[i]}, {self.matrix.columns[j]}: {rounded(value, 3)}")
                inside = self._inside(value, x + (self.wide - gap) / 2, y + (self.high - gap) / 2)
                yield (
                    f'<g class="{self.classes[self.scale.colour(value)]}"><title>{words}</title>'
                    f'<rect class="cell" x="{x:.5g}" y="{y:.5g}" {size}/>{inside}</g>'
                )

    def _inside(self, value: float, x: float, y: float) -> str:
        """Return what stands in a cell: a circle for an exact zero, a cross for what is not finite, or its number.

        One below 1/200 of the largest, as most of α are, is left to the title that hovering shows: it has the colour of
        nothing, and its digits would be the longest.
        """
        if min(self.wide, self.high) < 9:
            return ""
        if value == 0:
            return f'<circle class="zero" cx="{x:.5g}" cy="{y:.5g}" r="3"/>'
        if not math.isfinite(value):
            return f'<path class="cross" d="M{x - 3:.5g} {y - 3:.5g}l6 6m0-6l-6 6"/>'
        return text(rounded(value), x, y + 3.5, "l number") if self.numbered and abs(value) >= self.least else ""

    def _colours(self, theme: Theme) -> str:
        rules = f"g rect{{stroke:{theme.border}}}.cell{{stroke:none!important}}.zero{{stroke:{theme.quiet}}}"
        return rules + f".cross{{stroke:{theme.paper}}}" + fill_rules(self.classes, theme)


def _are_numbers(names: Sequence[str]) -> bool:
    return all(name.isdigit() for name in names)


def _least(names: Sequence[str]) -> float:
    return LEAST if _are_numbers(names) or len(names) > NAMED else NAME


def _some(names: Sequence[str], room: float, needed: float) -> Iterable[int]:
    """Return which of the names are written, where there is no room for all: round numbers, or every so many."""
    most = int(room * len(names) / needed)
    if _are_numbers(names):
        first = int(names[0])
        return [number - first for number in whole_ticks([*map(int, names)], max(2, most))]
    return range(0, len(names), max(1, math.ceil(needed / room)))


def heat_map(
    x: tg.Tensor | tg.Graph | tg.Trace | Sequence[Any],
    of: str | None = None,
    *,
    at: Any = None,
    rows: Iterable[Any] | None = None,
    columns: Iterable[Any] | None = None,
    axes: tuple[str, str] | None = None,
    limits: tuple[float, float] | HeatMap | None = None,
    title: str | None = None,
) -> HeatMap:
    """Draw a matrix as colours: a value by time step, such as α, the weights of attention.

    A row is a time step, of the decoder where it is α; the columns are its elements, time steps of the encoder. An
    exact zero, as of padding that is masked, is a circle.

    Parameters
    ----------
    x : Tensor, Graph or Trace, or sequence of vectors
        A program that was recorded, by its result; or the rows themselves, as a list or a matrix.
    of : str, optional
        Which of its values, by name: a vector of each time step, or one matrix. Without it `x` itself is shown.
    at : index, optional
        Which part of each value, as NumPy indexes it: ``np.s_[:, 0]`` is the first sequence of a batch (J, N).
    rows, columns : iterable of str, optional
        What stands beside the rows and above the columns: the words of a sentence, for instance.
    axes : (str, str), optional
        What rows and columns are.
    limits : (float, float) or HeatMap, optional
        Between which numbers the colours lie; those of another heat map. By default from 0 to the largest.
    title : str, optional

    Returns
    -------
    HeatMap
        Like a drawing it shows itself in a notebook and has ``save`` and ``svg``.

    Raises
    ------
    TypeError, ValueError
        If there is no matrix of numbers, or names of rows or columns are too few or too many.
    LookupError
        If nothing is called `of`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg, viz
    >>> H, W, s = np.eye(3), tg.parameter(2 * np.eye(3)), np.array([1.0, 0.0, 0.0])
    >>> for t in range(2):
    ...     α = tg.softmax(H @ W @ s)
    ...     s = np.roll(α @ H, 1)
    >>> picture = heat_map(s, "α", columns=["das", "ist", "gut"])
    >>> picture, picture.matrix.rows
    (<HeatMap 'α': 2 × 3>, ('1', '2'))
    """
    values, numbers, axis = rows_of(x, at) if of is None else named_rows(graph_of(x), of, at)  # type: ignore[arg-type]
    quantity = (title or "value") if of is None else symbol(of)
    longest = max((len(value) for value in values), default=0)
    if not longest or sum(map(len, values)) > MOST:
        raise ValueError(f"heat_map: {sum(map(len, values)):,} numbers; it shows from one to {MOST:,}")
    matrix = Matrix(
        quantity if title is None else title,
        quantity,
        tuple(tuple(value.tolist()) for value in values),
        _names("rows", rows, numbers),
        _names("columns", columns, range(1, longest + 1)),
        axes or (axis, "position"),
    )
    shown = [value for row in matrix.values for value in row]
    if limits is None:
        return HeatMap(matrix, Scale.of([0.0, *shown], logarithmic=False))
    given = limits.scale if isinstance(limits, HeatMap) else Scale.between(limits, logarithmic=False)
    return HeatMap(matrix, Scale.of(shown, False, given))


def _names(what: str, names: Iterable[Any] | None, numbers: Sequence[int]) -> tuple[str, ...]:
    if names is None:
        return tuple(map(str, numbers))
    texts = tuple(map(str, names))
    if len(texts) != len(numbers):
        raise ValueError(f"heat_map: {len(texts)} {what} are named, and there are {len(numbers)}")
    return texts
