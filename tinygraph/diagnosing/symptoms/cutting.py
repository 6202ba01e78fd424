"""Cuts that nobody meant: what left the graph as a number and came back as a constant."""

from __future__ import annotations

from collections.abc import Iterator

from ...recording.node import Node
from ...tracing.cuts import ASKED_FOR, Cut
from .case import Case, Symptom

_FEW = 4


def returned_values(case: Case) -> Iterator[Symptom]:
    """Find values that left the graph and came back, and states that are detached in every time step."""
    for cut in case.trace.cuts:
        readers = [reader for node in cut.returned for reader, _ in case.graph.consumers(node)]
        if not readers or (cut.how in ASKED_FOR and not _is_of_every_step(case, cut, readers)):
            continue
        off = f"; no gradient goes back to {', '.join(cut.parameters)}" if cut.parameters else ""
        line = f"{cut.source.place(case.trace.script)}: " if cut.source else ""
        text = f"{line}{cut.how} took {cut.what} out of the graph, and it came back as a constant{off}"
        yield case.symptom("cut", text, readers, "cuts")


def _is_of_every_step(case: Case, cut: Cut, readers: list[Node]) -> bool:
    """Tell whether a value is cut from each step of a loop to the next: what reads it runs before what makes it."""
    read, made = readers[0].source, cut.made
    if read is None or made is None or cut.how != "detach()" or read.filename != made.filename:
        return False
    if (read.end_lineno, read.end_column) > (made.end_lineno, made.end_column):
        return False
    alike = [node for line in case.lines if line.first.source == read for node in line.nodes]
    return len(alike) >= _FEW and len({*readers} & {*alike}) >= len(alike) - 1
