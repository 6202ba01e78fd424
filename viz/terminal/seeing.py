"""Commands that look without moving: numbers, formula, facts; and help."""

from __future__ import annotations

import textwrap

from rich.text import Text

from tinygraph.array_text import number_text
from tinygraph.diagnosing.makers import made_at
from tinygraph.diagnosing.symptoms.parameters import readers_by_name
from tinygraph.plain_text import did_you_mean
from tinygraph.recording.node import Node

from ..debugging.expressions import Expression
from ..debugging.names import FUNCTIONS, NAMES
from ..debugging.snapshot import array_data, json_data, take_snapshot
from .arrays import array_lines, is_array, one_line
from .panels import formula_lines
from .session import COMMANDS, GROUPS, Answer, Command, CommandError, Session, command, commands_by_word


@command("where", "w", "bt", group="seeing")
def _where(session: Session, argument: str) -> Answer:
    """Show the whole screen of this stop again: source, formula, numbers, neighbourhood, time steps."""
    return session.here()


@command("formula", "f", group="seeing")
def _formula(session: Session, argument: str) -> Answer:
    """Show the chain rule of this step, and the source of the rule that runs."""
    formulas = take_snapshot(session.trace, session.debugger.position)["formulas"]
    lines = formula_lines(formulas, session.width, session.ascii_only)
    return Answer("formula", {"formulas": formulas}, lines or [Text("no argument receives a gradient", "dim")])


_PRINT = "print what? `help expressions` says what can be asked"


@command("print", "p", "pp", usage="print EXPRESSION", group="seeing", completes="nodes expressions", asks=_PRINT)
def _print(session: Session, argument: str) -> Answer:
    """Show the value of an expression: `p grad`, `p W.grad` (so far), `p h[3]`, `p norm(h[3].grad) / norm(grad)`.
    `help expressions` lists the names and functions.
    """
    value = session.debugger.evaluate(argument)
    if is_array(value):
        return Answer("value", array_data(value), array_lines(value, session.width - 4))
    line = Text(one_line(value, session.width), "dim" if value is None else "")
    return Answer("value", {"value": None, "computed": False} if value is None else {"value": json_data(value)}, [line])


@command("display", usage="display [EXPRESSION]", group="seeing", completes="nodes expressions")
def _display(session: Session, argument: str) -> Answer:
    """Show an expression at every stop; without one, list them."""
    if argument:
        expression = Expression(argument)
        expression.check_names(session.debugger.moment)
        session.debugger.displays.append(expression)
    texts = [display.text for display in session.debugger.displays]
    return Answer("displays", {"displays": texts}, [Text(f"  {text}") for text in texts] or [Text("nothing", "dim")])


@command("undisplay", usage="undisplay [EXPRESSION]", group="seeing")
def _undisplay(session: Session, argument: str) -> Answer:
    """Show an expression no longer; without one, none."""
    displays = session.debugger.displays
    displays[:] = [display for display in displays if argument and display.text != argument]
    return _display(session, "")


@command("info", "i", usage="info [NAME]", group="seeing", completes="nodes")
def _info(session: Session, argument: str) -> Answer:
    """Tell about the pass; or about a value: its op, shape, scope, time step, expression and source line."""
    trace = session.trace
    if argument:
        return _about_node(session, session.node(argument))
    names = ", ".join(str(trace.symbols.of(node)) for node in trace.graph.parameters)
    timesteps = trace.graph.timesteps
    lines = [
        f"{len(trace)} steps, {len(trace.graph)} nodes, {len(trace.graph.parameters)} parameters: {names}",
        f"time steps {timesteps[0]} to {timesteps[-1]}" if timesteps else "no time steps",
        f"output {trace.symbols.of(trace.output)} = {number_text(float(trace.output.data.ravel()[0]))}",
    ]
    data = {"steps": len(trace), "nodes": len(trace.graph), "timesteps": timesteps}
    return Answer("info", data, [Text(f"  {line}") for line in lines])


