"""Directions: the halves of a bidirectional network that are joined without turning one of them back."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case, Symptom

_FEW = 4


def halves_not_turned_back(case: Case) -> Iterator[Symptom]:
    """Find an op that joins the state of one direction at t with that of the other at the other end of the sequence."""
    runs = case.graph.timeline.runs
    for line in case.lines:
        pairs = []
        for node in line.sample if len(line.first.inputs) > 1 else ():
            halves = {run.backward: source for source in node.inputs if (run := runs[source.index]) is not None}
            if len(halves) == 2 and halves[False].shape == halves[True].shape:
                pairs.append((halves[False], halves[True]))
        times = [(one.timestep, other.timestep) for one, other in pairs]
        sums = {t + s for t, s in times if t is not None and s is not None}
        if len(sums) == 1 and len({*times}) >= _FEW:
            one, other = (case.trace.symbols.of(half) for half in pairs[0])
            text = f"{line.op} joins {one} of one direction with {other} of the other, t with {sums.pop()} − t:"
            yield case.symptom("directions", f"{text} is the second turned back?", line.nodes)
