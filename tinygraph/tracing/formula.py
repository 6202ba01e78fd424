"""The chain rule of a step as mathematics, made from the source of the rule that runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..backward.replay import receives
from ..graphs.symbols import Symbols
from ..plain_text import clean
from ..recording.node import Node
from .notation import Operand, Printer
from .recorded_pass import Pass

MOST_OPERANDS = 8  # of an op of any number of arguments, that a formula writes out


class Formula(NamedTuple):
    """What one step contributes to one argument.

    Attributes
    ----------
    text : str
        As mathematics: ``ā⁽³⁾ = h̄⁽³⁾ ⊙ (1 − h⁽³⁾ ⊙ h⁽³⁾)``.
    ascii : str
        As the program would say it: ``da[3] = dh[3] * (1 - h[3] * h[3])``.
    rule : str
        The source of the rule: ``g * (1 - y * y)``.
    argument : int
    meanings : tuple of (str, str)
        The symbols ``v₁₂`` of values that have no name, with the expressions they stand for.
    """

    text: str
    ascii: str
    rule: str
    argument: int
    meanings: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return self.text


def formulas(trace: Pass, k: int) -> list[Formula]:
    """Return the formulas of step `k`, one for each argument that receives a contribution.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5, 0.1], [0.2, 0.3]], name="W"), tg.tensor([1.0, 2.0], name="h")
    >>> for t in (1, 2):
    ...     with tg.timestep(t):
    ...         a = W @ h
    ...         h = np.tanh(a)
    >>> trace = tg.trace(h.sum())
    >>> for k in range(1, 4):
    ...     for formula in trace.formulas(k):
    ...         print(formula)
    ā⁽²⁾ = h̄⁽²⁾ ⊙ (1 − h⁽²⁾ ⊙ h⁽²⁾)
    W̄ += ā⁽²⁾ ⊗ h⁽¹⁾
    h̄⁽¹⁾ = Wᵀ ā⁽²⁾
    ā⁽¹⁾ = h̄⁽¹⁾ ⊙ (1 − h⁽¹⁾ ⊙ h⁽¹⁾)
    """
    node = trace.nodes[k]
    values = _values(node, trace.symbols)
    return [_formula(trace, node, argument, values) for argument in range(len(node.inputs)) if receives(node, argument)]


def _formula(trace: Pass, node: Node, argument: int, values: list[Operand]) -> Formula:
    op, symbols, source = node.op, trace.symbols, node.inputs[argument]
    assert op is not None
    rule = op.formula(argument)
    body = parsed(rule)
    parameters = op.parameters(argument)
    if op.variadic:  # its rule takes the number of the argument, and all inputs as one sequence
        parameters = parameters[1:]
    text, plain = _written(node, argument, body, dict(zip(parameters, values, strict=False)))
    if body is not None and "is Tensor" in rule:
        rule = ast.unparse(body)  # the branch that runs here
    sign = "=" if len(trace.writes(source)) < 2 else "+="
    left = f"{index_text(node) if op == 'getitem' else ''} {sign}"
    target = symbols.of(source)
    mentioned = _mentioned(node)
    meanings = tuple(_meanings([node, *(mentioned if source in mentioned else [*mentioned, source])], symbols))
    text, plain = f"{target.bar}{left} {text}", f"{target.ascii_bar}{left} {plain}"
    return Formula(clean(text), clean(plain), clean(rule), argument, meanings)  # a rule may write "\x1b"


def _written(node: Node, argument: int, body: ast.expr | None, names: dict[str, Operand]) -> tuple[str, str]:
    """Return the right-hand side as mathematics and in ASCII; of a rule that is no formula, a call of it."""
    if body is not None:
        try:
            return Printer(node, names, argument).whole(body), ascii_of(body, names | _statics(node))
        except (ValueError, LookupError, AttributeError, TypeError):
            pass  # a program's own rule may call helpers in ways that ours are not called
    texts, plain = zip(*((operand.text, operand.ascii) for operand in names.values()), strict=True)
    return f"{node.op}ᵛʲᵖ({', '.join(texts)})", f"{node.op}.vjp({', '.join(plain)})"


def _values(node: Node, symbols: Symbols) -> list[Operand]:
    """Return what the names in a rule stand for: the adjoint, the output, and the inputs in order."""
    assert node.op is not None
    symbol = symbols.of(node)
    adjoint = Operand(symbol.bar, symbol.ascii_bar, node.data.ndim)
    output, *inputs = (Operand(str(symbols.of(x)), symbols.of(x).ascii, x.data.ndim) for x in (node, *_mentioned(node)))
    if node.op.variadic:
        if len(node.inputs) > len(inputs):
            inputs.insert(-1, Operand("…", "...", 0))
        inputs = [Operand(", ".join(x.text for x in inputs), ", ".join(x.ascii for x in inputs), 1)]
    return [adjoint, output, *inputs]


def _mentioned(node: Node) -> Sequence[Node]:
    """Return the inputs that formulas name: all, but of a long sequence the first two and the last."""
    assert node.op is not None
    inputs = node.inputs
    return [*inputs[:2], inputs[-1]] if node.op.variadic and len(inputs) > MOST_OPERANDS else inputs


def _statics(node: Node) -> dict[str, Operand]:
    assert node.op is not None
    static = {**node.op.defaults, **node.attributes}
    return {name: Operand(str(value), str(value), 0) for name, value in static.items() if name != "index"}


def _meanings(values: Iterable[Node], symbols: Symbols) -> Iterator[tuple[str, str]]:
    for value in dict.fromkeys(values):
        symbol = symbols.of(value)
        if symbol.number is not None and value.expression:
            yield str(symbol), value.expression


@lru_cache(maxsize=512)
def parsed(rule: str) -> ast.expr | None:
    """Return the syntax tree of a rule's body; None where it is more than one expression."""
    try:
        body = ast.parse(rule, mode="eval").body
    except SyntaxError:
        return None
    if isinstance(body, ast.IfExp) and ast.unparse(body.test).endswith("is Tensor"):
        return body.orelse  # the other branch is for gradients of gradients
    return body


class _Substituted(ast.NodeTransformer):
    def __init__(self, names: dict[str, Operand]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names[node.id].ascii if node.id in self.names else node.id, node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "Sparse":
            return self.visit(node.args[2])
        return self.generic_visit(node)


def ascii_of(body: ast.expr, names: dict[str, Operand]) -> str:
    """Return a rule's body with what its names stand for.

    Examples
    --------
    >>> ascii_of(parsed("g * (1 - y * y)"), {"g": Operand("h̄", "dh", 1), "y": Operand("h", "h", 1)})
    'dh * (1 - h * h)'
    """
    copied = ast.parse(ast.unparse(body), mode="eval").body
    return ast.unparse(_Substituted(names).visit(copied))


def index_text(node: Node) -> str:
    """Return the index of a ``getitem`` node in brackets."""
    index = node.attributes.get("index")
    parts = index if isinstance(index, tuple) else (index,)
    return f"[{', '.join(map(_index_part, parts))}]"


def _index_part(part: Any) -> str:
    if isinstance(part, slice):
        bounds = ["" if bound is None else str(bound) for bound in (part.start, part.stop)]
        return ":".join(bounds + ([str(part.step)] if part.step is not None else []))
    if part is Ellipsis:
        return "…"
    if isinstance(part, np.ndarray):
        return "mask" if part.dtype == bool else np.array2string(part, threshold=4, separator=",")
    return str(part)
