"""Paths: what a program calls a value, read from its text: ``p["Wf"]`` is ``("p", "Wf")``, ``layers[0].W`` ends in W.

A value is followed outwards, from the expression that made it to what receives it: through the containers, classes
and comprehensions that it is put into, and through ``return`` to whoever called. Nothing runs, and no frame is asked.
"""

from __future__ import annotations

import ast
import os

from .calls import Call
from .idioms import (
    Path,
    argument_for,
    assigned_between,
    constant_key,
    element,
    handed_on,
    is_generic,
    is_method,
    is_newer,
    is_super,
    is_tool,
    iterated_by,
    last_name,
    makes,
    position_of,
)
from .primitive import PACKAGE
from .skipped import is_foreign
from .syntax import Syntax, place_of

_ONE_OF_MANY = ("append", "appendleft", "add", "insert")  # methods that put a value into a collection
_COPYING = ("list", "tuple", "deque", "iter", "reversed", "sorted")
_MAPPING = ("map", "starmap", "accumulate")  # those that give one result for each call
_COMPREHENSIONS = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>")
_CELLS = os.path.join(os.path.dirname(PACKAGE.rstrip(os.sep)), "rnn", "")
_ANY_STATE = ("new", "state", "states", "after")  # what the loop over time of `rnn` calls the state of any cell
_MOST_CALLS = 40  # that a value is followed through: recursive programs never end otherwise


def value_path(call: Call | None, lasti: int, inside: Path = ()) -> Path | None:
    """Return what is called by the program what the instruction at `lasti` of `call` makes; None without a name.

    `inside` is the path to a part of it, as the first of two values that a function returns.
    """
    return _value(call, lasti, inside, _MOST_CALLS)


def name_of(path: Path | None) -> str | None:
    """Return the name in a path: its last variable, attribute or key; of one of many, the singular.

    Examples
    --------
    >>> name_of(("p", "Wf")), name_of(("hs", None)), name_of(("states", None)), name_of(("W", 0))
    ('Wf', 'h', 'state', 'W')
    """
    words = [step for step in path or () if isinstance(step, str)]
    if not words or path is None:
        return None
    return words[-1] if isinstance(path[-1], str) else singular(words[-1])


def singular(name: str) -> str:
    """Return what one of a collection is called.

    >>> singular("xs"), singular("losses"), singular("loss"), singular("W"), singular("bias")
    ('x', 'loss', 'loss', 'W', 'bias')
    """
    if name.endswith("sses"):
        return name[:-2]
    return name[:-1] if len(name) > 1 and name.endswith("s") and not name.endswith(("ss", "us", "is", "as")) else name


def _value(call: Call | None, lasti: int, inside: Path, depth: int) -> Path | None:
    """Return the path of what lies `inside` the value that an instruction makes."""
    if call is None or depth == 0 or call.code.co_filename.startswith(PACKAGE):
        return None
    syntax, node = place_of(call.code, lasti)
    match node:
        case ast.Call(func=function, args=[*_, ast.Starred()]) if not inside and makes(function):
            inside = (None,)  # made while the arguments were unpacked
    return None if syntax is None or node is None else _received(syntax, node, call, inside, depth)


def _received(syntax: Syntax, node: ast.AST, call: Call, inside: Path, depth: int) -> Path | None:
    """Return what receives the value of `node`."""
    if isinstance(node, ast.For):  # the next of an iterator
        return _target(syntax, node.target, call, inside, depth)
    if isinstance(node, ast.AugAssign):
        return _target(syntax, node.target, call, inside, depth)
    while True:
        outer = syntax.parents.get(node)
        match outer:
            case ast.NamedExpr(target=target) | ast.AnnAssign(target=target):
                return _target(syntax, target, call, inside, depth)
            case ast.For(iter=iterated, target=target) if node is iterated:
                return _target(syntax, target, call, inside, depth)
            case ast.Assign(targets=targets):
                paths = (_target(syntax, target, call, inside, depth) for target in targets)
                return next((path for path in paths if path), None)
            case ast.Return() if not inside and (sequence := _sequence(syntax, outer)):
                return (sequence,)
            case ast.Return() | ast.Lambda() | ast.Yield():
                return _returned(call, inside, depth)
            case ast.IfExp(test=test) if node is not test:
                pass
            case ast.Await():
                pass
            case ast.Tuple(elts=items) | ast.List(elts=items):
                inside = (items.index(node), *inside)  # type: ignore[arg-type]
            case ast.Dict(keys=keys, values=values) if node in values:
                inside = (constant_key(keys[values.index(node)]), *inside)
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item) if node is item:
                inside = (None, *inside)
            case ast.DictComp(value=item) if node is item:
                inside = (None, *inside)
            case ast.keyword(arg=str(name)):
                inside, node = (name, *inside), outer
                outer = syntax.parents[node]
                if not (isinstance(outer, ast.Call) and makes(outer.func)):
                    return inside
            case ast.Call(func=function, args=arguments) if node in arguments:
                match function:
                    case ast.Name(id=name) if name in _COPYING:
                        pass
                    case ast.Name(id="setattr") if len(arguments) == 3:
                        return _joined(
                            path_of(syntax, arguments[0], call, depth), (constant_key(arguments[1]), *inside)
                        )
                    case ast.Attribute(attr=name, value=collection) if name in _ONE_OF_MANY:
                        return _joined(path_of(syntax, collection, call, depth), (None, *inside))
                    case _ if makes(function):
                        field = syntax.field(last_name(function), arguments.index(node))
                        inside = (field, *inside)
                    case _:
                        return None
            case _:
                return None
        node = outer


