"""Expressions over the state of a backward pass: conditions of breakpoints, and what ``print`` shows.

They look like Python and are read by its parser, but nothing is executed: an evaluator of our own knows arithmetic,
comparisons, ``and``, ``or``, ``not``, indices, a few functions, and the names of `Moment`.
"""

from __future__ import annotations

import ast
import operator
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np

from tinygraph.plain_text import did_you_mean

from .names import ARRAY_ATTRIBUTES, FUNCTIONS, METHODS, VALUE_ATTRIBUTES, NotRecorded, Value, Vocabulary

T = TypeVar("T")
_LONGEST = 400
_OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
    ast.Mod: np.mod,
    ast.MatMult: operator.matmul,
    ast.Pow: lambda a, b: np.power(np.asarray(a, float), b),  # of floats: 9**9**9 is infinite, at once
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: np.logical_not,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ATTRIBUTES = {*ARRAY_ATTRIBUTES, *VALUE_ATTRIBUTES}
_SYNTAX_NAMES = {
    "Lambda": "a function",
    **dict.fromkeys(("ListComp", "SetComp", "DictComp", "GeneratorExp"), "a comprehension"),
    "NamedExpr": "an assignment",
    "JoinedStr": "an f-string",
    "Await": "await",
    "Starred": "a starred expression",
    "FloorDiv": "//",
}


class ExpressionError(ValueError):
    """A malformed expression, or one that cannot be evaluated; its message marks the place.

    Attributes
    ----------
    reason : str
    text : str
    column : int
    """

    def __init__(self, reason: str, text: str, column: int = 0):
        self.reason = reason
        self.text = text
        self.column = column
        super().__init__(f"{reason}\n  {text}\n  {' ' * column}^")


class NotYet(ExpressionError):
    """An expression reads a gradient that is not computed yet."""


