"""A chart as a picture: lines, points or bars over time steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..formats.picture import Picture
from ..formats.text import escape
from ..layout.metrics import text_width
from ..palette import HUES, Theme, dash
from ..scenes.text import rounded
from .axes import Axis, span, whole_ticks
from .charts import Chart, Series
from .sheet import LINE, PAD, SMALL_PRINT, sheet, text, width_of

HEIGHT = 200.0  # of the axis, in pixels
NARROWEST, WIDEST, STEP = 330.0, 720.0, 44.0  # of the axis, and of a time step if there is room
INSET = 26.0  # of the first and the last time step
LANE = 24.0  # for what has no place on the axis
SPARSE = 9.0  # pixels between time steps: on nearer ones lines have no dots, and points no stems
MOST_WORDS = 40  # time steps told in words

_STRUCTURE = """
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.dashed{stroke-dasharray:5 4}
.stem{stroke-width:1.4;opacity:.55}
.grid{opacity:.45}.base{opacity:1}.edge{stroke-dasharray:2 3}
.hollow{stroke-width:1.7}.cross,.bare{fill:none;stroke-width:2}
"""


class Plot(Picture):
    """A chart over time steps. Made by `viz.plot`.

    Attributes
    ----------
    chart : Chart
        What it shows, as data.
    limits : (float, float)
        Where its vertical axis begins and ends.
    """

    def __init__(self, chart: Chart, limits: tuple[float, float] | None = None) -> None:
        self.chart = chart
        self.limits = limits or span([value for value in chart.numbers if chart.has_place(value)], chart.logarithmic)

    def __repr__(self) -> str:
        places = "time steps" if "time step" in self.chart.axis else "places"
        return f"<Plot {self.chart.title!r}: {len(self.chart.series)} series, {len(self.chart.timesteps)} {places}>"

    def as_dict(self) -> dict[str, Any]:
        """Return what it shows as JSON-ready data: for golden files."""
        return self.chart.as_dict()

    def comparable(self, others: Iterable[Picture]) -> Plot:
        """Return the plot on an axis as long as is needed for all of `others` that show the same quantity."""
        same = [other for other in others if isinstance(other, Plot) and other.chart.is_like(self.chart)]
        limits = [self.limits, *(other.limits for other in same)]
        return Plot(self.chart, (min(low for low, _ in limits), max(high for _, high in limits)))

    def text(self) -> str:
        """Return what it shows in words, at most 40 time steps of each series."""
        lines = [self.chart.title, self.chart.quantity, self.chart.note]
        for series in self.chart.series:
            place = self.chart.letter.replace(" = ", "=")
            values = [f"{place}{t}: {_number(value)}" for t, value in list(series.values.items())[:MOST_WORDS]]
            more = len(series.values) - len(values)
            lines.append(f"  {series.label}  {', '.join(values)}{f', … and {more:,} more' if more else ''}")
        return "\n".join(line for line in lines if line.strip())

    def svg(self, theme: str = "auto") -> str:
        """Return the plot as an SVG document; `theme` is "light", "dark", or "auto" for the reader's own setting."""
        return _Writer(self).svg(theme)


def _number(value: float | None) -> str:
    return "none" if value is None else rounded(value, 3)


_Kind = tuple[str, Callable[[float | None], bool]]


@dataclass(frozen=True)
class _Lane:
    """A row beside the axis for what has no place on it; `y` is its middle, `edge` where the axis ends."""

    name: str
    holds: Callable[[float | None], bool]
    y: float
    edge: float


