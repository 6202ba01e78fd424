"""Commands that diagnose: flow, lag, nan, verify, diff; and save."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.text import Text

import tinygraph as tg
from tinygraph import diagnosing as diagnosis
from tinygraph.graphs.symbols import raised
from tinygraph.tracing.saved import SavedOp

from ..debugging.snapshot import plain
from .arrays import number, styled
from .session import Answer, CommandError, Session, command

__all__: list[str] = []

_COLOURS = {"healthy": "green", "vanishing": "yellow", "exploding": "red", "not finite": "red", "cut": "red"}


@command("flow", usage="flow [NAME]", group="diagnosing", completes="nodes")
def _flow(session: Session, argument: str) -> Answer:
    """Show the norm of ∂L/∂h by time step, with a verdict: vanishing, exploding, healthy, cut."""
    found = diagnosis.flow(session.debugger.trace, argument or None)
    finite = [x for x in (*found.norms, *found.alone) if x is not None and 0 < x < np.inf]
    low, high = (np.log10(min(finite)), np.log10(max(finite))) if finite else (0.0, 0.0)
    many = found.alone is not found.norms
    lines = []
    for t, x, last in _thinned(list(zip(found.timesteps, found.norms, found.alone, strict=True)), 24):
        if t is None:
            lines.append(Text("   ⋮", "dim"))
            continue
        line = styled(f"  {t:>5}  ", "dim")
        line.append(f"{_norm(x)}  ").append(f"{_norm(last)}  " if many else "", "dim")
        line.append(_log_bar(last, low, high, session.width - 36), "cyan")
        lines.append(line)
    heads = ["time", f"‖∂L/∂{found.name}‖", f"L{raised(max(found.timesteps))} alone"][: 3 if many else 2]
    title = Text(
        "  " + "".join(" " * (size - cell_len(head)) + head for head, size in zip(heads, (5, 12, 12), strict=False)),
        "dim",
    )
    title.append("  logarithmic bars")
    verdict = styled(f"  {found.verdict}", f"bold {_COLOURS.get(found.verdict, '')}".strip())
    verdict.append(f": {found.because}", "")
    return Answer("flow", plain(found._asdict()), [title, *lines, verdict])


def _norm(x: float | None) -> str:
    return f"{'none' if x is None else number(x):>10}"


def _log_bar(x: float | None, low: float, high: float, room: int) -> str:
    if x is None or x == 0:
        return ""
    if not np.isfinite(x):
        return "not finite"
    share = 1.0 if high == low else (np.log10(x) - low) / (high - low)
    return "█" * (1 + round(share * (min(room, 40) - 1)))


def _thinned(rows: list[Any], limit: int) -> list[Any]:
    if len(rows) <= limit:
        return rows
    half = limit // 2
    return [*rows[:half], (None, None, None), *rows[-half:]]


@command("lag", usage="lag [NAME]", group="diagnosing", completes="parameters nodes")
def _lag(session: Session, argument: str) -> Answer:
    """Show which loss taught which time step: a row for the loss of each time step, a column for each use."""
    found = diagnosis.lag(session.debugger.trace, argument or None)
    rows, columns = found.norms.shape
    lines = [Text(f"  rows: the loss of time step t; columns: {found.of} at time step s", "dim")]
    if max(rows, columns) <= 8:
        lines.append(Text("   t\\s" + "".join(f"{s:>9}" for s in found.uses), "dim"))
        for t, row in zip(found.losses, found.norms, strict=True):
            lines.append(Text.assemble((f"  {t:>4}", "dim"), "".join(f"{number(x):>9}" for x in row)))
    else:
        from .arrays import heat_map

        lines += heat_map(found.norms, min(session.width - 8, 60), 20)
    return Answer("lag", plain(found._asdict()), lines)


@command("nan", usage="nan", group="diagnosing")
def _nan(session: Session, argument: str) -> Answer:
    """Find where the first NaN or infinity was made, and go to its step."""
    trace = session.debugger.trace
    found = diagnosis.nonfinite_origin(trace)
    if found is None:
        return Answer("nan", {"found": False}, [Text("  every value, adjoint and contribution is finite", "green")])
    symbol = trace.symbols.of(found.node)
    made = f"{found.node.op} made it" if found.node.op is not None else f"the {found.node.kind} held it"
    place = f" at {list(found.place)}" if found.place else ""
    what = f"{found.example}{place}, {found.phase}: {made}, {symbol} = {found.node.expression or found.node.op}"
    if found.argument is not None:
        source = trace.symbols.of(found.node.inputs[found.argument])
        what = f"{found.example}{place} in the contribution to {source.bar}: the rule of {found.node.op}, backward"
    data = {
        "found": True,
        "phase": found.phase,
        "node": found.node.index,
        "name": str(symbol),
        "step": found.step,
        "example": plain(found.example),
        "index": list(found.place),
        "timestep": found.node.timestep,
    }
    line = Text(f"the first value that is not finite: {what}", "bold red")
    if found.step is None:
        return Answer("nan", data, [line, *_place(found.node)])
    stop = session.debugger.goto(found.step)
    return Answer("nan", data, [*session.stop(stop._replace(moved=True)).lines, line])


def _place(node: Any) -> list[Text]:
    return [Text(f"  {line}") for line in str(node.source).split("\n")] if node.source else []


@command("verify", usage="verify", group="diagnosing")
def _verify(session: Session, argument: str) -> Answer:
    """Check every rule of the pass numerically on the recorded values, and name the first wrong one."""
    trace = session.debugger.trace
    found = trace.verify()
    unknown = sorted({str(node.op) for node in trace.nodes if isinstance(node.op, SavedOp)})
    if not found:
        lines = [Text("  every rule agrees with a numerical derivative", "green")]
        if unknown:
            lines.append(Text(f"  not checked, since their rules are not in the file: {', '.join(unknown)}", "yellow"))
        return Answer("verify", {"wrong": [], "unchecked": unknown}, lines)
    step = session.debugger.trace.step_of(found[0].node)
    shown = str(found[0]).split("\n")
    lines = [
        Text(f"  {line}", "bold red") for line in (shown if step is None else shown[:2])
    ]  # the screen has the rest
    if len(found) > 1:
        lines.append(Text(f"  and {len(found) - 1} more", "red"))
    if step is not None:
        stop = session.debugger.goto(step)
        lines = [*session.stop(stop._replace(moved=True)).lines, *lines]
    return Answer("verify", {"wrong": [str(each) for each in found], "step": step}, lines)


@command("diff", usage="diff OTHER.trace [TOLERANCE]", group="diagnosing")
def _diff(session: Session, argument: str) -> Answer:
    """Compare with another recorded run, and show both at the first difference."""
    path, tolerance = _path_and_tolerance(argument)
    if not path:
        raise CommandError("diff with what? a trace file; the command `save` writes one")
    other = tg.load_trace(path)
    trace = session.debugger.trace
    found = diagnosis.diff(trace, other, tolerance)
    if found is None:
        return Answer("diff", {"differs": False}, [Text("  the two runs are the same", "green")])
    lines = [Text(f"  first difference, {found.phase}: {found.because}", "bold red")]
    for label, owner, node, step in zip(("this", "other"), (trace, other), found.nodes, found.steps, strict=True):
        lines += _side(label, owner, node, step, found.phase)
    if found.relative == found.relative:
        lines.append(Text(f"  ‖this − other‖ / ‖this‖ = {number(found.relative)}", "dim"))
    if found.steps[0] is not None:
        session.debugger.goto(found.steps[0])
    data = {
        "differs": True,
        "phase": found.phase,
        "because": found.because,
        "steps": list(found.steps),
        "difference": plain(found.difference),
        "relative": plain(found.relative),
        "nodes": [None if node is None else node.index for node in found.nodes],
    }
    return Answer("diff", data, lines)


def _side(label: str, trace: Any, node: Any, step: int | None, phase: str) -> list[Text]:
    from .arrays import summary

    if node is None:
        return [Text(f"  {label:<6} ends before", "dim")]
    symbol = trace.symbols.of(node)
    value = trace.gradient(node) if phase == "backward" else node.data
    line = styled(f"  {label:<6}", "dim")
    line.append(f"{symbol.bar if phase == 'backward' else symbol} ", "bold")
    line.append(f"= {node.expression or node.op or node.kind}" + (f", step {step}" if step is not None else ""))
    where = f"{node.source.filename.rsplit('/', 1)[-1]}:{node.source.lineno}  " if node.source else ""
    return [line, Text(f"         {where}{summary(value, 60)}", "dim")]


def _path_and_tolerance(argument: str) -> tuple[str, float]:
    head, _, tail = argument.rpartition(" ")
    try:
        return (head.strip(), float(tail)) if head else (argument, 0.0)
    except ValueError:
        return argument, 0.0


@command("save", usage="save FILE", group="other")
def _save(session: Session, argument: str) -> Answer:
    """Write the recorded pass to a file; `tinygraph debug FILE` opens it anywhere."""
    if not argument:
        raise CommandError("save where? a file name, as run.trace")
    try:
        session.debugger.trace.save(argument)
    except TypeError as error:  # an op of the program has a static argument that no file can hold
        raise CommandError(str(error)) from None
    return Answer("saved", {"path": argument}, [Text(f"  wrote {argument}")])
