"""Calls: which activation of which Python function an op ran in."""

from __future__ import annotations

import sys
import threading
from itertools import count
from types import CodeType, FrameType

from .bytecode import layout

next_index = count().__next__  # one running number orders all nodes and calls, in every thread

MAY_BE_SUSPENDED = 0x20 | 0x80 | 0x200  # code flags of generators, coroutines and asynchronous generators
_FEW = 16
_OURS = 4  # references to a frame that nobody else holds: the key, the tuple, the variable, the argument


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
    counters : tuple of int
        Of a function that calls itself, the numbers that it was called with: ``(3, 2)`` of ``cost(3, 2)``.
    """

    __slots__ = ("birth", "code", "counters", "lasti", "parent")

    def __init__(self, code: CodeType, parent: Call | None, lasti: int, birth: int, counters: tuple[int, ...] = ()):
        self.code = code
        self.parent = parent
        self.lasti = lasti
        self.birth = birth
        self.counters = counters

    def __repr__(self) -> str:
        return f"Call({self.code.co_qualname}, birth={self.birth})"


class Frames:
    """The frames in which the latest ops ran, so that a frame seen again keeps its `Call`.

    Contexts are copied from thread to thread, and their frames with them; each thread has a stack of its own.
    """

    __slots__ = ("_of_thread", "top")

    def __init__(self) -> None:
        self.top: tuple[FrameType | None, Call | None] = (None, None)
        self._of_thread = _OfThread()

    def enter(self, frame: FrameType) -> Call:
        """Return the call of `frame`."""
        top, call = self.top
        if top is not frame or call is None:
            call = self._of_thread.stack.enter(frame)
            self.top = (frame, call)
        return call

    def begin(self, frame: FrameType, call: Call) -> None:
        """Say that `frame` is that of `call`, whatever called it; for frames that have none yet."""
        self._of_thread.stack.begin(frame, call)

    def leave(self, frame: FrameType) -> None:
        """Let go of the frames that `frame` called, which hold the locals of their functions."""
        self.top = (None, None)
        self._of_thread.stack.leave(frame)

    def clear(self) -> None:
        """Let go of the frames, which hold the locals of their functions; but not of a loop that may go on."""
        self.top = (None, None)
        self._of_thread.stack.clear(sys._getframe(1))


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.stack = _Stack()


class _Stack:
    __slots__ = ("_calls", "_frames", "_many", "_suspended")

    def __init__(self) -> None:
        self._frames: list[FrameType] = []
        self._calls: dict[FrameType, Call] = {}
        self._suspended: dict[FrameType, Call] = {}  # generators, which may be resumed and are then the same call
        self._many = _FEW

    def enter(self, frame: FrameType) -> Call:
        """Return the call of `frame`, walking out only to a frame that is known."""
        new, known = self.leave(frame)
        call = None if known is None else self._calls[known]
        caller = known
        if foreign_frames:
            new = [inner for inner in new if not is_glue(inner.f_code)]
        for inner in reversed(new):
            call = self._suspended.pop(inner, None) or Call(
                inner.f_code, call, -1 if caller is None else caller.f_lasti, next_index(), _counters(inner)
            )
            self._calls[inner] = call
            self._frames.append(inner)
            caller = inner
        assert call is not None
        return call

    def begin(self, frame: FrameType, call: Call) -> None:
        """Let the stack begin at a frame."""
        self._frames.append(frame)
        self._calls[frame] = call

    def clear(self, frame: FrameType) -> None:
        """Let go of all that `frame` does not run in, and of what is not in the middle of a loop."""
        self.leave(frame)
        while self._frames and not _in_loop(self._frames[-1]):
            self._leave()
        self._forget_finished()

    def leave(self, frame: FrameType) -> tuple[list[FrameType], FrameType | None]:
        """Leave what has ended when `frame` runs. Return the frames that are new and the one around them that is known.

        The innermost comes first.
        """
        new = []
        known: FrameType | None = frame
        while known is not None and known not in self._calls:
            new.append(known)
            known = known.f_back
        while self._frames and self._frames[-1] is not known:
            self._leave()
        if len(self._suspended) > self._many:
            self._forget_finished()
        return new, known

    def _leave(self) -> None:
        frame = self._frames.pop()
        call = self._calls.pop(frame)
        if frame.f_code.co_flags & MAY_BE_SUSPENDED:
            self._suspended[frame] = call

    def _forget_finished(self) -> None:
        for frame in tuple(self._suspended):
            if sys.getrefcount(frame) == _OURS:  # a generator that can be resumed holds its frame too
                del self._suspended[frame]
        self._many = max(_FEW, 2 * len(self._suspended))  # so that looking costs little, however many there are


# -- recursion --------------------------------------------------------------------------------------------------------

_recursive: dict[int, tuple[CodeType, tuple[str, ...]]] = {}


def _counters(frame: FrameType) -> tuple[int, ...]:
    """Return the numbers that a function was called with that calls itself; of others the locals are left alone."""
    code = frame.f_code
    known = _recursive.get(id(code))
    if known is None:  # the code is kept, so its id stays its own
        calls_itself = code.co_name in code.co_names or code.co_name in code.co_freevars
        known = _recursive[id(code)] = (code, code.co_varnames[: code.co_argcount] if calls_itself else ())
    if not known[1]:
        return ()
    given = frame.f_locals
    return tuple(value for name in known[1] if type(value := given.get(name)) is int)


# -- the frames of other frameworks -----------------------------------------------------------------------------------

foreign_frames: list[tuple[str, tuple[str, ...]]] = []  # folders whose frames are no calls, and files in them that are
_glue: dict[int, tuple[CodeType, bool]] = {}


def is_glue(code: CodeType) -> bool:
    """Tell whether a function is machinery of another framework, between the program's own calls."""
    known = _glue.get(id(code))
    if known is None:  # the code is kept, so its id stays its own
        name = code.co_filename
        glue = any(name.startswith(folder) and not name.startswith(kept) for folder, kept in foreign_frames)
        known = _glue[id(code)] = (code, glue)
    return known[1]


_loops: dict[tuple[int, int], tuple[CodeType, bool]] = {}


def _in_loop(frame: FrameType) -> bool:
    code, lasti = frame.f_code, frame.f_lasti
    known = _loops.get((id(code), lasti))
    if known is None:  # the code is kept, so its id stays its own
        known = _loops[id(code), lasti] = (code, len(layout(code).path(lasti)) > 1)
    return known[1]
