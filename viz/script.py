"""Run a script of the user's up to its first backward pass."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tinygraph as tg
from tinygraph.backward.backprop import observed


class ScriptError(Exception):
    """The script cannot be run, or never runs a backward pass."""


def run_to_backward(script: str, args: Sequence[str], act: Callable[[tg.Tensor], bool]) -> int:
    """Run `script` as ``__main__`` and call ``act(loss)`` when its first backward pass begins.

    Parameters
    ----------
    script : path
    args : sequence of str
        Its command line.
    act : callable
        Returns whether the script shall run on.

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
    acted = False

    def begins(loss: tg.Tensor) -> None:
        nonlocal acted
        first, acted = not acted, True
        if first and not act(loss):
            raise SystemExit  # ends the script, or a thread of it, without a word; its handlers let it through

    with _as_main(path, args), observed(begins):
        status = _run(path)
    if not acted and status == 0:
        raise ScriptError(
            f"{script}: the script ended without a backward pass:"
            " it calls neither loss.backward(), tg.backprop nor tg.grad"
        )
    return status


def _run(path: Path) -> int:
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception as error:
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
