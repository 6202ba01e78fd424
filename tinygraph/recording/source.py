"""The source expression behind a node, and the name its result was given: read back only when somebody looks."""

from __future__ import annotations

import ast
import linecache
import os
import sysconfig
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType

from ..plain_text import clean, clean_lines
from .calls import Call
from .primitive import PACKAGE

_STDLIB = os.path.join(sysconfig.get_path("stdlib"), "")
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")  # packages that others wrote
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
        The variable or attribute that the expression was assigned to.
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
        where = f'File "{self.filename}", line {self.lineno}, in {self.function}'
        return f"{where}\n{textwrap.indent(self.marked(), '    ')}" if self.text else where

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

    Frames of tinygraph itself are skipped, except for what the backward pass recorded: its source is the VJP rule.
    """
    if call is None:
        return None
    innermost = (call, lasti)
    while call is not None and call.code.co_filename.startswith(PACKAGE):
        if call.code.co_filename == _BACKWARD:
            call, lasti = innermost
            break
        lasti, call = call.lasti, call.parent
    if call is None:
        call, lasti = innermost
    here = _resolve(call.code, lasti)
    return here if here is None or here.name else _named_by_caller(here, call, lasti)


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
        if not filename.startswith(PACKAGE):
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


def _named_by_caller(here: Source, call: Call, lasti: int) -> Source:
    """Follow ``return`` outwards: what a function returns has the name that its caller gives it."""
    source: Source | None = here
    inner, at = call, lasti
    while source is not None and source.name is None and inner.parent is not None and _is_returned(inner.code, at):
        inner, at = inner.parent, inner.lasti
        source = _resolve(inner.code, at)
    if source is None or source.name is None:
        return here
    return Source(**{**here.__dict__, "name": source.name})


_resolved: dict[tuple[int, int], tuple[CodeType, Source | None]] = {}


def _resolve(code: CodeType, lasti: int) -> Source | None:
    key = (id(code), lasti)  # a code object hashes in time linear in its length
    if key not in _resolved:
        _resolved[key] = (code, _read(code, lasti))  # the code is kept, so its id stays its own
    return _resolved[key][1]


_positions_of: dict[int, tuple[CodeType, list[tuple[int | None, ...]]]] = {}


def _positions(code: CodeType, lasti: int) -> tuple[int, int, int, int] | None:
    if id(code) not in _positions_of:
        _positions_of[id(code)] = (code, list(code.co_positions()))
    positions = _positions_of[id(code)][1]
    line, end_line, column, end_column = positions[lasti // 2] if lasti // 2 < len(positions) else (None,) * 4
    return None if line is None else (line, end_line or line, column or 0, end_column or 0)


def _read(code: CodeType, lasti: int) -> Source | None:
    position = _positions(code, lasti)
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
    statement = _statement(code.co_filename, line, column, end_line, end_column)
    return Source(
        code.co_filename,
        line,
        end_line,
        column - indent,
        end_column - indent,
        text,
        _cut(lines, column, end_column),
        None if statement is None else _target(statement[0], statement[1]),
        function,
    )


def _cut(lines: list[str], column: int, end_column: int) -> str:
    if len(lines) == 1:
        return lines[0][column:end_column]
    parts = [lines[0][column:], *lines[1:-1], lines[-1][:end_column]]
    return " ".join(part.strip() for part in parts)


def _is_returned(code: CodeType, lasti: int) -> bool:
    source = _resolve(code, lasti)
    if source is None or not source.text:
        return False
    line = linecache.getline(source.filename, source.lineno)
    indent = len(line.rstrip("\n")) - len(source.text.split("\n", 1)[0]) if line else 0
    found = _statement(
        source.filename, source.lineno, source.column + indent, source.end_lineno, source.end_column + indent
    )
    if found is None:
        return False
    node, statement = found
    if isinstance(statement, ast.Return):
        return any(node is value for value in _values(statement.value))
    return isinstance(statement, ast.Lambda) and any(node is value for value in _values(statement.body))


Place = tuple[int, int, int, int]
Expressions = dict[Place, tuple[ast.AST, ast.AST]]
_expressions_of: dict[str, tuple[list[str], Expressions | None]] = {}


def _expressions(filename: str) -> Expressions | None:
    """Map the position of each expression of a file to it and the statement (or lambda) it stands in."""
    lines = linecache.getlines(filename)
    if filename not in _expressions_of or _expressions_of[filename][0] is not lines:  # the file was read anew
        _expressions_of[filename] = (lines, _parsed("".join(lines)))
    return _expressions_of[filename][1]


def _parsed(text: str) -> Expressions | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    lines = text.split("\n")
    found: Expressions = {}
    stack: list[tuple[ast.AST, ast.AST]] = [(tree, tree)]
    while stack:
        node, statement = stack.pop()
        if isinstance(node, ast.stmt | ast.Lambda):
            statement = node
        position = _characters(node, lines)
        if position is not None:
            found.setdefault(position, (node, statement))
        children = [(child, statement) for child in ast.iter_child_nodes(node)]
        stack.extend(reversed(children))
    return found


def _characters(node: ast.AST, lines: list[str]) -> Place | None:
    if not isinstance(node, ast.expr | ast.AugAssign) or node.end_lineno is None or node.end_col_offset is None:
        return None
    column = len(lines[node.lineno - 1].encode()[: node.col_offset].decode(errors="ignore"))
    end = len(lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode(errors="ignore"))
    return node.lineno, column, node.end_lineno, end


def _statement(filename: str, line: int, column: int, end_line: int, end_column: int) -> tuple[ast.AST, ast.AST] | None:
    expressions = _expressions(filename)
    return None if expressions is None else expressions.get((line, column, end_line, end_column))


def _target(node: ast.AST, statement: ast.AST) -> str | None:
    """Return the name that `statement` gives to the value of `node`."""
    if isinstance(statement, ast.AugAssign) and (node is statement or node is statement.value):
        return _word(statement.target) if node is statement else None
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    if isinstance(statement, ast.AnnAssign):
        pairs = [(statement.target, statement.value)]
    elif isinstance(statement, ast.Assign):
        pairs = [(target, statement.value) for target in statement.targets]
    for target, value in pairs:
        for word, part in _matched(target, value):
            if any(node is candidate for candidate in _values(part)):
                return word
    return _walrus(node, statement)


def _walrus(node: ast.AST, statement: ast.AST) -> str | None:
    for inner in ast.walk(statement):
        if isinstance(inner, ast.NamedExpr) and inner.value is node:
            return _word(inner.target)
    return None


def _matched(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str | None, ast.expr | None]]:
    """Pair the targets of an assignment with what each receives: ``a, b = f(x), g(x)``."""
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        if len(target.elts) == len(value.elts):
            for inner, part in zip(target.elts, value.elts, strict=True):
                yield from _matched(inner, part)
    else:
        yield _word(target), value


def _values(value: ast.expr | None) -> Iterator[ast.expr]:
    """Yield the expressions whose value `value` may be: itself, and the branches of a conditional."""
    if isinstance(value, ast.IfExp):
        yield from _values(value.body)
        yield from _values(value.orelse)
    elif isinstance(value, ast.NamedExpr):
        yield from _values(value.value)
    elif value is not None:
        yield value


def _word(target: ast.expr) -> str | None:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript):
        return _word(target.value)
    return None
