"""The command that looks at the forward pass: forward."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text

from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import number_text, shape_text
from tinygraph.diagnosing.forward_values import RecurrentWeight, Values
from tinygraph.graphs.writing import written

from ..debugging.snapshot import json_data
from .panels import cut, padded, under_heads
from .session import Answer, Session, command

_HEADS = {"time": 6, "‖x‖": 10, "mean": 10, "min": 10, "max": 10, "zero": 6, "saturated": 11}  # and their columns
_ROWS = 24
_NAME = 14


@command("forward", "fwd", usage="forward [NAME]", group="diagnosing", completes="nodes")
def _forward(session: Session, argument: str) -> Answer:
    """Show what the values of the forward pass are like: norm, mean, extremes, the share that is 0 and the share that
    is saturated; of NAME in each time step, else of all names in their first and last. Below, the weights that carry
    the state: the spectral radius, and the most by which they lengthen it.
    """
    looked = diagnosis.forward(session.trace, argument or None)
    rows = looked.values if argument else _ends(looked.values)
    lines = [Text(under_heads(map(session.written, _HEADS), _HEADS, session.width, " " * _NAME), "dim")]
    lines += [_row(session, row) for row in rows]
    if len(lines) > _ROWS:
        lines[_ROWS // 2 : -_ROWS // 2] = [Text("  ⋮", "dim")]
    lines += [_weight(session, weight) for weight in looked.weights]
    data = {"values": [row._asdict() for row in looked.values], "weights": [each._asdict() for each in looked.weights]}
    return Answer("forward", json_data(data), lines)


def _ends(values: list[Values]) -> list[Values]:
    """Return the first and the last row of each name in each scope."""
    groups = [list(group) for _, group in groupby(values, key=lambda row: (row.name, row.scope))]
    return [row for group in groups for row in (group if len(group) == 1 else (group[0], group[-1]))]


def _row(session: Session, row: Values) -> Text:
    name = session.written(f"{written(row.name)} {row.scope}".strip())
    cells = ["" if row.timestep is None else str(row.timestep), *map(number_text, row[3:7]), f"{row.zero:.0%}"]
    cells.append("" if row.saturated is None else f"{row.saturated:.0%}")
    style = "yellow" if row.saturated is not None and row.saturated > 0.9 else ""
    begin = padded(cut(f"  {name}", _NAME), _NAME)
    return Text(under_heads(map(session.written, cells), _HEADS, session.width, begin), style)


def _weight(session: Session, weight: RecurrentWeight) -> Text:
    radius = "" if weight.radius is None else f"spectral radius {number_text(weight.radius)}, "
    line = Text(
        f"  {weight.name} {shape_text(weight.shape)} carries the state: {radius}‖·‖₂ {number_text(weight.gain)}"
    )
    line.truncate(session.width, overflow="ellipsis")
    return line