def _sequence(syntax: Syntax, node: ast.AST) -> str | None:
    """Return the letter of the function around, if it calls itself: ``h(t)`` is a sequence, written as mathematics."""
    function = syntax.function(node)
    if not isinstance(function, ast.FunctionDef) or len(function.name) > 1:
        return None
    calls = (inner.func for inner in ast.walk(function) if isinstance(inner, ast.Call))
    return function.name if any(isinstance(f, ast.Name) and f.id == function.name for f in calls) else None


def _returned(call: Call, inside: Path, depth: int) -> Path | None:
    """Return what receives what a call returns, or yields."""
    call = _as_called(_without_comprehensions(call))
    if call.parent is None or call.parent.code.co_filename.startswith(PACKAGE):
        return _as_part(inside)
    _, there = place_of(call.parent.code, call.lasti)
    if is_tool(there):  # not the program but Python called it
        if last_name(there.func) not in _MAPPING:  # type: ignore[union-attr]
            return _as_part(inside)
        inside = (None, *inside)
    path = _value(call.parent, call.lasti, inside, depth - 1)
    if path and path[-1] in _ANY_STATE and call.parent.code.co_filename.startswith(_CELLS):
        return None
    return path or _as_part(inside)


def _as_part(inside: Path) -> Path | None:
    """Return the key or the attribute of something that has no name itself."""
    return inside if inside and isinstance(inside[-1], str) else None


def _target(syntax: Syntax, target: ast.expr, call: Call, inside: Path, depth: int) -> Path | None:
    """Return the path of what lies `inside` the value that an assignment gives to `target`."""
    if isinstance(target, ast.Tuple | ast.List):
        if not inside or not isinstance(inside[0], int) or any(isinstance(t, ast.Starred) for t in target.elts):
            return None
        return (
            _target(syntax, target.elts[inside[0]], call, inside[1:], depth) if inside[0] < len(target.elts) else None
        )
    if not isinstance(target, ast.Name):
        return _joined(path_of(syntax, target, call, depth), inside)
    return _passed_on(syntax, target, call, inside, depth) or (*_owner(syntax, target, call, depth), target.id, *inside)


def _owner(syntax: Syntax, node: ast.AST, call: Call, depth: int) -> Path:
    """Return what the caller calls what a function returns, all of it: the local variables belong to that."""
    return (_returned(call, (), depth) or ()) if syntax.function(node) is not None else ()


def _passed_on(syntax: Syntax, target: ast.Name, call: Call, inside: Path, depth: int) -> Path | None:
    """Return what a local variable is called where it is returned to, or ``h`` for a variable ``h_new`` of it."""
    function, looped = syntax.function(target), syntax.in_loop(target)
    statement = next((outer for outer in syntax.around(target) if isinstance(outer, ast.stmt)), None)
    scope: ast.AST = function or syntax.tree
    for use in syntax.reach(scope, target):
        handed = handed_on(syntax, use)
        if handed is None:
            continue
        receiver, place = handed
        if isinstance(receiver, ast.Return) and not looped and not assigned_between(syntax, scope, target, use):
            outer = _returned(call, (*place, *inside), depth)
            if outer:
                is_name = isinstance(outer[-1], str) and not is_generic(outer[-1])
                return outer if is_name or inside else (*outer, target.id)  # it names itself, not what is inside
        if isinstance(receiver, ast.Assign) and statement is not receiver:
            for other in receiver.targets:
                name = element(other, place)
                if isinstance(name, ast.Name) and is_newer(target.id, name.id):
                    return _target(syntax, name, call, inside, depth - 1) if depth > 1 else (name.id,)
    return None


