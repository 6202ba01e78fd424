"""A rule's syntax tree as mathematics: ``g * (1 - y * y)`` as ``h̄ ⊙ (1 − h ⊙ h)``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

from ..recording.node import Node
from .saved import is_known

_SUM, _PRODUCT, _SIGN, _JUXTAPOSED, _POWER, _ATOM = range(6)  # how tightly a term binds


class Operand(NamedTuple):
    """What a name in a rule stands for: its symbol, the same in ASCII, and the number of its axes."""

    text: str
    ascii: str
    ndim: int


class Term(NamedTuple):
    """Text, how tightly it binds, and how many axes its value has."""

    text: str
    binds: int
    ndim: int


class Printer:
    """Prints the rule of one argument of one node.

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
        self.node = node
        self.names = names
        self.argument = argument
        self.own = is_known(node.op)  # then a helper's name means ours, and not one of the user's

    def whole(self, body: ast.expr) -> str:
        """Return the formula, summed where broadcasting stretched the input."""
        term = self.term(body)
        source = self.node.inputs[self.argument]
        assert self.node.op is not None
        if self.node.op.elementwise and source.shape != self.node.shape:
            return self._sum_over(term, source)
        return term.text

    def _sum_over(self, term: Term, source: Node) -> str:
        lead = self.node.data.ndim - source.data.ndim
        axes = list(range(lead)) + [
            lead + i for i, n in enumerate(source.shape) if n == 1 and self.node.shape[lead + i] != 1
        ]
        every = len(axes) == self.node.data.ndim
        label = "" if every else "".join("₀₁₂₃₄₅₆₇₈₉"[axis] for axis in axes)
        return f"Σ{label} {_wrapped(term, _PRODUCT)}"

    def term(self, tree: ast.AST) -> Term:
        """Return the term of an expression."""
        made = getattr(self, f"_{type(tree).__name__}", None)
        if made is None:
            return Term(ast.unparse(tree), _ATOM, 0)
        return made(tree)

    # -- names and numbers --------------------------------------------------------------------------------------------

    def _Name(self, tree: ast.Name) -> Term:
        operand = self.names.get(tree.id)
        if operand is not None:
            return Term(operand.text, _SIGN if operand.text.startswith("-") else _ATOM, operand.ndim)
        static = {**(self.node.op.defaults if self.node.op else {}), **self.node.attributes}
        return Term(str(static.get(tree.id, tree.id)), _ATOM, 0)

    def _Constant(self, tree: ast.Constant) -> Term:
        return Term(_number(tree.value), _ATOM, 0)

    # -- operators ----------------------------------------------------------------------------------------------------

    def _BinOp(self, tree: ast.BinOp) -> Term:
        left, right = self.term(tree.left), self.term(tree.right)
        if isinstance(tree.op, ast.MatMult):
            return _product(left, right)
        if isinstance(tree.op, ast.Pow):
            return _power(left, right)
        folded = _folded(left, right, tree.op)
        if folded is not None:
            return folded
        ndim = max(left.ndim, right.ndim)
        if isinstance(tree.op, ast.Add | ast.Sub):
            sign = "+" if isinstance(tree.op, ast.Add) else "−"
            return Term(f"{left.text} {sign} {_wrapped(right, _PRODUCT)}", _SUM, ndim)
        if isinstance(tree.op, ast.BitAnd | ast.BitOr):
            sign = "∧" if isinstance(tree.op, ast.BitAnd) else "∨"
            return Term(f"{left.text} {sign} {right.text}", _SUM, ndim)
        if isinstance(tree.op, ast.Div):
            return Term(f"{_wrapped(left, _PRODUCT)} / {_wrapped(right, _JUXTAPOSED)}", _PRODUCT, ndim)
        sign = "⊙" if left.ndim and right.ndim else "·"
        return Term(f"{_wrapped(left, _PRODUCT)} {sign} {_wrapped(right, _PRODUCT)}", _PRODUCT, ndim)

    def _UnaryOp(self, tree: ast.UnaryOp) -> Term:
        term = self.term(tree.operand)
        sign = "−" if isinstance(tree.op, ast.USub) else "¬"
        return Term(f"{sign}{_wrapped(term, _PRODUCT)}", _PRODUCT if sign == "−" else _SIGN, term.ndim)

    def _Compare(self, tree: ast.Compare) -> Term:
        signs = {ast.Gt: ">", ast.Lt: "<", ast.GtE: "≥", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠"}
        left, right = self.term(tree.left), self.term(tree.comparators[0])
        sign = signs.get(type(tree.ops[0]), "?")
        return Term(f"[{left.text} {sign} {right.text}]", _ATOM, max(left.ndim, right.ndim))

    # -- attributes, indices and calls --------------------------------------------------------------------------------

    def _Attribute(self, tree: ast.Attribute) -> Term:
        if tree.attr == "T":
            return _transposed(self.term(tree.value))
        if _is_numpy(tree):
            return Term({"pi": "π"}.get(tree.attr, tree.attr), _ATOM, 0)
        return Term(f"{self.term(tree.value).text}.{tree.attr}", _ATOM, 0)

    def _Subscript(self, tree: ast.Subscript) -> Term:
        term = self.term(tree.value)
        index = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        if all(isinstance(part, ast.Constant) and part.value in (None, Ellipsis) for part in index):
            return term  # only stretches it for broadcasting
        if self.node.op is not None and self.node.op.variadic:
            return Term(f"{_wrapped(term, _ATOM)}[{self.argument}]", _ATOM, term.ndim)
        return Term(f"{_wrapped(term, _ATOM)}[{self.term(tree.slice).text}]", _ATOM, term.ndim)

    def _Call(self, tree: ast.Call) -> Term:
        if isinstance(tree.func, ast.Attribute) and not _is_numpy(tree.func.value):
            return self._method(tree.func, tree.args)
        name = tree.func.attr if isinstance(tree.func, ast.Attribute) else getattr(tree.func, "id", "?")
        special = _SPECIAL.get(name) if self.own or isinstance(tree.func, ast.Attribute) else None
        if special is not None and (self.own or not tree.keywords):
            return special(self, tree.args)
        terms = [self.term(argument) for argument in tree.args]
        named = [f"{word.arg}={self.term(word.value).text}" for word in tree.keywords] if not self.own else []
        return Term(
            f"{name.lstrip('_')}({', '.join([*(term.text for term in terms), *named])})",
            _ATOM,
            max((term.ndim for term in terms), default=0),
        )

    def _method(self, function: ast.Attribute, arguments: list[ast.expr]) -> Term:
        term = self.term(function.value)
        if function.attr == "dot":
            return _product(term, self.term(arguments[0]))
        if function.attr == "astype":
            return term
        inner = ", ".join(self.term(argument).text for argument in arguments)
        return Term(f"{function.attr}({term.text}{', ' * bool(inner)}{inner})", _ATOM, term.ndim)

    @property
    def source(self) -> Node:
        """The input that receives the contribution."""
        return self.node.inputs[self.argument]


def _is_numpy(tree: ast.expr) -> bool:
    while isinstance(tree, ast.Attribute):  # np.linalg
        tree = tree.value
    return isinstance(tree, ast.Name) and tree.id in ("np", "numpy", "tg", "math")


def _wrapped(term: Term, binds: int) -> str:
    return term.text if term.binds >= binds else f"({term.text})"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _folded(left: Term, right: Term, op: ast.operator) -> Term | None:
    """Compute what both sides give as numbers: an exponent ``2 − 1`` is 1."""
    try:
        a, b = float(left.text), float(right.text)
    except ValueError:
        return None
    value = a + b if isinstance(op, ast.Add) else a - b if isinstance(op, ast.Sub) else None
    return None if value is None else Term(_number(value), _SIGN if value < 0 else _ATOM, 0)


def _power(base: Term, exponent: Term) -> Term:
    if exponent.text == "1":
        return base
    raised = {"2": "²", "3": "³", "-1": "⁻¹", "-2": "⁻²"}.get(exponent.text)
    if raised and not base.text.endswith("⁾"):
        return Term(f"{_wrapped(base, _ATOM)}{raised}", _POWER, base.ndim)
    return Term(f"{_wrapped(base, _ATOM)}^{_wrapped(exponent, _ATOM)}", _POWER, max(base.ndim, exponent.ndim))


def _transposed(term: Term) -> Term:
    return Term(f"{_wrapped(term, _ATOM)}ᵀ", _ATOM, term.ndim)


def _product(left: Term, right: Term) -> Term:
    """A product of matrices and vectors; a vector before a matrix is written as the transpose times the vector."""
    if left.ndim == 1 and right.ndim == 1:
        return Term(f"{_wrapped(left, _JUXTAPOSED)} · {_wrapped(right, _JUXTAPOSED)}", _PRODUCT, 0)
    if left.ndim == 1 and right.ndim == 2:
        left, right = _transposed(right), left
    text = f"{_wrapped(left, _JUXTAPOSED)} {_wrapped(right, _JUXTAPOSED)}"
    return Term(text, _JUXTAPOSED, 1 if min(left.ndim, right.ndim) == 1 else max(left.ndim, right.ndim))


# -- helpers that rules call, as what they do --------------------------------------------------------------------------


def _outer(printer: Printer, given: list[ast.expr]) -> Term:
    left, right = (printer.term(argument) for argument in given[:2])
    return Term(f"{_wrapped(left, _JUXTAPOSED)} ⊗ {_wrapped(right, _JUXTAPOSED)}", _PRODUCT, 2)


def _as_it_is(printer: Printer, given: list[ast.expr]) -> Term:
    return printer.term(given[0])


def _as_matrix(printer: Printer, given: list[ast.expr]) -> Term:
    return printer.term(given[0])._replace(ndim=2)


def _spread(printer: Printer, given: list[ast.expr]) -> Term:
    term = printer.term(given[0])
    if printer.source.shape == ():
        return term
    ones = f"ones({'×'.join(map(str, printer.source.shape))})"
    return Term(f"{_wrapped(term, _PRODUCT)} · {ones}", _PRODUCT, printer.source.data.ndim)


def _summed(printer: Printer, given: list[ast.expr]) -> Term:
    term = printer.term(given[0])
    return Term(f"Σ {_wrapped(term, _PRODUCT)}", _PRODUCT, term.ndim)


def _column_sums(printer: Printer, given: list[ast.expr]) -> Term:
    term = printer.term(given[0])
    if term.ndim < 2:
        return term
    axes = "".join("₀₁₂₃₄₅₆₇₈₉"[axis] for axis in range(term.ndim - 1))
    return Term(f"Σ{axes} {_wrapped(term, _PRODUCT)}", _PRODUCT, 1)


def _sum_to(printer: Printer, given: list[ast.expr]) -> Term:
    same = printer.source.data.ndim == printer.term(given[0]).ndim
    return printer.term(given[0]) if same else _summed(printer, given)


def _count(printer: Printer, given: list[ast.expr]) -> Term:
    return Term(f"{printer.source.data.size // max(printer.node.data.size, 1)}", _ATOM, 0)


def _reshaped(printer: Printer, given: list[ast.expr]) -> Term:
    shape = "×".join(map(str, printer.source.shape)) or "scalar"
    return Term(f"reshape({printer.term(given[0]).text}, {shape})", _ATOM, printer.source.data.ndim)


def _swapped(printer: Printer, given: list[ast.expr]) -> Term:
    return _transposed(printer.term(given[0]))


def _one_hot(printer: Printer, given: list[ast.expr]) -> Term:
    return Term(f"1[{printer.term(given[0]).text}]", _ATOM, printer.source.data.ndim)


def _less_one_hot(printer: Printer, given: list[ast.expr]) -> Term:
    term = printer.term(given[0])
    return Term(f"{term.text} − 1[{printer.term(given[1]).text}]", _SUM, printer.source.data.ndim)


def _chosen(printer: Printer, given: list[ast.expr]) -> Term:
    mine, chosen = (printer.term(argument) for argument in given[:2])
    return Term(f"[{mine.text} = {chosen.text}]", _ATOM, max(mine.ndim, chosen.ndim))


def _ties(printer: Printer, given: list[ast.expr]) -> Term:
    extreme, x = (printer.term(argument) for argument in given[:2])
    return Term(f"[{x.text} = {extreme.text}]", _ATOM, x.ndim)


def _zeros(printer: Printer, given: list[ast.expr]) -> Term:
    return Term("0", _ATOM, printer.term(given[0]).ndim)


def _size(printer: Printer, given: list[ast.expr]) -> Term:
    term = printer.term(given[0])
    return Term(f"|{term.text}|", _ATOM, term.ndim)


def _less_one(printer: Printer, given: list[ast.expr]) -> Term:
    term = printer.term(given[0])
    folded = _folded(term, Term("1", _ATOM, 0), ast.Sub())
    return folded or Term(f"{term.text} − 1", _SUM, term.ndim)


def _part(printer: Printer, given: list[ast.expr]) -> Term:
    return Term(f"{printer.names['g'].text}[{printer.argument}]", _ATOM, printer.source.data.ndim)


def _added_at(printer: Printer, given: list[ast.expr]) -> Term:
    return printer.term(given[2])


_SPECIAL: dict[str, Callable[[Printer, list[ast.expr]], Term]] = {
    "outer": _outer,
    "rows": _as_matrix,
    "mT": _swapped,
    "transpose": _swapped,
    "swapaxes": _swapped,
    "spread": _spread,
    "broadcast_to": _spread,
    "sum": _summed,
    "column_sums": _column_sums,
    "sum_to": _sum_to,
    "count": _count,
    "reshape": _reshaped,
    "expand_dims": _as_it_is,
    "squeeze": _as_it_is,
    "one_hot": _one_hot,
    "less_one_hot": _less_one_hot,
    "_share": _chosen,
    "part": _part,
    "ties": _ties,
    "zeros_like": _zeros,
    "absolute": _size,
    "less_one": _less_one,
    "no_zero": _as_it_is,
    "Sparse": _added_at,
}
