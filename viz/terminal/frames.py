"""Commands that show the program: list, and up and down through the calls that led to a step."""

from __future__ import annotations

from rich.text import Text

from tinygraph.recording.source import Source, call_stack

from ..debugging.lines import line_meant
from ..debugging.names import file_name
from .session import Answer, CommandError, Session, command


@command("list", "l", usage="list [[FILE:]LINE]", group="seeing")
def _list(session: Session, argument: str) -> Answer:
    """Show the program around the line of this step, or of the call that `up` went to; or around LINE of that file, or
    of another: `list net.py:12`.
    """
    stack = _stack(session)
    source = stack[session.level] if stack else None
    if argument in ("", "."):
        if source is None:
            return Answer("list", {"lines": []}, [Text("the source of this step is not known", "dim")])
        return _shown(session, source, source.filename, source.lineno)
    line = line_meant(session.trace, argument)
    if line is None:
        raise CommandError(f"list takes a line, as 12 or net.py:12, not {argument!r}")
    filename = line.filename or (None if source is None else source.filename)
    if filename is None:
        raise CommandError("the source of this step is not known; say which file is meant, as `list net.py:12`")
    return _shown(session, source, filename, line.number)


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
    return _shown(session, stack[level], stack[level].filename, stack[level].lineno)


def _stack(session: Session) -> list[Source]:
    """Return the expressions that were being evaluated at this step; of a trace from a file, the innermost alone."""
    node = session.debugger.node
    return call_stack(node.call, node.lasti) or ([] if node.source is None else [node.source])


def _shown(session: Session, here: Source | None, filename: str, middle: int) -> Answer:
    """Return the lines of a file around one of them, with an arrow at the step or the call that is looked at."""
    program = session.trace.source_lines(filename)
    if middle not in program:
        raise CommandError(_not_there(filename, middle, program))
    near = {n: program[n] for n in range(middle - 5, middle + 6) if n in program}
    inside = here if here is not None and here.filename == filename else None
    name = f"{file_name(filename)}, {inside.function}" if inside and inside.function else file_name(filename)
    lines = [Text(f"  {name}", "dim")] if session.level or inside is None else []
    for n, text in near.items():
        is_here = inside is not None and inside.lineno <= n <= inside.end_lineno
        margin = f"{n:>5} {'->' if is_here else '  '} "
        room = session.width - len(margin)
        parts = [text[start : start + room] for start in range(0, max(len(text), 1), room)]
        style = "bold" if is_here else ""
        lines += [Text(f"{' ' * len(margin) if k else margin}{part}", style) for k, part in enumerate(parts)]
    line = inside.lineno if inside else middle
    data = {"file": filename, "line": line, "lines": {str(n): text for n, text in near.items()}}
    return Answer("list", data, lines)


def _not_there(filename: str, line: int, program: dict[int, str]) -> str:
    """Return why a line of a file cannot be shown."""
    name = file_name(filename)
    if not program:
        return f"the source of {filename} is not here"
    if line > max(program):
        return f"{name} has no line {line}: " + (
            f"it has {len(program)} lines" if len(program) == max(program) else f"line {max(program)} is the last known"
        )
    return f"{name} has no line {line}" if line < 1 else f"line {line} of {name} is not in the file of the trace"
