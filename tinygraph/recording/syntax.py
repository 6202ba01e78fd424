"""Syntax: the tree of a program's file, found by the positions that its bytecode tells."""

from __future__ import annotations

import ast
import itertools
import linecache
import math
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from operator import attrgetter
from types import CodeType

_LINE = attrgetter("lineno")

Position = tuple[int, int, int, int]  # first line, last line, first column, last column; columns in bytes
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Syntax:
    """The syntax tree of a file, each node with what it stands in."""

    def __init__(self, tree: ast.Module):
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self._at: dict[Position, ast.AST] = {}
        self._names: dict[ast.AST, dict[str, list[ast.Name]]] = {}
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.expr | ast.AugAssign | ast.For) and node.end_lineno is not None:
                position = node.lineno, node.end_lineno, node.col_offset, node.end_col_offset or 0
                self._at.setdefault(position, node)
            children = list(ast.iter_child_nodes(node))
            self.parents.update(dict.fromkeys(children, node))
            waiting.extend(reversed(children))

    def at(self, position: Position | None) -> ast.AST | None:
        """Return the outermost expression at a position, or the statement where that is what runs there."""
        return None if position is None else self._at.get(position)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what `node` stands in, from the inside."""
        inner: ast.AST | None = self.parents.get(node)
        while inner is not None:
            yield inner
            inner = self.parents.get(inner)

    def function(self, node: ast.AST) -> Function | None:
        """Return the innermost function that `node` stands in; None at the top of the file."""
        return next((outer for outer in self.around(node) if isinstance(outer, Function)), None)

    def in_loop(self, node: ast.AST) -> bool:
        """Tell whether `node` stands in a loop of its function."""
        for outer in self.around(node):
            if isinstance(outer, ast.For | ast.While | ast.AsyncFor):
                return True
            if isinstance(outer, Function):
                break
        return False

    def names(self, scope: ast.AST, name: str) -> list[ast.Name]:
        """Return where `name` stands in a function, or in the file, and not in the functions inside it."""
        if scope not in self._names:
            of_scope = self._names[scope] = {}
            for node in ast.walk(scope):
                if isinstance(node, ast.Name) and (self.function(node) or self.tree) is scope:
                    of_scope.setdefault(node.id, []).append(node)
            for names in of_scope.values():
                names.sort(key=_LINE)
        return self._names[scope].get(name, [])

    def reach(self, scope: ast.AST, target: ast.Name) -> Iterator[ast.Name]:
        """Yield where the value that an assignment gives to `target` may be read, up to where it gets another one."""
        names = self.names(scope, target.id)
        last: float = math.inf
        for name in itertools.islice(names, bisect_right(names, target.lineno, key=_LINE), None):
            if name.lineno > last:
                break
            if isinstance(name.ctx, ast.Load):
                yield name
            elif (block := self._block(name)) is self._block(target) and not isinstance(block, ast.If):
                last = name.lineno

    def _block(self, node: ast.AST) -> ast.AST | None:
        statement = next((outer for outer in self.around(node) if isinstance(outer, ast.stmt)), None)
        return None if statement is None else self.parents.get(statement)

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names that imports give to modules, wherever they stand."""
        imports = (node for node in ast.walk(self.tree) if isinstance(node, ast.Import | ast.ImportFrom))
        aliases = (alias for statement in imports for alias in statement.names)
        return frozenset((alias.asname or alias.name).split(".")[0] for alias in aliases)

    @cached_property
    def _fields(self) -> dict[str, list[str]]:
        """The fields of the dataclasses and named tuples of the file, in order."""
        fields: dict[str, list[str]] = {}
        for node in ast.walk(self.tree):
            match node:
                case ast.ClassDef(name=name, body=body):
                    annotated = (line.target for line in body if isinstance(line, ast.AnnAssign))
                    fields[name] = [target.id for target in annotated if isinstance(target, ast.Name)]
                case ast.Call(func=ast.Name(id="namedtuple"), args=[ast.Constant(value=str(name)), given, *_]):
                    names = ast.literal_eval(given) if isinstance(given, ast.Constant | ast.List | ast.Tuple) else ()
                    fields[name] = names.replace(",", " ").split() if isinstance(names, str) else list(names)
        return fields

    def field(self, name: str, position: int) -> str | None:
        """Return the field that a class of this file takes at a position."""
        fields = self._fields.get(name, [])
        return fields[position] if position < len(fields) else None


_positions_of: dict[int, tuple[CodeType, list[tuple[int | None, ...]]]] = {}


def positions_of(code: CodeType, lasti: int) -> Position | None:
    """Return where in its file the instruction at `lasti` stands."""
    if id(code) not in _positions_of:  # the code is kept, so its id stays its own
        _positions_of[id(code)] = (code, list(code.co_positions()))
    positions = _positions_of[id(code)][1]
    line, end_line, column, end_column = positions[lasti // 2] if lasti // 2 < len(positions) else (None,) * 4
    return None if line is None else (line, end_line or line, column or 0, end_column or 0)


_syntax_of: dict[str, tuple[list[str], Syntax | None]] = {}


def syntax_of(filename: str) -> Syntax | None:
    """Return the syntax of a file; None where there is no source that can be read."""
    lines = [] if filename == "<string>" else linecache.getlines(filename)
    known = _syntax_of.get(filename)
    if known is None or known[0] is not lines:  # linecache keeps the list of a file that stays as it is
        _syntax_of[filename] = known = (lines, _parsed("".join(lines)))
    return known[1]


def _parsed(text: str) -> Syntax | None:
    try:
        return Syntax(ast.parse(text)) if text else None
    except (SyntaxError, ValueError, RecursionError):
        return None


_places: dict[tuple[int, int], tuple[CodeType, Syntax | None, ast.AST | None]] = {}


def place_of(code: CodeType, lasti: int) -> tuple[Syntax | None, ast.AST | None]:
    """Return the syntax of a code object's file, and the node that runs at `lasti`."""
    key = (id(code), lasti)  # a code object hashes in time linear in its length; it is kept, so its id stays its own
    if key not in _places:
        syntax = syntax_of(code.co_filename)
        _places[key] = (code, syntax, None if syntax is None else syntax.at(positions_of(code, lasti)))
    return _places[key][1:]
