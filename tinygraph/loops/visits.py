"""When ops ran: their places, and the iterations of the loops around them, told, read from the program or counted."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import NamedTuple

import numpy as np

from ..numeric import padded
from ..recording.bytecode import layout
from ..recording.calls import Call
from ..recording.node import Node
from .places import Body, Loop, Place, Vector, chain_of
from .reads import Wiring
from .signatures import parameters_used, signature

ToldLoops = tuple[tuple[str, int], ...]  # names and iterations, outermost first
Visit = tuple[Place, Vector]
PlacesAndVectors = tuple[list[Place], list[Vector]]  # of each op


class Visits(NamedTuple):
    """When and where ops ran.

    Attributes
    ----------
    places : list of Place
        The places at which ops stand, each once.
    place : (N,) array
        The number of the place of each op.
    iterations : (N, D) array
        The iterations of the loops around it, outermost first, filled up with -1.
    """

    places: list[Place]
    place: np.ndarray
    iterations: np.ndarray

    @classmethod
    def of(cls, places: Sequence[Place], vectors: Sequence[Vector]) -> Visits:
        """Make them of the place and the iterations of each op."""
        numbers = {place: number for number, place in enumerate(dict.fromkeys(places))}
        place = np.fromiter(map(numbers.__getitem__, places), np.int32, len(places))
        return cls(list(numbers), place, padded(vectors).astype(np.int32))

    def some(self, kept: np.ndarray | slice) -> Visits:
        """Return the visits of some ops, without places at which none of them stands."""
        place = self.place[kept]
        present = list(dict.fromkeys(place.tolist()))
        places = [self.places[number] for number in present]
        numbers = np.zeros(len(self.places), np.int32)
        numbers[present] = np.arange(len(present))
        depth = max((len(place.loops) for place in places), default=0)
        return Visits(places, numbers[place], self.iterations[kept, :depth])

    def each(self) -> Iterator[Visit]:
        """Yield the place of each op, and the iterations of its loops."""
        for number, vector in zip(self.place.tolist(), self.iterations.tolist(), strict=True):
            place = self.places[number]
            yield place, tuple(vector[: len(place.loops)])


def visits(wiring: Wiring) -> Visits:
    """Return the places and the iterations of the ops of a graph, in recorded order.

    They are told by `tg.iteration`, or read from the program, or counted where calls are not known.
    """
    pulled = any(told is not None for told in wiring.facts.each("pulled"))
    if pulled or any(context is not None and context.loops for context in set(wiring.facts.each("context"))):
        return Visits.of(*_of_nodes(list(wiring.ops), wiring))
    calls = list(wiring.facts.each("call"))
    if None in calls:
        return Visits.of(*visits_counted(list(wiring.ops), wiring))
    return Visits.of(*visits_read(calls, wiring.facts.each("lasti")))


def _of_nodes(nodes: Sequence[Node], wiring: Wiring) -> PlacesAndVectors:
    """Return the place and the iterations of each op, where some were told, or computed by a recorded pass."""
    forward = [node for node in nodes if node.pulled is None]
    if len(forward) < len(nodes):
        return with_pulled(nodes, _of_nodes(forward, wiring))
    told = [node for node in nodes if node.told_loops]
    others = [node for node in nodes if not node.told_loops]
    if all(node.call is not None for node in others):
        visited = visits_read([node.call for node in others], [node.lasti for node in others])
    else:
        visited = visits_counted(others, wiring)
    of_told, of_others = (zip(*part, strict=True) for part in (visits_told(told), visited))
    merged = [next(of_told if node.told_loops else of_others) for node in nodes]
    return [place for place, _ in merged], [vector for _, vector in merged]


def with_pulled(nodes: Sequence[Node], forward: PlacesAndVectors) -> PlacesAndVectors:
    """Return the visits of all op nodes, given those of the forward pass: a rule's ops run where its op did.

    The loop of a recorded backward pass is the engine's own, and not the program's. What is pulled back through an op
    that does not lead to the outputs stands with what reads it.
    """
    ops = (node for node in nodes if node.pulled is None)
    visited: dict[Node, Visit] = dict(zip(ops, zip(*forward, strict=True), strict=True))
    nowhere: Visit = Place((), ()), ()
    of_rule: dict[Node, Node | None] = {}
    for node in reversed(nodes):
        if node.pulled is not None:
            op = node.pulled.forward or of_rule.get(node)
            of_rule[node] = op
            of_rule |= {source: op for source in node.inputs if source.pulled is not None and source not in of_rule}
    places: dict[Hashable, Place] = {}
    counts: dict[Hashable, int] = {}
    for node in nodes:
        if node.pulled is not None:
            op = of_rule[node]
            place, vector = nowhere if op is None else visited.get(op, nowhere)
            rule = place, node.call and id(node.call.code), node.lasti, str(node.op)
            occurrence = counts[rule, vector] = counts.get((rule, vector), -1) + 1
            if (rule, occurrence) not in places:
                places[rule, occurrence] = Place(place.loops, (*place.order, len(places)))
            visited[node] = places[rule, occurrence], vector
    return [visited[node][0] for node in nodes], [visited[node][1] for node in nodes]


# -- read from calls and bytecode --------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Activation:
    """A call while the recording is read again: where it stands, and in which iterations.

    `entry` is the event in the caller's body, `last` the latest event in its own.
    """

    body: Body
    caller: Activation | None
    entry: int
    last: int = -1
    place: Place | None = None
    vector: Vector = ()


class _Reader:
    """A reader of the recorded nodes, in order, with the stack of calls that the program had."""

    def __init__(self, base: Call | None):
        self.root = Body(base.code if base else None)
        self.stack: list[Call | None] = [base]
        self.live: dict[Call | None, Activation] = {base: Activation(self.root, None, -1)}
        self.stream: list[tuple[Activation, int, Activation | None]] = []

    def read(self, calls: Iterable[Call | None], offsets: Iterable[int]) -> None:
        call: Call | None = self.stack[0]
        activation = self.live[call]
        body = activation.body
        append = self.stream.append
        for now, lasti in zip(calls, offsets, strict=True):  # as of a call, without its functions: it runs for every op
            if now is not call:
                call = now
                activation = self._enter(call)
                body = activation.body
            event = (body.events[lasti] if lasti in body.events else body.event(lasti)) + 1
            body.followed.add((activation.last, event))
            activation.last = event
            append((activation, event, None))

    def _enter(self, call: Call | None) -> Activation:
        """Return to a call that is still running, or enter it; a generator that goes on is entered again."""
        new = []
        while call not in self.live:
            new.append(call)
            call = call.parent if call else None
        while self.stack[-1] is not call:
            del self.live[self.stack.pop()]
        activation = self.live[call]
        for inner in reversed(new):
            assert inner is not None
            activation = self.live[inner] = self._called(activation, inner)
            self.stack.append(inner)
        return activation

    def _called(self, caller: Activation, call: Call) -> Activation:
        body = caller.body
        event = body.event(call.lasti) if call.parent else 2 * len(body.followed)
        body.followed.add((caller.last, event))
        caller.last = event
        activation = _recursion(caller, event, call.code)
        if activation is not None:
            activation.body.recursions.add((id(body), event))
        else:
            called = body.called.get((event, id(call.code)))
            if called is None:
                called = body.called[event, id(call.code)] = Body(call.code)
            activation = Activation(called, caller, event)
        self.stream.append((caller, event, activation))
        return activation


def _recursion(caller: Activation, event: int, code: CodeType) -> Activation | None:
    """Return the running activation that a call repeats, if it is a recursion: the same call from the same place."""
    if caller.body.code is code:
        return caller
    outer: Activation | None = caller
    while outer is not None and outer.caller is not None:
        if outer.body.code is code and outer.entry == event and outer.caller.body.code is caller.body.code:
            return outer
        outer = outer.caller
    return None


def visits_read(calls: Sequence[Call | None], offsets: Iterable[int]) -> PlacesAndVectors:
    """Read places and iterations from the bytecode of the program, given the call of each op and its offset there."""
    reader = _Reader(_shared_caller(dict.fromkeys(calls)))
    reader.read(calls, offsets)
    reader.root.arrange((), ())
    places: list[Place] = []
    vectors: list[Vector] = []
    for activation, event, called in reader.stream:
        place = activation.body.places[event]
        vector = activation.vector = place.advance(activation.vector, activation.place)
        activation.place = place
        if called is None:
            places.append(place)
            vectors.append(vector)
        elif called.place is None:
            called.vector = vector
    return places, vectors


def _shared_caller(calls: Iterable[Call | None]) -> Call | None:
    """Return the innermost call in which all of `calls` ran, or None."""
    chain: list[Call | None] = []
    call = next(iter(calls), None)
    while call is not None:
        chain.append(call)
        call = call.parent
    chain.append(None)
    depth = {outer: k for k, outer in enumerate(chain)}
    visited = set(chain)
    innermost = 0
    for call in calls:
        while call is not None and call not in visited:
            visited.add(call)
            call = call.parent
        innermost = max(innermost, depth.get(call, 0))
    return chain[innermost]


# -- told by tg.iteration ----------------------------------------------------------------------------------------------


def visits_told(nodes: Sequence[Node]) -> PlacesAndVectors:
    """Return places and iterations of ops whose loops were told.

    A place is then the chain of loops, the instruction, and how many ops that instruction had made before in the same
    iteration: a program that is interpreted runs many of its ops at one instruction.
    """
    vector_of = _iterations_from_zero(dict.fromkeys(node.told_loops for node in nodes))
    chains: dict[tuple, tuple[Loop, ...]] = {(): ()}
    places: dict[Hashable, Place] = {}
    counts: dict[Hashable, int] = {}
    visited: PlacesAndVectors = [], []
    for node in nodes:
        vector = vector_of[node.told_loops]
        names = tuple(name for name, _ in node.told_loops)
        code = node.call.code if node.call else None
        where = (names, id(code), code and layout(code).instruction(node.lasti))
        occurrence = counts[where, vector] = counts.get((where, vector), -1) + 1
        if (where, occurrence) not in places:
            order = (*(n for depth in range(len(names)) for n in (depth, None)), len(places))
            places[where, occurrence] = Place(chain_of(names, chains, Loop), order)
        visited[0].append(places[where, occurrence])
        visited[1].append(vector)
    return visited


def _iterations_from_zero(told_loops: Iterable[ToldLoops]) -> dict[ToldLoops, Vector]:
    """Number the iterations in which something was recorded, as they are numbered where they are read."""
    numbers: dict[tuple, set[int]] = {}
    for told in told_loops:
        for depth, (name, i) in enumerate(told):
            numbers.setdefault((told[:depth], name), set()).add(i)
    ranks = {loop: {i: rank for rank, i in enumerate(sorted(recorded))} for loop, recorded in numbers.items()}
    return {told: tuple(ranks[told[:depth], name][i] for depth, (name, i) in enumerate(told)) for told in told_loops}


# -- counted -----------------------------------------------------------------------------------------------------------


def visits_counted(nodes: Sequence[Node], wiring: Wiring) -> PlacesAndVectors:
    """Count how often the same op ran at the same source, where calls are not known: in a file of an old version."""
    loop = Loop(None)
    places: dict[Hashable, Place] = {}
    counts: dict[Place, int] = {}
    visited: PlacesAndVectors = [], []
    numbers, _ = parameters_used(wiring)
    for node in nodes:
        parameters = int(numbers[wiring.position[node.index]])
        source = node.source and (node.source.filename, node.source.lineno, node.source.column, node.source.end_column)
        key = (signature(node.op, node.attributes), parameters, source, node.scope)
        if key not in places:
            places[key] = Place((loop,), (0, None, len(places)))
        place = places[key]
        counts[place] = counts.get(place, -1) + 1
        visited[0].append(place)
        visited[1].append((counts[place],))
    return visited
