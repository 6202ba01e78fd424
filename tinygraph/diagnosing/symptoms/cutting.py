"""Cuts that nobody meant: what left the graph as a number and came back as a constant."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...recording.node import Node
from ...recording.source import Source
from ...tracing.cuts import ASKED_FOR, Cut, called
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


def cut_off_model(case: Case) -> Iterator[Symptom]:
    """Find a state that a loop detaches, and after it no way on which the parameters before it get a gradient.

    Truncated back-propagation leaves them one, through the time steps after the cut. What is detached outside of a
    loop, as the features of a frozen encoder or the samples of a generator, is meant.
    """
    tensors = (node.tensor for node in case.graph.parameters)
    reached = {called(tensor._call, tensor._lasti, tensor._name) for tensor in tensors if tensor is not None}
    reached |= {"a parameter", *(node.name for node in case.graph.parameters if node.name)}
    for cut in case.trace.cuts:
        if cut.how != "detach()" or not cut.returned or not cut.parameters or reached.intersection(cut.parameters):
            continue
        readers = [reader for node in cut.returned for reader, _ in case.graph.consumers(node)]
        if readers and cut.source is not None and _detaches_a_state(case, cut.source):
            text = f"{cut.source.place(case.trace.script)}: detach() of {cut.what} lies between the loss and all of"
            text += f" {', '.join(cut.parameters)}, which get no gradient at all"
            yield case.symptom("cut", text, readers, "cuts")


def _detaches_a_state(case: Case, place: Source) -> bool:
    """Tell whether a line gives a variable its own value detached, in a loop that is not the one of the updates."""
    lines = case.trace.source_lines(place.filename)
    try:
        tree = ast.parse("\n".join(lines.get(n, "") for n in range(1, max(lines, default=0) + 1)))
    except SyntaxError:
        return False
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)):
        names = {node.attr for node in ast.walk(loop) if isinstance(node, ast.Attribute)}
        if "backward" in names or not loop.lineno <= place.lineno <= (loop.end_lineno or 0):
            continue
        for node in ast.walk(loop):
            if isinstance(node, ast.Assign) and node.lineno <= place.lineno <= (node.end_lineno or 0):
                given = (name for target in node.targets for name in _names(target))
                return not _names(node.value).isdisjoint(given)
    return False


def _names(expression: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}


def _is_of_every_step(case: Case, cut: Cut, readers: list[Node]) -> bool:
    """Tell whether a value is cut from each step of a loop to the next: what reads it runs before what makes it."""
    read, made = readers[0].source, cut.made
    if read is None or made is None or cut.how != "detach()" or read.filename != made.filename:
        return False
    if (read.end_lineno, read.end_column) > (made.end_lineno, made.end_column):
        return False
    alike = [node for line in case.lines if line.first.source == read for node in line.nodes]
    return len(alike) >= _FEW and len({*readers} & {*alike}) >= len(alike) - 1
