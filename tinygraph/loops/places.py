"""Where and when each op ran: an instruction, reached by a chain of calls, and the iterations of the loops around."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import CodeType

from ..recording.bytecode import Flow, Heads, layout
from ..recording.calls import Call
from ..recording.node import Node

Order = tuple[int | None, ...]  # numbers of places that sort as things happened, None for an iteration
Vector = tuple[int, ...]  # the iteration of each enclosing loop, outermost first


class Loop:
    """A loop of the recorded program, at one place of one chain of calls.

    Attributes
    ----------
    parent : Loop or None
        The loop around it.
    code, offset : CodeType or None, int
        The function it stands in, and the instruction at its head; the offset is -1 where the function itself is
        what repeats. None where the loop was told, comes from a file, or is only known from how often something
        happened.
    function, filename, lineno : str, str, int or None
        Where it stands, for people. Of a loop told by `tg.iteration`, `function` is its name.
    """

    def __init__(
        self,
        parent: Loop | None,
        code: CodeType | None = None,
        offset: int = -1,
        *,
        function: str = "",
        filename: str = "",
        lineno: int | None = None,
    ):
        self.parent = parent
        self.code = code
        self.offset = offset
        self.function = code.co_qualname if code else function
        self.filename = code.co_filename if code else filename
        self._lineno = lineno

    def copy(self, parent: Loop | None) -> Loop:
        """Return a loop of the same place around which another loop stands."""
        return Loop(
            parent,
            self.code,
            self.offset,
            function=self.function,
            filename=self.filename,
            lineno=self._lineno,
        )

    @property
    def depth(self) -> int:
        """How many loops stand around it."""
        return self.parent.depth + 1 if self.parent else 0

    @property
    def lineno(self) -> int | None:
        """The line of the loop's head, if the code has lines."""
        if self.code is None:
            return self._lineno
        if self.offset < 0:
            return self.code.co_firstlineno
        lines = (line for start, end, line in self.code.co_lines() if start <= self.offset < end)
        return next(lines, None)

    def __str__(self) -> str:
        if self.lineno is not None:
            return f"the loop at {Path(self.filename).name}:{self.lineno} in {self.function}"
        return f"the loop {self.function!r}" if self.function else "what was repeated"

    def __repr__(self) -> str:
        return f"Loop({self.function}, line {self.lineno})" if self.function else "Loop(repetition)"


class Place:
    """An instruction that recorded ops or called what did, reached by one chain of calls.

    `order` sorts what happened in the order in which it did: numbers of places with None where the iterations of
    `loops` belong.
    """

    __slots__ = ("_after", "_body", "_event", "loops", "order")

    def __init__(self, loops: tuple[Loop, ...], order: Order, body: Body | None = None, event: int = 0):
        self.loops = loops
        self.order = order
        self._body = body
        self._event = event
        self._after: dict[Place | None, tuple[int, bool, Vector]] = {}

    def advance(self, vector: Vector, before: Place | None) -> Vector:
        """Return the iterations at this place, given those at the place `before` it in the same call."""
        change = self._after.get(before)
        if change is None:
            if before is None or self._body is None or self._body.flow is None:
                return vector + (0,) * (len(self.loops) - len(vector))
            change = self._after[before] = self._change(before)
        kept, again, zeros = change
        if again:
            return (*vector[:kept], vector[kept] + 1, *zeros)
        return vector if kept == len(vector) and not zeros else vector[:kept] + zeros

    def _change(self, before: Place) -> tuple[int, bool, Vector]:
        """Return how many iterations stay as they are, whether the one after them goes on, and zeros for the rest."""
        body = self._body
        assert body is not None
        assert body.flow is not None
        shared = body.flow.shared(before._event, self._event)
        again = shared > 0 and body.flow.starts_again(before._event, self._event)
        kept = len(body.loops) + shared
        return kept - again, again, (0,) * (len(self.loops) - kept)


class Body:
    """A function as reached by one chain of calls."""

    __slots__ = ("called", "code", "events", "flow", "followed", "loops", "order", "places")

    def __init__(self, code: CodeType | None):
        self.code = code
        self.events: dict[int, int] = {}  # raw offset -> event
        self.followed: set[tuple[int, int]] = set()
        self.flow: Flow | None = None
        self.called: dict[tuple[int, int], Body] = {}
        self.places: dict[int, Place] = {}
        self.loops: tuple[Loop, ...] = ()
        self.order: Order = ()

    def event(self, lasti: int) -> int:
        """Return the event for the raw offset of a call: the offset of the owning instruction."""
        event = self.events.get(lasti)
        if event is None:
            event = lasti if self.code is None else layout(self.code).instruction(lasti)
            self.events[lasti] = event
        return event

    def arrange(self, loops: tuple[Loop, ...], order: Order) -> None:
        """Find the loops of this body and of those it called, now that all events are known."""
        self.loops, self.order = loops, order
        if self.code is None:  # nothing but calls, each of its own
            paths: dict[int, Heads] = {event: (event,) for _, event in self.followed}
        else:
            self.flow = Flow(self.code, self.followed)
            paths = self.flow.paths
        inner: dict[Heads, tuple[Loop, ...]] = {(): loops}
        for event, path in sorted(paths.items()):
            self.places[event] = Place(self._loops_around(path[:-1], inner), self._order_of(path), self, event)
        for (event, _), body in self.called.items():
            body.arrange(self.places[event].loops, self.places[event].order)

    def _loops_around(self, heads: Heads, known: dict[Heads, tuple[Loop, ...]]) -> tuple[Loop, ...]:
        if heads not in known:
            outer = self._loops_around(heads[:-1], known)
            assert self.flow is not None
            known[heads] = (*outer, Loop(outer[-1] if outer else None, self.code, self.flow.head(heads[-1])))
        return known[heads]

    def _order_of(self, path: Heads) -> Order:
        return (*self.order, *(n for head in path[:-1] for n in (head, None)), path[-1])


