"""Between which two numbers a value lies whatever it is computed from: that of a gate lies between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["ANY", "Range", "range_of", "union"]


class Range(NamedTuple):
    """The lowest and the highest value, which need not be reached.

    >>> Range(0.0, 1.0).is_gate, Range(-1.0, 1.0).is_gate
    (True, False)
    """

    low: float
    high: float

    @property
    def is_gate(self) -> bool:
        """Whether it lets something through in part: it is within 0 and 1, and no single number."""
        return 0.0 <= self.low < self.high <= 1.0


ANY = Range(-math.inf, math.inf)
POSITIVE = Range(0.0, math.inf)
PART = Range(0.0, 1.0)


def union(ranges: Sequence[Range]) -> Range:
    """Return the range of what lies in one of `ranges`."""
    return Range(min(r.low for r in ranges), max(r.high for r in ranges)) if ranges else ANY


def range_of(op: str, arguments: Sequence[Range]) -> Range:
    """Return the range of what an op computes from arguments of these ranges.

    >>> below = range_of("add", [Range(1, 1), range_of("exp", [ANY])])
    >>> range_of("divide", [Range(1, 1), below])
    Range(low=0.0, high=1.0)
    """
    if op in _FIXED:
        return _FIXED[op]
    if op in _SAME:
        return arguments[0]
    if op in _EITHER:
        return union(arguments)
    rule = _RULES.get(op)
    return rule(*arguments) if rule and len(arguments) == _ARITY.get(op, 2) else ANY


def _add(x: Range, y: Range) -> Range:
    return Range(x.low + y.low, x.high + y.high)


def _negative(x: Range) -> Range:
    return Range(-x.high, -x.low)


def _multiply(x: Range, y: Range) -> Range:
    ends = [a * b if a and b else 0.0 for a in x for b in y]
    return Range(min(ends), max(ends))


def _divide(x: Range, y: Range) -> Range:
    if y.low < 0.0:
        return ANY
    inverse = Range(1.0 / y.high if y.high else math.inf, 1.0 / y.low if y.low else math.inf)
    return _multiply(x, inverse)


def _exp(x: Range) -> Range:
    return Range(math.exp(x.low) if x.low < 700 else math.inf, math.exp(x.high) if x.high < 700 else math.inf)


def _clip(x: Range, low: Range, high: Range) -> Range:
    return _minimum(_maximum(x, low), high)


def _maximum(x: Range, y: Range) -> Range:
    return Range(max(x.low, y.low), max(x.high, y.high))


def _minimum(x: Range, y: Range) -> Range:
    return Range(min(x.low, y.low), min(x.high, y.high))


def _where(_: Range, x: Range, y: Range) -> Range:
    return union([x, y])


_FIXED = {
    **dict.fromkeys(("sigmoid", "expit", "logistic", "softmax"), PART),
    **dict.fromkeys(("tanh", "sin", "cos", "erf", "sign", "softsign"), Range(-1.0, 1.0)),
    **dict.fromkeys(("relu", "softplus", "absolute", "abs", "square", "sqrt"), POSITIVE),
}
_SAME = frozenset(
    ("getitem", "reshape", "ravel", "transpose", "swapaxes", "moveaxis", "squeeze", "expand_dims", "broadcast_to")
) | frozenset(("astype", "copy", "alias", "mean", "max", "min", "split", "flip", "repeat", "tile"))
_EITHER = frozenset(("concatenate", "stack", "vstack", "hstack"))
_RULES: dict[str, Callable[..., Range]] = {
    "add": _add,
    "subtract": lambda x, y: _add(x, _negative(y)),
    "multiply": _multiply,
    "divide": _divide,
    "reciprocal": lambda x: _divide(Range(1.0, 1.0), x),
    "negative": _negative,
    "exp": _exp,
    "maximum": _maximum,
    "minimum": _minimum,
    "clip": _clip,
    "where": _where,
}
_ARITY = {"reciprocal": 1, "negative": 1, "exp": 1, "clip": 3, "where": 3}
