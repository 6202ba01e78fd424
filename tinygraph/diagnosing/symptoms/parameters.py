"""Parameters: without a gradient, with one that is rounding, read under two names, one cell in several layers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...array_text import number_text
from ...numeric import norm
from ...recording.node import Node
from ...recording.operands import operand_path
from ...recording.paths import name_of
from .case import Case, Symptom, timesteps
from .selection import is_chosen

_ROUNDINGS = 1e3  # units in the last place
_FEW = 3


def without_gradient(case: Case) -> Iterator[Symptom]:
    """Find parameters that no gradient reaches, or one that is 0, or 0 but for rounding.

    Behind a matrix that starts at 0, as people do it with the last one, gradients are 0 until it has moved.
    """
    trace = case.trace
    gradients = {node: trace.gradient(node) for node in case.graph.parameters}
    sizes = {node: norm(g) for node, g in gradients.items() if g is not None}
    largest = max((size for size in sizes.values() if np.isfinite(size)), default=0.0)
    starts_at_zero = any(size > 0 and not node.data.any() and node.data.ndim > 1 for node, size in sizes.items())
    for node in case.graph.parameters:
        name, size = trace.symbols.of(node), sizes.get(node)
        readers = [reader for reader, _ in case.graph.consumers(node)] or [node]
        command = f"contributions {name.ascii}"
        if size is None:
            yield case.symptom("no gradient", f"no gradient reaches {name}", readers, command)
        elif size == 0 and node.data.size and not starts_at_zero and not _has_met_only_zeros(case, node):
            yield case.symptom("no gradient", f"the gradient of {name} is 0 in all elements", readers, command)
        elif size < np.sqrt(np.finfo(node.dtype).eps) * largest and size < _rounding(case, node):
            text = f"the gradient of {name} is {number_text(size)}: 0 but for rounding"
            yield case.symptom("no gradient", text, readers, command)


def _has_met_only_zeros(case: Case, node: Node) -> bool:
    """Tell whether a parameter was used in a few steps only, with a state that was still 0."""
    uses = case.graph.consumers(node)
    others = [source for reader, argument in uses for i, source in enumerate(reader.inputs) if i != argument]
    return len(uses) <= _FEW and bool(others) and not any(source.data.any() for source in others)


def _rounding(case: Case, node: Node) -> float:
    """Return how large the gradient of a parameter may be and still be rounding of what it is the sum of."""
    scale = 0.0
    for step, argument in case.trace.writes(node):
        reader = case.trace.nodes[step]
        others = [norm(source.data) for i, source in enumerate(reader.inputs) if i != argument]
        additive = str(reader.op) in ("add", "subtract")
        scale += norm(case.trace.adjoints[step]) * (1.0 if additive else max(others, default=1.0))
    return _ROUNDINGS * float(np.finfo(node.dtype).eps) * scale


def under_two_names(case: Case) -> Iterator[Symptom]:
    """Find a parameter that one function reads under two names: two of its variables are the same Tensor."""
    for node in case.graph.parameters:
        readers: dict[str, list[Node]] = {}
        for places in _by_place(case, node).values():
            reader, argument = places[0]
            path = operand_path(reader.call, reader.lasti, argument)
            name = name_of(path) if path else None
            if name is not None:
                readers.setdefault(name, []).extend(reader for reader, _ in places)
        if len(readers) < 2:
            continue
        names, nodes = list(readers), [reader for of_name in readers.values() for reader in of_name]
        codes = {reader.call.code for reader in nodes if reader.call is not None}
        times = {tuple(timesteps(of_name)) for of_name in readers.values()}  # an initial state is read in one only
        if len(codes) == 1 and len(times) == 1:
            lines = ", ".join(str(of_name[0].source.lineno) for of_name in readers.values() if of_name[0].source)
            text = f"{' and '.join(names)} are one and the same parameter (lines {lines})"
            yield case.symptom("shared", text, nodes, f"contributions {names[0]}")


def _by_place(case: Case, node: Node) -> dict[object, list[tuple[Node, int]]]:
    """Return what reads a node, by the instruction that does."""
    places: dict[object, list[tuple[Node, int]]] = {}
    for reader, argument in case.graph.consumers(node):
        if reader.call is not None:
            places.setdefault((id(reader.call.code), reader.lasti, argument), []).append((reader, argument))
    return places


def one_cell_in_layers(case: Case) -> Iterator[Symptom]:
    """Find layers, each with a state of its own, that are chosen by a loop and are all one cell."""
    slots = case.graph.timeline.slots
    for parameter in case.graph.parameters:
        if parameter.data.ndim != 2:
            continue  # a step size, a bias: what several places may well share
        chosen: dict[object, bool] = {}
        at: dict[object, dict[int, list[Node]]] = {}
        for reader, argument in case.graph.consumers(parameter):
            if reader.timestep is None or reader.call is None:
                continue
            site = (id(reader.call.code), reader.lasti, reader.call.lasti, argument)
            if site not in chosen:
                chosen[site] = is_chosen(reader, argument)
            if chosen[site]:
                place = (reader.source, str(reader.op), argument)
                at.setdefault(place, {}).setdefault(slots[reader.index], []).append(reader)
        for layers in at.values():
            if len(layers) > 1 and _are_layers(case, list(layers.values())):
                first = next(iter(layers.values()))[0]
                text = f"{len(layers)} layers, each with a state of its own, use one {case.trace.symbols.of(parameter)}"
                names = f"contributions {case.trace.symbols.of(parameter).ascii}"
                yield Symptom("shared", text, first, timesteps(n for nodes in layers.values() for n in nodes), names)
                return


def _are_layers(case: Case, layers: list[list[Node]]) -> bool:
    """Tell whether each of some places leads to itself one time step later, and to the next place but not back.

    What leads back to the place below is no layer but a stage of an integrator.
    """
    everywhere = {node for nodes in layers for node in nodes}
    if any(len(nodes) < 2 or not _leads(case, nodes[0], nodes[1], everywhere) for nodes in layers):
        return False
    return all(
        any(_leads(case, below[0], node, everywhere) for node in above[:2])
        and not _leads(case, above[0], below[1], everywhere)
        for below, above in zip(layers, layers[1:], strict=False)
    )


def _leads(case: Case, start: Node, end: Node, walls: set[Node]) -> bool:
    """Tell whether a way leads from one op to another without meeting one of the same parameter in between."""
    reached = [start]
    known = {start}
    for node in reached:  # the list grows under the loop
        for reader, _ in case.graph.consumers(node):
            if reader is end:
                return True
            if reader not in known and reader not in walls and reader.index < end.index:
                known.add(reader)
                reached.append(reader)
    return False
