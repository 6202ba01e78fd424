"""Commands that look for causes: doctor, cuts, mix."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from rich.text import Text

from tinygraph import diagnosing as diagnosis
from tinygraph.diagnosing.symptoms.case import Symptom
from tinygraph.plain_text import spans
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.tracing.cuts import ASKED_FOR, Cut

from ..debugging.names import telling_of_variables
from ..debugging.snapshot import json_data
from .panels import wrapped
from .session import Answer, Session, command

_MOST = 12  # findings that are shown
_CARRIED_OVER = "of the pass before: right if the data go on, wrong if sequences are new"
_FIRST = 4  # below the first screen


@command("doctor", group="diagnosing")
def _doctor(session: Session, argument: str) -> Answer:
    """Look for what a healthy network does not show: each finding with its line, time steps, number, and the command
    that shows more. Ops are run again, the program's own too; the first findings stand below the first screen already.
    """
    symptoms = [*_between_passes(session), *diagnosis.doctor(session.trace)]
    lines = [line for symptom in symptoms[:_MOST] for line in symptom_lines(symptom, session.width)]
    if len(symptoms) > _MOST:
        lines.append(Text(f"  and {len(symptoms) - _MOST} more", "dim"))
    also = list(_also(session, symptoms))
    if not lines:
        none = f"no check finds anything{', but see also:' if also else ''}"
        lines = [Text(f"  {none}", "" if also else "green")]
    elif also:
        lines.append(Text("  also:"))
    for text, name in also:
        lines += wrapped(f"{text} · `{name}`", session.width)
    data = {
        "symptoms": [_symptom_data(symptom) for symptom in symptoms],
        "also": [{"text": text, "command": name} for text, name in also],
    }
    return Answer("doctor", data, lines)


def _also(session: Session, symptoms: list[Symptom]) -> Iterator[tuple[str, str]]:
    """Yield what other commands know that may be meant, and the command: truncated backpropagation cuts on purpose."""
    flows = []
    told = {"healthy", "none", *(symptom.kind for symptom in symptoms)}
    with suppress(LookupError):
        flows = [flow for flow in diagnosis.flows(session.trace) if flow.verdict not in told]
    if flows:
        first = flows[0]
        more = f", and {len(flows) - 1} more" if len(flows) > 1 else ""
        rate = f" ×{first.rate:.3g} a step" if first.gain is not None else ""
        yield f"flow: {first.verdict}{rate}, of {first.name}{more}", "flow"
    for hint in diagnosis.hints(session.trace):
        yield f"{hint.kind}: {hint.text} ({hint.place})", hint.command
    cuts = [cut for cut in session.trace.cuts if cut.returned and cut.parameters]
    carried = [cut for cut in cuts if cut.is_of_pass_before and cut.how in ASKED_FOR]
    if carried and "cut" not in told:
        line = f" ({carried[0].source.place(session.trace.script)})" if carried[0].source else ""
        yield f"cuts: {carried[0].what}{line} is {_CARRIED_OVER}", "cuts"
    cuts = [cut for cut in cuts if cut not in carried]
    if cuts and "cut" not in told:
        names = ", ".join(dict.fromkeys(name for cut in cuts for name in cut.parameters))
        them = "it" if len(cuts) == 1 else "them"
        yield f"cuts: {len(cuts)} place{'s' * (len(cuts) > 1)}, no gradient goes back through {them} to {names}", "cuts"


def first_findings(session: Session) -> Answer:
    """Return what a look at the recorded pass shows, to stand below its first screen; nothing of the program is run.

    What stood below that of a pass before is not said again.
    """
    everything = [*_between_passes(session), *diagnosis.doctor(session.trace, thorough=False)]
    symptoms = [symptom for symptom in everything if session.is_new(_identity(session, symptom))]
    lines = [line for symptom in symptoms[:_FIRST] for line in symptom_lines(symptom, session.width)]
    if len(symptoms) > _FIRST:
        lines.append(Text(f"  `doctor` shows {len(symptoms) - _FIRST} more", "dim"))
    return Answer("doctor", {"symptoms": [_symptom_data(symptom) for symptom in symptoms]}, lines)


def _identity(session: Session, symptom: Symptom) -> tuple[object, ...]:
    """Return what makes the findings of two passes the same."""
    return symptom.kind, symptom.line, session.trace.symbols.of(symptom.node).name


def _between_passes(session: Session) -> list[Symptom]:
    """Return what is wrong with the updates between the passes of a program."""
    return [] if session.passes is None else session.passes.updates.symptoms(session.trace)


def symptom_lines(symptom: Symptom, width: int) -> list[Text]:
    """Return a finding on as many lines as it takes."""
    place = f" ({symptom.place})" if symptom.place else ""
    told = textwrap.wrap(f"{symptom.kind}: {symptom.text}{place} · `{symptom.command}`", width - 2)
    return [Text(("! " if i == 0 else "  ") + line, "yellow") for i, line in enumerate(told)]


def _symptom_data(symptom: Symptom) -> dict[str, Any]:
    return {
        "kind": symptom.kind,
        "text": symptom.text,
        "node": symptom.node.index,
        "op": None if symptom.node.op is None else str(symptom.node.op),
        "line": symptom.line,
        "timesteps": symptom.timesteps,
        "command": symptom.command,
    }


_MIX = "mix what? a value and the axis of its examples, as `mix x 0`"


@command("mix", usage="mix NAME [AXIS]", group="diagnosing", completes="nodes", asks=_MIX)
def _mix(session: Session, argument: str) -> Answer:
    """Say whether the rows of an axis of NAME reach the results of other rows, and which op joins them first; each row
    is moved a little and the pass run again forward. AXIS is 0 unless it is given.
    """
    name, _, axis = argument.rpartition(" ")
    if not name or not axis.lstrip("-").isdigit():
        name, axis = argument, "0"
    with telling_of_variables(session.trace, name.strip()):
        mixed = diagnosis.mix(session.trace, name.strip(), int(axis))
    data = mixed._asdict() | {
        "first": mixed.first and mixed.first.index,
        "seen_in": mixed.seen_in and mixed.seen_in.index,
    }
    rows = f"the {mixed.rows} rows of axis {mixed.axis} of {mixed.of}"
    if mixed.first is None or mixed.seen_in is None:
        return Answer("mix", json_data(data), [Text(f"  {rows} keep to themselves up to the loss's own sums", "green")])
    lines = [Text(f"  {rows} read one another", "bold red"), _joins(session, "joined first by", mixed.first)]
    if mixed.seen_in is not mixed.first:
        lines.append(_joins(session, "then told apart in", mixed.seen_in))
    order = data["order"] = diagnosis.reading_order(mixed)
    if order:
        lines.append(Text(f"  {order}", "bold"))
    lines += _who_reaches_whom(mixed.reached, 1 if order else _MOST)
    step = session.trace.step_of(mixed.first)
    if step is not None:
        lines.append(Text(f"  `goto {step}` goes there", "dim"))
    return Answer("mix", json_data(data), lines)


def _who_reaches_whom(reached: dict[int, list[int]], most: int) -> list[Text]:
    """Return so many lines about rows, those that reach most first; rows that reach the same share one."""
    alike: dict[tuple[int, ...], list[int]] = {}
    for row, others in reached.items():
        if others:
            block = tuple(sorted({row, *others})) if len(others) > 1 else tuple(others)
            alike.setdefault(block, []).append(row)
    groups = sorted(alike.items(), key=lambda pair: -len(pair[0]))
    lines = []
    for block, rows in groups[:most]:
        those = [other for other in block if [other] != rows]
        verb = "reaches" if len(rows) == 1 else "reach"
        head = f"row{'s' * (len(rows) > 1)} {spans(rows)} {verb}"
        lines.append(Text(f"  {head} row{'s' * (len(those) > 1)} {spans(those)}"))
    left = sum(len(rows) for _, rows in groups[most:])
    return [*lines, Text(f"  and {left} more rows likewise", "dim")] if left else lines


def _joins(session: Session, what: str, node: Node) -> Text:
    line = f"{session.trace.place(node)}: " if node.source else ""
    t = f", time step {node.timestep}" if node.timestep is not None else ""
    text = Text.assemble(f"  {what} {node.op}, {line}", (node.expression, "bold"), t)
    text.truncate(session.width, overflow="ellipsis")
    return text


@command("cuts", group="diagnosing")
def _cuts(session: Session, argument: str) -> Answer:
    """List every line at which a Tensor left the graph while it was recorded, as `.data`, `float()`, `detach()`: in
    which time steps, where the value came back, and which parameters get no gradient on that way.
    """
    cuts = session.trace.cuts
    lines = [line for cut in cuts for line in _cut_lines(session, cut)]
    none = Text("  no Tensor left the graph while it was recorded", "green")
    return Answer("cuts", {"cuts": [_cut_data(cut) for cut in cuts]}, lines or [none])


def _cut_lines(session: Session, cut: Cut) -> list[Text]:
    where = f"{file_name(cut.source.filename)}:{cut.source.lineno}  " if cut.source else ""
    head = Text.assemble((f"  {cut.how} ", "bold"), "of ", (cut.what, "bold"), f", {_times(cut)}")
    lines = [head, Text.assemble((f"    {where}", "dim"), cut.source.expression if cut.source else "")]
    if cut.returned:
        lines.append(Text(f"    came back in {_reader(session, cut.returned)}", "yellow"))
        if cut.is_of_pass_before and cut.how in ASKED_FOR:
            lines.append(Text(f"    {_CARRIED_OVER}"))
        elif cut.parameters:
            lines.append(Text(f"    no gradient goes back through it to {', '.join(cut.parameters)}", "yellow"))
    else:
        lines.append(Text("    left here; whether it came back changed is not known", "dim"))
    for line in lines:
        line.truncate(session.width, overflow="ellipsis")
    return lines


def _times(cut: Cut) -> str:
    steps = f" in time step{'s' * (len(cut.timesteps) > 1)} {spans(cut.timesteps)}" if cut.timesteps else ""
    return f"{'once' if cut.times == 1 else f'{cut.times} ×'}{steps}"


def _reader(session: Session, returned: list[Node]) -> str:
    """Return the first op that reads what came back, and how many do."""
    readers = [reader for node in returned for reader, _ in session.trace.graph.consumers(node)]
    first = readers[0] if readers else returned[0]
    line = f", {session.trace.place(first)}" if first.source else ""
    more = f", and {len(readers) - 1} more" if len(readers) > 1 else ""
    return f"{first.expression or first.op or first.kind}{line}{more}"


def _cut_data(cut: Cut) -> dict[str, Any]:
    data = cut._asdict()
    data["source"] = cut.source and {"file": cut.source.filename, "line": cut.source.lineno}
    data.pop("made")
    data["returned"] = [node.index for node in cut.returned]
    return data
