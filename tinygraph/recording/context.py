"""Under which circumstances an op ran: scopes, time steps, loops, and whether to record at all."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Generator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from types import FrameType
from typing import Any, Protocol

from .calls import MAY_BE_SUSPENDED, Frames
from .passes import RecordedPass

LARGEST_TIMESTEP = 2**53  # so that differences are exact everywhere, in a browser too


class Watch(Protocol):
    """What looks at every op that runs and at every rule; see `Changed`."""

    def made(self, op: Any, data: Any, inputs: tuple, values: tuple, frame: FrameType) -> None:
        """Look at the output of an op, before it is recorded."""

    def pulled(self, tensor: Any, adjoint: Any, contributions: tuple) -> None:
        """Look at what the rules of `tensor` made of its adjoint."""


class Context:
    """The circumstances of recording; immutable but for the frames, which follow the program.

    `backward` is the recorded backward pass that runs, if one does; `block` is what changed them from those `outer` to
    it, both None at the outermost.
    """

    __slots__ = (
        *(
            "backward",
            "block",
            "frames",
            "loops",
            "outer",
            "plain",
            "recording",
            "scope",
            "steady",
            "timestep",
            "watch",
        ),
    )

    def __init__(
        self,
        frames: Frames,
        scope: tuple[str, ...] = (),
        timestep: int | None = None,
        loops: tuple[tuple[str, int], ...] = (),
        recording: bool = True,
        watch: Watch | None = None,
        outer: Context | None = None,
        block: Changed | None = None,
        backward: RecordedPass | None = None,
    ):
        self.frames = frames
        self.scope = scope
        self.timestep = timestep
        self.loops = loops
        self.recording = recording
        self.watch = watch
        self.outer = outer
        self.block = block
        self.backward = backward
        self.steady = not self._may_be_suspended()
        self.plain = recording and watch is None and self.steady  # all that the fast path asks

    def _may_be_suspended(self) -> bool:
        now: Context | None = self
        while now is not None and (now.block is None or now.block.generator is None):
            now = now.outer
        return now is not None

    def in_force(self) -> Context:
        """Return this context without what generators changed that are suspended now."""
        if self.steady:
            return self
        contexts = [self]
        while contexts[-1].outer is not None:
            contexts.append(contexts[-1].outer)
        now = contexts.pop()
        for changed in reversed(contexts):
            if changed.block is not None and not changed.block.is_suspended():
                now = now.under(changed.block, None)
        return now

    def under(self, block: Changed, outer: Context | None) -> Context:
        """Return these circumstances as `block` changes them."""
        new = block.changes.get
        return Context(
            self.frames,
            self.scope + new("scope", ()),
            new("timestep", self.timestep),
            self.loops + new("loops", ()),
            new("recording", self.recording),
            new("watch", self.watch),
            outer,
            block,
            new("backward", self.backward),
        )

    def inside(self, outer: Context | None) -> Context:
        """Return the same circumstances as left for others, `outer`, when their block ends."""
        return Context(
            self.frames,
            self.scope,
            self.timestep,
            self.loops,
            self.recording,
            self.watch,
            outer,
            self.block,
            self.backward,
        )


_variable: ContextVar[Context] = ContextVar("tinygraph")
known_context = _variable.get  # raises LookupError in a thread that has recorded nothing yet


def context() -> Context:
    """Return the context of this thread or task."""
    try:
        return known_context().in_force()
    except LookupError:
        first = Context(Frames())
        _variable.set(first)
        return first


@contextmanager
def in_frames_of(frames: Frames, like: Context) -> Generator[None]:
    """Record in the ``with`` block under the circumstances of `like`, but among other frames."""
    known = _variable.set(Context(frames, like.scope, like.timestep, like.loops))
    try:
        yield
    finally:
        _variable.reset(known)


class Changed(ContextDecorator):
    """A ``with`` block (or a decorated function) in which the context differs from the one around it.

    One block may be entered again inside itself, and may be closed out of order, as generators do.
    """

    __slots__ = ("changes", "generator")

    def __init__(self, **changes: Any):
        self.changes = changes
        self.generator: FrameType | None = None  # the frame that entered the block, if it can be suspended inside it

    def is_suspended(self) -> bool:
        """Tell whether the block stands in a generator that does not run now: it then concerns nobody else."""
        return self.generator is not None and self.generator.f_back is None

    def _recreate_cm(self) -> Changed:
        return Changed(**self.changes)  # a decorated function may run in several threads at once

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:  # type: ignore[override]
        """Run `function` inside the block; a generator or coroutine whenever it runs, not where it is made."""
        if inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__qualname__} is an asynchronous generator: use a with block inside it")
        if inspect.isgeneratorfunction(function):
            return _resumed_inside(self, function)
        if not inspect.iscoroutinefunction(function):
            return super().__call__(function)

        @wraps(function)
        async def decorated(*args: Any, **kwargs: Any) -> Any:
            with self._recreate_cm():
                return await function(*args, **kwargs)

        return decorated

    def __enter__(self) -> None:
        frame = sys._getframe(1)
        self.generator = frame if frame.f_code.co_flags & MAY_BE_SUSPENDED else None
        _variable.set(context().under(self, known_context()))

    def __exit__(self, *error: object) -> None:
        self.generator = None
        now = _variable.get(None)
        if now is not None and now.block is self:
            _variable.set(now.outer)  # type: ignore[arg-type]
        else:
            self._leave_from_within(now)

    def _leave_from_within(self, now: Context | None) -> None:
        """End this block while others inside it go on; in a thread or task that never entered it, do nothing."""
        going_on = []
        while now is not None and now.block is not self:
            going_on.append(now)
            now = now.outer
        if now is not None:
            left = now.outer
            for context in reversed(going_on):
                left = context.inside(left)
            _variable.set(left)  # type: ignore[arg-type]


def _resumed_inside(block: Changed, function: Callable[..., Generator]) -> Callable[..., Generator]:
    @wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Generator:
        generator = function(*args, **kwargs)
        resume: Callable[[], Any] = partial(next, generator)
        while True:
            with block._recreate_cm():
                try:
                    value = resume()
                except StopIteration as end:
                    return end.value
            try:
                resume = partial(generator.send, (yield value))
            except BaseException as error:
                resume = partial(generator.throw, error)

    return decorated


def no_grad() -> Changed:
    """Record nothing inside the ``with`` block, in this thread or task only.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w = tg.parameter(2.0)
    >>> with tg.no_grad():
    ...     y = w * w
    >>> y.requires_grad, y.op
    (False, None)
    """
    return Changed(recording=False)


def recording_again() -> Changed:
    """Record inside the ``with`` block even under `no_grad`: a function asked for its gradient needs its graph."""
    return Changed(recording=True)


def scope(name: str) -> Changed:
    """Group the ops recorded inside the ``with`` block under `name`; scopes nest.

    Examples
    --------
    >>> import tinygraph as tg
    >>> with tg.scope("encoder"), tg.scope("layer 1"):
    ...     y = tg.parameter(2.0) * 3
    >>> tg.graph(y).nodes[-1].scope
    'encoder/layer 1'

    Raises
    ------
    TypeError
        If `name` is not a string.
    """
    if not isinstance(name, str):
        raise TypeError(f"scope: expected a name as a string, got {type(name).__name__}")
    return Changed(scope=(name,))


def timestep(t: int) -> Changed:
    """Say that the ops recorded inside the ``with`` block belong to time step `t` of the network.

    Without it, time steps are read back from the program's own loops.

    Examples
    --------
    >>> import tinygraph as tg
    >>> h = tg.parameter(1.0)
    >>> for t in (1, 2):
    ...     with tg.timestep(t):
    ...         h = h * 0.5
    >>> [node.timestep for node in tg.graph(h).nodes if node.kind == "op"]
    [1, 2]

    Raises
    ------
    TypeError
        If `t` is not an integer.
    ValueError
        If it is larger than any time step there could be.
    """
    if not hasattr(t, "__index__"):
        raise TypeError(f"timestep: expected an integer, got {type(t).__name__} {t!r}")
    if abs(t.__index__()) > LARGEST_TIMESTEP:
        raise ValueError(f"timestep: expected an integer of at most {LARGEST_TIMESTEP}, got {t}")
    return Changed(timestep=t.__index__())


def iteration(loop: str, i: int) -> Changed:
    """Say that the ops recorded inside the ``with`` block belong to iteration `i`, from 0, of the loop called `loop`.

    Loops are read back from the program's own bytecode; this is for whoever records a program that is no Python loop:
    the body of a compiled graph, of a `scan`, of a file. Loops told so nest, and nothing is read where one is told.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> def step(i):
    ...     global h
    ...     with tg.iteration("scan", i):
    ...         h = np.tanh(W @ h)
    >>> step(0); step(1); step(2)
    >>> [node.timestep for node in tg.graph(h).nodes if node.kind == "op"]
    [1, 1, 2, 2, 3, 3]

    Raises
    ------
    TypeError
        If `loop` is not a string or `i` not an integer.
    """
    if not isinstance(loop, str) or not hasattr(i, "__index__"):
        raise TypeError(f"iteration: expected the loop's name and an integer, got {loop!r} and {i!r}")
    return Changed(loops=((loop, i.__index__()),))
