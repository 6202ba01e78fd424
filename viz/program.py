"""A program under the debugger: it runs from one backward pass of interest to the next."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.text import Text

import tinygraph as tg
from tinygraph.array_text import number_text

from .debugging.debugger import Debugger
from .debugging.passes import Passes
from .script import Met, Then
from .terminal.screen import Screen
from .terminal.session import Answer, Session
from .terminal.terminal import converse


class Program:
    """A program under the debugger.

    Attributes
    ----------
    passes : Passes
        Those that it has run, and which of them to stop at.
    has_stopped : bool

    Parameters
    ----------
    passes : Passes
    stream : file
        Where answers are written.
    as_json : bool
    stdin : file, optional
    """

    def __init__(self, passes: Passes, stream: TextIO, *, as_json: bool = False, stdin: TextIO | None = None):
        self.passes = passes
        self.has_stopped = False
        self._screen = Screen(stream, as_json)
        self._stdin = stdin
        self._session: Session | None = None

    def pass_begins(self, met: Met) -> Then:
        """Let the user look at a pass that begins, if it is one to stop at, and say what then becomes of the program.

        Raises
        ------
        SystemExit
            At the command ``abort``.
        """
        output = met.recorded
        if isinstance(output, tg.Trace):
            output = output.output.tensor
        if not self.passes.stops_at(output):
            return Then.WATCH
        debugger, opening = Debugger(output), None
        if self._session is None:
            self._session = Session(debugger, self._screen.width, self._screen.ascii_only, self.passes)
            lost: list[str] = []
        else:
            lost = self._session.open(debugger)
        if self.has_stopped or self.passes.condition is not None:
            opening = self._opening(self._session, output, lost)
        self.has_stopped = True
        left = converse(self._session, self._screen, self._stdin or sys.stdin, opening)
        if left == "abort":
            raise SystemExit(1)
        if left == "restart":
            self.passes.begin_again()
            return Then.AGAIN
        return Then.WATCH if left == "next pass" else Then.LEAVE

    def _opening(self, session: Session, output: tg.Tensor, lost: list[str]) -> Answer:
        """Return the screen of a pass, with which one it is and why the program stopped at it."""
        answer = session.attempt(session.here)
        loss = f", loss {number_text(float(output.data.item()))}" if output.size == 1 else ""
        because = f": {self.passes.condition.text}" if self.passes.condition is not None else ""
        answer.data |= {"update": self.passes.update, "when": because[2:] or None}
        answer.lines.append(Text(f"■ backward pass {self.passes.update}{loss}{because}", "bold yellow"))
        answer.lines += [Text(f"  not in this pass: {words}", "dim") for words in lost]
        return answer
