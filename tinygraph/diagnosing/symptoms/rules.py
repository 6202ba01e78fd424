"""Rules of the program's own ops, checked where they are used."""

from __future__ import annotations

from collections.abc import Iterator

from ...recording.op import Op
from ...recording.primitive import is_ours
from ...testing.verification import check_nodes
from .case import Case, Symptom

_TRIED = 4  # nodes of a line


def wrong_rules(case: Case) -> Iterator[Symptom]:
    """Find ops of the program's own that give another value when they run again, or whose rule is wrong."""
    for line in case.lines:
        if not isinstance(line.first.op, Op) or is_ours(line.first.op):
            continue
        step = max(1, (len(line.nodes) - 1) // (_TRIED - 1))
        findings = check_nodes(line.nodes[::step])
        if findings:
            first = findings[0]
            place = f"; {first.code.strip().splitlines()[-1].strip()}" if first.code else ""
            time = "" if first.node.timestep is None else f", in time step {first.node.timestep}"
            yield case.symptom("rule", f"{first.headline}{time}{place}", line.nodes, "verify")
