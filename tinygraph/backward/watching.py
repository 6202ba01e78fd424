"""A debugger for training loops: it installs itself, and who trains does not know which it is.

`viz` installs its own when it is imported. Where nobody has, an installed package is asked that names one among its
entry points, in the group ``tinygraph.debugger``.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from ..recording.tensor import Tensor


class Watch(Protocol):
    """A debugger that looks at backward passes."""

    def failed(self, error: BaseException, output: Tensor | None) -> None:
        """Let the user look at what was recorded before an error: at `output`, if there is one."""


_GROUP = "tinygraph.debugger"
_installed: list[EntryPoint] = []


def install_debugger(reference: str) -> None:
    """Let a function, as ``"module:name"``, make the context in which a debugger looks, given what to stop at."""
    _installed[:] = [EntryPoint("installed", reference, _GROUP)]


def watched(condition: str | None) -> AbstractContextManager[Watch]:
    """Return a context in which the debugger stops at each backward pass for which a condition holds, or at each.

    Raises
    ------
    RuntimeError
        If no debugger is there.
    ValueError
        If the condition is malformed.
    """
    debuggers = _installed or list(entry_points(group=_GROUP))
    if not debuggers:
        raise RuntimeError("debug= opens the debugger, and none is there: import viz")
    return debuggers[0].load()(condition)
