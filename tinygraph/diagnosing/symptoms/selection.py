"""Whether a program chooses a parameter by its loop: ``layers[k]``, ``for layer in layers``; or says it by its name."""

from __future__ import annotations

import ast

from ...recording.node import Node
from ...recording.operands import operand_place
from ...recording.source import users_place
from ...recording.syntax import Syntax, place_of


def is_chosen(reader: Node, argument: int) -> bool:
    """Tell whether the argument of an op is chosen among several by an index or by a loop.

    What is handed over to a function is followed to its caller.
    """
    user, place = users_place(reader.call, reader.lasti), operand_place(reader.call, reader.lasti, argument)
    if user is None or place is None:
        return False
    call, (syntax, expression) = user[0], place
    while True:
        root, indexed = _root(expression)
        if root is None or indexed or _is_loop_target(syntax, root):
            return indexed or root is not None
        handed = _handed_over(syntax, root)
        if handed is None or call.parent is None:
            return False
        caller, site = place_of(call.parent.code, call.lasti)
        if caller is None or not isinstance(site, ast.Call):
            return False
        argument_there = _argument(site, *handed)
        if argument_there is None:
            return False
        call, syntax, expression = call.parent, caller, argument_there


def is_indexed(reader: Node, argument: int) -> bool:
    """Tell whether the argument of an op is taken out of a table by an index that varies: ``p[key]`` has no name."""
    place = operand_place(reader.call, reader.lasti, argument)
    return place is not None and _root(place[1])[1]


def _root(expression: ast.expr) -> tuple[ast.Name | None, bool]:
    """Return the name that an expression begins with, and whether it has an index that varies."""
    indexed = False
    while isinstance(expression, ast.Attribute | ast.Subscript):
        indexed = indexed or (isinstance(expression, ast.Subscript) and not isinstance(expression.slice, ast.Constant))
        expression = expression.value
    return (expression if isinstance(expression, ast.Name) else None), indexed


def _is_loop_target(syntax: Syntax, name: ast.Name) -> bool:
    scope = syntax.function(name) or syntax.tree
    targets = (loop.target for loop in ast.walk(scope) if isinstance(loop, ast.For | ast.comprehension))
    return any(isinstance(part, ast.Name) and part.id == name.id for target in targets for part in ast.walk(target))


def _handed_over(syntax: Syntax, name: ast.Name) -> tuple[int, bool] | None:
    """Return the position at which a function takes what it calls so, and whether its first argument is self."""
    function = syntax.function(name)
    names = [] if function is None else [argument.arg for argument in function.args.args]
    return (names.index(name.id), names[:1] == ["self"]) if name.id in names else None


def _argument(site: ast.Call, position: int, is_method: bool) -> ast.expr | None:
    if is_method and position == 0:
        return site.func.value if isinstance(site.func, ast.Attribute) else site.func
    place = position - is_method
    return site.args[place] if place < len(site.args) else None
