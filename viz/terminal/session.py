"""Session: a debugger and the commands given to it; each command gives an answer as data and as lines of text."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from tinygraph.diagnosing.symptoms.parameters import readers_by_name
from tinygraph.diagnosing.values_by_time import by_timestep
from tinygraph.plain_text import clean, clean_lines
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from ..debugging.breakpoints import Breakpoint
from ..debugging.debugger import Debugger, Stop
from ..debugging.names import telling_of_variables
from ..debugging.passes import Passes
from ..debugging.snapshot import take_snapshot
from .ascii_text import ascii_text
from .panels import stop_lines


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
    """A command, registered by `command`.

    Attributes
    ----------
    name : str
    aliases : tuple of str
    usage : str
    help : str
    group : str
        Where `help` lists it: one of `GROUPS`.
    run : callable
        Of the session and the argument, gives the answer.
    completes : str
        What may stand in its argument: words, or ``nodes``, ``parameters``, ``ops``, ``commands``, ``groups`` for
        all of these.
    asks : str
        The error where an argument is needed and none was given; empty where none is needed.
    """

    name: str
    aliases: tuple[str, ...]
    usage: str
    help: str
    group: str
    run: Run
    completes: str
    asks: str


GROUPS = ("moving", "stopping", "seeing", "diagnosing", "changing", "other")
COMMANDS: dict[str, Command] = {}
commands_by_word: dict[str, Command] = {}  # by aliases too


def command(
    name: str, *aliases: str, group: str, usage: str = "", completes: str = "", asks: str = ""
) -> Callable[[Run], Run]:
    """Register a function of (session, argument) as a command; its docstring is the help."""

    def register(run: Run) -> Run:
        text = " ".join((run.__doc__ or "").split())
        COMMANDS[name] = Command(name, aliases, usage or name, text, group, run, completes, asks)
        commands_by_word.update(dict.fromkeys((name, *aliases), COMMANDS[name]))
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
        Whether all is written in ASCII.
    passes : Passes, optional
        Those of the program that runs under the debugger.
    """

    def __init__(self, debugger: Debugger, width: int = 80, ascii_only: bool = False, passes: Passes | None = None):
        self.debugger = debugger
        self.passes = passes
        self.width = width
        self.ascii_only = ascii_only
        self._latest = ""
        self._level: tuple[Debugger | None, int, int] = (None, -1, 0)  # at which stop `up` was given, and how often
        self._listed: tuple[tuple[Debugger | None, int, int], tuple[str, int]] | None = None
        self._past: list[tuple[Debugger, int]] = []  # where each command that moved was given
        self._told: set[Hashable] = set()

    @property
    def trace(self) -> Trace:
        """The recorded pass."""
        return self.debugger.trace

    def is_new(self, finding: Hashable) -> bool:
        """Tell whether a finding has not been told before, as it is now."""
        is_new = finding not in self._told
        self._told.add(finding)
        return is_new

    @property
    def level(self) -> int:
        """How many calls around the step are shown, by `up`; 0 at every new stop."""
        debugger, position, level = self._level
        return level if (debugger, position) == (self.debugger, self.debugger.position) else 0

    @level.setter
    def level(self, level: int) -> None:
        self._level = self.debugger, self.debugger.position, level

    @property
    def listed(self) -> tuple[str, int] | None:
        """The file that was listed at this stop, and the line after those that were; None if none was."""
        place = self.debugger, self.debugger.position, self.level
        return self._listed[1] if self._listed is not None and self._listed[0] == place else None

    @listed.setter
    def listed(self, following: tuple[str, int]) -> None:
        self._listed = (self.debugger, self.debugger.position, self.level), following

    def node(self, name: str) -> Node:
        """Return the node of that name, or the parameter that ops read under that name; ``W.grad`` means ``W``."""
        name = name.removesuffix(".grad")
        try:
            return self.trace.node(name)
        except LookupError:
            graph = self.trace.graph
            alias = next((node for node in graph.parameters if name in readers_by_name(graph, node)), None)
            if alias is None:
                with telling_of_variables(self.trace, name):
                    raise
            return alias

    def values(self, name: str) -> dict[int, Node]:
        """Return the values of a variable by time step; none where `name` is that of a single value."""
        values: dict[int, Node] = {}
        if not any(self.trace.symbols.of(node).name == name for node in self.trace.graph.parameters):
            with suppress(LookupError):
                values = by_timestep(self.trace, name)
        return values if len(values) > 1 else {}

    def run(self, line: str) -> Answer:
        """Carry out one line; an empty one repeats the latest."""
        line = clean(line.strip()) or self._latest
        if not line or line.startswith("#"):
            return Answer("nothing")
        self._latest = line
        return self.attempt(lambda: self._carried_out(*split_word(line)))

    def _carried_out(self, word: str, argument: str) -> Answer:
        chosen = _meant(word)
        if chosen.asks and not argument:
            raise CommandError(chosen.asks)
        here, past = (self.debugger, self.debugger.position), len(self._past)
        try:
            return chosen.run(self, argument)
        finally:
            if len(self._past) == past and here != (self.debugger, self.debugger.position):
                self._past.append(here)

    def open(self, debugger: Debugger) -> list[str]:
        """Go on with another pass; return the commands of breakpoints that it has no place for."""
        before, self.debugger = self.debugger, debugger
        self._past.clear()
        return self.carry(before)

    def carry(self, before: Debugger) -> list[str]:
        """Take over breakpoints and displays; return the commands of those that have no place in this pass."""
        lost = []
        self.debugger.displays = before.displays
        for point in before.breakpoints.values():
            twin = self._set_again(point)
            if twin is None:
                lost.append(point.words or str(point))
            else:
                twin.enabled, twin.ignore, twin.hits = point.enabled, point.ignore, point.hits
        return lost

    def _set_again(self, point: Breakpoint) -> Breakpoint | None:
        """Carry out the command that set a breakpoint of another pass; None where it has no place in this one."""
        known = len(self.debugger.breakpoints)
        if point.words:
            self.attempt(lambda: self._carried_out(*split_word(point.words)))
        points = list(self.debugger.breakpoints.values())
        return points[-1] if len(points) > known else None

    def undo(self) -> Answer:
        """Go back to where the latest command that moved was given, or out of the replay that it made."""
        if not self._past:
            raise CommandError("there is nothing to undo: no command has moved so far")
        self.debugger, position = self._past.pop()
        return self.goto(position)

    def attempt(self, answer: Callable[[], Answer]) -> Answer:
        """Return an answer, or the error that it ends in."""
        try:
            return answer()
        except KeyboardInterrupt:  # a long search: the prompt comes back
            return Answer("interrupted", {"error": "interrupted"}, [Text("interrupted", "bold yellow")])
        except Exception as error:
            return _failed(error)

    def written(self, text: str) -> str:
        """Return a text as the screen will show it, to know how wide it is."""
        return ascii_text(text) if self.ascii_only else text

    def stop(self, stop: Stop) -> Answer:
        """Return the answer to a move: where we are now, and why."""
        data = {**take_snapshot(self.trace, stop.position), "reason": stop.reason, "moved": stop.moved}
        reason = [Text(f"■ {stop.reason}", "bold yellow")] if stop.reason else []
        if not stop.moved:
            return Answer("stop", data, reason or [Text("here already", "dim")])
        return Answer("stop", data, [*stop_lines(self.debugger, self.width, self.ascii_only), *reason])

    def here(self) -> Answer:
        """Return the screen of the current position."""
        return self.stop(Stop(self.debugger.position, "", True))

    def goto(self, step: int) -> Answer:
        """Go to a step and return its screen, also where the debugger stood there already."""
        self.debugger.goto(step)
        return self.here()

    def complete(self, text: str) -> list[str]:
        """Return the words that may stand in the place of the last word of `text`."""
        head, _, last = text.rpartition(" ")
        if not head.strip():
            return sorted(name for name in COMMANDS if name.startswith(last))
        word, _ = split_word(head)
        if word not in commands_by_word:
            return []
        return [candidate for candidate in self._candidates(commands_by_word[word]) if candidate.startswith(last)]

    def _candidates(self, command: Command) -> Iterable[str]:
        for kind in command.completes.split():
            if kind == "nodes":
                yield from self.trace.symbols.names()
            elif kind == "parameters":
                yield from (self.trace.symbols.of(node).ascii for node in self.trace.graph.parameters)
            elif kind == "commands":
                yield from COMMANDS
            elif kind == "groups":
                yield from GROUPS
            elif kind == "ops":
                yield from sorted({str(node.op) for node in self.trace.nodes})
            else:
                yield kind


