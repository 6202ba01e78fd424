"""The source expression behind a node, and what the program calls its value: read back only when somebody looks."""

from __future__ import annotations

import linecache
import os
import sysconfig
import textwrap
from dataclasses import dataclass
from types import CodeType, FrameType

from ..plain_text import clean, clean_lines
from .calls import Call
from .filenames import cell_name, file_name
from .paths import name_of, value_path
from .primitive import PACKAGE
from .skipped import is_skipped
from .syntax import positions_of

_STDLIB = os.path.join(sysconfig.get_path("stdlib"), "")
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")  # packages that others wrote
_NETWORKS = os.path.join(os.path.dirname(os.path.dirname(PACKAGE)), "rnn", "")  # that come with tinygraph
_BACKWARD = os.path.join(PACKAGE, "backward", "higher_order.py")


@dataclass(frozen=True)
class Source:
    """A sub-expression of a program; its texts are clean.

    Attributes
    ----------
    filename : str
    lineno, end_lineno : int
        First and last line, from 1.
    column, end_column : int
        In characters of those lines, from 0.
    text : str
        The whole lines, without their common indentation; empty where there is no source.
    expression : str
        The sub-expression itself, on one line.
    name : str or None
        What its value is called, where a trace file of an older version says so.
    function : str
        The function it stands in.
    """

    filename: str
    lineno: int
    end_lineno: int
    column: int
    end_column: int
    text: str = ""
    expression: str = ""
    name: str | None = None
    function: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean_lines(self.text))
        for name in ("filename", "expression", "function", *(["name"] if self.name else [])):
            object.__setattr__(self, name, clean(getattr(self, name)))

    def __str__(self) -> str:
        file = cell_name(self.filename) or f'File "{self.filename}"'
        where = f"{file}, line {self.lineno}, in {self.function}"
        return f"{where}\n{textwrap.indent(self.marked(), '    ')}" if self.text else where

    def place(self, script: str | None) -> str:
        """Return the line, with its file where that is not the script or belongs to a library.

        Examples
        --------
        >>> source = Source("/home/ada/net.py", 3, 3, 12, 17)
        >>> source.place("/home/ada/net.py"), source.place("/home/ada/main.py")
        ('line 3', 'net.py:3')
        """
        if self.filename == script and not is_of_a_library(self.filename):
            return f"line {self.lineno}"
        return f"{file_name(self.filename)}:{self.lineno}"

    def marked(self) -> str:
        """Return the source lines, with the expression underlined where it fits on one line.

        Examples
        --------
        >>> print(Source("net.py", 3, 3, 12, 17, "h = np.tanh(W @ h)", "W @ h").marked())
        h = np.tanh(W @ h)
                    ^^^^^
        """
        if self.lineno != self.end_lineno:
            return self.text
        return f"{self.text}\n{' ' * self.column}{'^' * (self.end_column - self.column)}"


def locate(call: Call | None, lasti: int) -> Source | None:
    """Return the user's expression that ran at instruction `lasti` of `call`.

    Frames of tinygraph itself and of `skip_frames_of` are skipped, except for what the backward pass recorded: its
    source is the VJP rule.
    """
    place = users_place(call, lasti)
    return None if place is None else _resolve(place[0].code, place[1])


def locate_place(code: CodeType, lasti: int) -> Source | None:
    """Return the expression at an instruction."""
    return _resolve(code, lasti)


def users_place(call: Call | None, lasti: int) -> tuple[Call, int] | None:
    """Return the call and the instruction of the user's own code; of a rule's op, those of the rule."""
    if call is None:
        return None
    innermost = (call, lasti)
    user: Call | None = call
    while user is not None and is_skipped(user.code.co_filename):
        if user.code.co_filename == _BACKWARD:
            return innermost
        lasti, user = user.lasti, user.parent
    return innermost if user is None else (user, lasti)


