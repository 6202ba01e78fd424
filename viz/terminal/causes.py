"""Commands that look for causes: cuts."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from tinygraph.plain_text import spans
from tinygraph.recording.node import Node
from tinygraph.tracing.cuts import Cut

from ..debugging.names import file_name
from .session import Answer, Session, command


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
        if cut.parameters:
            lines.append(Text(f"    no gradient goes back through it to {', '.join(cut.parameters)}", "yellow"))
    else:
        lines.append(Text("    did not come back as it was", "dim"))
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
    line = f", line {first.source.lineno}" if first.source else ""
    more = f", and {len(readers) - 1} more" if len(readers) > 1 else ""
    return f"{first.expression or first.op or first.kind}{line}{more}"


def _cut_data(cut: Cut) -> dict[str, Any]:
    data = cut._asdict()
    data["source"] = cut.source and {"file": cut.source.filename, "line": cut.source.lineno}
    data["returned"] = [node.index for node in cut.returned]
    return data
