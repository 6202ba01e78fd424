"""Commands that follow a gradient back through time: flow and lag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import number_text
from tinygraph.diagnosing.gradient_flow import Flow
from tinygraph.graphs.symbols import raised

from ..debugging.snapshot import json_data
from .arrays import heat_map
from .panels import cut, padded, wrapped
from .session import Answer, CommandError, Session, command

_COLOURS = {"healthy": "green", "vanishing": "yellow", "exploding": "red", "not finite": "red", "cut": "red"}
_BARS = ("cyan", "magenta", "blue")  # of the states that the table shows
_OTHERS = 8  # variables of which a line is shown
_TIME, _NUMBER, _BAR = 7, 12, 9  # widths of columns; of a bar at least


@command("flow", usage="flow [NAME]", group="diagnosing", completes="nodes")
def _flow(session: Session, argument: str) -> Answer:
    """Show the norm of ∂L/∂h by time step, with a verdict where there is one: vanishing, exploding, cut, not finite,
    and the op to blame. Without a name of the state, of an LSTM its hidden state and its memory, and in a line of every
    other variable that is carried.
    """
    with _pointing_to_cuts(session):
        if argument:
            flows, count = [diagnosis.flow(session.trace, _variable(session, argument))], 1
        else:
            flows, count = diagnosis.flows(session.trace), len(diagnosis.states(session.trace))
    count = _most(flows[:count], session)
    lines = [*_table(flows[:count], session), *_verdicts(flows[:count], session)]
    others = flows[count:]
    if others:
        lines.append(Text("  also carried through time:", "dim"))
        lines += [_one_line(other, session) for other in others[:_OTHERS]]
    if len(others) > _OTHERS:
        lines.append(Text(f"  … and {len(others) - _OTHERS} more; `flow NAME` shows one", "dim"))
    first, *rest = map(_data, flows)
    return Answer("flow", {**first, "others": rest}, lines)


@contextmanager
def _pointing_to_cuts(session: Session) -> Iterator[None]:
    """Say that `cuts` tells more, where nothing is carried through time because it left the graph on the way."""
    try:
        yield
    except LookupError:
        cut = next((cut for cut in session.trace.cuts if cut.returned), None)
        if cut is None or diagnosis.carried(session.trace):
            raise
        place = f", {cut.source.place(session.trace.script)}" if cut.source else ""
        reason = f"{cut.how} of {cut.what}{place}, took it out of the graph"
        raise CommandError(f"nothing is carried from one time step to the next: {reason}; `cuts` says more") from None


def _variable(session: Session, name: str) -> str:
    """Return the name of a variable; that of one of its values, ``h3`` or ``h⁽³⁾``, means the variable."""
    try:
        diagnosis.by_timestep(session.trace, name)
    except LookupError:
        with suppress(LookupError):
            node = session.node(name)
            alike = [each for each in diagnosis.variables(session.trace) if node in each.nodes.values()]
            return str(alike[0]) if alike else name
    return name


def _data(flow: Flow) -> dict[str, object]:
    gain = None
    if flow.gain is not None:
        gain = {"node": flow.gain.node.index, "factor": json_data(flow.gain.factor), "text": str(flow.gain)}
    return {**{name: json_data(value) for name, value in flow._asdict().items() if name != "gain"}, "gain": gain}


class _Column(NamedTuple):
    """Norms by time step under a heading."""

    head: str
    norms: dict[int, float | None]
    style: str = ""

    @property
    def width(self) -> int:
        return max(_NUMBER, 1 + cell_len(self.head))


def _columns(flow: Flow, session: Session) -> list[_Column]:
    """Return the norms of a variable, and where they are others those of the last loss alone."""
    name, _ = _name_and_place(flow)
    columns = [_Column(session.written(f"‖∂L/∂{name}‖"), dict(zip(flow.timesteps, flow.norms, strict=True)))]
    if flow.alone is not flow.norms:
        head = session.written(f"L{raised(max(flow.timesteps))} alone")
        columns.append(_Column(head, dict(zip(flow.timesteps, flow.alone, strict=True)), "dim"))
    return columns


def _name_and_place(flow: Flow) -> tuple[str, str]:
    """Return the name of a variable, and which loop it is of, if it has namesakes."""
    name, _, place = flow.name.partition(", ")
    return name, place


def _most(flows: list[Flow], session: Session) -> int:
    """Return how many of some variables have room in one table."""
    widths = (_BAR + sum(column.width for column in _columns(flow, session)) for flow in flows[: len(_BARS)])
    return max(1, sum(_TIME + width <= session.width for width in accumulate(widths)))


def _table(flows: list[Flow], session: Session) -> list[Text]:
    """Return the norms of a variable or of several by time step, with bars that can be compared."""
    groups = [_columns(flow, session) for flow in flows]
    columns = [column for group in groups for column in group]
    width = min(40, (session.width - _TIME - sum(column.width for column in columns)) // len(flows) - 2)
    logarithms = [np.log10(x) for column in columns for x in column.norms.values() if x is not None and 0 < x < np.inf]
    low, high = min(logarithms, default=0.0), max(logarithms, default=0.0)
    rows = []
    for t in sorted({t for flow in flows for t in flow.timesteps}):
        row = Text.assemble((f"{t:>{_TIME}}", "dim"))
        for column in columns:
            row.append(f"{_written(column.norms, t):>{column.width}}", column.style)
        for group, colour in zip(groups, _BARS, strict=False):
            row.append(f"  {_log_bar(group[-1].norms.get(t), low, high, width):{max(width, 0)}}", colour)
        row.rstrip()
        rows.append(row)
    if len(rows) > 24:
        rows[12:-12] = [Text("   ⋮", "dim")]
    return [*_headings(flows, columns, width, session), *rows]


def _headings(flows: list[Flow], columns: list[_Column], width: int, session: Session) -> list[Text]:
    """Return the line above the table, and one of which loop it is, if there are several."""
    title = f"{'time':>{_TIME}}" + "".join(
        " " * (column.width - cell_len(column.head)) + column.head for column in columns
    )
    if len(flows) == 1:
        title += "  logarithmic bars" * (cell_len(title) + 18 <= session.width)
    else:
        names = (session.written(f"{_name_and_place(flow)[0]}, log") for flow in flows)
        title += "".join(f"  {padded(cut(name, width), width)}" for name in names).rstrip()
    places = [place for _, place in map(_name_and_place, flows[:1]) if place]
    return [Text(line, "dim") for line in (*(f"  {place}:" for place in places), title)]


def _written(norms: dict[int, float | None], t: int) -> str:
    norm = norms.get(t)
    return "" if t not in norms else "none" if norm is None else number_text(norm)


def _log_bar(x: float | None, low: float, high: float, width: int) -> str:
    if x is None or x == 0 or width < 1:
        return ""
    if not np.isfinite(x):
        return "not finite"
    share = 1.0 if high == low else (np.log10(x) - low) / (high - low)
    return "█" * (1 + round(share * (width - 1)))


def _verdicts(flows: list[Flow], session: Session) -> list[Text]:
    """Return what is said of some variables, and once which op is to blame."""
    lines: list[Text] = []
    for flow in flows:
        of_which = f"{session.written(_name_and_place(flow)[0])}  " if len(flows) > 1 else ""
        said = "no verdict" if flow.verdict == "none" else flow.verdict
        start = len(lines)
        lines += wrapped(f"{of_which}{said}: {flow.because}", session.width)
        begins = 2 + len(of_which)
        lines[start].stylize(f"bold {_COLOURS.get(flow.verdict, 'dim')}", begins, begins + len(said))
    for gain, verdict in {flow.gain: flow.verdict for flow in flows if flow.gain is not None}.items():
        extreme = "weakest" if verdict == "vanishing" else "strongest"
        step = session.trace.step_of(gain.node)
        text = f"the {extreme} op on the way, for each time step: {gain}; goto {step}"
        lines += wrapped(text, session.width, "bold")
    return lines


def _one_line(flow: Flow, session: Session) -> Text:
    said = "no verdict" if flow.verdict == "none" else flow.verdict
    line = Text.assemble(f"  {flow.name:>8}  ", (said, _COLOURS.get(flow.verdict, "dim")), (f": {flow.because}", "dim"))
    line.truncate(session.width, overflow="ellipsis")
    return line


@command("lag", usage="lag [NAME]", group="diagnosing", completes="parameters nodes")
def _lag(session: Session, argument: str) -> Answer:
    """Show which loss taught which time step: a row for the loss of each time step, a column for each use."""
    with _pointing_to_cuts(session):
        lag = diagnosis.lag(session.trace, argument or None)
    lines = [Text(f"  rows: the loss of time step t; columns: {lag.of} at time step s", "dim")]
    if max(lag.norms.shape) <= min(8, (session.width - 6) // 9):
        lines.append(Text("   t\\s" + "".join(f"{s:>9}" for s in lag.uses), "dim"))
        for t, row in zip(lag.losses, lag.norms, strict=True):
            lines.append(Text.assemble((f"  {t:>4}", "dim"), "".join(f"{number_text(x):>9}" for x in row)))
    else:
        lines += heat_map(lag.norms, min(session.width - 8, 60), 20)
    reach = diagnosis.reach(lag)
    lines += wrapped(reach, session.width, "bold") if reach else []
    return Answer("lag", json_data({**lag._asdict(), "reach": reach}), lines)