class Expression:
    """An expression over the names of a `Moment`.

    Parameters
    ----------
    text : str
        As ``t == 3 and op == "tanh"`` or ``norm(W.grad)``.

    Raises
    ------
    ExpressionError
        If it is malformed, or uses more of Python than the evaluator knows.

    Examples
    --------
    >>> Expression("norm(grad) <")
    Traceback (most recent call last):
        ...
    viz.debugging.expressions.ExpressionError: invalid syntax
      norm(grad) <
                  ^
    """

    def __init__(self, text: str):
        self.text = _typed(text.strip())
        if not self.text:
            raise ExpressionError("expected an expression", self.text)
        if len(self.text) > _LONGEST:
            raise ExpressionError(f"the expression is longer than {_LONGEST} characters", self.text[:60] + "…", 60)
        try:
            with warnings.catch_warnings(action="ignore"):
                self._tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            column = max((getattr(error, "offset", 1) or 1) - 1, 0)
            raise ExpressionError(getattr(error, "msg", None) or str(error), self.text, column) from None
        for node in ast.walk(self._tree):
            self._check(node)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __call__(self, moment: Vocabulary) -> Any:
        """Return its value at a step.

        Raises
        ------
        ExpressionError
            If it cannot be evaluated there.
        """
        return self._evaluated(lambda: self._result(self._value(self._tree, moment)))

    def holds(self, moment: Vocabulary) -> bool:
        """Tell whether it is true at a step; not where a gradient that it reads is not computed yet."""
        try:
            return self._evaluated(lambda: self._truth(self._tree, moment))
        except NotYet:
            return False

    def _evaluated(self, evaluate: Callable[[], T]) -> T:
        """Return what `evaluate` returns; whatever it raises is an ExpressionError."""
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
                return evaluate()
        except ExpressionError:
            raise
        except Exception as error:
            raise self._error(self._tree, f"{type(error).__name__}: {error}") from None

    def _result(self, value: Any) -> Any:
        """Return a value as a number, an array of numbers, a text, None, or a tuple of these."""
        value = _plain(value)
        if isinstance(value, list | tuple):
            return tuple(map(self._result, value))
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind not in "biufc":
            return self._result(value.tolist())
        if value is None or isinstance(value, str | int | float | complex | np.ndarray | np.generic):
            return value
        raise self._error(self._tree, f"a {type(value).__name__} is nothing to show")

    def check_names(self, moment: Vocabulary) -> None:
        """Raise an ExpressionError if it uses a name that means nothing in this trace."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and node.id not in FUNCTIONS:
                self._Name(node, moment)

    # -- what is allowed ----------------------------------------------------------------------------------------------

    def _check(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr) and not hasattr(self, f"_{type(node).__name__}"):
            raise self._error(node, f"{_kind(node)} cannot be used here")
        if isinstance(node, ast.operator) and type(node) not in _OPERATORS:
            raise ExpressionError(f"the operator {_kind(node)} cannot be used here", self.text)
        if isinstance(node, ast.Attribute) and node.attr not in (_ATTRIBUTES | METHODS.keys()):
            raise self._error(node, f"unknown attribute .{node.attr}{_nearest(node.attr, _ATTRIBUTES)}")
        if isinstance(node, ast.Call):
            self._check_call(node)
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str | bool | None):
            raise self._error(node, f"the constant {node.value!r} cannot be used here")

    def _check_call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS and not node.args and not node.keywords:
            return
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "only the functions listed by `help expressions` can be called")
        if node.func.id not in FUNCTIONS:
            raise self._error(node, f"unknown function {node.func.id}{_nearest(node.func.id, FUNCTIONS)}")
        if node.keywords or len(node.args) != 1:
            raise self._error(node, f"{node.func.id} takes one argument")

    def _error(self, node: ast.AST, reason: str, kind: type[ExpressionError] = ExpressionError) -> ExpressionError:
        column = len(self.text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
        return kind(reason, self.text, column)

    # -- evaluation ---------------------------------------------------------------------------------------------------

    def _value(self, node: ast.AST, moment: Vocabulary) -> Any:
        try:
            return getattr(self, f"_{type(node).__name__}")(node, moment)
        except ExpressionError:
            raise
        except Exception as error:  # whatever NumPy raises about shapes and types
            raise self._error(node, f"{type(error).__name__}: {error}") from None

    def _number(self, node: ast.AST, moment: Vocabulary) -> Any:
        value = _plain(self._value(node, moment))
        if value is None:
            raise self._error(node, "it is not computed yet", NotYet)
        return value

    def _Constant(self, node: ast.Constant, moment: Vocabulary) -> Any:
        return node.value

    def _Name(self, node: ast.Name, moment: Vocabulary) -> Any:
        try:
            return moment.lookup(node.id)
        except NotRecorded as error:
            raise self._error(node, str(error)) from None
        except LookupError as error:
            near = _nearest(node.id, [*moment.known, *FUNCTIONS])
            raise self._error(node, f"unknown name {node.id}{near}" if near else str(error.args[0])) from None

    def _Attribute(self, node: ast.Attribute, moment: Vocabulary) -> Any:
        value = self._value(node.value, moment)
        if isinstance(value, Value) and node.attr in VALUE_ATTRIBUTES:
            return VALUE_ATTRIBUTES[node.attr](value)
        if node.attr in ARRAY_ATTRIBUTES and value is not None:
            return ARRAY_ATTRIBUTES[node.attr](_plain(value))
        raise self._error(node, f"only a value of the network has .{node.attr}")

    def _Subscript(self, node: ast.Subscript, moment: Vocabulary) -> Any:
        value = self._value(node.value, moment)
        index = self._value(node.slice, moment)
        if isinstance(value, Value) and isinstance(index, int) and isinstance(node.value, ast.Name):
            with suppress(LookupError):  # else an element of the value
                return moment.lookup(f"{node.value.id}[{index}]")
        return np.asarray(_plain(value))[index]

    def _Slice(self, node: ast.Slice, moment: Vocabulary) -> slice:
        bounds = (node.lower, node.upper, node.step)
        return slice(*(None if bound is None else self._number(bound, moment) for bound in bounds))

    def _Tuple(self, node: ast.Tuple, moment: Vocabulary) -> tuple[Any, ...]:
        return tuple(_plain(self._value(part, moment)) for part in node.elts)

    def _List(self, node: ast.List, moment: Vocabulary) -> list[Any]:
        return [_plain(self._value(part, moment)) for part in node.elts]

    def _UnaryOp(self, node: ast.UnaryOp, moment: Vocabulary) -> Any:
        if isinstance(node.op, ast.Not):
            return not self._truth(node.operand, moment)
        return _OPERATORS[type(node.op)](self._number(node.operand, moment))

    def _BinOp(self, node: ast.BinOp, moment: Vocabulary) -> Any:
        left, right = self._number(node.left, moment), self._number(node.right, moment)
        if isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple):
            raise self._error(node, "arithmetic needs numbers")  # "a" * 10**9 would fill the memory
        return _OPERATORS[type(node.op)](left, right)

    def _BoolOp(self, node: ast.BoolOp, moment: Vocabulary) -> Any:
        wanted = isinstance(node.op, ast.Or)
        for part in node.values:
            if self._truth(part, moment) is wanted:
                return wanted
        return not wanted

    def _Compare(self, node: ast.Compare, moment: Vocabulary) -> Any:
        left = self._plain_operand(node.left, node, moment)
        result: Any = True
        for sign, part in zip(node.ops, node.comparators, strict=True):
            right = self._plain_operand(part, node, moment)
            result = _compared(sign, left, right)
            if isinstance(result, bool | np.bool_) and not result:
                return False
            left = right
        return result

    def _plain_operand(self, part: ast.AST, whole: ast.Compare, moment: Vocabulary) -> Any:
        if any(isinstance(sign, ast.Is | ast.IsNot | ast.Eq | ast.NotEq) for sign in whole.ops):
            return _plain(self._value(part, moment))  # None == 3 is an answer
        return self._number(part, moment)

    def _IfExp(self, node: ast.IfExp, moment: Vocabulary) -> Any:
        chosen = node.body if self._truth(node.test, moment) else node.orelse
        return self._value(chosen, moment)

    def _Call(self, node: ast.Call, moment: Vocabulary) -> Any:
        if isinstance(node.func, ast.Attribute):
            return METHODS[node.func.attr](self._number(node.func.value, moment))
        assert isinstance(node.func, ast.Name)
        return FUNCTIONS[node.func.id][0](self._number(node.args[0], moment))

    def _truth(self, node: ast.AST, moment: Vocabulary) -> bool:
        value = self._number(node, moment)
        if isinstance(value, np.ndarray) and value.size != 1:
            reason = f"an array of {value.size} elements is neither true nor false: use any(…) or all(…)"
            raise self._error(node, reason)
        return bool(value)


_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_BARRED = re.compile(r"[^\W\d](?:\w|[\u0300-\u036f])*(?:\[-?\d+\])?")


def _typed(text: str) -> str:
    """Return an expression in which names stand as they are typed, and not as the screen writes them.

    Examples
    --------
    >>> _typed("norm(h⁽³⁾) + W₂"), _typed("h̄⁽³⁾ / l̅o̅s̅s̅")
    ('norm(h[3]) + W2', 'h[3].grad / loss.grad')
    """
    text = re.sub("⁽([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾", lambda raised: f"[{raised[1].translate(_RAISED)}]", text.translate(_LOWERED))
    return _BARRED.sub(_without_bar, text) if not text.isascii() else text


def _without_bar(match: re.Match[str]) -> str:
    letters = unicodedata.normalize("NFD", match[0])
    if "\u0304" not in letters and "\u0305" not in letters:
        return match[0]
    return unicodedata.normalize("NFC", re.sub("[\u0304\u0305]", "", letters)) + ".grad"


def _compared(sign: ast.cmpop, left: Any, right: Any) -> Any:
    if isinstance(sign, ast.In | ast.NotIn):
        inside = left in right if isinstance(right, str | list | tuple) else bool(np.isin(left, right).all())
        return inside == isinstance(sign, ast.In)
    if isinstance(sign, ast.Is | ast.IsNot):
        return (left is right) == isinstance(sign, ast.Is)
    return _OPERATORS[type(sign)](left, right)


def _plain(value: Any) -> Any:
    return value.node.data if isinstance(value, Value) else value


def _nearest(word: str, words: Iterable[str]) -> str:
    meant = did_you_mean(word, words, 0.5)
    return f"; {meant}" if meant else ""


def _kind(node: ast.AST) -> str:
    name = type(node).__name__
    return _SYNTAX_NAMES.get(name, name)
