"""The debugger's commands: words and abbreviations, as pdb's; each gives an answer as data and as lines of text."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from ..debugging.debugger import Debugger, Stop
from ..debugging.snapshot import look
from .screen import stop_lines

__all__ = ["Answer", "CommandError", "Session", "command"]


class CommandError(ValueError):
    """A command that cannot be carried out as it was given."""


@dataclass
class Answer:
    """What a command gives back.

    Attributes
    ----------
    kind : str
        What sort of answer it is: ``"stop"``, ``"value"``, ``"error"``, ….
    data : dict
        The answer as data that JSON can hold.
    lines : list of Text
        The answer to read.
    ends : bool
        Whether the session is over.
    """

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: list[Text] = field(default_factory=list)
    ends: bool = False


Run = Callable[["Session", str], Answer]


@dataclass(frozen=True)
class Command:
    """A command's name, its abbreviations, how it is used, what it does, and the function that does it."""

    name: str
    aliases: tuple[str, ...]
    usage: str
    help: str
    group: str
    run: Run
    completes: str  # what its argument may be: "nodes", "moves", "breakpoints", "expressions", "" …


COMMANDS: dict[str, Command] = {}
_WORDS: dict[str, Command] = {}


def command(
    name: str, *aliases: str, usage: str = "", group: str = "seeing", completes: str = ""
) -> Callable[[Run], Run]:
    """Register a function of (session, argument) as a command; its docstring is the help."""

    def register(run: Run) -> Run:
        text = " ".join((run.__doc__ or "").split())
        made = Command(name, aliases, usage or name, text, group, run, completes)
        COMMANDS[name] = made
        for word in (name, *aliases):
            _WORDS[word] = made
        return run

    return register


class Session:
    """A debugger and the commands given to it.

    Parameters
    ----------
    debugger : Debugger
    width : int
        Of the screen, in columns.
    ascii_only : bool
        Whether formulas are written in ASCII.
    """

    def __init__(self, debugger: Debugger, width: int = 80, ascii_only: bool = False):
        self.debugger = debugger
        self.width = width
        self.ascii_only = ascii_only
        self._latest = ""
        self.lines_shown: dict[str, int] = {}

    def run(self, line: str) -> Answer:
        """Carry out one line; an empty one repeats the latest."""
        line = line.strip() or self._latest
        if not line or line.startswith("#"):
            return Answer("nothing")
        self._latest = line
        word, argument = _split(line)
        try:
            return _meant(word).run(self, argument)
        except KeyError:
            raise  # a fault of ours: nothing that a user names is looked up so
        except (CommandError, LookupError, ValueError, OSError) as error:
            return failed(error)

    def stop(self, stop: Stop) -> Answer:
        """Return the answer to a move: where we are now, and why."""
        data = {**look(self.debugger.trace, stop.position), "reason": stop.reason, "moved": stop.moved}
        reason = [Text(f"■ {stop.reason}", "bold yellow")] if stop.reason else []
        if not stop.moved:
            return Answer("stop", data, reason or [Text("here already", "dim")])
        return Answer("stop", data, [*stop_lines(self.debugger, self.width, self.ascii_only), *reason])

    def here(self) -> Answer:
        """Return the screen of the current position."""
        return self.stop(Stop(self.debugger.position, "", True))

    def complete(self, text: str) -> list[str]:
        """Return the words that may stand in the place of the last word of `text`."""
        head, _, last = text.rpartition(" ")
        if not head.strip():
            return sorted(name for name in COMMANDS if name.startswith(last))
        found = _WORDS.get(_split(head)[0])
        return [word for word in self._candidates(found) if word.startswith(last)] if found else []

    def _candidates(self, found: Command) -> Iterable[str]:
        trace = self.debugger.trace
        for kind in found.completes.split():
            if kind == "nodes":
                yield from trace.symbols.names()
            elif kind == "parameters":
                yield from (trace.symbols.of(node).ascii for node in trace.graph.parameters)
            elif kind == "commands":
                yield from COMMANDS
            elif kind == "ops":
                yield from sorted({str(node.op) for node in trace.nodes})
            else:
                yield kind


def _meant(word: str) -> Command:
    """Return the command of that name or abbreviation, or the only one that begins so."""
    if word in _WORDS:
        return _WORDS[word]
    begun = sorted(name for name in COMMANDS if word and name.startswith(word))
    if len(begun) == 1:
        return COMMANDS[begun[0]]
    near = begun or [_WORDS[name].name for name in difflib.get_close_matches(word, _WORDS, 1, 0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else "`help` lists them"
    raise CommandError(f"unknown command {word!r}; {hint}")


def _split(line: str) -> tuple[str, str]:
    word, _, argument = line.partition(" ")
    return word, argument.strip()


def failed(error: Exception) -> Answer:
    """Return the answer to a command that could not be carried out."""
    message = str(error)
    data: dict[str, Any] = {"error": message}
    for name in ("column", "reason"):
        if hasattr(error, name):
            data[name] = getattr(error, name)
    first, *rest = message.split("\n")
    return Answer("error", data, [Text(f"*** {first}", "bold red"), *(Text(line) for line in rest)])


def whole_number(text: str, what: str) -> int:
    """Return `text` as an integer.

    Raises
    ------
    CommandError
        If it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise CommandError(f"{what} is a whole number, not {text!r}") from None