def _meant(word: str) -> Command:
    """Return the command of that name or abbreviation, or the only one that begins so."""
    if word in commands_by_word:
        return commands_by_word[word]
    begun = sorted(name for name in COMMANDS if word and name.startswith(word))
    if len(begun) == 1:
        return COMMANDS[begun[0]]
    near = begun or [commands_by_word[name].name for name in difflib.get_close_matches(word, commands_by_word, 2, 0.6)]
    hint = f"did you mean {' or '.join(near)}?" if near else "`help` lists them"
    raise CommandError(f"unknown command {word!r}; {hint}")


def _failed(error: Exception) -> Answer:
    message = clean_lines(str(error))
    if isinstance(error, KeyError) or not isinstance(error, CommandError | LookupError | ValueError | OSError):
        message = f"a fault of tinygraph's own, please report it: {type(error).__name__}: {message}"
    marks = {name: getattr(error, name) for name in ("column", "reason") if hasattr(error, name)}
    first, *rest = message.split("\n")
    lines = [Text(f"*** {first}", "bold red"), *map(Text, rest)]
    return Answer("error", {"error": message, **marks}, lines)


def split_word(text: str) -> tuple[str, str]:
    """Return the first word of a text and the rest, without the spaces around it.

    Examples
    --------
    >>> split_word("break  op tanh"), split_word("next")
    (('break', 'op tanh'), ('next', ''))
    """
    word, _, rest = text.partition(" ")
    return word, rest.strip()


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
