"""Branches: whether what one iteration of a program reads was made where every other iteration makes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .calls import Call
from .idioms import argument_for, position_of
from .node import Node
from .operands import operand_place
from .source import users_place
from .syntax import Syntax, place_of

_BRANCHING = (ast.If, ast.IfExp, ast.BoolOp, ast.Try, ast.Match)
_LEAVING = (ast.Return, ast.Continue, ast.Break)

Branch = tuple[ast.AST, str]  # what branches, and into which of its fields


def always_read(reader: Node, argument: int, op: Node) -> bool:
    """Tell whether `reader`, wherever it runs, is given what ran where `op` did, and never what another branch made."""
    user, made = users_place(reader.call, reader.lasti), users_place(op.call, op.lasti)
    if user is None or made is None or user == made:
        return user is not None and user == made
    place = operand_place(reader.call, reader.lasti, argument)
    if place is None:
        return False
    shared = set(_branches(*user))
    straight = all(_is_straight(*inner) for inner in _calls_within(*made, user[0]))
    return straight and set(_branches(*made)) <= shared and _is_one_flow(*place, user[0], shared)


def _calls_within(call: Call, lasti: int, outer: Call) -> Iterator[tuple[Call, int]]:
    """Yield the calls, with an instruction of each, that led to an instruction but not to what `outer` runs."""
    around: set[Call] = set()
    caller: Call | None = outer
    while caller is not None:
        around.add(caller)
        caller = caller.parent
    caller = call
    while caller is not None and caller not in around:
        if not caller.code.co_name.startswith("<"):
            yield caller, lasti
        lasti, caller = caller.lasti, caller.parent


def _is_straight(call: Call, lasti: int) -> bool:
    """Tell whether a function has no branches."""
    syntax, node = place_of(call.code, lasti)
    function = None if syntax is None or node is None else syntax.function(node)
    return function is not None and not any(isinstance(inner, _BRANCHING) for inner in ast.walk(function))


def _branches(call: Call, lasti: int) -> Iterator[Branch]:
    """Yield the branches that an instruction and the calls that led to it stand in."""
    caller: Call | None = call
    while caller is not None:
        syntax, node = place_of(caller.code, lasti)
        if syntax is not None and node is not None:
            yield from _branches_around(syntax, node)
        lasti, caller = caller.lasti, caller.parent


def _branches_around(syntax: Syntax, node: ast.AST) -> Iterator[Branch]:
    """Yield the branches that a node of a function stands in, and those by which it is left before."""
    inner = node
    for outer in syntax.around(node):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            break
        for name, value in ast.iter_fields(outer):
            statements = value if isinstance(value, list) else [value]
            if inner in statements:
                if isinstance(outer, _BRANCHING):
                    yield outer, name
                for earlier in statements[: statements.index(inner)]:
                    if isinstance(earlier, _BRANCHING) and any(isinstance(n, _LEAVING) for n in ast.walk(earlier)):
                        yield earlier, "passed"
        inner = outer
    for earlier in getattr(syntax.function(node), "body", ()) if not isinstance(inner, ast.expr) else ():
        if earlier is inner:
            break
        if isinstance(earlier, _BRANCHING) and any(isinstance(n, _LEAVING) for n in ast.walk(earlier)):
            yield earlier, "passed"


def _is_one_flow(syntax: Syntax, expression: ast.expr, call: Call | None, shared: set[Branch]) -> bool:
    """Tell whether no branch but the shared ones gives an expression its value."""
    match expression:
        case ast.IfExp() | ast.BoolOp():
            return False
        case ast.Attribute(value=value, attr="T" | "mT") | ast.Subscript(value=ast.Name() as value):
            return _is_one_flow(syntax, value, call, shared)
        case ast.Attribute() | ast.Subscript(value=ast.Attribute() | ast.Subscript()):
            return False
        case ast.Name(id=name):
            function = syntax.function(expression)
            names = syntax.names(function or syntax.tree, name)
            stored = [other for other in names if isinstance(other.ctx, ast.Store)]
            if any(not set(_branches_around(syntax, other)) <= shared for other in stored):
                return False
            position = None if function is None else position_of(function, name)
            if position is None or function is None:
                return bool(stored) and all(_is_one_value(syntax, other) for other in stored)
            return call is not None and _is_given(function, name, position, call, shared)
    return True


def _is_one_value(syntax: Syntax, name: ast.Name) -> bool:
    """Tell whether an assignment gives a name a value that does not depend on a test."""
    outer = next((outer for outer in syntax.around(name) if isinstance(outer, ast.stmt)), None)
    return not isinstance(getattr(outer, "value", None), ast.IfExp | ast.BoolOp)


def _is_given(function: ast.AST, name: str, position: int, call: Call, shared: set[Branch]) -> bool:
    """Tell the same of what a caller gives for a parameter of its function."""
    if call.parent is None or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return False
    syntax, there = place_of(call.parent.code, call.lasti)
    if syntax is None or not isinstance(there, ast.Call):
        return False
    argument = argument_for(function, there, call.code.co_name, name, position)
    return argument is not None and _is_one_flow(syntax, argument, call.parent, shared)
