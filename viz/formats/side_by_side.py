"""Pictures beside one another, in colours and on axes that mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..layout.metrics import text_width
from ..scenes.scene import Legend, Scene
from .legend import legend_group
from .picture import Picture
from .standing import document, renamed, size_of
from .style import fills, style_sheet
from .text import typeset

TITLE = 15.0  # pixels, of its letters
PAD = 16.0


class SideBySide(Picture):
    """Several pictures as one. Made by `side_by_side`.

    Attributes
    ----------
    pictures : tuple of Picture
    titles : tuple of str
        What stands above each; empty, or one for each.
    columns : int
        How many stand in a row.
    """

    def __init__(self, pictures: Sequence[Picture], titles: Sequence[str], columns: int) -> None:
        self.pictures = tuple(pictures)
        self.titles = tuple(titles)
        self.columns = columns

    def __repr__(self) -> str:
        return f"<SideBySide: {', '.join(self.titles) or f'{len(self.pictures)} pictures'}>"

    @property
    def too_large(self) -> str:
        """Why it is not made, and what to do; empty for pictures of reasonable size."""
        return next((picture.too_large for picture in self.pictures if picture.too_large), "")

    def as_dict(self) -> dict[str, Any]:
        """Return what the pictures show as JSON-ready data: for golden files."""
        return {"titles": list(self.titles), "pictures": [picture.as_dict() for picture in self.pictures]}

    def text(self) -> str:
        """Return what the pictures show in words."""
        words = [picture.text() for picture in self.pictures]
        return "\n\n".join(map("{}\n{}".format, self.titles, words) if self.titles else words)

    def svg(self, theme: str = "auto") -> str:
        """Return the pictures as one SVG document; `theme` as that of each."""
        legend = _common_legend(self.pictures)
        panels = [_without_marks(picture, legend).svg(theme) for picture in self.pictures]
        cells = _cells([size_of(panel) for panel in panels], self.columns, self.titles)
        bottom = max(cell.y + cell.height for cell in cells)
        key = Scene(legend=legend)
        group = legend_group(legend, bottom + 8, fills(key))
        width = max(group.width + 2 * PAD, *(cell.x + cell.width for cell in cells))
        height = bottom + group.height + (4 if legend else 0)
        frame = [
            f'<svg class="tinygraph" width="{width:g}" height="{height:g}"><style>{style_sheet(key, theme)}</style>',
            f'<rect class="paper" width="{width:g}" height="{height:g}"/>',
            *(_title(title, cell) for title, cell in zip(self.titles, cells, strict=False)),
            f'<g transform="translate({PAD:g})">',
            *group.lines,
            "</g></svg>",
        ]
        named = [renamed("\n".join(frame), "tinygraph-0", "tg-0")]
        for number, (panel, cell) in enumerate(zip(panels, cells, strict=True), start=1):
            own = renamed(panel, f"tinygraph-{number}", f"tg-{number}")
            named.append(own.replace("<svg ", f'<svg x="{cell.x:g}" y="{cell.y:g}" ', 1))
        heading = " · ".join(self.titles) or f"{len(self.pictures)} drawings"
        return document(heading, "Drawings to be compared.", width, height, named)


def _without_marks(picture: Picture, legend: Legend | None) -> Picture:
    """Return the picture without the marks of its scale, if they stand in a common legend."""
    return picture.scaled(legend.scale, marked=False) if legend is not None and legend.scale is not None else picture


class _Cell(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def _cells(sizes: Sequence[tuple[float, float]], columns: int, titles: Sequence[str]) -> list[_Cell]:
    """Return where each picture stands, in rows of so many columns, its title above it."""
    room = TITLE + PAD if titles else 0.0
    wide = [text_width(title, TITLE, bold=True) + 2 * PAD for title in titles] or [0.0] * len(sizes)
    widths = [max(width, needed) for (width, _), needed in zip(sizes, wide, strict=True)]
    starts = [sum(max(widths[i::columns]) for i in range(column)) for column in range(min(columns, len(sizes)))]
    cells: list[_Cell] = []
    y = 0.0
    for first in range(0, len(sizes), columns):
        row = sizes[first : first + columns]
        cells += [_Cell(x, y + room, width, height) for x, (width, height) in zip(starts, row, strict=False)]
        y += room + max(height for _, height in row)
    return cells


def _title(title: str, cell: _Cell) -> str:
    """Return the title above a picture; bars of a norm that few fonts have are written as two."""
    style = f'style="font-size:{TITLE:g}px;font-weight:bold;text-anchor:start"'
    return f'<text {style} x="{cell.x + PAD:g}" y="{cell.y - 4:g}">{typeset(title.replace("‖", "||"))}</text>'


def _common_legend(pictures: Iterable[Picture]) -> Legend | None:
    """Return the legend of all of them, if their scales are the same and mean the same."""
    legends = [picture.legend for picture in pictures]
    first = legends[0]
    if first is None or first.scale is None or len(legends) < 2:
        return None
    same = all(legend is not None and legend.title == first.title and legend.scale == first.scale for legend in legends)
    return Legend(first.title, first.entries, scale=first.scale) if same else None


def side_by_side(
    *pictures: Picture, titles: Iterable[str] = (), shared: bool = True, columns: int | None = None
) -> SideBySide:
    """Put pictures beside one another, to be compared.

    Parameters
    ----------
    *pictures : Drawing or other picture
        From left to right.
    titles : iterable of str, optional
        What stands above each.
    shared : bool
        Whether those that have the same overlay have the same scale of colours, and plots of the same quantity the same
        vertical axis, as wide as is needed for all.
    columns : int, optional
        How many stand in a row; 1 puts each under the one before.

    Returns
    -------
    SideBySide
        Like a drawing it shows itself in a notebook and has ``save`` and ``svg``.

    Raises
    ------
    TypeError
        If one of `pictures` is none.
    ValueError
        If there is no picture, no column, or another number of titles.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg, viz
    >>> def network(w):
    ...     W, h = tg.parameter([[w]], name="W"), tg.tensor([1.0])
    ...     for t in range(3):
    ...         h = W @ h
    ...     return h.sum()
    >>> weak, strong = (viz.draw(network(w), overlay="grad_norm") for w in (0.1, 10.0))
    >>> both = side_by_side(weak, strong, titles=("w = 0.1", "w = 10"))
    >>> both
    <SideBySide: w = 0.1, w = 10>
    >>> both.pictures[0].legend.entries == both.pictures[1].legend.entries
    True
    """
    for picture in pictures:
        if not isinstance(picture, Picture):
            raise TypeError(f"side_by_side: expected pictures, such as viz.draw(…) makes, not {type(picture).__name__}")
    titles = (titles,) if isinstance(titles, str) else tuple(titles)
    if not pictures:
        raise ValueError("side_by_side: no picture was given")
    if titles and len(titles) != len(pictures):
        raise ValueError(f"side_by_side: {len(titles)} titles for {len(pictures)} pictures")
    columns = len(pictures) if columns is None else columns
    if columns < 1:
        raise ValueError(f"side_by_side: columns must be 1 or more, not {columns}")
    return SideBySide([p.comparable(pictures) for p in pictures] if shared else pictures, titles, columns)
