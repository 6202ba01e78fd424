"""Single faults in the VJP rules: the changes of a rule, or of a function that rules call, and how one is put in.

A fault is one change in the syntax tree: a sign, a factor, swapped operands, a dropped transpose, a missing sum, a
dropped factor, another operator, a dropped rule.
"""

from __future__ import annotations

import ast
import copy
import dis
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType

from tinygraph.recording import broadcasting, pullback
from tinygraph.recording.op import Op

SUMS = {"sum", "sum_to", "column_sums", "_sum_to"}
TRANSPOSES = {"T", "mT", "transpose", "swapaxes", "moveaxis", "transposed"}
SAME_EITHER_WAY = {
    *("maximum", "minimum", "add", "multiply", "logaddexp", "hypot", "betaln", "isinstance", "zip", "range")
}


@dataclass(frozen=True)
class Fault:
    """One change in one function."""

    kind: str
    where: str  # "tanh, rule 0" or a helper's name
    before: str
    after: str
    ops: tuple[Op, ...]  # whose gradients it changes
    function: Callable | None
    code: CodeType | None
    rule: int = 0

    def __str__(self) -> str:
        return f"{self.kind} in {self.where}: {self.before}  →  {self.after}"

    @contextmanager
    def planted(self) -> Iterator[None]:
        if self.function is None:
            (op,) = self.ops
            rules, pull, push = op.rules, op.pull, op.push
            op.rules = tuple(None if i == self.rule else rule for i, rule in enumerate(rules))
            op.pull = pullback.puller(op)
            op.push = None if op.variadic else pullback.pusher(op)
            try:
                yield
            finally:
                op.rules, op.pull, op.push = rules, pull, push
        else:
            original = self.function.__code__
            self.function.__code__ = self.code
            try:
                yield
            finally:
                self.function.__code__ = original


# -- which functions to change ---------------------------------------------------------------------------------------


def faults(ops: list[Op]) -> list[Fault]:
    """Return all faults that can be planted in the rules of `ops` and what they call."""
    found = []
    users: dict[FunctionType, dict[Op, None]] = {}
    for op in ops:
        for number, rule in enumerate(op.rules):
            if rule is None:
                continue
            found.append(
                Fault("dropped rule", f"{op.name}, rule {number}", "its rule", "None", (op,), None, None, number)
            )
            if isinstance(rule, FunctionType):
                found += _changes(rule, f"{op.name}, rule {number}", (op,))
                for helper in _helpers(rule):
                    users.setdefault(helper, {})[op] = None
    stretching = dict.fromkeys(op for op in ops if op.elementwise and len(op.rules) > 1)
    for helper in (broadcasting.conform, broadcasting.sum_to) if stretching else ():
        users.setdefault(helper, {}).update(stretching)
    for helper, using in users.items():
        if using:
            found += _changes(helper, f"{helper.__module__.rpartition('.')[2]}.{helper.__name__}", tuple(using))
    return found


def _helpers(rule: FunctionType) -> Iterator[FunctionType]:
    """Yield the functions of tinygraph.ops that a rule calls, directly or not."""
    seen, waiting = {rule}, [rule]
    for function in waiting:
        for name in _globals_of(function.__code__):
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and called not in seen and "tinygraph.ops" in called.__module__:
                seen.add(called)
                waiting.append(called)
                yield called


def _globals_of(code: CodeType) -> list[str]:
    """Return the global names that a function, or one defined in it, loads: not the attributes of other things."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _globals_of(part)]
    return [i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"] + inner


@cache
def _tree(filename: str) -> ast.Module:
    return ast.parse(Path(filename).read_text(encoding="utf-8"))


def _definition(function: FunctionType) -> ast.Lambda | ast.FunctionDef | None:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    inside = [(line, column) for line, _, column, _ in code.co_positions() if line and column is not None]
    candidates = []
    for node in ast.walk(_tree(code.co_filename)):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            return node
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and node.lineno == code.co_firstlineno:
            arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
            if arguments == list(names) and all(start <= place <= end for place in inside if place[1]):
                candidates.append(node)
    return min(candidates, key=lambda n: (n.end_lineno - n.lineno, n.end_col_offset - n.col_offset), default=None)


def _changes(function: FunctionType, where: str, ops: tuple[Op, ...]) -> Iterator[Fault]:
    definition = _definition(function)
    if definition is None:
        return
    body = [definition.body] if isinstance(definition, ast.Lambda) else definition.body
    inputs = [a.arg for a in definition.args.args]
    sites = [site for part in body for site in _expressions(part)]
    returned = (
        [part.value for part in body if isinstance(part, ast.Return)]
        if len(body) != 1 or isinstance(body[0], ast.stmt)
        else [definition.body]
    )
    seen = {ast.dump(definition)}
    for site in sites:
        for kind, replacement in _replacements(site, inputs, any(site is root for root in returned)):
            changed = _with(definition, site, replacement)
            if ast.dump(changed) in seen:
                continue
            seen.add(ast.dump(changed))
            code = _compiled(function, changed)
            if code is not None:
                yield Fault(kind, where, ast.unparse(site), ast.unparse(replacement), ops, function, code)


def _expressions(part: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions in which a fault is planted: not those in messages of errors, nor names being assigned."""
    if isinstance(part, ast.Raise | ast.JoinedStr | ast.Assert):
        return
    if isinstance(part, ast.expr):
        yield part
    for child in ast.iter_child_nodes(part):
        if not isinstance(child, ast.expr_context | ast.arguments):
            yield from _expressions(child)


