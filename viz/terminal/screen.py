"""Where answers are written: a terminal, a pipe or a file, to read or as JSON lines, in Unicode or in ASCII."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from tinygraph.plain_text import clean_lines

from .ascii_text import ascii_text
from .session import Answer

_SIGNS = "ā⁽³⁾ ⊙ ₁ ◀ █"  # of those in formulas


class Screen:
    """A stream that answers are written to.

    Parameters
    ----------
    stream : file
    as_json : bool
        Write every answer as one JSON object on a line, and nothing else.
    width : int, optional
        Columns; by default the terminal's.
    ascii_only : bool, optional
        By default where the stream cannot encode the signs of formulas, or is a terminal of the locale C.
    """

    def __init__(self, stream: TextIO, as_json: bool, width: int | None = None, ascii_only: bool | None = None):
        self.stream = stream
        self.as_json = as_json
        self.width = width or max(min(shutil.get_terminal_size().columns, 100), 40)
        self.ascii_only = not _has_unicode(stream) if ascii_only is None else ascii_only
        colours = None if stream.isatty() else True
        self._console = Console(file=stream, width=self.width, highlight=False, no_color=colours)

    def show(self, answer: Answer) -> None:
        """Write an answer.

        Raises
        ------
        OSError
            If the stream cannot be written to.
        """
        if self.as_json:
            if answer.kind != "nothing":
                self.stream.write(json.dumps({"answer": answer.kind, **answer.data}, allow_nan=False) + "\n")
        else:
            for line in answer.lines:
                self._print(line)
        self.stream.flush()

    def _print(self, line: Text) -> None:
        line.rstrip()
        text = encodable(clean_lines(line.plain), self.stream, self.ascii_only)
        if len(text) == len(line.plain):
            line.plain = text  # in its colours
        self._console.print(line if text == line.plain else Text(text), overflow="fold")

    def echo(self, text: str) -> None:
        """Write what is no answer, as a prompt; nothing among JSON lines."""
        if not self.as_json:
            self.stream.write(text)
            self.stream.flush()

    def break_off(self) -> None:
        """End an answer in the middle of a line."""
        self.stream.write("\n")
        self.stream.flush()


def encodable(text: str, stream: TextIO, ascii_only: bool) -> str:
    """Return a text as the stream can encode it, with ? for what it has no character for."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return (ascii_text(text) if ascii_only else text).encode(encoding, "replace").decode(encoding)


class InAscii:
    """A stream that writes all text to another one in ASCII."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text as the stream can encode it."""
        return self._stream.write(encodable(text, self._stream, True))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def readable(stream: TextIO) -> Any:
    """Return the stream, or one that writes to it in ASCII where it has no more.

    Examples
    --------
    >>> import io
    >>> stream = io.TextIOWrapper(io.BytesIO(), "latin-1")
    >>> print("‖∂L/∂h⁽³⁾‖ = ‖h̄⁽³⁾‖", file=readable(stream), flush=True)
    >>> stream.buffer.getvalue().strip()
    b'|dL/dh[3]| = |dh[3]|'
    """
    return stream if _has_unicode(stream) else InAscii(stream)


def _has_unicode(stream: TextIO) -> bool:
    if stream.isatty() and os.environ.get("LC_ALL") in ("C", "POSIX"):  # where Python writes UTF-8 all the same
        return False
    return encodable(_SIGNS, stream, False) == _SIGNS


def discard(stream: TextIO) -> None:
    """Let what is still buffered for a stream that takes nothing go nowhere, so that the process ends in silence."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def flush_or_discard(stream: TextIO) -> None:
    """Write what is still buffered, or where that is impossible discard it."""
    try:
        stream.flush()
    except (OSError, ValueError, AttributeError):
        discard(stream)


def complain(message: str) -> None:
    """Write a line to the standard error output, if there is one."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"tinygraph: {clean_lines(message)}\n")
        sys.stderr.flush()
