"""Commands that diagnose: flow, lag, nan, diff; and save."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len
from rich.text import Text

import tinygraph as tg
from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import number_text
from tinygraph.graphs.symbols import Symbols, raised
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from ..debugging.names import file_name
from ..debugging.snapshot import json_data
from .arrays import heat_map, summary
from .session import Answer, CommandError, Session, command

_COLOURS = {"healthy": "green", "vanishing": "yellow", "exploding": "red", "not finite": "red", "cut": "red"}


@command("flow", usage="flow [NAME]", group="diagnosing", completes="nodes")
def _flow(session: Session, argument: str) -> Answer:
    """Show the norm of ∂L/∂h by time step, with a verdict: vanishing, exploding, healthy, cut."""
    flow = diagnosis.flow(session.trace, argument or None)
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
    verdict = (f"  {flow.verdict}", f"bold {_COLOURS.get(flow.verdict, '')}".strip())
    lines = [Text(title, "dim"), *rows, Text.assemble(verdict, f": {flow.because}")]
    return Answer("flow", json_data(flow._asdict()), lines)


def _log_bar(x: float | None, low: float, high: float, width: int) -> str:
    if x is None or x == 0:
        return ""
    if not np.isfinite(x):
        return "not finite"
    share = 1.0 if high == low else (np.log10(x) - low) / (high - low)
    return "█" * (1 + round(share * (width - 1)))


@command("lag", usage="lag [NAME]", group="diagnosing", completes="parameters nodes")
def _lag(session: Session, argument: str) -> Answer:
    """Show which loss taught which time step: a row for the loss of each time step, a column for each use."""
    lag = diagnosis.lag(session.trace, argument or None)
    lines = [Text(f"  rows: the loss of time step t; columns: {lag.of} at time step s", "dim")]
    if max(lag.norms.shape) <= min(8, (session.width - 6) // 9):
        lines.append(Text("   t\\s" + "".join(f"{s:>9}" for s in lag.uses), "dim"))
        for t, row in zip(lag.losses, lag.norms, strict=True):
            lines.append(Text.assemble((f"  {t:>4}", "dim"), "".join(f"{number_text(x):>9}" for x in row)))
    else:
        lines += heat_map(lag.norms, min(session.width - 8, 60), 20)
    return Answer("lag", json_data(lag._asdict()), lines)


@command("nan", group="diagnosing")
def _nan(session: Session, argument: str) -> Answer:
    """Find where the first NaN or infinity was made, and go to its step."""
    origin = diagnosis.nonfinite_origin(session.trace)
    if origin is None:
        return Answer(
            "nan", {"found": False}, [Text("  the output, every adjoint and every contribution are finite", "green")]
        )
    node = origin.node
    data = {
        "found": True,
        "phase": origin.phase,
        "node": node.index,
        "name": str(session.trace.symbols.of(node)),
        "step": origin.step,
        "example": json_data(origin.example),
        "index": list(origin.place),
        "timestep": node.timestep,
    }
    line = Text(f"the first value that is not finite: {_culprit(origin, session.trace.symbols)}", "bold red")
    if origin.step is not None:
        return Answer("nan", data, [*session.goto(origin.step).lines, line])
    source = str(node.source).split("\n") if node.source else []
    return Answer("nan", data, [line, *(Text(f"  {text}") for text in source)])


def _culprit(origin: diagnosis.Origin, symbols: Symbols) -> str:
    node = origin.node
    example = f"{origin.example} at {list(origin.place)}" if origin.place else str(origin.example)
    if origin.argument is not None:
        source = symbols.of(node.inputs[origin.argument])
        return f"{example} in the contribution to {source.bar}: the rule of {node.op}, backward"
    maker = f"the {node.kind} held it" if node.op is None else f"{node.op} made it"
    return f"{example}, {origin.phase}: {maker}, {symbols.of(node)} = {node.expression or node.op}"


_DIFF = "diff with what? a trace file; the command `save` writes one"


@command("diff", usage="diff OTHER.trace [TOLERANCE]", group="diagnosing", asks=_DIFF)
def _diff(session: Session, argument: str) -> Answer:
    """Compare with another recorded run, and show both at the first difference."""
    path, tolerance = _path_and_tolerance(argument)
    traces = session.trace, tg.load_trace(path)
    divergence = diagnosis.diff(*traces, tolerance)
    if divergence is None:
        return Answer("diff", {"differs": False}, [Text("  the two runs are the same", "green")])
    lines = [Text(f"  first difference, {divergence.phase}: {divergence.because}", "bold red")]
    for label, trace, node, step in zip(("this", "other"), traces, divergence.nodes, divergence.steps, strict=True):
        lines += _side(label, trace, node, step, divergence.phase == "backward")
    if not np.isnan(divergence.relative):
        lines.append(Text(f"  ‖this − other‖ / ‖this‖ = {number_text(divergence.relative)}", "dim"))
    if divergence.steps[0] is not None:
        session.debugger.goto(divergence.steps[0])
    data = {
        "differs": True,
        "phase": divergence.phase,
        "because": divergence.because,
        "steps": list(divergence.steps),
        "difference": json_data(divergence.difference),
        "relative": json_data(divergence.relative),
        "nodes": [None if node is None else node.index for node in divergence.nodes],
    }
    return Answer("diff", data, lines)


def _path_and_tolerance(argument: str) -> tuple[str, float]:
    path, _, tolerance = argument.rpartition(" ")
    try:
        return (path.strip(), float(tolerance)) if path else (argument, 0.0)
    except ValueError:
        return argument, 0.0


def _side(label: str, trace: Trace, node: Node | None, step: int | None, backward: bool) -> list[Text]:
    if node is None:
        return [Text(f"  {label:<6} ends before", "dim")]
    symbol = trace.symbols.of(node)
    name, value = (symbol.bar, trace.gradient(node)) if backward else (str(symbol), node.data)
    what = f"= {node.expression or node.op or node.kind}" + (f", step {step}" if step is not None else "")
    where = f"{file_name(node.source.filename)}:{node.source.lineno}  " if node.source else ""
    line = Text.assemble((f"  {label:<6}", "dim"), (f"{name} ", "bold"), what)
    return [line, Text(f"         {where}{summary(value, 60)}", "dim")]


@command("save", usage="save FILE", group="other", asks="save where? a file name, as run.trace")
def _save(session: Session, argument: str) -> Answer:
    """Write the recorded pass to a file; `tinygraph debug FILE` opens it anywhere."""
    try:
        session.trace.save(argument)
    except TypeError as error:  # an op of the program has a static argument that no file can hold
        raise CommandError(str(error)) from None
    return Answer("saved", {"path": argument}, [Text(f"  wrote {argument}")])
