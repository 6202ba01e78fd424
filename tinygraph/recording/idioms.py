"""Idioms: what a piece of program text does with a value, as far as the text alone tells."""

from __future__ import annotations

import ast
import builtins

from .syntax import Function, Syntax

Step = str | int | None  # an attribute, a key or a variable; an index; one of many
Path = tuple[Step, ...]

# what Python has, and what calls what it is given
_TOOLS = frozenset((*vars(builtins), "reduce", "accumulate", "starmap", "partial", "cache"))
_NEW = ("new", "next", "t", "cur", "now")


def handed_on(syntax: Syntax, node: ast.AST) -> tuple[ast.stmt, Path] | None:
    """Return the ``return`` or the assignment that hands `node` on as it is, and the place it has there."""
    place: Path = ()
    while True:
        outer = syntax.parents.get(node)
        match outer:
            case ast.Return() | ast.Assign():
                return outer, place
            case ast.Tuple(elts=items) | ast.List(elts=items):
                place = (items.index(node), *place)  # type: ignore[arg-type]
            case ast.Dict(keys=keys, values=values) if node in values:
                place = (constant_key(keys[values.index(node)]), *place)
            case ast.keyword(arg=str(name)) if isinstance(syntax.parents.get(outer), ast.Call):
                maker = syntax.parents[outer]
                if not (isinstance(maker, ast.Call) and makes(maker.func)):
                    return None
                place, outer = (name, *place), maker
            case ast.Call(func=function, args=arguments) if node in arguments and makes(function):
                place = (syntax.field(last_name(function), arguments.index(node)), *place)
            case _:
                return None
        node = outer


def assigned_between(syntax: Syntax, scope: ast.AST, target: ast.Name, use: ast.Name) -> bool:
    """Tell whether the variable gets another value between an assignment and a later use, in the same branch."""
    blocks = [outer for outer in syntax.around(target) if not isinstance(outer, ast.expr)]
    for node in syntax.names(scope, target.id):
        if isinstance(node.ctx, ast.Store) and target.lineno < node.lineno < use.lineno:
            around = next(
                o for o in syntax.around(node) if isinstance(o, ast.If | ast.For | ast.While | Function | ast.Module)
            )
            if not isinstance(around, ast.If) or around not in blocks:
                return True
    return False


def iterated_by(syntax: Syntax, name: ast.Name) -> ast.expr | None:
    """Return what a loop over a collection takes the variable `name` from, if it stands in one."""
    for outer in syntax.around(name):
        loops: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(outer, ast.For) and name not in ast.walk(outer.iter):
            loops = [(outer.target, outer.iter)]
        elif isinstance(outer, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            loops = [(generator.target, generator.iter) for generator in outer.generators]
        elif isinstance(outer, Function):
            return None
        for target, iterated in loops:
            taken = _taken(target, iterated, name.id)
            if taken is not None:
                return taken
    return None


def _taken(target: ast.expr, iterated: ast.expr, name: str) -> ast.expr | None:
    """Return the collection that a loop's target `name` runs through: of ``zip`` and ``enumerate`` the one meant."""
    match iterated:
        case ast.Call(func=ast.Name(id="reversed"), args=[source, *_]):
            return _taken(target, source, name)
        case ast.Call(func=ast.Name(id="zip" | "enumerate" as pairing), args=[*sources]):
            parts = target.elts if isinstance(target, ast.Tuple) else []
            pairs = zip(parts if pairing == "zip" else parts[1:], sources, strict=False)
            return next(filter(None, (_taken(part, source, name) for part, source in pairs)), None)
        case ast.Call(func=ast.Attribute(value=source, attr="values" | "items")):
            return _taken(target, source, name)
    is_target = any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(target))
    return iterated if is_target and isinstance(iterated, ast.Name | ast.Attribute | ast.Subscript) else None


def argument_for(function: Function, there: ast.Call, called: str, name: str, position: int) -> ast.expr | None:
    """Return the expression that a call gives for a parameter of the function that it calls."""
    if is_tool(there) or any(isinstance(argument, ast.Starred) for argument in there.args):
        return None
    first = function.args.args[0].arg if function.args.args else ""
    position -= first in ("self", "cls")
    if position < len(there.args):
        return there.args[position]
    return next((keyword.value for keyword in there.keywords if keyword.arg == name), None)


def position_of(function: Function, name: str) -> int | None:
    """Return the place of a parameter among those of its function."""
    positional = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return next((i for i, argument in enumerate(positional) if argument.arg == name), None)


def constant_key(node: ast.expr | None) -> Step:
    """Return a constant key or index; None for one that only the run knows."""
    match node:
        case ast.Constant(value=str(key) | int(key)) if not isinstance(key, bool):
            return key
    return None


def element(target: ast.expr, place: Path) -> ast.expr | None:
    """Return what stands at a place in nested targets of an assignment."""
    for index in place:
        if not isinstance(target, ast.Tuple | ast.List) or not isinstance(index, int) or index >= len(target.elts):
            return None
        target = target.elts[index]
    return target


def is_newer(name: str, than: str) -> bool:
    """Tell whether a name says: the new value of another.

    >>> is_newer("h_new", "h"), is_newer("new_h", "h"), is_newer("h", "h_prev")
    (True, True, False)
    """
    return name != than and than in (
        name.rstrip("_"),
        *(name.removesuffix(f"_{w}").removeprefix(f"{w}_") for w in _NEW),
    )


def is_generic(name: Step) -> bool:
    """Tell whether a name says nothing but that it is what a function returned."""
    return name in ("result", "results", "res", "ret", "out", "output", "value", "val", "tmp", "temp", "returned", "_")


def is_tool(node: ast.AST | None) -> bool:
    """Tell whether a call is of what Python has, and not of the program's own function: it hands over what it likes."""
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(value=ast.Name(), attr=name)):
            return name in _TOOLS
    return False


def makes(function: ast.expr) -> bool:
    """Tell whether a call makes an object that keeps what it is given: a class, or ``dict``."""
    name = last_name(function)
    return name in ("dict", "replace", "_replace") or name.lstrip("_")[:1].isupper()


def last_name(node: ast.expr) -> str:
    """Return the variable or the attribute that an expression names; empty for any other."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def is_method(function: ast.expr, called: str) -> bool:
    """Tell whether a call is that of a method of this name."""
    return isinstance(function, ast.Attribute) and function.attr == called


def is_super(function: ast.expr) -> bool:
    """Tell whether a method is called on ``super()``."""
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call)