class Activation:
    """A call while the recording is read again: where it stands, and in which iterations."""

    __slots__ = ("body", "entry", "last", "parent", "place", "vector")

    def __init__(self, body: Body, parent: Activation | None, entry: int):
        self.body = body
        self.parent = parent
        self.entry = entry
        self.last = -1
        self.place: Place | None = None
        self.vector: Vector = ()

    def happened(self, event: int) -> None:
        """Note what follows what."""
        self.body.followed.add((self.last, event))
        self.last = event


class _Reader:
    """Reads the recorded nodes in order, keeping the stack of calls that the program had."""

    def __init__(self, base: Call | None):
        self.root = Body(base.code if base else None)
        self.stack: list[Call | None] = [base]
        self.live: dict[Call | None, Activation] = {base: Activation(self.root, None, -1)}
        self.stream: list[tuple[Activation, int, Activation | None]] = []

    def read(self, nodes: Sequence[Node]) -> None:
        call: Call | None = self.stack[0]
        activation = self.live[call]
        body = activation.body
        append = self.stream.append
        for node in nodes:  # the same as a call's, without its calls of functions: this runs for every op
            if node.call is not call:
                call = node.call
                activation = self._enter(call)
                body = activation.body
            lasti = node.lasti
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
        event = caller.body.event(call.lasti) if call.parent else 2 * len(caller.body.followed)
        caller.happened(event)
        activation = _recursion(caller, event, call.code)
        if activation is None:
            body = caller.body.called.get((event, id(call.code)))
            if body is None:
                body = caller.body.called[event, id(call.code)] = Body(call.code)
            activation = Activation(body, caller, event)
        self.stream.append((caller, event, activation))
        return activation


def _recursion(caller: Activation, event: int, code: CodeType) -> Activation | None:
    """Return the running activation that a call repeats, if it is a recursion: the same call from the same place."""
    if caller.body.code is code:
        return caller
    outer: Activation | None = caller
    while outer is not None and outer.parent is not None:
        if outer.body.code is code and outer.entry == event and outer.parent.body.code is caller.body.code:
            return outer
        outer = outer.parent
    return None


def visits(nodes: Sequence[Node]) -> tuple[list[Place], list[Vector]]:
    """Return the places and the iterations of op nodes, given in recorded order; every node needs its call."""
    reader = _Reader(_shared_caller(dict.fromkeys(node.call for node in nodes)))
    reader.read(nodes)
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
    depth = {each: k for k, each in enumerate(chain)}
    seen = set(chain)
    innermost = 0
    for call in calls:
        while call is not None and call not in seen:
            seen.add(call)
            call = call.parent
        innermost = max(innermost, depth.get(call, 0))
    return chain[innermost]


# -- loops that were told ----------------------------------------------------------------------------------------------


def told_visits(nodes: Sequence[Node]) -> tuple[list[Place], list[Vector]]:
    """Return the places and the iterations of op nodes whose loops were told by `tg.iteration`.

    A place is then the chain of loops, the instruction, and how many ops that instruction had made before in the same
    iteration: a program that is interpreted runs many of its ops at one instruction.
    """
    loops: dict[tuple[str, ...], Loop] = {}
    places: dict[tuple, Place] = {}
    counts: dict[tuple, int] = {}
    visited: list[Place] = []
    vectors: list[Vector] = []
    for node in nodes:
        names = tuple(name for name, _ in node.told_loops)
        vector = tuple(i for _, i in node.told_loops)
        code = node.call.code if node.call else None
        where = (names, id(code), code and layout(code).instruction(node.lasti))
        occurrence = counts[where, vector] = counts.get((where, vector), -1) + 1
        if (where, occurrence) not in places:
            chain = tuple(_told_loop(names[: depth + 1], loops) for depth in range(len(names)))
            order = (*(n for depth in range(len(names)) for n in (depth, None)), len(places))
            places[where, occurrence] = Place(chain, order)
        visited.append(places[where, occurrence])
        vectors.append(vector)
    return visited, vectors


def _told_loop(names: tuple[str, ...], loops: dict[tuple[str, ...], Loop]) -> Loop:
    if names not in loops:
        loops[names] = Loop(loops[names[:-1]] if names[:-1] else None, function=names[-1])
    return loops[names]
