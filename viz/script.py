"""Run a script of the user's through its backward passes, as its guest.

What the script itself hands to `viz.debug`, `viz.draw`, `viz.plot` or `viz.export` is such a pass too.
"""

from __future__ import annotations

import importlib
import inspect
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from functools import partial, wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import tinygraph as tg
import viz
from tinygraph.backward.backprop import observed

from .importing import importing


class ScriptError(Exception):
    """The script cannot be run, or never runs a backward pass."""


_VERBS = ("debug", "draw", "plot", "export")


class Met(NamedTuple):
    """What a guest meets in a script.

    Attributes
    ----------
    recorded : Tensor, Graph or Trace
        Where a backward pass begins, or what the script hands to a function of `viz`.
    verb : str
        ``"backward"``, or the function: ``"debug"``, ``"draw"``, ``"plot"`` or ``"export"``.
    options : mapping
        All that the script gives that function beside.
    """

    recorded: Any
    verb: str = "backward"
    options: Mapping[str, Any] = MappingProxyType({})


class Then(Enum):
    """What becomes of a script after its guest has looked at a backward pass."""

    WATCH = "it runs on, to its next pass"
    LEAVE = "it runs on, alone"
    END = "it is ended"
    AGAIN = "it is run again from its beginning"


Act = Callable[[Met], Then]
Wants = Callable[[Met], bool]


def run_to_backward(script: str, args: Sequence[str], act: Act, wants: Wants = lambda met: False) -> int:
    """Run `script` as ``__main__`` and call ``act(met)`` when a backward pass begins, until it says otherwise.

    Processes that the script starts are left alone. Passes in its threads are acted upon, one at a time: a thread runs
    on whatever `act` says.

    Parameters
    ----------
    script : path
    args : sequence of str
        Its command line.
    act : callable
        Is given what was met, and returns what then becomes of the script. What it raises is raised here, and the
        script is ended.
    wants : callable
        Tells whether what the script hands to `viz.debug`, `viz.draw`, `viz.plot` or `viz.export` is acted upon as a
        backward pass is. By default nothing is.

    Returns
    -------
    int
        The exit status: that of the script, 0 where it was stopped.

    Raises
    ------
    ScriptError
        If there is no such file, or the script ends without a backward pass.
    """
    path = Path(script)
    if not path.is_file():
        raise ScriptError(f"{script}: there is no such script")
    folder = os.getcwd()
    while True:
        guest = _Guest(act)
        with (
            _as_main(path, args),
            observed(guest.pass_begins),
            _taken_over(guest, wants),
            importing("torch", partial(recording_torch, guest.has_run)),
        ):
            status = _run(path)
        if not guest.is_at_home():
            return status  # a copy of this process, which the script has made
        if guest.failure is not None:
            raise guest.failure
        if not guest.has_acted and status == 0:
            raise ScriptError(
                f"{script}: the script ended without a backward pass in its own process: it calls neither"
                " loss.backward(), tg.backprop nor tg.grad, and hands no loss to viz.debug or viz.export"
                + "".join(f"\n{reason}" for reason in guest.unseen)
            )
        if guest.then is not Then.AGAIN:
            return status
        os.chdir(folder)


class _Guest:
    """What waits in a script for its backward passes.

    Attributes
    ----------
    has_acted : bool
    then : Then
        What `act` said last.
    failure : BaseException or None
        What it raised: never for the script to catch.
    unseen : list of str
        Why it could not look at passes that there were.
    """

    def __init__(self, act: Act):
        self.has_acted = False
        self.then = Then.WATCH
        self.failure: BaseException | None = None
        self.unseen: list[str] = []
        self._act = act
        self._process = os.getpid()
        self._acting = threading.Lock()

    def is_at_home(self) -> bool:
        """Tell whether this is the process that the script was started in, and no copy of it."""
        return os.getpid() == self._process

    def pass_begins(self, loss: tg.Tensor) -> None:
        self.meets(Met(loss))

    def has_run(self, recorded: tg.Trace | None, reason: str = "") -> None:
        """Meet a pass that another framework has run, or note why there is no trace of it."""
        if recorded is None:
            self.unseen.append(reason)
        else:
            self.meets(Met(recorded))

    def meets(self, met: Met) -> bool:
        """Act on what was met, if it is still watched for; return whether it was."""
        if not self.is_at_home():
            return False
        acts = self.then is Then.WATCH and self._acting.acquire(blocking=False)
        if acts:
            self.has_acted = True
            try:
                self.then = self._act(met)
            except BaseException as error:
                self.failure, self.then = error, Then.END
            finally:
                self._acting.release()
        if self.then in (Then.END, Then.AGAIN) and threading.current_thread() is threading.main_thread():
            raise _End  # again at every pass, where the script catches all that there is
        return acts


@contextmanager
def _taken_over(guest: _Guest, wants: Wants) -> Iterator[None]:
    """Let a guest meet what the script hands to functions of `viz`."""
    own = {verb: getattr(viz, verb) for verb in _VERBS}
    for verb, function in own.items():
        setattr(viz, verb, _meeting(verb, function, guest, wants))
    try:
        yield
    finally:
        for verb, function in own.items():
            setattr(viz, verb, function)


def _meeting(verb: str, function: Callable[..., Any], guest: _Guest, wants: Wants) -> Callable[..., Any]:
    """Return a function of `viz` that lets a guest meet what it is given, once, and else does its own work."""
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            given = signature.bind(*args, **options).arguments
        except TypeError:
            return function(*args, **options)  # which says what is wrong
        recorded = given.pop(next(iter(signature.parameters)))
        met = Met(recorded.trace if isinstance(recorded, viz.Debugger) else recorded, verb, given)
        if wants(met) and guest.meets(met) and verb == "debug":
            return viz.Debugger(met.recorded)  # the guest has shown it
        return function(*args, **options)

    return call


def recording_torch(has_run: Callable[..., None]) -> AbstractContextManager:
    """Record what the script computes with torch: by a room that is only there where torch is."""
    return importlib.import_module("tinygraph.pytorch.scripts").recording(has_run)


class _End(SystemExit):
    """Ends the script without a word."""


def _run(path: Path) -> int:
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != str(path):
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
        return 1
    return 0


@contextmanager
def _as_main(path: Path, args: Sequence[str]) -> Iterator[None]:
    argv, search = sys.argv, sys.path[:]
    sys.argv = [str(path), *args]
    sys.path.insert(0, os.fspath(path.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, search
