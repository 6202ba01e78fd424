"""Lines of the program as a user writes them, ``12`` or ``net.py:12``, among the files of a pass."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

from tinygraph.recording.calls import Call
from tinygraph.recording.filenames import file_name
from tinygraph.recording.skipped import is_skipped
from tinygraph.tracing.trace import Trace


class Line(NamedTuple):
    """A line of a file; of no file where the user named none."""

    filename: str | None
    number: int


def line_meant(trace: Trace, text: str) -> Line | None:
    """Return the line that a text means; None where it is neither a line nor FILE:LINE.

    Raises
    ------
    LookupError
        If the pass has no such file.

    Examples
    --------
    >>> import tinygraph as tg
    >>> line_meant(tg.trace(tg.parameter(2.0) * 3), "12")
    Line(filename=None, number=12)
    """
    match = re.fullmatch(r"(?:line\s+)?(?:(.*[^\d\s].*):)?(\d+)", text)
    if match is None:
        return None
    return Line(None if match[1] is None else file_meant(trace, match[1]), int(match[2]))


def file_meant(trace: Trace, name: str) -> str:
    """Return the path of the file of a pass that ends in `name`.

    Raises
    ------
    LookupError
        If there is none.
    """
    parts = PurePath(name.replace("\\", "/")).parts
    files = files_of(trace)
    for path in files:
        if PurePath(path.replace("\\", "/")).parts[-len(parts) :] == parts:
            return path
    known = ", ".join(dict.fromkeys(map(file_name, files))) or "none"
    raise LookupError(f"no file of this pass is called {name!r}; they are: {known}")


def files_of(trace: Trace) -> list[str]:
    """Return the files that the pass was recorded in, those of ops first, then those of the calls around them."""
    files = dict.fromkeys(node.source.filename for node in trace.graph.nodes if node.source is not None)
    known: set[Call] = set()
    for node in trace.graph.nodes:
        call = node.call
        while call is not None and call not in known and "runpy" not in call.code.co_filename:
            known.add(call)
            if not (is_skipped(call.code.co_filename) or call.code.co_filename.startswith("<frozen")):
                files.setdefault(call.code.co_filename, None)
            call = call.parent
    return list(files)
