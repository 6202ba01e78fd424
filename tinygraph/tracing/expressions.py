"""A program's own expression as mathematics: ``np.sqrt(var + 1e-05)`` as √(var + 10⁻⁵), as its formulas are written."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from ..graphs.writing import superscript, written
from ..plain_text import clean
from .notation import Printer, Term, Tightness, is_module, product, transposed


def typeset(expression: str, axes: Mapping[str, int] | None = None) -> str:
    """Return an expression as a book sets it; what cannot be read as one stays as it is.

    Parameters
    ----------
    expression : str
    axes : mapping, optional
        How many axes the values of which name have; other names are then those of numbers. Without it, a capital is
        taken for a matrix, any other name for a vector.

    Examples
    --------
    >>> typeset("np.sqrt(var + 1e-05)"), typeset("np.tanh(W @ h_tilde)"), typeset("x[:, t] @ self.Wx.T")
    ('√(var + 10⁻⁵)', 'tanh(W h̃)', 'x W_xᵀ')
    >>> typeset("2 * sigma**2"), typeset("z * h + (1 - z) * p['b']"), typeset("np.sum(np.exp(a) / n)")
    ('2 · σ²', 'z ⊙ h + (1 − z) ⊙ b', 'Σ exp(a) / n')
    >>> typeset("k * s", {"k": 0, "s": 0}), typeset("np.concatenate([h, x])"), typeset("np.zeros(3)")
    ('k · s', '[h; x]', '0')
    >>> typeset("total / T"), typeset("np.add(a, b, total)"), typeset("table.at[i].add(b)")
    ('total / T', 'a + b', 'add(b)')
    >>> typeset("not an expression")
    'not an expression'
    """
    try:
        body = ast.parse(expression, mode="eval").body
        return clean(_Expression(axes).term(body).text)  # a key says \x1b, and means that character
    except (SyntaxError, ValueError, RecursionError):
        return expression


def substituted(expression: str, names: Mapping[str, str]) -> str:
    """Return an expression with other names for its variables; empty if it has one that there is no other name for.

    Examples
    --------
    >>> substituted("g * (1 - y * y)", {"g": "h̄", "y": "h"}), substituted("g * less_one(b)", {"g": "h̄", "b": "2"})
    ('h̄ * (1 - h * h)', '')
    """
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in ("np", "tg"):
            node.id = names.get(node.id, "")
            if not node.id.isidentifier():
                return ""
    return ast.unparse(tree)


class _Expression(Printer):
    """A printer of what a user wrote, where nothing is known of the values."""

    def __init__(self, axes: Mapping[str, int] | None) -> None:  # of no rule and no node
        self.axes = axes

    def _Name(self, tree: ast.Name) -> Term:
        guess = 2 if tree.id[:1].isupper() else 1
        return Term(written(tree.id), ndim=guess if self.axes is None else self.axes.get(tree.id, 0))

    def _Constant(self, tree: ast.Constant) -> Term:
        value = tree.value
        if isinstance(value, float) and (match := re.fullmatch(r"(?:1|(.+))e([+-]?\d+)", f"{value:g}")):
            power = f"10{superscript(int(match[2]))}"
            return Term(f"{match[1]} · {power}", Tightness.PRODUCT) if match[1] else Term(power)
        return Term(f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value))

    def _Attribute(self, tree: ast.Attribute) -> Term:
        if tree.attr in ("T", "mT"):
            return transposed(self.term(tree.value))
        return self._Name(ast.Name("π" if tree.attr == "pi" else tree.attr))

    def _Subscript(self, tree: ast.Subscript) -> Term:
        if isinstance(tree.slice, ast.Constant) and isinstance(tree.slice.value, str):
            return self._Name(ast.Name(tree.slice.value))
        term = self.term(tree.value)
        return term._replace(ndim=min(term.ndim, 1))

    def _BinOp(self, tree: ast.BinOp) -> Term:
        if isinstance(tree.op, ast.MatMult):
            return product(self.term(tree.left), self.term(tree.right), as_rows=True)
        return super()._BinOp(tree)

    def _Compare(self, tree: ast.Compare) -> Term:
        return super()._Compare(tree) if len(tree.ops) == 1 else Term(ast.unparse(tree))

    def _List(self, tree: ast.List | ast.Tuple) -> Term:
        return Term(f"[{'; '.join(self.term(item).text for item in tree.elts)}]", ndim=1)

    _Tuple = _List

    def _Call(self, tree: ast.Call) -> Term:
        function, arguments = tree.func, [self.term(a) for a in tree.args if not _is_text(a)]
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "?")
        if isinstance(function, ast.Attribute) and not is_module(function.value) and name in _METHODS:
            arguments.insert(0, self.term(function.value))
        special = _FUNCTIONS.get(name)
        if special is not None and arguments:
            return special(*arguments)
        return Term(f"{written(name)}({', '.join(term.text for term in arguments)})", ndim=1)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _root(x: Term, *_: Term) -> Term:
    return Term(f"√{x.text if x.binds == Tightness.ATOM else f'({x.text})'}", ndim=x.ndim)


def _sum(x: Term, *_: Term) -> Term:
    return Term(f"Σ {x.within(Tightness.PRODUCT)}", Tightness.PRODUCT)


def _added(a: Term, *others: Term) -> Term:
    if not others:  # table.at[i].add(b)
        return Term(f"add({a.text})", ndim=a.ndim)
    return Term(f"{a.text} + {others[0].within(Tightness.PRODUCT)}", Tightness.SUM, a.ndim)


def _product(a: Term, *others: Term) -> Term:
    return product(a, others[0], as_rows=True) if others else a


def _between(sign: str) -> Callable[..., Term]:
    def term(*terms: Term) -> Term:
        return Term(f" {sign} ".join(t.within(Tightness.JUXTAPOSED) for t in terms), Tightness.PRODUCT, terms[0].ndim)

    return term


_METHODS = frozenset(
    (
        *("dot", "sum", "mean", "max", "min", "std", "var", "T", "reshape", "prod", "clip", "take", "item"),
        *("view", "unsqueeze", "squeeze", "permute", "expand", "contiguous", "cpu", "to", "float", "long"),  # torch's
    )
)
_FUNCTIONS: dict[str, Callable[..., Term]] = {
    "sqrt": _root,
    "sum": _sum,
    "dot": _product,
    "matmul": _product,
    "outer": _between("⊗"),
    "multiply": _between("⊙"),
    "add": _added,
    "abs": lambda x, *_: Term(f"|{x.text}|", ndim=x.ndim),
    "square": lambda x, *_: Term(f"{x.within(Tightness.ATOM)}²", Tightness.POWER, x.ndim),
    "sigmoid": lambda x, *_: Term(f"σ({x.text})", ndim=x.ndim),
    "maximum": lambda *terms: Term(f"max({', '.join(t.text for t in terms)})", ndim=1),
    "minimum": lambda *terms: Term(f"min({', '.join(t.text for t in terms)})", ndim=1),
    "zeros": lambda *_: Term("0", ndim=1),
    "zeros_like": lambda *_: Term("0", ndim=1),
    "ones": lambda *_: Term("1", ndim=1),
    "ones_like": lambda *_: Term("1", ndim=1),
    "eye": lambda *_: Term("I", ndim=2),
    "transpose": lambda x, *_: transposed(x),
    "concatenate": lambda x, *_: x,
    "hstack": lambda x, *_: x,
    "vstack": lambda x, *_: x,
    "stack": lambda x, *_: x,
    "asarray": lambda x, *_: x,
    "array": lambda x, *_: x,
    "reshape": lambda x, *_: x,
    "copy": lambda x, *_: x,
}
