"""Cuts: where a Tensor left the graph while the program was recorded, where it came back, and what it cut off."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graphs.graph import Graph
from ..graphs.symbols import plain_name
from ..plain_text import spans
from ..recording.calls import Call
from ..recording.departures import Departure, Made, departures_between, fingerprint, pass_before
from ..recording.node import Node
from ..recording.primitive import Primitive
from ..recording.source import Source, locate, locate_place, name_at, program_source

_PIECES = 64  # rows of a constant that are looked at one by one

ASKED_FOR = ("detach()", "no_grad")  # ways out that a program writes in order to stop the gradient


class Cut(NamedTuple):
    """A line of the program at which Tensors left the graph.

    Attributes
    ----------
    how : str
        What the program wrote: ``".data"``, ``".item()"``, ``"float()"``, ``"np.asarray"``, ``"detach()"``,
        ``"no_grad"`` ….
    what : str
        What left there, by its name or its expression.
    source : Source or None
        The line.
    made : Source or None
        The expression that had made what left.
    timesteps : list of int
        The time steps in which something left there, as far as they are known.
    times : int
        How often.
    returned : list of Node
        The constants and inputs of the graph that hold such a value again.
    parameters : list of str
        What no gradient goes back to on this way: the nearest parameters that led to what left.
    is_of_pass_before : bool
        Whether it was made before the pass before this one began: a state that is carried from pass to pass.
    """

    how: str
    what: str
    source: Source | None
    made: Source | None
    timesteps: list[int]
    times: int
    returned: list[Node]
    parameters: list[str]
    is_of_pass_before: bool = False

    def __str__(self) -> str:
        line = f"line {self.source.lineno}, " if self.source else ""
        when = f"time step{'s' * (len(self.timesteps) > 1)} {spans(self.timesteps)}, " if self.timesteps else ""
        back = f", came back {len(self.returned)} ×" if self.returned else "; whether it came back changed is not known"
        off = f"; no gradient to {', '.join(self.parameters)}" if self.parameters and self.returned else ""
        return f"{self.how} of {self.what}: {line}{when}{self.times} ×{back}{off}"


class _Exit(NamedTuple):
    """One value on its way out: where it left, when, and where it came back."""

    how: str
    source: Source | None
    made: Source | None
    what: str
    timestep: int | None
    returned: list[Node]
    parameters: tuple[Made, ...]
    is_inside: bool  # recorded between the first op of the graph and its output
    is_of_pass_before: bool = False


def find_cuts(graph: Graph, latest: Sequence[Departure | int]) -> list[Cut]:
    """Return the places at which Tensors left a graph while it was recorded, in the order of the first of each.

    Parameters
    ----------
    graph : Graph
    latest : sequence of Departure or int
        As `latest_departures` gives them when the backward pass is recorded.
    """
    exits: dict[Any, list[_Exit]] = {}
    for exit_ in (*_of_departures(graph, latest), *_of_no_grad(graph)):
        exits.setdefault((exit_.how, exit_.source, exit_.what), []).append(exit_)
    return [_cut(alike) for alike in exits.values() if any(exit_.is_inside or exit_.returned for exit_ in alike)]


def _cut(alike: Sequence[_Exit]) -> Cut:
    first = alike[0]
    returned = list(dict.fromkeys(node for exit_ in alike for node in exit_.returned))
    timesteps = sorted({exit_.timestep for exit_ in alike if exit_.timestep is not None})
    parameters = dict.fromkeys(parameter for exit_ in alike for parameter in exit_.parameters)
    names = sorted({called(*parameter) for parameter in parameters})
    before = any(exit_.is_of_pass_before for exit_ in alike)
    return Cut(first.how, first.what, first.source, first.made, timesteps, len(alike), returned, names, before)


def called(call: Call | None, lasti: int, label: str | None) -> str:
    """Return what the program calls a parameter, by where it was made and the name it was given."""
    return plain_name(label or name_at(call, lasti)) or "a parameter"


# -- what left, and where it came back ---------------------------------------------------------------------------------


def _of_departures(graph: Graph, latest: Sequence[Departure | int]) -> Iterator[_Exit]:
    clock = _Clock(graph)
    departures, began = departures_between(latest, clock.start, clock.end), pass_before(latest, clock.start)
    current = [departure for departure in departures if not departure.is_of_the_past()]
    if not current:
        return
    marked = {id(cut): [node] for node in graph.nodes if isinstance(cut := _cut_of(node), Departure)}
    values = _leaves_by_fingerprint(graph) if any(departure.how not in ASKED_FOR for departure in current) else {}
    for departure in current:
        mark = departure.mark()
        alike = [] if mark is None else values.get(mark, [])
        returned = [node for node in marked.get(id(departure), alike) if clock.number_of(node) > departure.number]
        t = departure.timestep if departure.timestep is not None else clock.timestep(departure, returned)
        source = locate_place(departure.code, departure.lasti)
        inside = departure.index > clock.start
        made = locate(departure.call, departure.made_at)
        old = departure.number < began and departure.op_name is not None
        yield _Exit(departure.how, source, made, _called(departure), t, returned, departure.parameters, inside, old)


def _of_no_grad(graph: Graph) -> Iterator[_Exit]:
    for node in graph.nodes:
        op = _cut_of(node)
        if isinstance(op, Primitive):
            source, what = program_source(node.call, node.lasti), node.name or node.expression or op.name
            yield _Exit("no_grad", source, source, what, node.timestep, [node], (), True)


def _cut_of(node: Node) -> Departure | Primitive | None:
    return None if node.kind == "op" or node.tensor is None else node.tensor._cut


def _leaves_by_fingerprint(graph: Graph) -> dict[int, list[Node]]:
    """Return the constants and leaves by their fingerprints, and by those of their rows and columns."""
    known: dict[int, list[Node]] = {}
    for node in graph.nodes:
        if node.kind != "op":
            for mark in {fingerprint(piece) for piece in _pieces(np.asarray(node._value))}:
                if mark is not None:
                    known.setdefault(mark, []).append(node)
    return known


def _pieces(value: np.ndarray) -> Iterator[np.ndarray]:
    yield value
    for axis in range(min(value.ndim, 2)):
        if value.shape[axis] <= _PIECES:
            yield from np.moveaxis(value, axis, 0)


class _Clock:
    """When something left: in the time step of what left, of what came back, or of what was recorded just before."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._ops = [node for node in graph.nodes if node.kind == "op" and node.tensor is not None]
        self._numbers = [node.tensor._index for node in self._ops if node.tensor is not None]
        self.start, self.end = (self._numbers[0], self._numbers[-1]) if self._numbers else (-1, -1)

    def number_of(self, node: Node) -> int:
        """Return the running number of a leaf, of a constant that of the op that reads it."""
        if node.tensor is not None:
            return node.tensor._index
        reader = self._reader(node)
        return -1 if reader is None or reader.tensor is None else reader.tensor._index

    def _reader(self, node: Node) -> Node | None:
        return next((reader for reader, _ in self.graph.timeline.reads[node.index]), None)

    def timestep(self, departure: Departure, returned: list[Node]) -> int | None:
        """Return the time step in which a departure was."""
        at = bisect_left(self._numbers, departure.number)
        if at < len(self._ops) and self._numbers[at] == departure.number:
            return self._ops[at].timestep
        line = locate_place(departure.code, departure.lasti)
        for reader in filter(None, map(self._reader, returned)):
            if reader.timestep is not None and reader.source is not None and line is not None:
                later = reader.source.lineno >= line.lineno and reader.source.filename == line.filename
                return reader.timestep if later else reader.timestep - 1  # what a line further up reads, it reads next
        before = bisect_left(self._numbers, departure.index)
        return self._ops[before - 1].timestep if before else None


def _called(departure: Departure) -> str:
    """Return what the program calls what left."""
    name = plain_name(departure.label or name_at(departure.call, departure.made_at))
    source = None if name else locate(departure.call, departure.made_at)
    return name or (source.expression if source else "") or departure.op_name or "a parameter"
