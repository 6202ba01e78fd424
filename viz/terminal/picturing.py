"""Commands that show the network whole: net, as text, and draw, as a picture."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from tinygraph import diagnosing as diagnosis
from tinygraph.array_text import shape_text
from tinygraph.diagnosing.equations import Equation

from ..api import draw
from ..formats.drawing import Drawing
from ..formats.picture import format_of
from .panels import wrapped
from .session import Answer, CommandError, Session, command


@command("net", usage="net", group="seeing")
def _net(session: Session, argument: str) -> Answer:
    """Show the network as equations, once for all time steps and layers: `h⁽ᵗ⁾ ← W, h⁽ᵗ⁻¹⁾, x⁽ᵗ⁾, line 10`."""
    equations = diagnosis.network(session.trace)
    parameters = session.trace.graph.parameters
    shapes = ", ".join(f"{session.trace.symbols.of(node)} {shape_text(node.shape)}" for node in parameters)
    lines = wrapped(f"parameters: {shapes or 'none'}", session.width, "dim")
    size = min(max((cell_len(session.written(equation.left)) for equation in equations), default=0), session.width // 3)
    for equation in equations:
        lines += _lines(equation, size, session)
    timesteps = session.trace.graph.timesteps
    if timesteps:
        lines.append(Text(f"  t = {timesteps[0]} … {timesteps[-1]}", "dim"))
    return Answer("net", {"equations": [_data(equation) for equation in equations]}, lines)


def _lines(equation: Equation, size: int, session: Session) -> list[Text]:
    """Return an equation with its left side in a column, and more lines where it is long."""
    left, right = (session.written(text) for text in (equation.left, ", ".join(equation.right) or "constants"))
    place = session.trace.place(equation.values[0].node)
    note = "; ".join(filter(None, (place, equation.note)))
    margin = size + 5
    parts = wrapped(f"{right}   {session.written(note)}", session.width - margin + 2)
    first = Text.assemble("  ", (left, "bold"), " " * max(size - cell_len(left), 0), " ← ", parts[0].plain.strip())
    rest = [Text(" " * margin + part.plain.strip()) for part in parts[1:]]
    for line in (first, *rest):
        start = line.plain.rfind(place) if place else -1
        if start > margin:
            line.stylize("dim", start)
    return [first, *rest]


def _data(equation: Equation) -> dict[str, Any]:
    return {
        "left": equation.left,
        "right": equation.right,
        "line": equation.line,
        "note": equation.note,
        "values": len(equation.values),
    }


_VIEWS = ("ops", "variables", "calls")
_OPTIONS = ("fold", "backward")


@command(
    "draw",
    usage="draw [ops | variables | calls] [fold] [backward] [FILE]",
    group="seeing",
    completes="ops variables calls fold backward",
)
def _draw(session: Session, argument: str) -> Answer:
    """Draw the network into a file, by default a new graph.svg: `draw variables backward net.svg`. In a replay, it
    draws the replay.
    """
    words = argument.split()
    view = next((word for word in words if word in _VIEWS), "ops")
    files = [word for word in words if word not in (*_VIEWS, *_OPTIONS)]
    if len(files) > 1 or (files and "." not in files[0]):
        known = ", ".join((*_VIEWS, *_OPTIONS))
        raise CommandError(f"draw what? {known}, or a file as net.svg, not {' '.join(files)!r}")
    path = Path(files[0]) if files else _free("graph")
    format_of(path, Drawing.FORMATS)
    draw(session.trace, view=view, fold="fold" in words, backward="backward" in words).save(path)
    return Answer("drawn", {"path": str(path.resolve())}, [Text(f"  wrote {path.resolve()}")])


def _free(stem: str) -> Path:
    """Return the name of a drawing that is not there yet: graph.svg, graph-2.svg, …."""
    names = (Path(f"{stem}.svg" if number == 1 else f"{stem}-{number}.svg") for number in count(1))
    return next(path for path in names if not path.exists())
