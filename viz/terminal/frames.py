"""Commands that show the program: list, and up and down through the calls that led to a step."""

from __future__ import annotations

from rich.text import Text

from tinygraph.recording.source import Source, call_stack

from ..debugging.names import file_name
from .session import Answer, CommandError, Session, command


@command("list", "l", usage="list [LINE]", group="seeing")
def _list(session: Session, argument: str) -> Answer:
    """Show the program around the line of this step, or of the call that `up` went to; or around LINE."""
    stack = _stack(session)
    if not stack:
        return Answer("list", {"lines": []}, [Text("the source of this step is not known", "dim")])
    source = stack[session.level]
    return _shown(session, source, int(argument) if argument.isdigit() else source.lineno)


@command("up", "u", group="seeing")
def _up(session: Session, argument: str) -> Answer:
    """Show the call of the function that this step ran in; again, the call around that one."""
    return _to_level(session, session.level + 1, "this is the outermost call that is known")


@command("down", "d", group="seeing")
def _down(session: Session, argument: str) -> Answer:
    """Show the call inside again, after `up`; at last the line of this step."""
    return _to_level(session, session.level - 1, "this is the step itself")


def _to_level(session: Session, level: int, otherwise: str) -> Answer:
    stack = _stack(session)
    if not 0 <= level < len(stack):
        raise CommandError(otherwise)
    session.level = level
    return _shown(session, stack[level], stack[level].lineno)


def _stack(session: Session) -> list[Source]:
    """Return the expressions that were being evaluated at this step; of a trace from a file, the innermost alone."""
    node = session.debugger.node
    return call_stack(node.call, node.lasti) or ([] if node.source is None else [node.source])


def _shown(session: Session, source: Source, middle: int) -> Answer:
    program = session.trace.source_lines(source.filename)
    near = {n: program[n] for n in range(middle - 5, middle + 6) if n in program}
    name = f"{file_name(source.filename)}, {source.function}" if source.function else file_name(source.filename)
    lines = [Text(f"  {name}", "dim")] if session.level else []
    for n, text in near.items():
        is_here = source.lineno <= n <= source.end_lineno
        margin = f"{n:>5} {'->' if is_here else '  '} "
        room = session.width - len(margin)
        parts = [text[start : start + room] for start in range(0, max(len(text), 1), room)]
        style = "bold" if is_here else ""
        lines += [Text(f"{' ' * len(margin) if k else margin}{part}", style) for k, part in enumerate(parts)]
    data = {"file": source.filename, "line": source.lineno, "lines": {str(n): text for n, text in near.items()}}
    return Answer("list", data, lines or [Text(f"no source of {source.filename}", "dim")])
