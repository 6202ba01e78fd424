"""Commands that say where to stop: breakpoints, watches, conditions, hit counts."""

from __future__ import annotations

import re

from rich.text import Text

from tinygraph.plain_text import did_you_mean
from tinygraph.recording.filenames import file_name

from ..debugging import breakpoints as points
from ..debugging.breakpoints import Breakpoint
from ..debugging.expressions import Expression
from ..debugging.lines import Line, line_meant
from .session import Answer, CommandError, Session, command, split_word, whole_number

_KINDS = "op scope t line nan jump if nodes ops"
_USAGE = "break [NAME | op OP | scope SCOPE | t T[-T] | [FILE:]LINE | nan | jump FACTOR] [if CONDITION]"


@command("break", "b", usage=_USAGE, group="stopping", completes=_KINDS)
def _break(session: Session, argument: str) -> Answer:
    """Stop at a value, at every value of a variable (`break h`), an op, a scope, a time step or a range of them, a
    source line, where NaN or infinity is born, where a norm jumps or falls by FACTOR from one time step to the next,
    or where CONDITION is true. Without an argument, list the breakpoints.
    """
    if not argument:
        return _list(session)
    conditional = re.match(r"(.*?)(?:^|\s)if\s+(.*)$", argument)
    words = f"break {argument}"
    if conditional is None:
        return _set(session, _at(session, argument), words)
    place, condition = conditional[1].strip(), _checked(session, conditional[2])
    if not place:
        return _set(session, points.at_condition(session.trace, condition), words)
    point = _at(session, place)
    point.condition = condition
    return _set(session, point, words)


def _checked(session: Session, text: str) -> Expression:
    """Return a condition whose names are all known."""
    condition = Expression(text)
    condition.check_names(session.debugger.moment)
    return condition


def _at(session: Session, place: str) -> Breakpoint:
    trace = session.trace
    word, rest = split_word(place)
    if word == "nan":
        return points.at_nonfinite(trace)
    if word == "jump":
        return points.at_jump(trace, _factor(rest or "10"))
    if word == "op" and rest:
        return points.at_op(trace, _known(rest, {str(node.op) for node in trace.nodes}, "op"))
    if word == "scope" and rest:
        return points.at_scope(trace, _known(rest, _scopes(session), "scope"))
    if word == "t" and rest:
        return points.at_time(trace, *_range(rest))
    line = line_meant(trace, place)
    if line is not None:
        return _at_line(session, line)
    values = session.values(place)
    if values:
        return points.at_values(trace, place, values.values())
    try:
        return points.at_node(trace, session.node(place))
    except LookupError:
        if place in {str(node.op) for node in trace.nodes}:
            raise CommandError(f"{place} is an op, not a value: `break op {place}` stops at each") from None
        raise


def _scopes(session: Session) -> set[str]:
    """Return the scopes of all steps, and those around them."""
    parts = [node.scope.split("/") for node in session.trace.nodes if node.scope]
    return {"/".join(scope[: n + 1]) for scope in parts for n in range(len(scope))}


def _known(name: str, known: set[str], what: str) -> str:
    if name in known:
        return name
    hint = did_you_mean(name, known) or f"they are {', '.join(sorted(known)) or 'none'}"
    raise CommandError(f"no step of this pass has the {what} {name!r}; {hint}")


def _range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(-?\d+)(?:\s*(?:-|:|to|\.\.)\s*(-?\d+))?", text)
    if match is None:
        raise CommandError(f"a time step is a number or a range as 3-7, not {text!r}")
    first, last = sorted((int(match[1]), int(match[2] or match[1])))
    return first, last


