"""Commands that show the program: list, and up and down through the calls that led to a step."""

from __future__ import annotations

import ast
import re

from rich.text import Text

from tinygraph.recording.filenames import file_name
from tinygraph.recording.source import Source, call_stack

from ..debugging.lines import line_meant
from .session import Answer, CommandError, Session, command

_AROUND = 5  # lines above and below the one that is meant


@command("list", "l", usage="list [. | [FILE:]LINE[, LAST]]", group="seeing")
def _list(session: Session, argument: str) -> Answer:
    """Show the program around the line of this step, or of the call that `up` went to; given again, go on from there,
    and `list .` goes back. Around LINE of this file or another, as `list net.py:12`; `list 20, 60` shows LINE to LAST.
    """
    stack = _stack(session)
    source = stack[session.level] if stack else None
    if argument in ("", "."):
        if source is None:
            return Answer("list", {"lines": []}, [Text("the source of this step is not known", "dim")])
        if session.listed is not None and not argument:
            filename, first = session.listed
            if first > max(session.trace.source_lines(filename)):
                raise CommandError(f"that was the end of {file_name(filename)}; `list .` shows this step again")
            return _shown(session, source, filename, range(first, first + 2 * _AROUND + 1))
        return _around(session, source, source.filename, source.lineno)
    place, last = _range(argument)
    line = line_meant(session.trace, place)
    if line is None:
        raise CommandError(f"list takes a line, as 12 or net.py:12, or two, as 12, 40; not {argument!r}")
    named = line.filename or (None if source is None else source.filename)
    if named is None:
        raise CommandError("the source of this step is not known; say which file is meant, as `list net.py:12`")
    if last is None:
        return _around(session, source, named, line.number)
    if last < line.number:  # as in pdb, a number of lines
        last += line.number
    return _shown(session, source, named, range(line.number, last + 1))


def _range(argument: str) -> tuple[str, int | None]:
    """Return the first line that is asked for, and the last, where two are."""
    match = re.fullmatch(r"(.*\d)(?:\s*,\s*|\s+|-)(\d+)", argument)
    return (match[1], int(match[2])) if match else (argument, None)


@command("longlist", "ll", group="seeing")
def _longlist(session: Session, argument: str) -> Answer:
    """Show the whole function that this step ran in, or that `up` went to; outside of functions, the whole file."""
    stack = _stack(session)
    if not stack:
        raise CommandError("the source of this step is not known; say which file is meant, as `list net.py:12`")
    source = stack[session.level]
    program = session.trace.source_lines(source.filename)
    if source.lineno not in program:
        raise CommandError(_not_there(source.filename, source.lineno, program))
    return _shown(session, source, source.filename, _function_around(program, source.lineno))


def _function_around(program: dict[int, str], line: int) -> range:
    """Return the lines of the innermost function around a line, of the file where it stands in none."""
    whole = range(1, max(program) + 1)
    try:
        tree = ast.parse("\n".join(program.get(n, "") for n in whole))
    except SyntaxError:  # parts of a file
        return whole
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    around = [range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in functions]
    return min((lines for lines in around if line in lines), key=len, default=whole)


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
    return _around(session, stack[level], stack[level].filename, stack[level].lineno)


def _stack(session: Session) -> list[Source]:
    """Return the expressions that were being evaluated at this step; of a trace from a file, the innermost alone."""
    node = session.debugger.node
    return call_stack(node.call, node.lasti) or ([] if node.source is None else [node.source])


def _around(session: Session, here: Source | None, filename: str, line: int) -> Answer:
    """Return the lines of a file around one of them."""
    program = session.trace.source_lines(filename)
    if line not in program:
        raise CommandError(_not_there(filename, line, program))
    return _shown(session, here, filename, range(line - _AROUND, line + _AROUND + 1))


def _shown(session: Session, here: Source | None, filename: str, numbers: range) -> Answer:
    """Return some lines of a file, with an arrow at the step or the call that is looked at."""
    program = session.trace.source_lines(filename)
    shown = {n: program[n] for n in numbers if n in program}
    if not shown:
        raise CommandError(_not_there(filename, numbers.start, program))
    session.listed = filename, max(shown) + 1
    inside = here if here is not None and here.filename == filename else None
    name = f"{file_name(filename)}, {inside.function}" if inside and inside.function else file_name(filename)
    lines = [Text(f"  {name}", "dim")] if session.level or inside is None else []
    for n, text in shown.items():
        is_here = inside is not None and inside.lineno <= n <= inside.end_lineno
        margin = f"{n:>5} {'->' if is_here else '  '} "
        room = session.width - len(margin)
        parts = [text[start : start + room] for start in range(0, max(len(text), 1), room)]
        style = "bold" if is_here else ""
        lines += [Text(f"{' ' * len(margin) if k else margin}{part}", style) for k, part in enumerate(parts)]
    line = inside.lineno if inside else numbers[len(numbers) // 2]
    data = {"file": filename, "line": line, "lines": {str(n): text for n, text in shown.items()}}
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