# -- the path of an expression ----------------------------------------------------------------------------------------


def path_of(syntax: Syntax, node: ast.expr, call: Call, depth: int = _MOST_CALLS) -> Path | None:
    """Return the path that an expression goes: names, attributes, keys and indices; None if it is anything else."""
    match node:
        case ast.Name(id=name):
            outer = _given(syntax, node, call, depth)
            return (name,) if outer is None else outer
        case ast.Attribute(value=value, attr=attr) if attr not in ("T", "mT"):
            return _joined(path_of(syntax, value, call, depth), (attr,))
        case ast.Subscript(value=value, slice=index):
            return _joined(path_of(syntax, value, call, depth), (constant_key(index),))
        case ast.Call(func=ast.Name(id="super")):
            return ()
    return None


def variable_path(syntax: Syntax, node: ast.expr, call: Call, depth: int = _MOST_CALLS) -> Path | None:
    """Return the path of a variable that a value without a name is taken from: of a loop, of unpacking, of a callback.

    A parameter is no such variable where its caller gives an expression, but for an element of something in a call of
    more than one argument: ``cell(h, E[word])`` says that this is the x of the cell, ``tanh(a[:3])`` says nothing.
    """
    if not isinstance(node, ast.Name) or depth == 0:
        return None
    function, user = syntax.function(node), _without_comprehensions(call)
    position = None if function is None else position_of(function, node.id)
    if function is None or position is None or user.parent is None or iterated_by(syntax, node) is not None:
        return path_of(syntax, node, call)
    outer = _as_called(user)
    if outer.parent is None:
        return (node.id,)
    syntax_there, there = place_of(outer.parent.code, outer.lasti)
    if syntax_there is None or not isinstance(there, ast.Call) or is_tool(there):
        return (node.id,)
    match argument_for(function, there, user.code.co_name, node.id, position):
        case ast.Name() as argument:
            return variable_path(syntax_there, argument, outer.parent, depth - 1)
        case ast.Subscript() if len(there.args) + len(there.keywords) > 1:
            return (node.id,)
    return None


def _given(syntax: Syntax, name: ast.Name, call: Call, depth: int) -> Path | None:
    """Return what a caller gives for a parameter of its function, or what a loop takes its variable from."""
    looped = iterated_by(syntax, name)
    if looped is not None:
        path = path_of(syntax, looped, call, depth - 1) if depth else None
        return None if path is None else (*path, None, name.id)
    function = syntax.function(name)
    call = _without_comprehensions(call)
    if function is None or depth <= 0 or call.parent is None:
        return None
    position = position_of(function, name.id)
    if position is None:
        return None
    is_self = position == 0 and name.id in ("self", "cls")
    outer = _as_called(call)
    if outer.parent is None:
        return () if is_self else None
    syntax_there, there = place_of(outer.parent.code, outer.lasti)
    if syntax_there is None or not isinstance(there, ast.Call):
        return () if is_self else None
    if is_self:
        if call.code.co_name == "__init__":
            return () if is_super(there.func) else _value(outer.parent, outer.lasti, (), depth - 1) or ()
        receiver = there.func.value if is_method(there.func, call.code.co_name) else there.func  # type: ignore[attr-defined]
        return path_of(syntax_there, receiver, outer.parent, depth - 1) or ()
    argument = argument_for(function, there, call.code.co_name, name.id, position)
    return None if argument is None else path_of(syntax_there, argument, outer.parent, depth - 1)


# -- small questions --------------------------------------------------------------------------------------------------


def _without_comprehensions(call: Call) -> Call:
    while call.code.co_name in _COMPREHENSIONS and call.parent is not None:
        call = call.parent
    return call


def _as_called(call: Call) -> Call:
    """Return the call that the program wrote, where another framework calls its function: a module its ``forward``."""
    while call.parent is not None and is_foreign(call.parent.code.co_filename):
        call = call.parent
    return call


def _joined(path: Path | None, inside: Path) -> Path | None:
    return None if path is None else (*path, *inside)