def _factor(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CommandError(f"jump takes a factor, as `break jump 10`, not {text!r}") from None


def _at_line(session: Session, line: Line) -> Breakpoint:
    point = points.at_line(session.trace, *line)
    if any(point.test(k) for k in range(len(session.trace))):
        return point
    sources = {node.source for node in session.trace.nodes if node.source is not None}
    numbers = sorted({each.lineno for each in sources if line.filename in (None, each.filename)})
    near = min(numbers, key=lambda known: abs(known - line.number), default=None)
    place = f"line {line.number}" if line.filename is None else f"{file_name(line.filename)}:{line.number}"
    raise CommandError(f"nothing was recorded on {place}" + (f"; the nearest is {near}" if near else ""))


def _set(session: Session, point: Breakpoint, words: str) -> Answer:
    point.words = words
    session.debugger.add(point)
    return Answer("breakpoint", _data(point), [Text(f"breakpoint {point.number}: {point}")])


def _data(point: Breakpoint) -> dict[str, object]:
    fields = ("enabled", "ignore", "hits")
    return {"number": point.number, "what": str(point), **{name: getattr(point, name) for name in fields}}


def _list(session: Session) -> Answer:
    breakpoints = list(session.debugger.breakpoints.values())
    lines = [_line(point) for point in breakpoints] or [Text("no breakpoints", "dim")]
    return Answer("breakpoints", {"breakpoints": [_data(point) for point in breakpoints]}, lines)


def _line(point: Breakpoint) -> Text:
    hits = "  1 hit" if point.hits == 1 else f"  {point.hits} hits"
    ignored = f", the first {point.ignore} ignored" if point.ignore else ""
    disabled = "" if point.enabled else "  disabled"
    place = (f"{point.number:>3}  {point}", "" if point.enabled else "dim")
    return Text.assemble(place, (hits + ignored + disabled, "dim"))


_WHAT = "watch what? a name, as W or h[3]"


@command("watch", usage="watch NAME", group="stopping", completes="parameters nodes", asks=_WHAT)
def _watch(session: Session, argument: str) -> Answer:
    """Stop, in both directions, wherever the gradient of NAME is written."""
    return _set(session, points.at_write(session.trace, session.node(argument)), f"watch {argument}")


def _point(session: Session, text: str) -> Breakpoint:
    number = whole_number(text, "a breakpoint's number")
    if number not in session.debugger.breakpoints:
        raise CommandError(f"there is no breakpoint {number}; `break` lists them")
    return session.debugger.breakpoints[number]


@command("delete", "clear", "cl", "unwatch", usage="delete [NUMBER …]", group="stopping")
def _delete(session: Session, argument: str) -> Answer:
    """Delete breakpoints and watches by number; all of them without one."""
    chosen = [_point(session, word) for word in argument.split()] or list(session.debugger.breakpoints.values())
    for point in chosen:
        session.debugger.breakpoints.pop(point.number, None)  # which may have been named twice
    numbers = [point.number for point in chosen]
    return Answer("deleted", {"numbers": numbers}, [Text(f"deleted {point.number}: {point}") for point in chosen])


@command("enable", usage="enable NUMBER …", group="stopping")
def _enable(session: Session, argument: str) -> Answer:
    """Let disabled breakpoints stop again."""
    return _switch(session, argument, True)


@command("disable", usage="disable NUMBER …", group="stopping")
def _disable(session: Session, argument: str) -> Answer:
    """Keep breakpoints but do not stop at them."""
    return _switch(session, argument, False)


def _switch(session: Session, argument: str, enabled: bool) -> Answer:
    for word in argument.split():
        _point(session, word).enabled = enabled
    return _list(session)


@command("ignore", usage="ignore NUMBER COUNT", group="stopping")
def _ignore(session: Session, argument: str) -> Answer:
    """Pass over the next COUNT hits of a breakpoint."""
    words = argument.split()
    if len(words) != 2:
        raise CommandError("ignore takes a breakpoint's number and a count")
    point = _point(session, words[0])
    point.ignore = point.hits + max(whole_number(words[1], "a count"), 0)
    return _list(session)


@command("condition", usage="condition NUMBER [CONDITION]", group="stopping")
def _condition(session: Session, argument: str) -> Answer:
    """Stop at a breakpoint only where CONDITION is true; without one, always."""
    number, text = split_word(argument)
    point = _point(session, number)
    point.condition = _checked(session, text) if text else None
    return _list(session)


@command("when", usage="when [CONDITION]", group="stopping")
def _when(session: Session, argument: str) -> Answer:
    """Say at which backward pass of the program to stop next: `when isnan(loss)`, `when loss > 10 * median`,
    `when update == 300`, `when norm(W.grad) > 100`. Then `continue` at the end of this pass. Alone, show it.
    """
    passes = session.passes
    if passes is None:
        raise CommandError("there are no other passes here; `tinygraph debug script.py` runs a program through its own")
    if argument:
        passes.condition = Expression(argument)
    text = passes.condition.text if passes.condition is not None else ""
    line = f"the program stops at {f'backward passes for which {text}' if text else 'every backward pass'}"
    return Answer("when", {"when": text or None, "update": passes.update}, [Text(line)])
