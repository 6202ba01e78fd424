"""A program under the debugger: it runs from one backward pass of interest to the next."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from traceback import walk_tb
from typing import Any, TextIO

import numpy as np
from rich.text import Text

import tinygraph as tg
from tinygraph.array_text import number_text
from tinygraph.backward.backprop import observed

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
        output: Any = met.recorded.output.tensor if isinstance(met.recorded, tg.Trace) else met.recorded
        if not self.passes.stops_at(met.recorded):
            return Then.WATCH
        session, lost = self._opened(Debugger(met.recorded))
        opening = None
        if self.has_stopped or self.passes.condition is not None:
            opening = self._opening(session, output, lost)
        self.has_stopped = True
        left = converse(session, self._screen, self._stdin or sys.stdin, opening)
        if left == "abort":
            raise SystemExit(1)
        if left == "restart":
            self.passes.begin_again()
            return Then.AGAIN
        return Then.WATCH if left == "next pass" else Then.LEAVE

    def failed(self, error: BaseException, trace: tg.Trace) -> None:
        """Let the user look at what was recorded before an error.

        Raises
        ------
        SystemExit
            At the command ``abort``.
        """
        session, lost = self._opened(Debugger(trace))
        answer = session.attempt(session.here)
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        answer.data |= {"update": self.passes.update, "error": what}
        answer.lines.append(Text(f"■ the update fails: {what}", "bold red"))
        answer.lines += [Text(f"  not in this pass: {words}", "dim") for words in lost]
        self.has_stopped = True
        if converse(session, self._screen, self._stdin or sys.stdin, answer) == "abort":
            raise SystemExit(1)

    def _opened(self, debugger: Debugger) -> tuple[Session, list[str]]:
        """Return the session, at another pass, and the commands of breakpoints that have no place in it."""
        if self._session is not None:
            return self._session, self._session.open(debugger)
        self._session = Session(debugger, self._screen.width, self._screen.ascii_only, self.passes)
        return self._session, []

    def _opening(self, session: Session, output: tg.Tensor, lost: list[str]) -> Answer:
        """Return the screen of a pass, with which one it is and why the program stopped at it."""
        answer = session.attempt(session.here)
        loss = f", loss {number_text(float(output.data.item()))}" if output.size == 1 else ""
        because = f": {self.passes.condition.text}" if self.passes.condition is not None else ""
        answer.data |= {"update": self.passes.update, "when": because[2:] or None}
        answer.lines.append(Text(f"■ backward pass {self.passes.update}{loss}{because}", "bold yellow"))
        answer.lines += [Text(f"  not in this pass: {words}", "dim") for words in lost]
        return answer


class Watch:
    """A debugger that looks at the backward passes of a training loop, until the user quits it."""

    def __init__(self, program: Program):
        self._program = program
        self._shown: tg.Tensor | None = None
        self._looks = True

    def pass_begins(self, output: tg.Tensor) -> None:
        """Let the user look at a pass that begins, if it is one to stop at."""
        if not self._looks:
            return
        stops = self._program.passes.stops
        then = self._program.pass_begins(Met(output))
        if self._program.passes.stops > stops:
            self._shown = output
        self._looks = then is Then.WATCH

    def failed(self, error: BaseException, output: tg.Tensor | None) -> None:
        """Let the user look at what was recorded before an error, unless it was shown already."""
        if not self._looks or (output is not None and output is self._shown):
            return
        trace = next(filter(None, map(_traced, chain([output], _newest(error)))), None)
        if trace is not None:
            self._program.failed(error, trace)


@contextmanager
def watching(condition: str | None) -> Iterator[Watch]:
    """Open the debugger at each backward pass inside the ``with`` block for which a condition holds.

    Raises
    ------
    ExpressionError
        If the condition is malformed.
    """
    watch = Watch(Program(Passes(condition, can_begin_again=False), sys.stdout))
    with observed(watch.pass_begins):
        yield watch


def _traced(output: tg.Tensor | None) -> tg.Trace | None:
    """Return the backward pass of a Tensor, from ones if it is no scalar; None where there is none to look at."""
    if output is None or not output.requires_grad or output.op is None:
        return None
    try:
        return tg.trace(output, None if output.shape == () else np.ones(output.shape, output.dtype))
    except Exception:  # whatever the rules of the user's ops raise
        return None


def _newest(error: BaseException) -> Iterator[tg.Tensor]:
    """Yield the latest Tensor of each function that the error went through, the innermost function first."""
    for frame, _ in reversed(list(walk_tb(error.__traceback__))):
        values = chain.from_iterable(v if isinstance(v, (list, tuple)) else [v] for v in frame.f_locals.values())
        tensors = [value for value in values if isinstance(value, tg.Tensor) and value.requires_grad]
        if tensors:
            known = set(tensors)
            yield next(node.tensor for node in reversed(tg.graph(*tensors).nodes) if node.tensor in known)
