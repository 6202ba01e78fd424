"""Graphviz in processes of its own: whatever becomes of it, the user's process goes on.

A process is started for the first layout and used again for the next ones; threads that draw at the same time have one
each. It knows nothing of the user's program, and ends by itself when a layout takes too long or its user is gone.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

SPARE = 2  # processes that are kept for the next layout

_idle: list[Worker] = []


class LayoutError(Exception):
    """Graphviz found no layout; the text says why, as the end of a sentence."""


class Defeated(LayoutError):
    """The graph was too much for Graphviz: it came to a bad end over it, or found no layout in time."""


def dot_layout(source: str, limit: float) -> tuple[str, float]:
    """Return what dot makes of a graph in its own language, as JSON, and the seconds of work that it took.

    Raises
    ------
    LayoutError
        If it takes longer than `limit` seconds or comes to a bad end (`Defeated`), is interrupted by Ctrl-C, or cannot
        be started.
    """
    worker = _take()
    start = time.monotonic()
    try:
        answer = worker.ask(source, limit)
    except KeyboardInterrupt:
        worker.close()
        raise LayoutError("was interrupted") from None
    except (OSError, ValueError):
        worker.close()
        if time.monotonic() - start < limit:
            raise Defeated("broke off") from None
        raise Defeated(f"found no layout within {limit:.2g} seconds") from None
    except BaseException:
        worker.close()
        raise
    if len(_idle) < SPARE:
        _idle.append(worker)
    else:
        worker.close()
    return answer


def start_early() -> None:
    """Start the process that the first layout will ask, without waiting for it."""
    if not _idle:
        with suppress(LayoutError):  # the layout will say so
            _idle.append(Worker())


class Worker:
    """A process with Graphviz in it.

    Raises
    ------
    LayoutError
        If it cannot be started.
    """

    def __init__(self) -> None:
        library = importlib.util.find_spec("pygraphviz")
        if library is None or library.origin is None:
            raise LayoutError("is not there: pygraphviz is not installed")
        if not sys.executable or getattr(sys, "frozen", False):
            raise LayoutError("cannot run beside a program that has no Python interpreter of its own")
        script = Path(__file__).with_name("graphviz_worker.py")
        command = [sys.executable, "-I", "-S", str(script), str(Path(library.origin).parents[1])]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at the terminal is for the user's program alone
            )
        except (OSError, RuntimeError) as error:
            raise LayoutError(f"could not be started ({error})") from None

    def ask(self, source: str, limit: float) -> tuple[str, float]:
        """Return the answer to a request, and the seconds of work that it took.

        Raises
        ------
        OSError, ValueError
            If there is none.
        """
        requests, answers = self._process.stdin, self._process.stdout
        assert requests and answers
        text = source.encode()
        requests.write(b"%d %f\n" % (len(text), limit) + text)
        requests.flush()
        length, seconds = answers.readline().split()
        answer = answers.read(int(length))
        if len(answer) < int(length):
            raise ValueError("half an answer")
        return answer.decode(), float(seconds)

    def is_alive(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def forget(self) -> None:
        """Leave the process to the one that started it, which we are a copy of."""
        self._process.returncode = 0
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not sent yet is of no use any more
                if pipe:
                    pipe.close()


def _take() -> Worker:
    """Return a process that nobody else uses."""
    while _idle:
        try:
            worker = _idle.pop()
        except IndexError:  # another thread was faster
            break
        if worker.is_alive():
            return worker
        worker.close()
    return Worker()


@atexit.register
def _close_all() -> None:
    while _idle:
        _idle.pop().close()


def _forget_all() -> None:
    while _idle:
        _idle.pop().forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
