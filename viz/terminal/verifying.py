"""The command that checks: verify."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tinygraph.plain_text import spans
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.testing.findings import Finding, Findings
from tinygraph.tracing.trace import Trace

from .session import Answer, Session, command

_SHOWN = 3  # ops that are wrong


@command("verify", group="diagnosing")
def _verify(session: Session, argument: str) -> Answer:
    """Run every op again, forward and by its rules, check the rules numerically on the recorded values, and name what
    is wrong: its rule, its line, its time steps.
    """
    findings = session.trace.verify()
    groups = findings.by_place
    step = session.trace.step_of(findings[0].node) if findings else None
    lines = [] if step is None else session.goto(step).lines
    for group in groups[:_SHOWN]:
        first = group[0]
        lines.append(Text(f"  {first.headline}", "bold red"))
        lines += [Text(f"  {text}", "red") for text in (*first.code.split("\n"), f"  used in {_used(group)}") if text]
    if len(groups) > _SHOWN:
        lines.append(Text(f"  and {len(groups) - _SHOWN} more", "red"))
    lines.append(Text(f"  {findings.summary}", "red" if findings else "green" if findings.checked else "yellow"))
    lines += [Text(f"  {text}", "yellow") for text in _unchecked(session.trace, findings)]
    data = {
        "wrong": [_data(group) for group in groups],
        "step": step,
        "checked": len(findings.checked),
        "nonfinite": [node.index for node in findings.nonfinite],
        "kinks": [node.index for node in findings.kinks],
        "unchecked": sorted({str(node.op) for node in findings.unknown}),
    }
    return Answer("verify", data, lines)


def _data(group: Sequence[Finding]) -> dict[str, object]:
    node = group[0].node
    times = sorted({t for finding in group if (t := finding.node.timestep) is not None})
    return {
        "op": str(node.op),
        "headline": group[0].headline,
        "line": node.source and node.source.lineno,
        "timesteps": times,
        "code": group[0].code,
    }


def _used(group: Sequence[Finding]) -> str:
    """Return the line of the program that some findings stand on, and their time steps."""
    node = group[0].node
    line = f"line {node.source.lineno} of {file_name(node.source.filename)}: {node.expression}" if node.source else ""
    times = {t for finding in group if (t := finding.node.timestep) is not None}
    at = f"time step{'s' * (len(times) > 1)} {spans(times)}" if times else ""
    return ", ".join(filter(None, (at, line))) or f"{node.op}"


def _unchecked(trace: Trace, findings: Findings) -> list[str]:
    """Return what could not be checked, and why."""
    texts = []
    if findings.nonfinite:
        texts.append(f"not finite, so not checked: {_first(trace, findings.nonfinite)}; `nan` finds where it begins")
    if findings.kinks:
        texts.append(f"at a kink, where there is no derivative: {_first(trace, findings.kinks)}")
    if findings.unknown:
        ops = ", ".join(sorted({str(node.op) for node in findings.unknown}))
        texts.append(f"not checked, since their rules are not in the file: {ops}")
    return texts


def _first(trace: Trace, nodes: list[Node]) -> str:
    """Return the first of some nodes, and on which line; all the time steps of that line."""
    first = nodes[0]
    line = f", {trace.place(first)}" if first.source else ""
    times = [node.timestep for node in nodes if node.timestep is not None and node.source == first.source]
    at = f", time step{'s' * (len(set(times)) > 1)} {spans(times)}" if times else ""
    more = len({(node.source, str(node.op)) for node in nodes}) - 1
    return f"{first.op}{line}{at}" + (f", and {more} more place{'s' * (more > 1)}" if more else "")