def _about_node(session: Session, node: Node) -> Answer:
    names = list(readers_by_name(session.trace.graph, node)) if node.kind == "parameter" else []
    facts = {
        "name": str(session.trace.symbols.of(node)),
        "kind": node.kind,
        "op": None if node.op is None else str(node.op),
        "shape": list(node.shape),
        "dtype": str(node.dtype),
        "timestep": node.timestep,
        "scope": node.scope,
        "expression": node.expression,
        "made of": ", ".join(str(session.trace.symbols.of(source)) for source in node.inputs) or None,
        "step": session.trace.step_of(node),
        "line": node.source and f"{node.source.filename}:{node.source.lineno}",
        "made": _maker(session, node),
        "aliases": ", ".join(names) if len(names) > 1 else None,
    }
    known = {name: fact for name, fact in facts.items() if fact not in (None, "")}
    return Answer("node", facts, [Text.assemble((f"  {name:<11}", "dim"), str(fact)) for name, fact in known.items()])


def _maker(session: Session, node: Node) -> str | None:
    maker = made_at(session.trace, node) if node.kind == "constant" else None
    return None if maker is None else str(maker)


_MARGIN = 24  # columns for the names of commands


@command("help", "h", "?", usage="help [COMMAND | GROUP]", group="other", completes="commands groups expressions")
def _help(session: Session, argument: str) -> Answer:
    """List the commands; tell about one, about those of a group (`help moving`), or about expressions."""
    if argument == "expressions":
        return _help_expressions(session.width)
    if argument in GROUPS:
        return _help_group(session, argument)
    if argument:
        return _help_command(session, argument)
    lines = []
    for group in GROUPS:
        names = "  ".join(each.name for each in COMMANDS.values() if each.group == group)
        lines += hanging(Text(group, "bold magenta"), names, session.width, 12)
    lines.append(Text())
    for text in (
        f"help GROUP, as `help {GROUPS[0]}`, says what they do; help COMMAND tells all of one; help expressions",
        "an empty line repeats the latest command",
    ):
        lines += [Text(line, "dim") for line in textwrap.wrap(text, session.width)]
    return Answer("help", {"commands": {each.name: each.help for each in COMMANDS.values()}}, lines)


def _help_group(session: Session, group: str) -> Answer:
    commands = [each for each in COMMANDS.values() if each.group == group]
    lines = [line for each in commands for line in _command_lines(each, session.width)]
    return Answer("help", {"group": group, "commands": {each.name: each.help for each in commands}}, lines)


def _command_lines(each: Command, width: int) -> list[Text]:
    """Return a command's name and what it does in a sentence."""
    aliases = f" {', '.join(each.aliases[:2])}" if each.aliases else ""
    line = Text.assemble((f"  {each.name}", "bold"), (aliases, "dim"))
    summary = each.help.split(". ")[0].split(": ")[0].split("; ")[0].rstrip(".")
    return hanging(line, summary, width, _MARGIN)


def hanging(head: Text, text: str, width: int, margin: int) -> list[Text]:
    """Return a head and a text beside it, in columns of their own; on a narrow screen the text stands below."""
    if width < 2 * margin:
        return [head, *(Text(f"    {line}") for line in textwrap.wrap(text, width - 4))]
    first, *more = textwrap.wrap(text, width - margin) or [""]
    head.append(" " * max(margin - head.cell_len, 1) + first)
    return [head, *(Text(" " * margin + line) for line in more)]


def _help_command(session: Session, word: str) -> Answer:
    if word not in commands_by_word:
        hint = did_you_mean(word, [*commands_by_word, *GROUPS], 0.5) or "`help` lists them"
        raise CommandError(f"there is no command {word!r}; {hint}")
    told = commands_by_word[word]
    lines = [Text(told.usage, "bold")]
    lines += [Text(f"  {line}") for line in textwrap.wrap(told.help, session.width - 2)]
    if told.aliases:
        lines.append(Text(f"also: {', '.join(told.aliases)}", "dim"))
    return Answer("help", {"usage": told.usage, "help": told.help, "aliases": list(told.aliases)}, lines)


def _help_expressions(width: int) -> Answer:
    names = {name: meaning for name, (_, meaning) in NAMES.items()}
    functions = {name: meaning for name, (_, meaning) in FUNCTIONS.items()}
    values = {"W, h[3]": "values of the network; W.grad is its gradient so far"}
    lines = [Text("names at a step", "bold magenta")]
    for name, meaning in (names | values).items():
        lines += hanging(Text(f"  {name}", "bold"), meaning, width, 14)
    lines.append(Text("functions", "bold magenta"))
    for name, meaning in functions.items():
        lines += hanging(Text(f"  {name}", "bold"), meaning, width, 14)
    lines.append(Text("and + - * / % ** @ == != < <= > >= in, and or not, indices and conditionals", "dim"))
    return Answer("help", {"names": names, "functions": functions}, lines)
