"""Where ops stand in a program: at an instruction, reached by a chain of calls, inside some loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from ..plain_text import clean
from ..recording.bytecode import Flow, Heads, layout
from ..recording.filenames import file_name

Order = tuple[int | None, ...]  # numbers of places that sort as things happened, None for an iteration
Vector = tuple[int, ...]  # the iteration of each enclosing loop, outermost first


@dataclass(eq=False)
class Loop:
    """A loop of the recorded program, at one place of one chain of calls; compared by identity.

    Attributes
    ----------
    parent : Loop or None
        The loop around it.
    function, filename, lineno : str, str, int or None
        Where it stands. Of a loop told by `tg.iteration`, `function` is its name and there is no file; of one that is
        only known from how often something happened, nothing is known.
    variables : tuple of str
        What a ``for`` assigns to: ``("i", "x")`` of ``for i, x in enumerate(xs)``.
    counter : str
        Which of them is a number, as ``i`` is; empty where none is known to be.
    branches : bool
        Whether it is a recursion that calls itself at several places, or in a loop, as one through a tree does.
    """

    parent: Loop | None
    function: str = ""
    filename: str = ""
    lineno: int | None = None
    variables: tuple[str, ...] = ()
    counter: str = ""
    branches: bool = False

    def __post_init__(self) -> None:
        self.function, self.filename = clean(self.function), clean(self.filename)

    @property
    def chain(self) -> tuple[Loop, ...]:
        """The loops around it, outermost first, and itself."""
        return (*(self.parent.chain if self.parent else ()), self)

    @property
    def depth(self) -> int:
        """How many loops stand around it."""
        return self.parent.depth + 1 if self.parent else 0

    def __str__(self) -> str:
        if self.lineno is not None:
            return f"the loop at {file_name(self.filename)}:{self.lineno} in {self.function}"
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
            change = self._after[before] = self._change(self._body, self._body.flow, before)
        unchanged, again, zeros = change
        if again:
            return (*vector[:unchanged], vector[unchanged] + 1, *zeros)
        return vector if unchanged == len(vector) and not zeros else vector[:unchanged] + zeros

    def _change(self, body: Body, flow: Flow, before: Place) -> tuple[int, bool, Vector]:
        """Return how many iterations stay as they are, whether the one after them goes on, and zeros for the rest."""
        shared = flow.shared(before._event, self._event)
        again = shared > 0 and flow.starts_again(before._event, self._event)
        level = len(body.loops) + shared
        return level - again, again, (0,) * (len(self.loops) - level)


@dataclass(eq=False, slots=True)
class Body:
    """A function as reached by one chain of calls; without code, what stands around all functions."""

    code: CodeType | None
    events: dict[int, int] = field(default_factory=dict)  # raw offset -> event
    followed: set[tuple[int, int]] = field(default_factory=set)  # events that followed each other
    flow: Flow | None = None
    recursions: set[tuple[int, int]] = field(default_factory=set)  # bodies and events that call this one again
    called: dict[tuple[int, int], Body] = field(default_factory=dict)  # by event and identity of the code
    places: dict[int, Place] = field(default_factory=dict)  # by event
    loops: tuple[Loop, ...] = ()
    order: Order = ()

    def event(self, lasti: int) -> int:
        """Return the event for the raw offset of a call: the offset of the owning instruction."""
        event = self.events.get(lasti)
        if event is None:
            event = self.events[lasti] = lasti if self.code is None else layout(self.code).instruction(lasti)
        return event

    def arrange(self, loops: tuple[Loop, ...], order: Order) -> None:
        """Find the loops of this body and of those it called, now that all events are known."""
        self.loops, self.order = loops, order
        if self.code is None:  # nothing but calls, each of its own
            paths: dict[int, Heads] = {event: (event,) for _, event in self.followed}
        else:
            self.flow = Flow(self.code, self.followed)
            paths = self.flow.paths
        inner: dict[tuple, tuple[Loop, ...]] = {(): loops}
        for event, path in sorted(paths.items()):
            place_order = (*order, *(n for head in path[:-1] for n in (head, None)), path[-1])
            self.places[event] = Place(chain_of(path[:-1], inner, self._loop), place_order, self, event)
        for (event, _), body in self.called.items():
            body.arrange(self.places[event].loops, self.places[event].order)

    def _loop(self, around: Loop | None, head: int) -> Loop:
        assert self.code is not None and self.flow is not None
        line = _line(self.code, self.flow.head(head))
        branches = head < 0 and (
            len(self.recursions) > 1 or any(self._is_in_loop(event) for _, event in self.recursions)
        )
        return Loop(around, self.code.co_qualname, self.code.co_filename, line, *self.flow.variables(head), branches)

    def _is_in_loop(self, event: int) -> bool:
        """Tell whether a call stands in a loop of the program's text; as events, calls are offsets."""
        return self.code is not None and len(layout(self.code).path(event)) > 1


def chain_of(
    path: tuple, known: dict[tuple, tuple[Loop, ...]], new: Callable[[Loop | None, Any], Loop]
) -> tuple[Loop, ...]:
    """Return the loops along a path, outermost first: those that are known, and new ones inside them."""
    if path not in known:
        outer = chain_of(path[:-1], known, new)
        known[path] = (*outer, new(outer[-1] if outer else None, path[-1]))
    return known[path]


def _line(code: CodeType, offset: int) -> int | None:
    """Return the line of a loop's head, or of the function where that is itself what repeats (offset -1)."""
    if offset < 0:
        return code.co_firstlineno
    return next((line for start, end, line in code.co_lines() if start <= offset < end), None)


def shared_depth(a: Sequence[object], b: Sequence[object]) -> int:
    """Return how many leading loops two chains share."""
    return next((d for d, (x, y) in enumerate(zip(a, b, strict=False)) if x is not y), min(len(a), len(b)))
