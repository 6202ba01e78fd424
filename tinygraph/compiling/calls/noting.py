"""What runs in a call of a function: code to which no name leads, code that never does the same, exceptions caught."""

from __future__ import annotations

import gc
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from ...recording.source import locate_place
from ..errors import NotCompiled
from .bytecode import catches, is_about_an_array, read_whole
from .libraries import is_helper, is_stable, is_stable_text

_NEVER_THE_SAME = {
    random.SystemRandom.getrandbits.__code__: "draws random numbers, from a generator without a seed",
    threading.Thread.start.__code__: "starts a thread",
}
_NEVER = set(map(id, _NEVER_THE_SAME))


class Noted:
    """What ran in one call.

    Attributes
    ----------
    codes : set of CodeType
        Code of no library.
    helpers : set of CodeType
        Code of Python's library that this called: it may read objects of the program's.
    wholes : dict
        Objects by their ids of which this code may have read attributes whose names are not in it.
    asking : set of CodeType
        What of that asked, or may have asked, for the kind of an argument that is a Tensor.
    caught : dict
        Exceptions that came up in code that may catch them, by code, instruction and class; in order.
    """

    def __init__(self) -> None:
        self.codes: set[CodeType] = set()
        self.helpers: set[CodeType] = set()
        self.wholes: dict[int, Any] = {}
        self.asking: set[CodeType] = set()
        self.caught: dict[tuple[CodeType, int, type], None] = {}
        self._whole: dict[int, frozenset[str]] = {}  # by code that ran, which is held, the names of such objects in it
        self._refusal = ""
        self._known: dict[str, bool] = {}  # files, and whether they are a library's
        self._silent: set[str] = set()  # files of which nothing is noted
        self._callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}

    @property
    def all_codes(self) -> set[CodeType]:
        """Code of both kinds."""
        return self.codes | self.helpers

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what runs inside the ``with`` block: it takes twice its time, as Python looks at each call.

        Python lets one debugger look, and one profiler, which sees no exceptions.
        """
        look, now = (sys.settrace, sys.gettrace) if sys.gettrace() is None else (sys.setprofile, sys.getprofile)
        if now() is not None:
            self._refusal = "runs where a debugger and a profiler look, and nobody else can"
            yield
            return
        look(self._note)
        try:
            yield
        finally:
            if now() == self._note:  # else somebody has begun to debug
                look(None)
        if look is sys.setprofile and any(map(catches, self.codes)):
            self._refusal = "catches exceptions where a debugger looks, and nobody else can"

    def _note(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if event == "exception":
            self.caught[code, frame.f_lasti, argument[0]] = None
        if event != "call":
            return self._note
        if id(code) in _NEVER:
            self._refusal = _NEVER_THE_SAME[code]
        if code.co_filename in self._silent:
            return None
        if self._is_stable(frame):
            if not is_helper(code.co_filename):
                self._silent.add(code.co_filename)
            elif self._called(frame.f_back):
                self._ran(frame, self.helpers)
            return None
        if code in self._callbacks:
            return None
        self._ran(frame, self.codes)
        if code not in self.asking and is_about_an_array(frame):
            self.asking.add(code)
        frame.f_trace_lines = False
        return self._note if catches(code) else None

    def _ran(self, frame: FrameType, codes: set[CodeType]) -> None:
        code = frame.f_code
        names = self._whole.get(id(code))
        if names is None:
            codes.add(code)
            names = self._whole[id(code)] = read_whole(code) or frozenset()
        if names:
            self.wholes.update((id(frame.f_locals[name]), frame.f_locals[name]) for name in names)

    def _called(self, caller: FrameType | None) -> bool:
        return caller is not None and (id(caller.f_code) in self._whole or not self._is_stable(caller))

    def _is_stable(self, frame: FrameType) -> bool:
        filename = frame.f_code.co_filename
        if filename == "<string>":
            return is_stable_text(frame.f_globals)
        if filename not in self._known:
            self._known[filename] = is_stable(filename)
        return self._known[filename]

    def refuse(self, eager: Noted) -> None:
        """Refuse what never runs the same, and exceptions that came up here or in the `eager` call, and not in both."""
        reason = self._refusal or eager._refusal
        if reason:
            raise NotCompiled(f"the function {reason}")
        for code, instruction, kind in self.caught.keys() ^ eager.caught.keys():
            raise NotCompiled(
                f"its arrays are Tensors where it is recorded, and {kind.__name__} is raised only there, or not there"
                f"\n  {locate_place(code, instruction)}"
            )
