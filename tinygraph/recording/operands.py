"""Operands: which expression of the program gave an op its argument."""

from __future__ import annotations

import ast

from .calls import Call
from .paths import Path, path_of
from .primitive import PACKAGE
from .skipped import is_foreign
from .source import users_place
from .syntax import Syntax, place_of

_GATHERING = ("sum", "max", "min", "reduce", "accumulate", "prod")  # ops recorded in these have no operands in the text
_USUAL = frozenset(
    ("np", "numpy", "tg", "tinygraph", "sp", "scipy", "special", "math", "torch", "F")
)  # of another cell of a notebook


def operand_path(call: Call | None, lasti: int, argument: int) -> Path | None:
    """Return what the program calls an argument of the op at `lasti` of `call`; None where it is an expression."""
    place, reader = operand_place(call, lasti, argument), reader_of(call, lasti)
    return None if place is None or reader is None else path_of(*place, reader[0])


def operand_text(call: Call | None, lasti: int, argument: int) -> str:
    """Return the source of an argument; empty where there is none."""
    place, reader = operand_place(call, lasti, argument), reader_of(call, lasti)
    if place is None or reader is None or is_foreign(reader[0].code.co_filename):
        return ""  # the program has not written it
    return ast.unparse(place[1])


def operand_place(call: Call | None, lasti: int, argument: int) -> tuple[Syntax, ast.expr] | None:
    """Return the expression of an argument, and the syntax of its file."""
    reader = reader_of(call, lasti)
    if reader is None or reader[0].code.co_filename.startswith(PACKAGE):
        return None  # a rule's op
    syntax, node = place_of(reader[0].code, reader[1])
    if syntax is None or node is None:
        return None
    operands = _operands(syntax, node)
    return (syntax, operands[argument]) if argument < len(operands) else None


def reader_of(call: Call | None, lasti: int) -> tuple[Call, int] | None:
    """Return the call and the instruction whose text says what is read: the program's, or of a layer that it calls."""
    if call is not None and is_foreign(call.code.co_filename) and not call.code.co_filename.startswith(PACKAGE):
        return call, lasti
    return users_place(call, lasti)


def operands_of(expression: str) -> list[ast.expr]:
    """Return the operands of an expression that is known by its text alone.

    Examples
    --------
    >>> [ast.unparse(operand) for operand in operands_of("np.dot(U, X[t])")]
    ['U', 'X[t]']
    """
    try:
        node = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError):
        return []
    return _operands(None, node)


def _operands(syntax: Syntax | None, node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            return [left, right]
        case ast.AugAssign(target=target, value=value):
            return [target, value]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Subscript(value=value) | ast.Attribute(value=value):
            return [value]
        case ast.Call(func=function, args=arguments):
            return _arguments(syntax, function, arguments)
    return []


def _arguments(syntax: Syntax | None, function: ast.expr, arguments: list[ast.expr]) -> list[ast.expr]:
    if isinstance(function, ast.Name) and function.id in _GATHERING:
        return []
    operands = [
        a for a in arguments if not (isinstance(a, ast.Constant) and isinstance(a.value, str))
    ]  # einsum's first
    if any(isinstance(operand, ast.Starred) for operand in operands):
        return []
    if isinstance(function, ast.Attribute) and not _is_module(syntax, function.value):
        return [function.value, *operands]
    if operands and isinstance(operands[0], ast.List | ast.Tuple):
        return operands[0].elts  # a sequence of arrays, as concatenate takes it
    return operands


def _is_module(syntax: Syntax | None, node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):  # np.linalg
        node = node.value
    modules = _USUAL if syntax is None else syntax.modules | _USUAL
    return isinstance(node, ast.Name) and node.id in modules