def _with(definition: ast.AST, site: ast.AST, replacement: ast.AST) -> ast.AST:
    class Replacing(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return replacement if node is site else self.generic_visit(_shallow(node))

    return ast.fix_missing_locations(Replacing().visit(definition))


def _shallow(node: ast.AST) -> ast.AST:
    shallow = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            setattr(shallow, name, list(value))
    return shallow


def _compiled(function: FunctionType, definition: ast.AST) -> CodeType | None:
    """Compile a changed definition with the original's free variables."""
    free = function.__code__.co_freevars
    if isinstance(definition, ast.FunctionDef):
        definition.decorator_list = []
        body: list[ast.stmt] = [definition, ast.Return(ast.Name(definition.name, ast.Load()))]
    else:
        body = [ast.Return(definition)]  # type: ignore[arg-type]
    outer = ast.parse("def outer(): pass")
    outer.body[0].args.args = [ast.arg(name) for name in free]  # type: ignore[attr-defined]
    outer.body[0].body = body  # type: ignore[attr-defined]
    space: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(ast.fix_missing_locations(outer), "<planted fault>", "exec"), space)
    code = space["outer"](*free).__code__
    return code if code.co_freevars == free else None


# -- what to change --------------------------------------------------------------------------------------------------


def _replacements(site: ast.expr, inputs: list[str], is_result: bool) -> Iterator[tuple[str, ast.expr]]:
    if is_result:
        yield "sign", ast.UnaryOp(ast.USub(), site)
        yield "factor", ast.BinOp(ast.Constant(2), ast.Mult(), site)
    if isinstance(site, ast.BinOp):
        yield from _changed_operators(site)
    elif isinstance(site, ast.UnaryOp) and isinstance(site.op, ast.USub) and not isinstance(site.operand, ast.Constant):
        yield "sign", site.operand
    elif isinstance(site, ast.Constant) and type(site.value) in (int, float):
        yield "factor", ast.Constant(site.value + 1)
    elif isinstance(site, ast.Attribute) and site.attr in TRANSPOSES:
        yield "dropped transpose", site.value
    elif isinstance(site, ast.Call):
        yield from _changed_calls(site)
    elif isinstance(site, ast.Name) and isinstance(site.ctx, ast.Load) and site.id in inputs:
        others = [name for name in inputs if name != site.id and name not in ("g", "i", "axis", "keepdims")]
        if others and site.id not in ("g", "i", "axis", "keepdims"):
            yield "swapped operand", ast.Name(others[0], ast.Load())


def _changed_operators(site: ast.BinOp) -> Iterator[tuple[str, ast.expr]]:
    left, right = site.left, site.right
    if isinstance(site.op, ast.Add | ast.Sub):
        yield "sign", ast.BinOp(left, ast.Sub() if isinstance(site.op, ast.Add) else ast.Add(), right)
    if isinstance(site.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
        yield "swapped operand", ast.BinOp(right, site.op, left)
    if isinstance(site.op, ast.Mult | ast.Div):
        yield "operator", ast.BinOp(left, ast.Div() if isinstance(site.op, ast.Mult) else ast.Mult(), right)
        yield "dropped factor", left
        if isinstance(site.op, ast.Mult):
            yield "dropped factor", right


def _changed_calls(site: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    name = site.func.attr if isinstance(site.func, ast.Attribute) else getattr(site.func, "id", "")
    on_value = isinstance(site.func, ast.Attribute) and not (
        isinstance(site.func.value, ast.Name) and site.func.value.id == "np"
    )
    subject = site.func.value if on_value else site.args[0] if site.args else None  # type: ignore[attr-defined]
    if name in TRANSPOSES and subject is not None:
        yield "dropped transpose", subject
    if name in SUMS and subject is not None:
        yield "missing sum", subject
    if len(site.args) >= 2 and name not in SAME_EITHER_WAY and not any(isinstance(a, ast.Starred) for a in site.args):
        yield "swapped operand", ast.Call(site.func, [site.args[1], site.args[0], *site.args[2:]], site.keywords)
