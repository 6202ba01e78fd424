"""A rule's syntax tree as mathematics: ``g * (1 - y * y)`` as ``h̄ ⊙ (1 − h ⊙ h)``."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from ..graphs.writing import subscript
from ..recording.foreign import known_as
from ..recording.node import Node
from .saved import is_known

_SUMS = {ast.Add: "+", ast.Sub: "−", ast.BitAnd: "∧", ast.BitOr: "∨"}
_COMPARISONS = {ast.Gt: ">", ast.Lt: "<", ast.GtE: "≥", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠"}


class Tightness(IntEnum):
    """How tightly a term binds."""

    SUM, PRODUCT, SIGN, JUXTAPOSED, POWER, ATOM = range(6)


class Operand(NamedTuple):
    """What a name in a rule stands for: its symbol, the same in ASCII, and the number of its axes."""

    text: str
    ascii: str
    ndim: int


class Term(NamedTuple):
    """Text, how tightly it binds, and how many axes its value has."""

    text: str
    binds: int = Tightness.ATOM
    ndim: int = 0

    def within(self, binds: int) -> str:
        """Return the text as it stands in a term that binds so tightly: in parentheses if it binds less."""
        return self.text if self.binds >= binds else f"({self.text})"


class Printer:
    """A printer of the rule of one argument of one node.

    Parameters
    ----------
    node : Node
        Gives the shapes and the static arguments that a rule reads.
    names : dict of str to Operand
        What the rule's parameters stand for.
    argument : int
        Which contribution it is.
    """

    def __init__(self, node: Node, names: dict[str, Operand], argument: int):
        assert node.op is not None
        self.node = node
        self.op = node.op
        self.names = names
        self.argument = argument
        self.source = node.inputs[argument]  # receives the contribution
        self.is_ours = is_known(known_as(node.op))  # then a helper's name means ours, and not one of the user's

    def whole(self, body: ast.expr) -> str:
        """Return the formula, summed where broadcasting stretched the input."""
        term = self.term(body)
        if not self.op.elementwise or self.source.shape == self.node.shape:
            return term.text
        lead = self.node.data.ndim - self.source.data.ndim
        stretched = [i + lead for i, n in enumerate(self.source.shape) if n == 1 and self.node.shape[i + lead] != 1]
        axes = [*range(lead), *stretched]
        return f"Σ{'' if len(axes) == self.node.data.ndim else _indices(axes)} {term.within(Tightness.PRODUCT)}"

    def term(self, tree: ast.AST) -> Term:
        """Return the term of an expression."""
        method = getattr(self, f"_{type(tree).__name__}", None)
        return Term(ast.unparse(tree)) if method is None else method(tree)

    # -- names and numbers --------------------------------------------------------------------------------------------

    def _Name(self, tree: ast.Name) -> Term:
        operand = self.names.get(tree.id)
        if operand is not None:
            return Term(operand.text, Tightness.SIGN if operand.text.startswith("-") else Tightness.ATOM, operand.ndim)
        static = {**self.op.defaults, **self.node.attributes}
        return Term(str(static.get(tree.id, tree.id)))

    def _Constant(self, tree: ast.Constant) -> Term:
        return Term(_number(tree.value))

    # -- operators ----------------------------------------------------------------------------------------------------

    def _BinOp(self, tree: ast.BinOp) -> Term:
        left, right = self.term(tree.left), self.term(tree.right)
        ndim = max(left.ndim, right.ndim)
        match tree.op:
            case ast.MatMult():
                return product(left, right)
            case ast.Pow():
                return _power(left, right)
            case ast.Add() | ast.Sub() | ast.BitAnd() | ast.BitOr():
                sign = _SUMS[type(tree.op)]
                return _computed(left, right, tree.op) or Term(
                    f"{left.text} {sign} {right.within(Tightness.PRODUCT)}", Tightness.SUM, ndim
                )
            case ast.Div():
                return Term(
                    f"{left.within(Tightness.PRODUCT)} / {right.within(Tightness.JUXTAPOSED)}", Tightness.PRODUCT, ndim
                )
        sign = "⊙" if left.ndim and right.ndim else "·"
        return Term(
            f"{left.within(Tightness.PRODUCT)} {sign} {right.within(Tightness.PRODUCT)}", Tightness.PRODUCT, ndim
        )

    def _UnaryOp(self, tree: ast.UnaryOp) -> Term:
        term = self.term(tree.operand)
        sign, binds = ("−", Tightness.PRODUCT) if isinstance(tree.op, ast.USub) else ("¬", Tightness.SIGN)
        return Term(f"{sign}{term.within(Tightness.PRODUCT)}", binds, term.ndim)

    def _Compare(self, tree: ast.Compare) -> Term:
        left, right = self.term(tree.left), self.term(tree.comparators[0])
        sign = _COMPARISONS.get(type(tree.ops[0]), "?")
        return Term(f"[{left.text} {sign} {right.text}]", ndim=max(left.ndim, right.ndim))

    # -- attributes, indices and calls --------------------------------------------------------------------------------

    def _Attribute(self, tree: ast.Attribute) -> Term:
        if tree.attr == "T":
            return transposed(self.term(tree.value))
        if is_module(tree):
            return Term({"pi": "π"}.get(tree.attr, tree.attr))
        return Term(f"{self.term(tree.value).text}.{tree.attr}")

    def _Subscript(self, tree: ast.Subscript) -> Term:
        term = self.term(tree.value)
        index = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        if all(isinstance(part, ast.Constant) and part.value in (None, Ellipsis) for part in index):
            return term  # only stretches it for broadcasting
        at = self.argument if self.op.variadic else self.term(tree.slice).text
        return Term(f"{term.within(Tightness.ATOM)}[{at}]", ndim=term.ndim)

    def _Call(self, tree: ast.Call) -> Term:
        terms = [self.term(argument) for argument in tree.args]
        if isinstance(tree.func, ast.Attribute) and not is_module(tree.func.value):
            return self._method(tree.func, terms)
        name = tree.func.attr if isinstance(tree.func, ast.Attribute) else getattr(tree.func, "id", "?")
        helper = _HELPERS.get(name) if self.is_ours or isinstance(tree.func, ast.Attribute) else None
        if helper is not None and (self.is_ours or not tree.keywords):
            return helper(self, *terms)
        named = [f"{word.arg}={self.term(word.value).text}" for word in tree.keywords] if not self.is_ours else []
        inner = ", ".join([*(term.text for term in terms), *named])
        return Term(f"{name.lstrip('_')}({inner})", ndim=max((term.ndim for term in terms), default=0))

    def _method(self, function: ast.Attribute, terms: list[Term]) -> Term:
        term = self.term(function.value)
        if function.attr == "dot":
            return product(term, terms[0])
        if function.attr == "astype":
            return term
        if function.attr == "transpose":
            return transposed(term)
        return Term(f"{function.attr}({', '.join(part.text for part in (term, *terms))})", ndim=term.ndim)


def is_module(tree: ast.expr) -> bool:
    """Tell whether an expression names a module of functions, as ``np.linalg`` does."""
    while isinstance(tree, ast.Attribute):  # np.linalg
        tree = tree.value
    return isinstance(tree, ast.Name) and tree.id in ("np", "numpy", "tg", "math")


def _indices(axes: Iterable[int]) -> str:
    return "".join(map(subscript, axes))


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _computed(left: Term, right: Term, op: ast.operator) -> Term | None:
    """Return the sum or difference of two numbers, as one: an exponent ``2 − 1`` is 1."""
    try:
        a, b = float(left.text), float(right.text)
    except ValueError:
        return None
    value = a + b if isinstance(op, ast.Add) else a - b if isinstance(op, ast.Sub) else None
    return None if value is None else Term(_number(value), Tightness.SIGN if value < 0 else Tightness.ATOM)


def _power(base: Term, exponent: Term) -> Term:
    if exponent.text == "1":
        return base
    raised = {"2": "²", "3": "³", "-1": "⁻¹", "-2": "⁻²"}.get(exponent.text)
    if raised and not base.text.endswith("⁾"):
        return Term(f"{base.within(Tightness.ATOM)}{raised}", Tightness.POWER, base.ndim)
    return Term(
        f"{base.within(Tightness.ATOM)}^{exponent.within(Tightness.ATOM)}",
        Tightness.POWER,
        max(base.ndim, exponent.ndim),
    )


def transposed(term: Term) -> Term:
    """Return the transpose of a term."""
    return Term(f"{term.within(Tightness.ATOM)}ᵀ", ndim=term.ndim)


def product(left: Term, right: Term, as_rows: bool = False) -> Term:
    """Return a product of matrices and vectors; a vector before a matrix as the transpose times it, or `as_rows`."""
    if left.ndim == 1 and right.ndim == 1:
        return Term(f"{left.within(Tightness.JUXTAPOSED)} · {right.within(Tightness.JUXTAPOSED)}", Tightness.PRODUCT)
    if left.ndim == 1 and right.ndim == 2 and not as_rows:
        left, right = transposed(right), left
    text = f"{left.within(Tightness.JUXTAPOSED)} {right.within(Tightness.JUXTAPOSED)}"
    return Term(text, Tightness.JUXTAPOSED, 1 if min(left.ndim, right.ndim) == 1 else max(left.ndim, right.ndim))


# -- helpers that rules call, as what they do --------------------------------------------------------------------------


def _spread(printer: Printer, term: Term, *_: Term) -> Term:
    if printer.source.shape == ():
        return term
    ones = f"ones({'×'.join(map(str, printer.source.shape))})"
    return Term(f"{term.within(Tightness.PRODUCT)} · {ones}", Tightness.PRODUCT, printer.source.data.ndim)


def _summed(printer: Printer, term: Term, *_: Term) -> Term:
    return Term(f"Σ {term.within(Tightness.PRODUCT)}", Tightness.PRODUCT, term.ndim)


def _column_sums(printer: Printer, term: Term, *_: Term) -> Term:
    if term.ndim < 2:
        return term
    return Term(f"Σ{_indices(range(term.ndim - 1))} {term.within(Tightness.PRODUCT)}", Tightness.PRODUCT, 1)


def _reshaped(printer: Printer, term: Term, *_: Term) -> Term:
    shape = "×".join(map(str, printer.source.shape)) or "scalar"
    return Term(f"reshape({term.text}, {shape})", ndim=printer.source.data.ndim)


def _less_one(printer: Printer, term: Term, *_: Term) -> Term:
    return _computed(term, Term("1"), ast.Sub()) or Term(f"{term.text} − 1", Tightness.SUM, term.ndim)


def _same(printer: Printer, term: Term, *_: Term) -> Term:
    return term


_HELPERS: dict[str, Callable[..., Term]] = {
    "outer": lambda p, a, b, *_: Term(
        f"{a.within(Tightness.JUXTAPOSED)} ⊗ {b.within(Tightness.JUXTAPOSED)}", Tightness.PRODUCT, 2
    ),
    "rows": lambda p, a, *_: a._replace(ndim=2),
    "mT": lambda p, a, *_: transposed(a),
    "transpose": lambda p, a, *_: transposed(a),
    "swapaxes": lambda p, a, *_: transposed(a),
    "spread": _spread,
    "broadcast_to": _spread,
    "sum": _summed,
    "column_sums": _column_sums,
    "sum_to": lambda p, a, *_: a if p.source.data.ndim == a.ndim else _summed(p, a),
    "count": lambda p, *_: Term(f"{p.source.data.size // max(p.node.data.size, 1)}"),
    "reshape": _reshaped,
    "expand_dims": _same,
    "squeeze": _same,
    "no_zero": _same,
    "one_hot": lambda p, a, *_: Term(f"1[{a.text}]", ndim=p.source.data.ndim),
    "less_one_hot": lambda p, a, at, *_: Term(f"{a.text} − 1[{at.text}]", Tightness.SUM, p.source.data.ndim),
    "_share": lambda p, a, chosen, *_: Term(f"[{a.text} = {chosen.text}]", ndim=max(a.ndim, chosen.ndim)),
    "ties": lambda p, extreme, x, *_: Term(f"[{x.text} = {extreme.text}]", ndim=x.ndim),
    "part": lambda p, *_: Term(f"{p.names['g'].text}[{p.argument}]", ndim=p.source.data.ndim),
    "zeros_like": lambda p, a, *_: Term("0", ndim=a.ndim),
    "absolute": lambda p, a, *_: Term(f"|{a.text}|", ndim=a.ndim),
    "less_one": _less_one,
    "Sparse": lambda p, like, index, value: value,
}
