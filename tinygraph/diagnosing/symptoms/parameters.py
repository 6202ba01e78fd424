"""Parameters that are one where they should be several: under two names, in several layers, in both directions."""

from __future__ import annotations

from collections.abc import Iterator

from ...graphs.graph import Graph
from ...recording.creation import parameters
from ...recording.history import by_index
from ...recording.node import Node
from ...recording.operands import operand_path
from ...recording.paths import name_of
from .case import Case, Symptom, evenly, timesteps
from .selection import is_chosen, is_indexed

_SAMPLE = 48  # readers at one place


def under_two_names(case: Case) -> Iterator[Symptom]:
    """Find a parameter that one function reads under two names in the same part: two gates with the same weight.

    An embedding that is the decoder too is read by another op, and shared on purpose.
    """
    for node in case.graph.parameters:
        readers = readers_by_name(case.graph, node)
        if len(readers) < 2:
            continue
        names, nodes = list(readers), [reader for of_name in readers.values() for reader in of_name]
        codes = {reader.call.code for reader in nodes if reader.call is not None}
        times = {tuple(timesteps(of_name)) for of_name in readers.values()}  # an initial state is read in one only
        ops = {frozenset(str(reader.op) for reader in of_name) for of_name in readers.values()}
        if len(codes) == len(times) == len(ops) == 1:
            lines = ", ".join(str(of_name[0].source.lineno) for of_name in readers.values() if of_name[0].source)
            text = f"{' and '.join(names)} are one and the same parameter{case.made(node)}, read in lines {lines}"
            yield case.symptom("shared", text, nodes, f"contributions {names[0]}")


def readers_by_name(graph: Graph, node: Node) -> dict[str, list[Node]]:
    """Return the ops that read a parameter, by the name under which they do; of a table, there is none."""
    readers: dict[str, list[Node]] = {}
    for places in _by_place(graph, node).values():
        reader, argument = places[0]
        path = operand_path(reader.call, reader.lasti, argument)
        name = name_of(path) if path else None
        if name is not None and not is_indexed(reader, argument):
            readers.setdefault(name, []).extend(reader for reader, _ in places)
    return readers


def _by_place(graph: Graph, node: Node) -> dict[object, list[tuple[Node, int]]]:
    """Return what reads a node, by the instruction that does."""
    places: dict[object, list[tuple[Node, int]]] = {}
    for reader, argument in graph.consumers(node):
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
                name = case.trace.symbols.of(parameter)
                text = f"{len(layers)} layers, each with a state of its own, use one {name}"
                text += case.made(parameter, with_caller=True)
                nodes = [node for of_layer in layers.values() for node in of_layer]
                yield case.symptom("shared", text, nodes, f"contributions {name.ascii}")
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


def read_in_place_of_another(case: Case) -> Iterator[Symptom]:
    """Find a parameter that is read at two places of a function while one that was made beside it is read nowhere."""
    used = {node.tensor: node for node in case.graph.parameters if node.tensor is not None}
    makers = {tensor._call for tensor in used}
    unused = [
        each for each in tuple(parameters) if each not in used and each._call in makers and each._call is not None
    ]
    for other in sorted(unused, key=by_index):
        for tensor, node in used.items():
            if tensor._call is not other._call or tensor._lasti != other._lasti or tensor.shape != other.shape:
                continue
            places = [readers[0] for readers in _by_place(case.graph, node).values()]
            codes = {reader.call.code for reader, _ in places if reader.call is not None}
            if len(places) > 1 and len(codes) == 1 and len({(str(reader.op), i) for reader, i in places}) == 1:
                lines = " and ".join(str(reader.source.lineno) for reader, _ in places if reader.source)
                name = case.trace.symbols.of(node)
                text = f"{name} is read in lines {lines}, and {other.name or 'one made beside it'} nowhere"
                yield case.symptom("unused", text, [places[-1][0]], f"contributions {name.ascii}")


def one_cell_both_ways(case: Case) -> Iterator[Symptom]:
    """Find a weight that carries the state of a network both forward and backward through time."""
    runs = case.graph.timeline.runs
    for parameter in case.graph.parameters:
        ways: dict[bool, list[Node]] = {}
        for readers in _by_place(case.graph, parameter).values() if parameter.data.ndim == 2 else ():
            for reader in evenly([reader for reader, _ in readers], _SAMPLE):
                run = runs[reader.index]
                if run is not None and run.last > run.first and _reads_state(reader):
                    ways.setdefault(run.backward, []).append(reader)
        if len(ways) > 1:
            name = case.trace.symbols.of(parameter)
            text = f"one {name} carries the state both forward and backward through time"
            yield case.symptom("shared", text, [*ways[False], *ways[True]], f"contributions {name.ascii}")
            return


def _reads_state(reader: Node) -> bool:
    sources = [source for source in reader.inputs if source.kind == "op" and source.timestep is not None]
    return any(source.timestep != reader.timestep for source in sources)
