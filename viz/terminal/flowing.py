"""Commands that follow a gradient back through time: flow and lag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import number_text
from tinygraph.diagnosing.gradient_flow import Flow
from tinygraph.graphs.symbols import raised

from ..debugging.snapshot import json_data
from .arrays import heat_map
from .panels import wrapped
from .session import Answer, CommandError, Session, command

_COLOURS = {"healthy": "green", "vanishing": "yellow", "exploding": "red", "not finite": "red", "cut": "red"}
_OTHERS = 8  # variables of which a line is shown


@command("flow", usage="flow [NAME]", group="diagnosing", completes="nodes")
def _flow(session: Session, argument: str) -> Answer:
    """Show the norm of ∂L/∂h by time step, with a verdict where there is one: vanishing, exploding, cut, not finite,
    and the op to blame. Without a name of the state, and in a line of every other variable that is carried.
    """
    with _pointing_to_cuts(session):
        if argument:
            flow, others = diagnosis.flow(session.trace, _variable(session, argument)), []
        else:
            flow, *others = diagnosis.flows(session.trace)
    lines = [*_columns(flow, session), *_verdict(flow, session)]
    if others:
        lines.append(Text("  also carried through time:", "dim"))
        lines += [_one_line(other, session) for other in others[:_OTHERS]]
    if len(others) > _OTHERS:
        lines.append(Text(f"  … and {len(others) - _OTHERS} more; `flow NAME` shows one", "dim"))
    return Answer("flow", {**_data(flow), "others": [_data(other) for other in others]}, lines)


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


def _columns(flow: Flow, session: Session) -> list[Text]:
    """Return the norms by time step, with bars."""
    columns = [flow.norms] if flow.alone is flow.norms else [flow.norms, flow.alone]
    heads = [f"‖∂L/∂{flow.name}‖", f"L{raised(max(flow.timesteps))} alone"][: len(columns)]
    heads = [session.written(head) for head in heads]
    title = "   time" + "".join(" " * (12 - cell_len(head)) + head for head in heads)
    if cell_len(title) + 18 <= session.width:
        title += "  logarithmic bars"
    logarithms = [np.log10(x) for column in columns for x in column if x is not None and 0 < x < np.inf]
    low, high = min(logarithms, default=0.0), max(logarithms, default=0.0)
    rows = []
    for t, *norms in zip(flow.timesteps, *columns, strict=True):
        cell, *alone = (f"{'none' if x is None else number_text(x):>10}  " for x in norms)
        bar = _log_bar(norms[-1], low, high, min(session.width - 36, 40))
        rows.append(Text.assemble((f"  {t:>5}  ", "dim"), cell, ("".join(alone), "dim"), (bar, "cyan")))
    if len(rows) > 24:
        rows[12:-12] = [Text("   ⋮", "dim")]
    return [Text(title, "dim"), *rows]


def _log_bar(x: float | None, low: float, high: float, width: int) -> str:
    if x is None or x == 0:
        return ""
    if not np.isfinite(x):
        return "not finite"
    share = 1.0 if high == low else (np.log10(x) - low) / (high - low)
    return "█" * (1 + round(share * (width - 1)))


def _verdict(flow: Flow, session: Session) -> list[Text]:
    said = "no verdict" if flow.verdict == "none" else flow.verdict
    lines = wrapped(f"{said}: {flow.because}", session.width)
    lines[0].stylize(f"bold {_COLOURS.get(flow.verdict, 'dim')}", 2, 2 + len(said))
    if flow.gain is not None:
        extreme = "weakest" if flow.verdict == "vanishing" else "strongest"
        step = session.trace.step_of(flow.gain.node)
        text = f"the {extreme} op on the way, for each time step: {flow.gain}; goto {step}"
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
