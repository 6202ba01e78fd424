"""The debugger's prompt in a terminal: reads commands, prints answers, to read or as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TextIO

from rich.text import Text

import tinygraph as tg
from tinygraph.tracing.trace import Trace

from ..debugging.debugger import Debugger
from ..page.notebook import shown_instead
from . import (  # noqa: F401 - they register the commands
    changing,
    contributing,
    diagnosing,
    flowing,
    forward,
    frames,
    moving,
    picturing,
    seeing,
    stopping,
    verifying,
)
from .causes import first_findings
from .screen import Screen, complain, discard
from .session import Answer, Session

PROMPT = "(tinygraph) "


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

    Commands are read from `stdin` until it ends, Ctrl-D or ``quit``; Ctrl-C gives a new line. Where both streams are
    terminals, the prompt has history, completion and colours; else it is plain text. If `stdout` takes nothing, that
    is said in a line and the program goes on. In a notebook that is executed without a user, it shows the page instead
    (`viz.export`).

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
        Write everything in ASCII; by default where `stdout` has no more.

    Returns
    -------
    Debugger
        Where the user left it.

    Raises
    ------
    SystemExit
        At the command ``abort``.
    """
    debugger = target if isinstance(target, Debugger) else Debugger(target)
    if stdin is None and stdout is None and not as_json and shown_instead(debugger.trace):
        return debugger
    stream = stdout or sys.stdout
    if stream is None or stream.closed:
        complain("the debugger has no output to write to: it is closed")
        return debugger
    screen = Screen(stream, as_json, width, ascii_only)
    session = Session(debugger, screen.width, screen.ascii_only)
    if converse(session, screen, stdin or sys.stdin) == "abort":
        raise SystemExit(1)
    return session.debugger


def converse(session: Session, screen: Screen, stdin: TextIO | None, opening: Answer | None = None) -> str:
    """Ask and answer until the user leaves; return the kind of the last answer, empty where the input ended."""
    try:
        return _conversed(session, screen, stdin, opening)
    except BrokenPipeError:
        discard(screen.stream)  # the reader went away
    except OSError as error:
        discard(screen.stream)
        complain(f"the debugger's answers cannot be written: {error.strerror or error}")
    return ""


def _conversed(session: Session, screen: Screen, stdin: TextIO | None, opening: Answer | None) -> str:
    _show(screen, opening or session.attempt(session.here))
    if not screen.as_json:
        _show(screen, session.attempt(lambda: first_findings(session)))
    if not screen.as_json and opening is None:
        hint = "`help` lists the commands, `next` goes on, `quit` leaves"
        _show(screen, Answer("hint", lines=[Text(hint, "dim")]))
    for line in _lines(session, screen, stdin):
        answer = session.run(line)
        _show(screen, answer)
        if answer.ends:
            return answer.kind
    return ""


def _show(screen: Screen, answer: Answer) -> None:
    try:
        screen.show(answer)
    except KeyboardInterrupt:  # a long answer: the prompt comes back
        screen.break_off()


def _lines(session: Session, screen: Screen, stdin: TextIO | None) -> Iterator[str]:
    """Yield the lines that the user types, until there are no more."""
    if stdin is None or stdin.closed:
        return
    if not screen.as_json and stdin is sys.stdin and stdin.isatty() and screen.stream.isatty():
        from .prompt import typed  # prompt_toolkit is slow to import, and only a real terminal needs it

        yield from typed(session, PROMPT)
        return
    while True:
        screen.echo(PROMPT)
        try:
            line = _from_notebook() if stdin is sys.stdin and "ipykernel" in sys.modules else _read(stdin)
        except KeyboardInterrupt:
            screen.echo("\n")
            continue
        if not line:
            screen.echo("\n")
            return
        if not stdin.isatty():
            screen.echo(line if line.endswith("\n") else f"{line}\n")  # so that a transcript reads as a session
        yield line


def _read(stdin: TextIO) -> str:
    """Return the next line; none where what is read is no text, or the terminal is gone."""
    try:
        return stdin.readline()
    except (OSError, UnicodeError):
        return ""


def _from_notebook() -> str:
    try:
        return f"{input()}\n"  # a notebook's own field: its sys.stdin cannot be read
    except (EOFError, KeyboardInterrupt):
        return ""