class _Writer:
    def __init__(self, plot: Plot) -> None:
        self.chart = chart = plot.chart
        self.low, self.high = plot.limits
        self.timesteps = chart.timesteps
        self.headings, headings_height, self.headings_width = _headings(chart)
        above = self._lanes(("not finite", _is_infinite), (f"> {rounded(self.high)}", self._is_above))
        below = self._lanes((f"< {rounded(self.low)}", self._is_below))
        below += self._lanes(("0", _is_zero)) if chart.logarithmic else []
        below += self._lanes(("none", _is_none))
        self.ceiling = PAD + headings_height
        self.top = self.ceiling + LANE * len(above)
        self.bottom = self.top + HEIGHT
        self.floor = self.bottom + LANE * len(below)
        self.lanes = []
        for i, (name, holds) in enumerate(above):
            edge = self.ceiling + LANE * (i + 1)
            self.lanes.append(_Lane(name, holds, edge - LANE / 2, edge))
        for i, (name, holds) in enumerate(below):
            edge = self.bottom + LANE * i
            self.lanes.append(_Lane(name, holds, edge + LANE / 2, edge))
        self.y = Axis(self.low, self.high, self.bottom, self.top, chart.logarithmic)
        self.left = (
            PAD + 10 + max(map(width_of, [*(name for _, name in self.y.ticks), *(lane.name for lane in self.lanes)]))
        )
        steps = (self.timesteps[-1] - self.timesteps[0]) or 1
        self.width = min(max(STEP * steps + 2 * INSET, NARROWEST), WIDEST)
        self.step = (self.width - 2 * INSET) / steps
        self.right = self.left + self.width
        self.x = Axis(self.timesteps[0], self.timesteps[-1], self.left + INSET, self.right - INSET)

    def svg(self, theme: str) -> str:
        size = max(self.right, PAD + self.headings_width) + PAD, self.floor + 44
        lines = [*self.headings, *self._frame(), *self._time(), *self._series()]
        description = f"{self.chart.quantity}. {self.chart.note}"
        return sheet(self.chart.title, description, size, lines, _STRUCTURE, self._colours, theme)

    def _frame(self) -> Iterator[str]:
        """Yield the ground of the axis, a line and a number for each tick, and the lanes."""
        size = f'width="{self.width:g}" height="{self.floor - self.ceiling:.5g}"'
        yield f'<rect class="frame" x="{self.left:.5g}" y="{self.ceiling:.5g}" {size} rx="9"/>'
        across = f"H{self.right:.5g}"
        for tick, name in self.y.ticks:
            y = self.y.at(tick)
            base = " base" if tick == 0 else ""
            yield f'<path class="grid{base}" d="M{self.left:.5g} {y:.5g}{across}"/>'
            yield text(name, self.left - 7, y + 4, "end quiet")
        for lane in self.lanes:
            yield f'<path class="edge" d="M{self.left:.5g} {lane.edge:.5g}{across}"/>'
            yield text(lane.name, self.left - 7, lane.y + 4, "end quiet")

    def _time(self) -> Iterator[str]:
        """Yield the numbers of time steps, and which way the passes run."""
        longest = max(text_width(str(t), SMALL_PRINT) for t in (self.timesteps[0], self.timesteps[-1]))
        for t in whole_ticks(self.timesteps, max(2, int(self.width / (longest + 16)))):
            yield text(str(t), self.x.at(t), self.floor + 16, "quiet")
        yield text(self.chart.axis, self.right, self.floor + 34, "end")
        words = {"←": "← the backward pass", "→": "the backward pass →"}
        if self.chart.backward in words:
            yield text(words[self.chart.backward], self.left, self.floor + 34, "key quiet")

    def _series(self) -> Iterator[str]:
        marks = {"lines": self._lines, "points": self._points, "bars": self._bars}[self.chart.kind]
        for number, series in enumerate(self.chart.series):
            yield from marks(series, number)
            yield from self._outside(series, number)

    def _lines(self, series: Series, number: int) -> Iterator[str]:
        path, before = "", None
        for t, value in series.values.items():
            if value is not None and self._on_axis(value):
                path += f"{'L' if before == 'on' else 'M'}{self.x.at(t):.5g} {self.y.at(value):.5g}"
                before = "on"
            else:
                before = None
        yield f'<path class="line s{number}{" dashed" if series.dashed else ""}" d="{path}"/>'
        if self.step >= SPARSE and not series.dashed:
            yield from self._dots(series, number, 0.0)

    def _dots(self, series: Series, number: int, shift: float) -> Iterator[str]:
        radius = 3.5 if self.step >= SPARSE else 2.0
        for t, value in series.values.items():
            if value is not None and self._on_axis(value):
                place = f'cx="{self.x.at(t) + shift:.5g}" cy="{self.y.at(value):.5g}" r="{radius:g}"'
                yield f'<circle class="dot s{number}" {place}>{_tooltip(self.chart.letter, series, t, value)}</circle>'

    def _points(self, series: Series, number: int) -> Iterator[str]:
        shift = self._shift(number, 9.0)
        for t, value in series.values.items() if self.step >= SPARSE else ():
            if value is not None and self._on_axis(value):
                x = self.x.at(t) + shift
                yield f'<path class="stem s{number}" d="M{x:.5g} {self.bottom:.5g}V{self.y.at(value):.5g}"/>'
        yield from self._dots(series, number, shift)

    def _bars(self, series: Series, number: int) -> Iterator[str]:
        width = min(26.0, max(1.0, 0.72 * self.step)) / len(self.chart.series)
        shift = self._shift(number, width)
        base = self.y.at(0.0)
        for t, value in series.values.items():
            x = self.x.at(t) + shift
            if value == 0:
                yield self._hollow(x, base, number, _tooltip(self.chart.letter, series, t, value))
            elif value is not None and math.isfinite(value):
                top, bottom = sorted((base, self.y.at(min(max(value, self.low), self.high))))
                place = f'x="{x - width / 2:.5g}" y="{top:.5g}" width="{width:.4g}" height="{bottom - top:.5g}"'
                yield f'<rect class="bar s{number}" {place}>{_tooltip(self.chart.letter, series, t, value)}</rect>'

    def _shift(self, number: int, width: float) -> float:
        """Return how far a series stands from the middle of its time step, so that several stand beside another."""
        return (number - (len(self.chart.series) - 1) / 2) * min(width, self.step / (len(self.chart.series) + 0.5))

    def _on_axis(self, value: float) -> bool:
        return self.low <= value <= self.high

    def _is_above(self, value: float | None) -> bool:
        return self.chart.has_place(value) and value > self.high

    def _is_below(self, value: float | None) -> bool:
        return self.chart.has_place(value) and value < self.low

    def _lanes(self, *kinds: _Kind) -> list[_Kind]:
        """Return the kinds of numbers that have no place on the axis, as far as there are such."""
        return [(name, holds) for name, holds in kinds if any(map(holds, self.chart.numbers))]

    def _outside(self, series: Series, number: int) -> Iterator[str]:
        """Yield marks for what is zero on a logarithmic axis, not finite, or not there; one for a run of many."""
        lines = self.chart.kind == "lines"
        shift = 0.0 if lines else self._shift(number, 9.0)
        several = sum(not other.dashed for other in self.chart.series) > 1
        drop = 4.0 * (number % 2 - 0.5) if several and lines else 0.0
        for lane in self.lanes:
            for run in self._runs(series, lane):
                first, last = (self.x.at(t) + shift for t in (run[0], run[-1]))
                title = _tooltip(self.chart.letter, series, run[0], series.values[run[0]], run[-1])
                yield self._mark(lane, first, last, lane.y + drop, number, title)

    def _runs(self, series: Series, lane: _Lane) -> list[list[int]]:
        """Return the time steps of a lane: each alone, or where they stand close those that follow one another."""
        runs: list[list[int]] = []
        joined = False
        for t, value in series.values.items():
            if not lane.holds(value):
                joined = False
            elif joined and self.step < SPARSE:
                runs[-1].append(t)
            else:
                runs.append([t])
                joined = True
        return runs

    def _mark(self, lane: _Lane, first: float, last: float, y: float, number: int, title: str) -> str:
        if lane.name == "0":
            size = f'width="{last - first + 7:.5g}" height="7" rx="3.5"'
            return f'<rect class="hollow s{number}" x="{first - 3.5:.5g}" y="{y - 3.5:.5g}" {size}>{title}</rect>'
        if lane.name == "none":
            return f'<path class="bare s{number}" d="M{first - 4:.5g} {y:.5g}H{last + 4:.5g}">{title}</path>'
        if lane.name.startswith(("<", ">")):
            tip = 7 if lane.name.startswith("<") else -7
            arrows = "".join(f"M{x - 4:.5g} {y - tip / 2:.5g}h8l-4 {tip}z" for x in sorted({first, last}))
            return f'<path class="dot s{number}" d="{arrows}">{title}</path>'
        crosses = "".join(f"M{x - 3.5:.5g} {y - 3.5:.5g}l7 7m0-7l-7 7" for x in sorted({first, last}))
        between = f"M{first:.5g} {y:.5g}H{last:.5g}" if last > first else ""
        return f'<path class="cross s{number}" d="{crosses}{between}">{title}</path>'

    def _hollow(self, x: float, y: float, number: int, title: str) -> str:
        return f'<circle class="hollow s{number}" cx="{x:.5g}" cy="{y:.5g}" r="3.5">{title}</circle>'

    def _colours(self, theme: Theme) -> str:
        rules = f".grid,.edge{{stroke:{theme.border}}}.base{{stroke:{theme.quiet}}}"
        for number, series in enumerate(self.chart.series):
            colour = theme.gradient if series.hue is None else theme.hue(series.hue)
            rules += f".dot.s{number},.bar.s{number}{{fill:{colour}}}"
            rules += f".line.s{number},.stem.s{number},.cross.s{number},.bare.s{number}{{stroke:{colour}}}"
            rules += f".hollow.s{number}{{stroke:{colour};fill:{theme.frame}}}"
            if series.hue is not None and series.hue >= HUES:
                rules += f".line.s{number}{{stroke-dasharray:{dash(series.hue)}}}"
        return rules


