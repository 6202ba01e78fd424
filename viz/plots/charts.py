"""What is plotted, as plain data: gradients by time step, and contributions to the gradient of a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

import numpy as np

import tinygraph as tg
from tinygraph.diagnosing import Flow, Variable, flow, memory, states, variables
from tinygraph.loops.over_time import Run
from tinygraph.loops.places import Loop
from tinygraph.numeric import norm
from tinygraph.tracing.contributions import Contributions

from ..scenes.labels import symbol, with_bar
from ..scenes.text import rounded

MOST_WITH_LAST = 3  # variables: of more, the line of the last loss alone is left out
SHARE, NORM = "share", "norm"

Values = dict[int, float | None]
Places = dict[int, list[int]]  # of contributions, by time step


@dataclass(frozen=True)
class Series:
    """Numbers by time step. None is no number at all; `hue` None has the colour of gradients."""

    label: str
    values: Values
    hue: int | None = None
    dashed: bool = False


@dataclass(frozen=True)
class Chart:
    """What a plot shows.

    `kind` is "lines", "points" or "bars"; `quantity` says what stands on the vertical axis; `backward` is which way the
    backward pass runs: "←", or "→" where the loop goes through the sequence from its end, or "" where both are shown.
    `axis` names what stands on the horizontal axis, and `letter` a place on it. Charts of one `measure`, by default
    their quantity, can be compared.
    """

    title: str
    quantity: str
    series: tuple[Series, ...]
    kind: str
    logarithmic: bool
    note: str = ""
    backward: str = "←"
    axis: str = "time step t"
    letter: str = "t = "
    measure: str = ""

    @property
    def timesteps(self) -> list[int]:
        """All time steps, in order."""
        return sorted({t for series in self.series for t in series.values})

    @property
    def numbers(self) -> list[float | None]:
        """The numbers of all series."""
        return [value for series in self.series for value in series.values.values()]

    def has_place(self, number: float | None) -> TypeGuard[float]:
        """Tell whether an axis that is long enough has a place for a number."""
        return number is not None and math.isfinite(number) and (number > 0 or not self.logarithmic)

    def is_like(self, other: Chart) -> bool:
        """Tell whether both show the same in the same way."""
        mine, its = ((chart.measure or chart.quantity, chart.kind, chart.logarithmic) for chart in (self, other))
        return mine == its

    def as_dict(self) -> dict[str, Any]:
        """Return the chart as JSON-ready data, its numbers to three digits: for golden files."""
        series = [{"label": s.label, "values": {str(t): _short(v) for t, v in s.values.items()}} for s in self.series]
        return {"title": self.title, "quantity": self.quantity, "kind": self.kind, "note": self.note, "series": series}


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"


# Numbers as they are

WIDE = 20.0  # ratio of numbers beyond which their axis is logarithmic


def numbers_chart(columns: Mapping[str, Iterable[float]]) -> Chart:
    """Return columns of numbers as lines; the first one, where it counts up in whole numbers, is the horizontal axis.

    Raises
    ------
    ValueError
        If there is no number, or a column has more numbers than there are places for.
    """
    numbers = {str(name): np.asarray(list(values), float) for name, values in columns.items()}
    name, places = next(iter(numbers.items()))
    if len(numbers) > 1 and _counts(places):
        del numbers[name]
    else:
        name, places = "", np.arange(1, 1 + max(map(len, numbers.values())))
    longest = max(map(len, numbers.values()))
    if not 0 < longest <= len(places):
        raise ValueError(f"plot: {longest} numbers have no places among {len(places)}: {', '.join(columns)}")
    series = [
        Series(label, dict(zip(map(int, places), map(float, values), strict=False)), hue)
        for hue, (label, values) in enumerate(numbers.items())
    ]
    finite = np.concatenate(list(numbers.values()))
    finite = finite[np.isfinite(finite)]
    wide = finite.size > 0 and finite.min() > 0 and finite.max() > WIDE * finite.min()
    title = " and ".join(filter(None, [", ".join(list(numbers)[:-1]), list(numbers)[-1]]))
    quantity = ", ".join([f"by {name or 'number'}", *["log scale"] * bool(wide)])
    return Chart(title, quantity, tuple(series), "lines", bool(wide), "", "", name, f"{name or 'number'} ", title)


def _counts(numbers: np.ndarray) -> bool:
    return len(numbers) > 0 and bool((numbers == np.rint(numbers)).all() and (np.diff(numbers) > 0).all())


# Gradients by time step


def flow_chart(traces: Mapping[str, tg.Trace], names: Mapping[str, str | None]) -> Chart:
    """Return the norms of ∂L/∂h by time step, of one network or of several by label."""
    flows = [
        (label, variable, flow(trace, variable))
        for label, trace in traces.items()
        for variable in _variables(trace, names[label], alone=len(traces) > 1)
    ]
    letters = {variable.name for _, variable, _ in flows}
    letter = symbol(letters.pop()) if len(letters) == 1 else ""
    single = len(flows) == 1
    series: list[Series] = []
    for hue, (label, variable, of_variable) in enumerate(flows):
        named = label or "all losses" if single else _label(label, variable, of_variable, len(traces) > 1)
        series.append(Series(named, _by_step(of_variable, of_variable.norms), None if single else hue))
        if _hidden(of_variable) and any(of_variable.alone) and len(flows) <= MOST_WITH_LAST:
            last = f"{_end(variable)} alone" + ("" if single else f", {label or symbol(str(variable))}")
            series.append(Series(last, _by_step(of_variable, of_variable.alone), None if single else hue, dashed=True))
    title = f"The gradient on its way back through {letter or 'the state'}"
    quantity = f"||∂L/∂{letter or 'state'}⁽ᵗ⁾||, log scale"
    note = _factor(variable, of_variable) if single else ""
    arrow = _arrow(variable.backward for _, variable, _ in flows)
    return Chart(title, quantity, tuple(series), "lines", True, note, arrow, measure="gradient")


def _arrow(loops_backward: Iterable[bool]) -> str:
    directions = set(loops_backward)
    return "" if len(directions) > 1 else "→" if True in directions else "←"


def _variables(trace: tg.Trace, name: str | None, alone: bool) -> list[Variable]:
    """Return the variables of a name, or what the cell carries; of several networks one each, which keeps the most."""
    if alone:
        return [memory(trace) if name is None else variables(trace, name)[-1]]
    names = [name] if name is not None else dict.fromkeys(variable.name for variable in states(trace))
    return [variable for name in names for variable in variables(trace, name)]


def _label(network: str, variable: Variable, of_variable: Flow, several: bool) -> str:
    remarks = [variable.where] if variable.where else []
    remarks += ["from right to left"] if variable.backward else []
    name = symbol(str(variable)) + (f" ({', '.join(remarks)})" if remarks else "")
    factor = _factor(variable, of_variable)
    return "; ".join(filter(None, [f"{network}, {name}" if several else name, factor]))


def _hidden(of_variable: Flow) -> bool:
    """Tell whether earlier losses hide what becomes of the gradient of the last."""
    return of_variable.alone != of_variable.norms


def _by_step(of_variable: Flow, numbers: list[float | None]) -> Values:
    return dict(zip(of_variable.timesteps, numbers, strict=True))


def _end(variable: Variable) -> str:
    """Return which loss the loop of a variable ends with."""
    return "the first loss" if variable.backward else "the last loss"


def _factor(variable: Variable, of_variable: Flow) -> str:
    """Return the factor of a step back, in words; nothing where there is none."""
    of_which = f"{_end(variable)} alone: " if _hidden(of_variable) else ""
    return "" if math.isnan(of_variable.rate) else f"{of_which}×{rounded(of_variable.rate)} a step back"


# Contributions


def contributions_chart(traces: Mapping[str, tg.Trace], nodes: Mapping[str, tg.Node], show: str) -> Chart:
    """Return what the uses in each time step contribute to the gradient of a parameter, of one network or of several.

    `show` is "norm", of all that a time step contributes, or "share" of the total.
    """
    series: list[Series] = []
    notes: list[str] = []
    backward: list[bool] = []
    for label, trace in traces.items():
        node = nodes[label]
        parts, outside = _contributions(trace, node, show)
        for part in parts:
            named = ", ".join(filter(None, [label, part.where if len(parts) > 1 else ""]))
            alone = len(traces) == len(parts) == 1 and node.kind == "parameter"
            series.append(Series(named, part.values, trace.graph.parameters.index(node) if alone else len(series)))
            backward.append(part.backward)
        if outside is not None:
            notes.append(f"{label + ': ' if label else ''}{rounded(outside)} more from outside all time steps")
    names = {trace.symbols.of(nodes[label]).name for label, trace in traces.items()}
    bar = with_bar(symbol(names.pop())) if len(names) == 1 else "the gradient"
    title = f"What each time step contributes to {bar}"
    quantity = f"share of {bar}; all shares add up to 1" if show == SHARE else f"||contribution to {bar}||, log scale"
    kind = "bars" if show == SHARE else "points"
    return Chart(title, quantity, tuple(series), kind, show == NORM, "; ".join(notes), _arrow(backward))


class _Part(NamedTuple):
    """What the uses in one loop over time contribute, by time step."""

    where: str
    values: Values
    backward: bool


def _contributions(trace: tg.Trace, node: tg.Node, show: str) -> tuple[list[_Part], float | None]:
    """Return a number for each time step of each loop, and one for the uses outside of all, if there are such."""
    contributions = trace.contributions(node)
    loops, outside = _uses(trace, contributions)
    if not loops:
        raise LookupError(f"{trace.symbols.of(node)} is not used in any time step")

    def number(places: list[int]) -> float:
        if show == SHARE:
            return float(sum(contributions[place].share for place in places))
        return norm(np.sum([contributions.term(place) for place in places], axis=0))

    parts = []
    for run, places in loops:
        where = _where(run.loop) if run and run.loop else ""
        parts.append(_Part(where, {t: number(places[t]) for t in sorted(places)}, bool(run and run.backward)))
    return parts, number(outside) if outside else None


def _where(loop: Loop) -> str:
    line = f"line {loop.lineno}" if loop.lineno else ""
    return ", ".join(filter(None, [loop.function and f"in {loop.function.rpartition('<locals>.')[2]}", line]))


def _uses(trace: tg.Trace, contributions: Contributions) -> tuple[list[tuple[Run | None, Places]], list[int]]:
    """Return the uses of each loop by time step, and those outside of all; one for loops that share no time step."""
    loops: dict[Loop | None, tuple[Run | None, Places]] = {}
    outside: list[int] = []
    for place, (step, _) in enumerate(contributions.writes):
        timestep, run = contributions.timesteps[place], trace.graph.timeline.runs[trace.nodes[step].index]
        if timestep is None:
            outside.append(place)
        else:
            loops.setdefault(run.loop if run else None, (run, {}))[1].setdefault(timestep, []).append(place)
    merged: list[tuple[Run | None, Places]] = []
    for run, places in reversed(loops.values()):
        earlier = next((others for _, others in merged if others.keys().isdisjoint(places)), None)
        if earlier is None:
            merged.append((run, places))
        else:
            earlier.update(places)
    return merged, outside
