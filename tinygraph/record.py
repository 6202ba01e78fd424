"""Where and under which circumstances an op ran: calls, scopes, time steps, and whether to record at all."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from contextvars import ContextVar
from itertools import count
from types import CodeType, FrameType
from typing import Any

next_index = count().__next__  # one running number orders all nodes and calls, in every thread

_GENERATOR = 0x20 | 0x80 | 0x200  # code flags of generators, coroutines and asynchronous generators


class Call:
    """One activation of a Python function in which ops were recorded.

    Attributes
    ----------
    code : CodeType
        What was called.
    parent : Call or None
        The activation that called it.
    lasti : int
        The caller's instruction, as a raw offset into ``parent.code``; -1 without a parent.
    birth : int
        Its place in the running order of nodes and calls.
    """

    __slots__ = ("birth", "code", "lasti", "parent")

    def __init__(self, code: CodeType, parent: Call | None, lasti: int, birth: int):
        self.code = code
        self.parent = parent
        self.lasti = lasti
        self.birth = birth

    def __repr__(self) -> str:
        return f"Call({self.code.co_qualname}, birth={self.birth})"


class Frames:
    """The stack of frames in which the latest op ran, so that a frame seen again keeps its `Call`."""

    __slots__ = ("_calls", "_lock", "_stack", "_suspended", "top")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Let go of every frame: they hold the locals of their functions."""
        self.top: tuple[FrameType | None, Call | None] = (None, None)
        self._stack: list[FrameType] = []
        self._calls: dict[FrameType, Call] = {}
        self._suspended: dict[FrameType, Call] = {}

    def enter(self, frame: FrameType) -> Call:
        """Return the call of `frame`, walking out only to a frame that is known."""
        with self._lock:
            new = []
            known: FrameType | None = frame
            while known is not None and known not in self._calls:
                new.append(known)
                known = known.f_back
            self._leave_frames_above(known)
            call = None if known is None else self._calls[known]
            caller = known
            for inner in reversed(new):
                call = self._suspended.pop(inner, None) or Call(
                    inner.f_code, call, -1 if caller is None else caller.f_lasti, next_index()
                )
                self._calls[inner] = call
                self._stack.append(inner)
                caller = inner
            assert call is not None
            self.top = (frame, call)
            return call

    def _leave_frames_above(self, known: FrameType | None) -> None:
        while self._stack and self._stack[-1] is not known:
            frame = self._stack.pop()
            call = self._calls.pop(frame)
            if frame.f_code.co_flags & _GENERATOR:  # it may be resumed, and is then the same call
                self._suspended[frame] = call


class Context:
    """The circumstances of recording; immutable but for the frames, which follow the program."""

    __slots__ = ("anomaly", "frames", "plain", "recording", "scope", "timestep")

    def __init__(
        self,
        frames: Frames,
        scope: tuple[str, ...] = (),
        timestep: int | None = None,
        recording: bool = True,
        anomaly: bool = False,
    ):
        self.frames = frames
        self.scope = scope
        self.timestep = timestep
        self.recording = recording
        self.anomaly = anomaly
        self.plain = recording and not anomaly  # the one question the fast path asks


_variable: ContextVar[Context] = ContextVar("tinygraph")
_get = _variable.get


def context() -> Context:
    """Return the context of this thread or task."""
    try:
        return _get()
    except LookupError:
        first = Context(Frames())
        _variable.set(first)
        return first


class Changed(ContextDecorator):
    """A ``with`` block (or a decorated function) in which the context differs from the one around it."""

    __slots__ = ("_changes", "_token")

    def __init__(self, **changes: Any):
        self._changes = changes

    def _recreate_cm(self) -> Changed:
        return Changed(**self._changes)  # a decorated function may run in several threads at once

    def __enter__(self) -> None:
        now, new = context(), self._changes.get
        changed = Context(
            now.frames,
            now.scope + new("scope", ()),
            new("timestep", now.timestep),
            new("recording", now.recording),
            new("anomaly", now.anomaly),
        )
        self._token = _variable.set(changed)

    def __exit__(self, *error: object) -> None:
        _variable.reset(self._token)


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
    """
    if not hasattr(t, "__index__"):
        raise TypeError(f"timestep: expected an integer, got {type(t).__name__} {t!r}")
    return Changed(timestep=t.__index__())


def detect_anomaly() -> Changed:
    """Stop at the first op, forward or backward, that makes a NaN or an infinity out of finite numbers.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
    ...     np.log(tg.tensor(0.0))
    Traceback (most recent call last):
        ...
    FloatingPointError: log: the output is not finite: -inf...
    """
    return Changed(anomaly=True)
