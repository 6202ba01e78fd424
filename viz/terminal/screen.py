"""The debugger's screen at one stop: the parts put together."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from ..debugging.debugger import Debugger
from ..debugging.snapshot import look
from . import panels

__all__ = ["stop_lines"]


def stop_lines(debugger: Debugger, width: int, ascii_only: bool = False) -> list[Text]:
    """Return what is shown where the debugger stands."""
    seen = look(debugger.trace, debugger.position)
    parts = [
        [panels.header(seen, width)],
        panels.source_lines(seen, width),
        panels.formula_lines(seen, width, ascii_only),
        panels.numbers(seen, width),
        [*panels.neighbourhood(seen, width), *panels.strip(seen, width)],
        _displays(debugger),
    ]
    lines: list[Text] = [Text("─" * width, "dim")]
    for part in parts:
        if part:
            lines += [*([Text()] if len(lines) > 2 else []), *part]
    return lines


def _displays(debugger: Debugger) -> list[Text]:
    from ..debugging.expressions import ExpressionError
    from .arrays import summary

    lines = []
    for display in debugger.displays:
        try:
            value: Any = display(debugger.moment)
            shown = "not computed yet" if value is None else value if isinstance(value, str) else summary(value, 60)
        except ExpressionError as error:
            shown = error.reason
        lines.append(Text.assemble(f"  {display.text} = ", (str(shown), "bold")))
    return lines