def _tooltip(letter: str, series: Series, t: int, value: float | None, last: int | None = None) -> str:
    name = f"{series.label}, " if series.label else ""
    steps = f"{t}" if last in (None, t) else f"{t} to {last}"
    return f"<title>{escape(f'{name}{letter}{steps}: {_number(value)}')}</title>"


def _is_zero(value: float | None) -> bool:
    return value == 0


def _is_none(value: float | None) -> bool:
    return value is None


def _is_infinite(value: float | None) -> bool:
    return value is not None and not math.isfinite(value)


def _headings(chart: Chart) -> tuple[list[str], float, float]:
    """Return title, note, keys of the series and what the vertical axis shows; their height and their width."""
    lines, y = [text(chart.title, PAD, PAD + 10, "title")], PAD + 10
    width = width_of(chart.title, bold=True)
    if chart.note:
        y += LINE
        lines.append(text(chart.note, PAD, y, "key quiet"))
        width = max(width, width_of(chart.note))
    if len(chart.series) > 1:
        for number, series in enumerate(chart.series):
            y += LINE
            lines += _key(chart, series, number, y)
            width = max(width, 34 + width_of(series.label))
    y += LINE + 4
    lines.append(text(chart.quantity, PAD, y, "key quiet"))
    return lines, y + 10 - PAD, max(width, width_of(chart.quantity))


def _key(chart: Chart, series: Series, number: int, y: float) -> Iterator[str]:
    middle = y - 4
    if chart.kind == "lines":
        dashed = " dashed" if series.dashed else ""
        yield f'<path class="line s{number}{dashed}" d="M{PAD:g} {middle:g}h24"/>'
    if chart.kind == "bars":
        yield f'<rect class="bar s{number}" x="{PAD + 6:g}" y="{middle - 6:g}" width="12" height="12"/>'
    elif not series.dashed:
        yield f'<circle class="dot s{number}" cx="{PAD + 12:g}" cy="{middle:g}" r="3.5"/>'
    yield text(series.label, PAD + 32, y)
