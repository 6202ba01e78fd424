"""Commands that move: by op, time step or cell, to a place, to what writes a gradient, to a breakpoint."""

from __future__ import annotations

from ..debugging.lines import line_meant
from .session import Answer, CommandError, Session, command, split_word, whole_number

_MOVES = "nodes t cell"


@command("next", "n", "step", "s", usage="next [COUNT | t | cell | NAME]", group="moving", completes=_MOVES)
def _next(session: Session, argument: str) -> Answer:
    """Go on by one op or COUNT; to the next time step; to the next cell (scope); to the next contribution to NAME."""
    return _move(session, argument, 1)


@command("back", "bk", usage="back [COUNT | t | cell | NAME]", group="moving", completes=_MOVES)
def _back(session: Session, argument: str) -> Answer:
    """Go back, as far as next goes on. `back W` answers: who last wrote W.grad?"""
    return _move(session, argument, -1)


def _move(session: Session, argument: str, direction: int) -> Answer:
    debugger = session.debugger
    if argument == "t":
        return session.stop(debugger.next_timestep(direction))
    if argument == "cell":
        return session.stop(debugger.next_cell(direction))
    if argument and not argument.lstrip("-").isdigit():
        return session.stop(debugger.next_write(session.node(argument), direction))
    return session.stop(debugger.next(whole_number(argument or "1", "a count") * direction))


_WHERE = "goto where? a step number, a name as h[3], or t and a time step"


@command("goto", "g", "jump", usage="goto STEP | NAME | t T", group="moving", completes="nodes t", asks=_WHERE)
def _goto(session: Session, argument: str) -> Answer:
    """Go to a step by its number, to the step of a value (`goto h[3]`), or to a time step (`goto t 3`)."""
    word, rest = split_word(argument.replace("=", " "))
    if word == "t" and rest:
        return session.stop(session.debugger.goto_timestep(whole_number(rest, "a time step")))
    return session.stop(session.debugger.goto(int(argument) if argument.lstrip("-").isdigit() else argument))


@command("until", "unt", usage="until [[FILE:]LINE]", group="moving")
def _until(session: Session, argument: str) -> Answer:
    """Run on to a step on another line of the program, or to one on LINE, or on FILE:LINE."""
    if not argument:
        return session.stop(session.debugger.until())
    line = line_meant(session.trace, argument)
    if line is None:
        raise CommandError(f"until takes a line, as 12 or net.py:12, not {argument!r}")
    return session.stop(session.debugger.until(line.number, line.filename))


@command("continue", "c", "cont", group="moving")
def _continue(session: Session, argument: str) -> Answer:
    """Run on to the next breakpoint or watch, or to the end; from there, to the program's next backward pass."""
    if session.passes is not None and session.debugger.position == session.debugger.last:
        return Answer("next pass", ends=True)
    stop = session.debugger.resume(1)
    if session.passes is not None and stop.position == session.debugger.last:
        stop = stop._replace(reason=f"{stop.reason}; `continue` goes to the next one")
    return session.stop(stop)


@command("restart", "run", group="moving")
def _restart(session: Session, argument: str) -> Answer:
    """Run the program again from its beginning, to its first backward pass, or the first that `when` allows."""
    if session.passes is None or not session.passes.can_begin_again:
        raise CommandError("there is no program to run again; `goto 0` goes to the first step")
    return Answer("restart", ends=True)


@command("reverse-continue", "rc", group="moving")
def _reverse_continue(session: Session, argument: str) -> Answer:
    """Run back to the previous breakpoint or watch, or to the loss."""
    return session.stop(session.debugger.resume(-1))


@command("undo", group="moving")
def _undo(session: Session, argument: str) -> Answer:
    """Take back the latest move, or the latest what-if."""
    return session.undo()


@command("abort", group="moving")
def _abort(session: Session, argument: str) -> Answer:
    """Leave the debugger and end the program, with exit status 1."""
    return Answer("abort", ends=True)


@command("quit", "q", "exit", group="moving")
def _quit(session: Session, argument: str) -> Answer:
    """Leave the debugger; the program goes on."""
    return Answer("end", ends=True)
