"""What a page tells of the program: places in its files, and the lines around them."""

from __future__ import annotations

from typing import Any, NamedTuple

from tinygraph.plain_text import clean
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from .tables import Distinct

_AROUND = 4  # lines of the program shown before and after


class _Place(NamedTuple):
    file: str
    line: int
    end_line: int
    column: int
    end_column: int
    function: str


class Program:
    """The places in the program of the values that are asked for, and its lines around these.

    Of a file's path only its name is told: a page goes to others.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._places = Distinct()

    def place(self, node: Node) -> int | None:
        """Return the number of the place where a value was computed; None where that is not known."""
        source = node.source
        if source is None:
            return None
        place = (source.filename, source.lineno, source.end_lineno, source.column, source.end_column)
        return self._places.number(_Place(*place, clean(source.function or "")))

    def data(self) -> dict[str, list[dict[str, Any]]]:
        """Return the files with the lines around all places, and the places."""
        used: dict[str, set[int]] = {}
        for place in self._places.values:
            around = range(place.line - _AROUND, place.end_line + _AROUND + 1)
            used.setdefault(place.file, set()).update(around)
        files = []
        for filename, wanted in used.items():
            lines = self.trace.source_lines(filename)
            shown = {str(n): clean(lines[n]) for n in sorted(wanted & lines.keys())}
            files.append({"name": clean(file_name(filename)), "lines": shown})
        numbers = {filename: i for i, filename in enumerate(used)}
        sources = [self._indented(place) | {"file": numbers[place.file]} for place in self._places.values]
        return {"sources": sources, "files": files}

    def _indented(self, place: _Place) -> dict[str, Any]:
        """Return a place with its columns counted in the whole lines, not in those without their indentation."""
        lines = self.trace.source_lines(place.file)
        own = [lines[n] for n in range(place.line, place.end_line + 1) if lines.get(n, "").strip()]
        indentation = min((len(line) - len(line.lstrip()) for line in own), default=0)
        columns = {"column": place.column + indentation, "end_column": place.end_column + indentation}
        return place._asdict() | columns
