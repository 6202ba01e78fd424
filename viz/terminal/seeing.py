"""Commands that look without moving: numbers, source, formula, contributions, and the state of all gradients."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from rich.text import Text

from tinygraph.numeric import norm
from tinygraph.recording.node import Node

from ..debugging.expressions import FUNCTIONS, Expression
from ..debugging.names import Moment
from ..debugging.snapshot import about, look, plain, source_of
from . import panels
from .arrays import array_lines, number, padded, shape_text, styled
from .session import COMMANDS, Answer, CommandError, Session, command

__all__: list[str] = []


@command("where", "w", "bt", usage="where", group="seeing")
def _where(session: Session, argument: str) -> Answer:
    """Show the whole screen of this stop again: source, formula, numbers, neighbourhood, time steps."""
    return session.here()


@command("formula", "f", usage="formula", group="seeing")
def _formula(session: Session, argument: str) -> Answer:
    """Show the chain rule of this step, and the source of the rule that runs."""
    seen = look(session.debugger.trace, session.debugger.position)
    lines = panels.formula_lines(seen, session.width, session.ascii_only)
    return Answer("formula", {"formulas": seen["formulas"]}, lines or [Text("no argument receives a gradient", "dim")])


@command("print", "p", "pp", usage="print EXPRESSION", group="seeing", completes="nodes expressions")
def _print(session: Session, argument: str) -> Answer:
    """Show the value of an expression: `p grad`, `p W.grad` (so far), `p h[3]`, `p norm(h[3].grad) / norm(grad)`.
    `help expressions` lists the names and functions.
    """
    if not argument:
        raise CommandError("print what? `help expressions` says what can be asked")
    value = Expression(argument)(session.debugger.moment)
    if value is None:
        return Answer("value", {"value": None, "computed": False}, [Text("not computed yet", "dim")])
    if isinstance(value, str | bool | np.bool_):
        return Answer("value", {"value": plain(value)}, [Text(str(value))])
    if isinstance(value, tuple | list):
        return Answer("value", {"value": plain(value)}, [Text(str(tuple(value)))])
    return Answer("value", about(value), array_lines(value, session.width - 4))


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
    kept = [display for display in session.debugger.displays if argument and display.text != argument]
    session.debugger.displays[:] = kept
    return _display(session, "")


@command("contributions", "con", usage="contributions [NAME]", group="seeing", completes="parameters nodes")
def _contributions(session: Session, argument: str) -> Answer:
    """List the terms that the gradient of NAME is the sum of: norm, share, cosine with the total, and the running sum;
    by default of the parameter that this step writes, or of all parameters.
    """
    trace = session.debugger.trace
    nodes = [trace.node(argument.removesuffix(".grad"))] if argument else _written_here(session)
    data, lines = [], []
    for node in nodes:
        terms = trace.contributions(node)
        data.append(_contribution_data(session, terms))
        lines += [*panels.contribution_table(terms, session.debugger.position, session.width), Text()]
    return Answer("contributions", {"gradients": data}, lines[:-1])


def _written_here(session: Session) -> list[Node]:
    leaves = [source for source in session.debugger.node.inputs if source.kind == "parameter"]
    return list(dict.fromkeys(leaves)) or session.debugger.trace.graph.parameters


def _contribution_data(session: Session, terms: Any) -> dict[str, Any]:
    done = [term for term in terms if term.step <= session.debugger.position]
    return {
        "of": str(session.debugger.trace.symbols.of(terms.node)),
        "count": len(terms),
        "terms": [
            {
                "step": term.step,
                "timestep": term.timestep,
                **{name: plain(getattr(term, name)) for name in ("norm", "share", "cosine")},
                "running": plain(norm(term.running)),
            }
            for term in done
        ],
        "complete": len(done) == len(terms),
        "exact": terms.exact if len(done) == len(terms) else None,
    }


@command("gradients", "grads", usage="gradients", group="seeing")
def _gradients(session: Session, argument: str) -> Answer:
    """List the gradients of the parameters: complete, partial, or not computed yet."""
    trace = session.debugger.trace
    state = trace.at(session.debugger.position + 1)
    rows, lines = [], []
    for node in trace.graph.parameters:
        symbol, status, so_far = trace.symbols.of(node), state.status(node), state.gradient(node)
        writes = trace.writes(node)
        done = sum(step <= session.debugger.position for step, _ in writes)
        rows.append(
            {
                "of": str(symbol),
                "status": status,
                "terms": done,
                "of_terms": len(writes),
                "norm": None if so_far is None else plain(norm(so_far)),
            }
        )
        told = "not computed yet" if so_far is None else f"‖·‖ {number(norm(so_far)):>9}"
        line = styled(f"  {padded(symbol.bar, 8)}", "bold")
        line.append(f"{shape_text(node.shape):>9}  ", "dim")
        line.append(f"{told:<18}", "" if so_far is not None else "dim")
        line.append(f"{done} of {len(writes)} terms" if writes else "no gradient reaches it", "dim")
        lines.append(line)
    return Answer("gradients", {"gradients": rows}, lines)


@command("who", usage="who NAME", group="seeing", completes="parameters nodes")
def _who(session: Session, argument: str) -> Answer:
    """Say which step last wrote the gradient of NAME, and which will next; `back NAME` goes there."""
    if not argument:
        raise CommandError("who wrote what? a name, as W or h[3]")
    trace, here = session.debugger.trace, session.debugger.position
    node = trace.node(argument.removesuffix(".grad"))
    steps = [step for step, _ in trace.writes(node)]
    last = max((step for step in steps if step <= here), default=None)
    following = min((step for step in steps if step > here), default=None)
    bar = trace.symbols.of(node).bar
    lines = [_writer(session, f"{bar} was last written", last), _writer(session, f"{bar} is next written", following)]
    return Answer("who", {"of": bar, "last": last, "next": following}, lines)


def _writer(session: Session, what: str, step: int | None) -> Text:
    if step is None:
        return Text(f"  {what} by no step", "dim")
    node = session.debugger.trace.nodes[step]
    at = "" if node.timestep is None else f", time step {node.timestep}"
    return Text.assemble(f"  {what} at step {step}{at}: ", (node.expression or str(node.op), "bold"))


@command("list", "l", usage="list [LINE]", group="seeing")
def _list(session: Session, argument: str) -> Answer:
    """Show the program around the line of this step, or around LINE."""
    seen = source_of(session.debugger.node)
    if seen is None:
        return Answer("list", {"lines": []}, [Text("the source of this step is not known", "dim")])
    middle = int(argument) if argument.isdigit() else seen["line"]
    known = session.debugger.trace.source_lines(seen["file"])
    near = [n for n in range(middle - 5, middle + 6) if n in known]
    lines = []
    for n in near:
        here = seen["line"] <= n <= seen["end_line"]
        mark = "->" if here else "  "
        lines.append(Text(f"{n:>5} {mark} {known[n]}", "bold" if here else ""))
        lines[-1].truncate(session.width, overflow="ellipsis")
    data = {"file": seen["file"], "line": seen["line"], "lines": {str(n): known[n] for n in near}}
    return Answer("list", data, lines or [Text(f"no source of {seen['file']}", "dim")])


@command("info", "i", usage="info [NAME]", group="seeing", completes="nodes")
def _info(session: Session, argument: str) -> Answer:
    """Tell about the pass; or about a value: its op, shape, scope, time step, expression and source line."""
    trace = session.debugger.trace
    if argument:
        return _about_node(session, trace.node(argument))
    names = ", ".join(str(trace.symbols.of(node)) for node in trace.graph.parameters)
    steps = trace.graph.timesteps
    lines = [
        f"{len(trace)} steps, {len(trace.graph)} nodes, {len(trace.graph.parameters)} parameters: {names}",
        f"time steps {steps[0]} to {steps[-1]}" if steps else "no time steps",
        f"output {trace.symbols.of(trace.output)} = {number(float(trace.output.data.ravel()[0]))}",
    ]
    data = {"steps": len(trace), "nodes": len(trace.graph), "timesteps": steps}
    return Answer("info", data, [Text(f"  {line}") for line in lines])


def _about_node(session: Session, node: Node) -> Answer:
    trace = session.debugger.trace
    source = source_of(node)
    facts = {
        "name": str(trace.symbols.of(node)),
        "kind": node.kind,
        "op": None if node.op is None else str(node.op),
        "shape": list(node.shape),
        "dtype": str(node.dtype),
        "timestep": node.timestep,
        "scope": node.scope,
        "expression": node.expression,
        "step": trace.step_of(node),
        "line": source and f"{source['file']}:{source['line']}",
    }
    shown = {key: value for key, value in facts.items() if value not in (None, "")}
    return Answer("node", facts, [Text.assemble((f"  {key:<11}", "dim"), str(value)) for key, value in shown.items()])


_MARGIN = 24  # columns for the names of commands


@command("help", "h", "?", usage="help [COMMAND | expressions]", group="other", completes="commands expressions")
def _help(session: Session, argument: str) -> Answer:
    """List the commands, tell about one, or about expressions."""
    if argument == "expressions":
        return _help_expressions()
    if argument:
        from .session import _WORDS

        found = _WORDS.get(argument)
        if found is None:
            raise CommandError(f"there is no command {argument!r}; `help` lists them")
        lines = [Text(found.usage, "bold"), *_filled(found.help, session.width)]
        if found.aliases:
            lines.append(Text(f"also: {', '.join(found.aliases)}", "dim"))
        return Answer("help", {"usage": found.usage, "help": found.help, "aliases": list(found.aliases)}, lines)
    lines = []
    for group in ("moving", "stopping", "seeing", "diagnosing", "other"):
        lines.append(Text(group, "bold magenta"))
        for each in COMMANDS.values():
            if each.group == group:
                line = styled(f"  {each.name}", "bold")
                line.append(f" {', '.join(each.aliases[:2])}" if each.aliases else "", "dim")
                line.append(" " * max(_MARGIN - line.cell_len, 1))
                summary = each.help.split(". ")[0].split(": ")[0].split("; ")[0].rstrip(".")
                first, *more = textwrap.wrap(summary, session.width - _MARGIN)
                lines += [line.append(first), *(Text(" " * _MARGIN + rest) for rest in more)]
    lines.append(Text("an empty line repeats the latest command", "dim"))
    return Answer("help", {"commands": {each.name: each.help for each in COMMANDS.values()}}, lines)


def _help_expressions() -> Answer:
    lines = [Text("names at a step", "bold magenta")]
    lines += [Text.assemble((f"  {name:<12}", "bold"), told) for name, told in Moment.NAMES.items()]
    lines.append(Text.assemble(("  W, h[3]     ", "bold"), "values of the network; W.grad is its gradient so far"))
    lines.append(Text("functions", "bold magenta"))
    lines += [Text.assemble((f"  {name:<12}", "bold"), told) for name, (_, told) in FUNCTIONS.items()]
    lines.append(Text("and + - * / % ** @ == != < <= > >= in, and or not, indices and conditionals", "dim"))
    data = {"names": dict(Moment.NAMES), "functions": {name: told for name, (_, told) in FUNCTIONS.items()}}
    return Answer("help", data, lines)


def _filled(text: str, width: int) -> list[Text]:
    return [Text(f"  {line}") for line in textwrap.wrap(text, width - 2)]
