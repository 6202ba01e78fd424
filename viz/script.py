"""Run a script of the user's through its backward passes, as its guest."""

from __future__ import annotations

import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import tinygraph as tg
from tinygraph.backward.backprop import observed


class ScriptError(Exception):
    """The script cannot be run, or never runs a backward pass."""


class Then(Enum):
    """What becomes of a script after its guest has looked at a backward pass."""

    WATCH = "it runs on, to its next pass"
    LEAVE = "it runs on, alone"
    END = "it is ended"
    AGAIN = "it is run again from its beginning"


def run_to_backward(script: str, args: Sequence[str], act: Callable[[tg.Tensor], Then]) -> int:
    """Run `script` as ``__main__`` and call ``act(loss)`` when a backward pass begins, until it says otherwise.

    Processes that the script starts are left alone. Passes in its threads are acted upon, one at a time: a thread runs
    on whatever `act` says.

    Parameters
    ----------
    script : path
    args : sequence of str
        Its command line.
    act : callable
        Returns what then becomes of the script. What it raises is raised here, and the script is ended.

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
        with _as_main(path, args), observed(guest.pass_begins):
            status = _run(path)
        if not guest.is_at_home():
            return status  # a copy of this process, which the script has made
        if guest.failure is not None:
            raise guest.failure
        if not guest.has_acted and status == 0:
            raise ScriptError(
                f"{script}: the script ended without a backward pass in its own process:"
                " it calls neither loss.backward(), tg.backprop nor tg.grad"
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
    """

    def __init__(self, act: Callable[[tg.Tensor], Then]):
        self.has_acted = False
        self.then = Then.WATCH
        self.failure: BaseException | None = None
        self._act = act
        self._process = os.getpid()
        self._acting = threading.Lock()

    def is_at_home(self) -> bool:
        """Tell whether this is the process that the script was started in, and no copy of it."""
        return os.getpid() == self._process

    def pass_begins(self, loss: tg.Tensor) -> None:
        if not self.is_at_home():
            return
        if self.then is Then.WATCH and self._acting.acquire(blocking=False):
            self.has_acted = True
            try:
                self.then = self._act(loss)
            except BaseException as error:
                self.failure, self.then = error, Then.END
            finally:
                self._acting.release()
        if self.then in (Then.END, Then.AGAIN) and threading.current_thread() is threading.main_thread():
            raise _End  # again at every pass, where the script catches all that there is


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
