"""Commands about what a gradient is the sum of: contributions, gradients, who, why and follow."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len
from rich.text import Text

from tinygraph.array_text import number_text, shape_text
from tinygraph.numeric import norm
from tinygraph.recording.node import Node
from tinygraph.tracing.contributions import Contribution, Contributions

from ..debugging.debugger import Stop
from ..debugging.snapshot import json_data
from .contribution_table import contribution_table
from .panels import append_at_right, cut, padded
from .session import Answer, CommandError, Session, command

_BY_SIZE = ("by size", "sorted", "size")
_LINKS = 12  # of a chain that `why` shows


@command(
    "contributions", "con", usage="contributions [NAME] [by size]", group="seeing", completes="parameters nodes by size"
)
def _contributions(session: Session, argument: str) -> Answer:
    """List the terms that the gradient of NAME is the sum of: norm, share, cosine with the total, and the running sum;
    by default of the parameter that this step writes, or of all parameters. `by size` puts the largest first. Of a
    variable, as `con h`, list its values by time step.
    """
    argument, sorted_by_size = _without_order(argument)
    values = session.values(argument.removesuffix(".grad")) if argument else {}
    if values:
        return _by_timestep(session, argument, values)
    nodes = [session.node(argument)] if argument else _written_here(session)
    gradients, lines = [], []
    for node in nodes:
        terms = session.trace.contributions(node)
        gradients.append(_contribution_data(session, terms))
        lines += [*contribution_table(terms, session.debugger.position, session.width, sorted_by_size), Text()]
    return Answer("contributions", {"gradients": gradients}, lines[:-1])


def _without_order(argument: str) -> tuple[str, bool]:
    for words in _BY_SIZE:
        if argument == words or argument.endswith(f" {words}"):
            return argument.removesuffix(words).strip(), True
    return argument, False


def _by_timestep(session: Session, name: str, values: dict[int, Node]) -> Answer:
    """Return the gradients of a variable by time step, to choose one from."""
    trace = session.trace
    rows, lines = [], [Text("    value   time   ‖∂L/∂·‖  terms   step", "dim")]
    for t, node in values.items():
        gradient, step, terms = trace.gradient(node), trace.step_of(node), len(trace.writes(node))
        size = None if gradient is None else norm(gradient)
        symbol = trace.symbols.of(node)
        rows.append({"of": str(symbol), "timestep": t, "norm": json_data(size), "terms": terms, "step": step})
        shown = "none" if size is None else number_text(size)
        name = padded(session.written(str(symbol)), 7)
        lines.append(Text(cut(f"  {name}{t:>6}{shown:>10}{terms:>7}{'' if step is None else step:>7}", session.width)))
    if len(lines) > 20:
        lines[11:-9] = [Text("        ⋮", "dim")]
    lines.append(Text(f"  one of them: con {rows[-1]['of']}", "dim"))
    return Answer("contributions", {"of": name, "values": rows}, lines)


def _written_here(session: Session) -> list[Node]:
    parameters = [source for source in session.debugger.node.inputs if source.kind == "parameter"]
    return list(dict.fromkeys(parameters)) or session.trace.graph.parameters


def _contribution_data(session: Session, terms: Contributions) -> dict[str, Any]:
    done = sum(step <= session.debugger.position for step, _ in terms.writes)
    return {
        "of": str(session.trace.symbols.of(terms.node)),
        "count": len(terms),
        "done": done,
        "terms": [
            {
                "step": term.step,
                "timestep": term.timestep,
                "norm": json_data(term.norm),
                "share": None if terms.cancels else json_data(term.share),
                "cosine": json_data(term.cosine),
                "running": json_data(norm(term.running)),
            }
            for term in terms
        ],
        "outliers": [terms.writes[place][0] for place in terms.outliers],
        "cancels": terms.cancels,
        "complete": done == len(terms),
        "exact": terms.exact if done == len(terms) else None,
    }


@command("gradients", "grads", group="seeing")
def _gradients(session: Session, argument: str) -> Answer:
    """List the gradients of the parameters: complete, partial, or not computed yet."""
    state, parameters = session.trace.at(session.debugger.position + 1), session.trace.graph.parameters
    bars = [session.written(session.trace.symbols.of(node).bar) for node in parameters]
    room = min(max(map(cell_len, bars), default=0), session.width // 3)
    shape_width = max((len(shape_text(node.shape)) for node in parameters), default=0)
    gradients, lines = [], []
    for node, bar in zip(parameters, bars, strict=True):
        symbol, so_far = session.trace.symbols.of(node), state.gradient(node)
        steps = [step for step, _ in session.trace.writes(node)]
        done = sum(step <= session.debugger.position for step in steps)
        size = None if so_far is None else norm(so_far)
        gradients.append(
            {
                "of": str(symbol),
                "status": state.status(node),
                "terms": done,
                "of_terms": len(steps),
                "norm": json_data(size),
            }
        )
        computed = ("not computed yet", "dim") if size is None else f"‖·‖ {number_text(size):>9}"
        terms = f"{done} of {len(steps)} terms" if steps else "no gradient reaches it"
        name, shape = f"  {padded(cut(bar, room), room)}", f"  {shape_text(node.shape):>{shape_width}}  "
        line = Text.assemble((name, "bold"), (shape, "dim"), computed)
        if line.cell_len + len(terms) + 4 > session.width:
            terms = f"{done}/{len(steps)}"
        append_at_right(line, terms, min(session.width, room + shape_width + 43), 1)
        lines.append(line)
    return Answer("gradients", {"gradients": gradients}, lines)


_WHO = "who wrote what? a name, as W or h[3]"


@command("who", usage="who NAME", group="seeing", completes="parameters nodes", asks=_WHO)
def _who(session: Session, argument: str) -> Answer:
    """Say which step last wrote the gradient of NAME, and which will next; `back NAME` goes there."""
    here, node = session.debugger.position, session.node(argument)
    steps = [step for step, _ in session.trace.writes(node)]
    last = max((step for step in steps if step <= here), default=None)
    following = min((step for step in steps if step > here), default=None)
    bar = session.trace.symbols.of(node).bar
    lines = [_writer(session, f"{bar} was last written", last), _writer(session, f"{bar} is next written", following)]
    return Answer("who", {"of": bar, "last": last, "next": following}, lines)


def _writer(session: Session, what: str, step: int | None) -> Text:
    if step is None:
        return Text(f"  {what} by no step", "dim")
    node = session.trace.nodes[step]
    at = "" if node.timestep is None else f", time step {node.timestep}"
    return Text.assemble(f"  {what} at step {step}{at}: ", (node.expression or str(node.op), "bold"))


# -- why, and follow ---------------------------------------------------------------------------------------------------


@command("follow", "fo", usage="follow [NAME]", group="seeing", completes="parameters nodes")
def _follow(session: Session, argument: str) -> Answer:
    """Go to the step that contributed most to the gradient of NAME, or of this step's node; and so on to the loss."""
    node = session.node(argument) if argument else session.debugger.node
    largest = _largest(session, node)
    bar = session.trace.symbols.of(node).bar
    if largest is None:
        return session.stop(
            Stop(session.debugger.position, f"{bar} begins here: it is what the pass begins with", False)
        )
    stop = session.debugger.goto(largest.step)
    return session.stop(stop._replace(reason=f"{_said(largest)} of {bar} comes from here", moved=True))


