"""Commands that diagnose: nan and diff; and save."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.text import Text

import tinygraph as tg
from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import number_text
from tinygraph.diagnosing.symptoms.case import timesteps
from tinygraph.graphs.symbols import Symbols
from tinygraph.plain_text import spans
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from ..debugging.snapshot import json_data
from .arrays import summary
from .panels import wrapped
from .session import Answer, CommandError, Session, command


@command("nan", group="diagnosing")
def _nan(session: Session, argument: str) -> Answer:
    """Find where the first NaN or infinity was made, and go to its step."""
    origin = diagnosis.nonfinite_origin(session.trace)
    if origin is None:
        return Answer(
            "nan", {"found": False}, [Text("  the output, every adjoint and every contribution are finite", "green")]
        )
    node = origin.node
    data: dict[str, Any] = {
        "found": True,
        "phase": origin.phase,
        "node": node.index,
        "name": str(session.trace.symbols.of(node)),
        "step": origin.step,
        "example": json_data(origin.example),
        "index": list(origin.place),
        "timestep": node.timestep,
        "timesteps": timesteps(diagnosis.nonfinite_places(session.trace, origin)),
    }
    line = Text(f"the first value that is not finite: {_culprit(origin, session.trace.symbols)}", "bold red")
    if len(data["timesteps"]) > 1:
        line.append(f"; it begins so in time steps {spans(data['timesteps'])}")
    operands = diagnosis.operands_there(origin)
    data["operands"] = {_called(session, each): json_data(value) for each, value in operands.items()}
    for name, value in data["operands"].items():
        line.append(f"; there {name} is {f'exactly {value:g}' if value in (0, 1, -1) else value}")
    made = _made(session, node)
    if origin.step is not None:
        return Answer("nan", data, [*session.goto(origin.step).lines, line, *made])
    source = str(node.source).split("\n") if node.source else []
    return Answer("nan", data, [line, *(Text(f"  {text}") for text in source), *made])


def _made(session: Session, node: Node) -> list[Text]:
    """Return where a leaf was made; of a parameter, that an earlier pass is to blame, and how to stop there."""
    maker = diagnosis.made_at(session.trace, node)
    if maker is None:
        return []
    if node.kind != "parameter":
        return [Text(f"  made on {maker}", "bold")]
    text = f"an update before this pass has put it in, unless the parameter was made so, on line {maker.lineno}"
    if session.passes is not None:
        text += ": `when nonfinite(grad)`, then `restart`, stops at the first pass whose gradient is not finite"
    return wrapped(text, session.width, "bold")


def _called(session: Session, node: Node) -> str:
    """Return the name of a value, or the expression that made it."""
    return str(session.trace.symbols.of(node)) if node.name or not node.expression else node.expression


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
