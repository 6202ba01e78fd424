"""The debugger's prompt in a terminal: reads commands, prints answers, to read or as JSON lines."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.text import Text

import tinygraph as tg
from tinygraph.plain_text import clean_lines
from tinygraph.tracing.trace import Trace

from ..debugging.debugger import Debugger
from . import diagnosing, moving, seeing, stopping  # noqa: F401 - they register the commands
from .session import Answer, Session

PROMPT = "(tinygraph) "
_SIGNS = "ā⁽³⁾ ⊙ ₁ ◀ █"  # of those in formulas


def debug(
    target: tg.Tensor | Trace | Debugger,
    *,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    as_json: bool = False,
    width: int | None = None,
    ascii_only: bool | None = None,
) -> Debugger:
    """Open the debugger on a loss or a trace, and return when the user leaves it.

    Commands are read from `stdin` until it ends, Ctrl-D, Ctrl-C or ``quit``. Where both streams are terminals, the
    prompt has history, completion and colours; else it is plain text.

    Parameters
    ----------
    target : Tensor, Trace or Debugger
        A loss, whose backward pass is recorded without touching ``.grad``; or a recorded pass.
    stdin, stdout : file, optional
        By default the process's.
    as_json : bool
        Print every answer as one JSON object on a line, and nothing else.
    width : int, optional
        Columns; by default the terminal's.
    ascii_only : bool, optional
        Write formulas in ASCII; by default where `stdout` cannot encode them.

    Returns
    -------
    Debugger
        Where the user left it.

    Raises
    ------
    SystemExit
        At the command ``abort``.
    """
    stdin, stdout = stdin or sys.stdin, stdout or sys.stdout
    debugger = target if isinstance(target, Debugger) else Debugger(target)
    columns = width or max(min(shutil.get_terminal_size().columns, 100), 40)
    if ascii_only is None:
        ascii_only = _encodable(_SIGNS, stdout) != _SIGNS
    session = Session(debugger, columns, ascii_only)
    show = _json_printer(stdout) if as_json else _text_printer(stdout, columns)
    try:
        show(session.here())
        if not as_json:
            show(Answer("hint", lines=[Text("`help` lists the commands, `next` goes on, `quit` leaves", "dim")]))
        for line in _lines(session, stdin, stdout, as_json):
            answer = session.run(line)
            show(answer)
            if answer.kind == "abort":
                raise SystemExit(1)
            if answer.ends:
                break
    except BrokenPipeError:
        discard(stdout)
    return debugger


def _lines(session: Session, stdin: TextIO, stdout: TextIO, as_json: bool) -> Iterator[str]:
    """Yield the lines that the user types, until there are no more."""
    if not as_json and stdin is sys.stdin and stdin.isatty() and stdout.isatty():
        from .prompt import typed  # prompt_toolkit is slow to import, and only a real terminal needs it

        yield from typed(session, PROMPT)
        return

    def echo(text: str) -> None:
        if not as_json:
            stdout.write(text)
            stdout.flush()

    while True:
        echo(PROMPT)
        try:
            line = _from_notebook() if stdin is sys.stdin and "ipykernel" in sys.modules else stdin.readline()
        except KeyboardInterrupt:
            line = ""
        if not line:
            echo("\n")
            return
        if not stdin.isatty():
            echo(line if line.endswith("\n") else f"{line}\n")  # so that a transcript reads as a session
        yield line


def _from_notebook() -> str:
    try:
        return f"{input()}\n"  # a notebook's own field: its sys.stdin cannot be read
    except EOFError:
        return ""


def _text_printer(stdout: TextIO, width: int) -> Callable[[Answer], None]:
    console = Console(file=stdout, width=width, highlight=False, no_color=None if stdout.isatty() else True)

    def show(answer: Answer) -> None:
        for line in answer.lines:
            line.rstrip()
            text = _encodable(clean_lines(line.plain), stdout)
            console.print(line if text == line.plain else Text(text), overflow="fold")
        stdout.flush()

    return show


def _json_printer(stdout: TextIO) -> Callable[[Answer], None]:
    def show(answer: Answer) -> None:
        if answer.kind != "nothing":
            stdout.write(json.dumps({"answer": answer.kind, **answer.data}, allow_nan=False) + "\n")
            stdout.flush()

    return show


def _encodable(text: str, stdout: TextIO) -> str:
    """Return a text with ? for what the stream cannot encode."""
    encoding = getattr(stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def discard(stream: TextIO) -> None:
    """Let what is still buffered for a closed pipe go nowhere, so that the process ends in silence."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