def _largest(session: Session, node: Node) -> Contribution | None:
    """Return the term of a gradient that is not finite, or else the largest; None where it has none."""
    terms = session.trace.contributions(node)
    if not terms:
        if node is session.trace.output:
            return None
        raise CommandError(f"no gradient reaches {session.trace.symbols.of(node)}")
    order = terms.outliers or [int(terms.norms.argmax())]
    return terms[order[0]]


def _said(term: Contribution) -> str:
    """Return how much of its gradient a term is."""
    if term.count == 1:
        return "all"
    return f"the largest of {term.count} terms, ‖·‖ {number_text(term.norm)},"


@command("why", usage="why [NAME]", group="seeing", completes="parameters nodes")
def _why(session: Session, argument: str) -> Answer:
    """Say where a gradient comes from: the term that is most of it, what that one comes from, and so on to the loss.
    `follow` goes there.
    """
    node: Node = session.node(argument) if argument else session.debugger.node
    links: list[dict[str, Any]] = []
    lines: list[Text] = []
    while (largest := _largest(session, node)) is not None:
        links.append({"of": str(session.trace.symbols.of(node)), "step": largest.step, "norm": json_data(largest.norm)})
        if node.name is not None or largest.count > 1 or not lines:  # else it is on the way to one that is
            lines.append(_link(session, node, largest))
        node = largest.node
    shown = lines if len(lines) <= _LINKS else [*lines[: _LINKS - 3], Text("  ⋮", "dim"), *lines[-2:]]
    end = Text(f"  {session.trace.symbols.of(node).bar} is where the pass begins", "dim")
    return Answer("why", {"chain": links}, [*shown, end])


def _link(session: Session, node: Node, term: Contribution) -> Text:
    source = term.node.source
    symbol = session.trace.symbols.of(node)
    line = Text.assemble(f"  {session.written(symbol.bar)} ", (number_text(_norm_of(session, node)), "bold"), " ← ")
    line.append(f"step {term.step}, " + (f"{source.place(session.trace.script)}: " if source else ""), "dim")
    line.append(term.node.expression or str(term.node.op), "bold cyan")
    line.append(f", {number_text(term.norm)}, the largest of {term.count}" if term.count > 1 else "", "dim")
    line.truncate(session.width, overflow="ellipsis")
    return line


def _norm_of(session: Session, node: Node) -> float:
    """Return the norm of a gradient; 0 where there is none."""
    gradient = session.trace.gradient(node)
    return 0.0 if gradient is None else norm(gradient)
