"""Commands that say where to stop: breakpoints, watches, conditions, hit counts."""

from __future__ import annotations

import re

from rich.text import Text

from ..debugging import breakpoints as points
from ..debugging.breakpoints import Breakpoint
from ..debugging.expressions import Expression
from .arrays import styled
from .session import Answer, CommandError, Session, command, whole_number

__all__: list[str] = []

_KINDS = "op scope t line nan jump if nodes ops"
_USAGE = "break [NAME | op OP | scope SCOPE | t T[-T] | [FILE:]LINE | nan | jump FACTOR] [if CONDITION]"


@command("break", "b", usage=_USAGE, group="stopping", completes=_KINDS)
def _break(session: Session, argument: str) -> Answer:
    """Stop at a value, an op, a scope, a time step or a range of them, a source line, where NaN or infinity is born,
    where a norm jumps or falls by FACTOR from one time step to the next, or where CONDITION is true. Without an
    argument, list the breakpoints.
    """
    if not argument:
        return _listed(session)
    place, condition = _parted(argument)
    if condition is not None:
        condition.check_names(session.debugger.moment)
    if place:
        point = _at(session, place)
        point.condition = condition
    else:
        assert condition is not None
        point = points.at_condition(session.debugger.trace, condition)
    return _set(session, point)


def _parted(argument: str) -> tuple[str, Expression | None]:
    match = re.match(r"(.*?)(?:^|\s)if\s+(.*)$", argument)
    if match is None:
        return argument, None
    return match[1].strip(), Expression(match[2])


def _at(session: Session, place: str) -> Breakpoint:
    trace = session.debugger.trace
    word, _, rest = place.partition(" ")
    rest = rest.strip()
    if word == "nan":
        return points.at_nonfinite(trace)
    if word == "jump":
        return points.at_jump(trace, _factor(rest), session.debugger.norm)
    if word == "op" and rest:
        return points.at_op(trace, _known(rest, {str(node.op) for node in trace.nodes}, "op"))
    if word == "scope" and rest:
        return points.at_scope(trace, _known(rest, _scopes(session), "scope"))
    if word == "t" and rest:
        return points.at_time(trace, *_range(rest))
    line = re.fullmatch(r"(?:line\s+)?(?:(.+\D):)?(\d+)", place)
    if line:
        return _at_line(session, line[1], int(line[2]))
    return points.at_node(trace, trace.node(place))


def _scopes(session: Session) -> set[str]:
    found: set[str] = set()
    for node in session.debugger.trace.nodes:
        parts = node.scope.split("/") if node.scope else []
        found.update("/".join(parts[: n + 1]) for n in range(len(parts)))
    return found


def _known(name: str, known: set[str], what: str) -> str:
    if name in known:
        return name
    import difflib

    near = difflib.get_close_matches(name, known, 1, 0.4)
    hint = f"did you mean {near[0]}?" if near else f"they are {', '.join(sorted(known)) or 'none'}"
    raise CommandError(f"no step of this pass has the {what} {name!r}; {hint}")


def _range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(-?\d+)(?:\s*(?:-|:|to|\.\.)\s*(-?\d+))?", text)
    if match is None:
        raise CommandError(f"a time step is a number or a range as 3-7, not {text!r}")
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    return min(first, last), max(first, last)


def _factor(text: str) -> float:
    try:
        factor = float(text or "10")
    except ValueError:
        raise CommandError(f"jump takes a factor, as `break jump 10`, not {text!r}") from None
    if not factor > 1:
        raise CommandError(f"a factor above 1 is needed, not {factor:g}")
    return factor


def _at_line(session: Session, filename: str | None, line: int) -> Breakpoint:
    point = points.at_line(session.debugger.trace, filename, line)
    if not any(point.test(k) for k in range(len(session.debugger.trace))):
        sources = [node.source for node in session.debugger.trace.nodes]
        lines = sorted({source.lineno for source in sources if source is not None})
        near = min(lines, key=lambda known: abs(known - line), default=None)
        raise CommandError(f"nothing was recorded on line {line}" + (f"; the nearest is {near}" if near else ""))
    return point


def _set(session: Session, point: Breakpoint) -> Answer:
    session.debugger.add(point)
    return Answer("breakpoint", _data(point), [Text(f"breakpoint {point.number}: {point}")])


def _data(point: Breakpoint) -> dict[str, object]:
    return {
        "number": point.number,
        "what": str(point),
        "enabled": point.enabled,
        "ignore": point.ignore,
        "hits": point.hits,
    }


def _listed(session: Session) -> Answer:
    every = list(session.debugger.breakpoints.values())
    lines = [Text("no breakpoints", "dim")] if not every else []
    for point in every:
        line = styled(f"{point.number:>3}  {point}", "" if point.enabled else "dim")
        line.append(f"  {point.hits} hits" if point.hits != 1 else "  1 hit", "dim")
        line.append(f", the first {point.ignore} ignored" if point.ignore else "", "dim")
        line.append("" if point.enabled else "  disabled", "dim")
        lines.append(line)
    return Answer("breakpoints", {"breakpoints": [_data(point) for point in every]}, lines)


@command("watch", usage="watch NAME", group="stopping", completes="parameters nodes")
def _watch(session: Session, argument: str) -> Answer:
    """Stop, in both directions, wherever the gradient of NAME is written."""
    if not argument:
        raise CommandError("watch what? a name, as W or h[3]")
    return _set(
        session, points.at_write(session.debugger.trace, session.debugger.trace.node(argument.removesuffix(".grad")))
    )


def _point(session: Session, text: str) -> Breakpoint:
    number = whole_number(text, "a breakpoint's number")
    try:
        return session.debugger.breakpoints[number]
    except KeyError:
        raise CommandError(f"there is no breakpoint {number}; `break` lists them") from None


@command("delete", "clear", "cl", "unwatch", usage="delete [NUMBER …]", group="stopping")
def _delete(session: Session, argument: str) -> Answer:
    """Delete breakpoints and watches by number; all of them without one."""
    chosen = [_point(session, word) for word in argument.split()] or list(session.debugger.breakpoints.values())
    for point in chosen:
        session.debugger.breakpoints.pop(point.number, None)
    return Answer(
        "deleted", {"numbers": [p.number for p in chosen]}, [Text(f"deleted {p.number}: {p}") for p in chosen]
    )


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
    return _listed(session)


@command("ignore", usage="ignore NUMBER COUNT", group="stopping")
def _ignore(session: Session, argument: str) -> Answer:
    """Pass over the next COUNT hits of a breakpoint."""
    words = argument.split()
    if len(words) != 2:
        raise CommandError("ignore takes a breakpoint's number and a count")
    point = _point(session, words[0])
    point.ignore = point.hits + max(whole_number(words[1], "a count"), 0)
    return _listed(session)


@command("condition", usage="condition NUMBER [CONDITION]", group="stopping")
def _condition(session: Session, argument: str) -> Answer:
    """Stop at a breakpoint only where CONDITION is true; without one, always."""
    number, _, text = argument.partition(" ")
    point = _point(session, number)
    condition = Expression(text) if text.strip() else None
    if condition is not None:
        condition.check_names(session.debugger.moment)
    point.condition = condition
    return _listed(session)