def call_stack(call: Call | None, lasti: int) -> list[Source]:
    """Return the user's expressions that were being evaluated at instruction `lasti` of `call`, the innermost first."""
    stack: list[Source] = []
    while (place := users_place(call, lasti)) is not None:
        user, instruction = place
        if "runpy" in user.code.co_filename:  # which runs the script
            break
        source = _resolve(user.code, instruction)
        if source is not None:
            stack.append(source)
        call, lasti = user.parent, user.lasti
    return stack


def program_source(call: Call | None, lasti: int) -> Source | None:
    """Return the innermost expression of the program itself around an op: not of a library that it calls, nor of rnn.

    Where there is none, the innermost of all.
    """
    innermost = place = users_place(call, lasti)
    while place is not None and is_of_a_library(place[0].code.co_filename):
        inner = place[0]
        place = None if inner.parent is None else (inner.parent, inner.lasti)
    place = place or innermost
    return None if place is None else _resolve(place[0].code, place[1])


def is_of_a_library(filename: str) -> bool:
    """Tell whether a file is no part of the user's program: installed, of Python itself, or of rnn."""
    return filename.startswith(_NETWORKS) or is_stdlib(filename) or any(folder in filename for folder in INSTALLED)


def name_at(call: Call | None, lasti: int) -> str | None:
    """Return what the program calls the value made at instruction `lasti` of `call`."""
    place = users_place(call, lasti)
    path = None if place is None else value_path(*place)
    name = name_of(path) if path and isinstance(path[-1], str) else None
    return None if name is None else clean(name)


def locate_frame(frame: FrameType) -> Source | None:
    """Return the user's expression that `frame`, or a frame around it, is evaluating."""
    user = users_frame(frame)
    return _resolve(user.f_code, user.f_lasti)


def users_frame(frame: FrameType) -> FrameType:
    """Return the innermost frame of the user's own code; if there is none, the innermost outside tinygraph."""
    outside: FrameType | None = None
    user: FrameType | None = frame
    while user is not None:
        filename = user.f_code.co_filename
        if not is_skipped(filename):
            if not is_stdlib(filename) and not any(folder in filename for folder in INSTALLED):
                return user
            outside = outside or user
        user = user.f_back
    return outside or frame


def is_stdlib(filename: str) -> bool:
    """Tell whether a file belongs to Python's standard library."""
    return filename.startswith(_STDLIB) and not any(folder in filename for folder in INSTALLED)


def where(frame: FrameType) -> str:
    """Return the tail of an error message that shows the user's source line."""
    source = locate_frame(frame)
    return f"\n  {source}" if source else ""


_resolved: dict[tuple[int, int], tuple[CodeType, Source | None]] = {}


def _resolve(code: CodeType, lasti: int) -> Source | None:
    key = (id(code), lasti)  # a code object hashes in time linear in its length
    if key not in _resolved:
        _resolved[key] = (code, _read(code, lasti))  # the code is kept, so its id stays its own
    return _resolved[key][1]


def _read(code: CodeType, lasti: int) -> Source | None:
    position = positions_of(code, lasti)
    if position is None:
        return None
    line, end_line, column, end_column = position
    function = code.co_qualname
    lines = [linecache.getline(code.co_filename, number).rstrip("\n") for number in range(line, end_line + 1)]
    if not any(lines) or code.co_filename == "<string>":  # many texts share that name: Python 3.13 keeps one of them
        return Source(code.co_filename, line, end_line, column, end_column, function=function)
    # positions count UTF-8 bytes; people count characters
    column = len(lines[0].encode()[:column].decode(errors="ignore"))
    end_column = len(lines[-1].encode()[:end_column].decode(errors="ignore"))
    text = textwrap.dedent("\n".join(lines))
    indent = len(lines[0]) - len(text.split("\n", 1)[0])
    return Source(
        code.co_filename,
        line,
        end_line,
        column - indent,
        end_column - indent,
        text,
        _cut(lines, column, end_column),
        function=function,
    )


def _cut(lines: list[str], column: int, end_column: int) -> str:
    if len(lines) == 1:
        return lines[0][column:end_column]
    parts = [lines[0][column:], *lines[1:-1], lines[-1][:end_column]]
    return " ".join(part.strip() for part in parts)
