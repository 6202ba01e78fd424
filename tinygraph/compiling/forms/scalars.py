"""Elementwise ops on single numbers, as source: what a loop compiled by numba does with each element."""

from __future__ import annotations

import numpy as np

from .form import CALL, CONSTANT, SUM, Value

_NUMPYS = (
    *("absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "ceil"),
    *("copysign", "cos", "cosh", "exp2", "expm1", "floor", "hypot", "log", "log10", "log1p", "log2", "sin", "sinh"),
    *("sqrt", "tan", "trunc", "isnan", "isfinite", "isinf"),
)
_OWN = ("exp", "tanh", "sigmoid", "maximum", "minimum", "relu", "silu", "softplus", "softsign", "sign", "where")
_EXPRESSIONS = {
    **{name: f"np.{name}({{}})" for name in _NUMPYS},
    **{name: f"{name}({{}})" for name in _OWN},
    **{"add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}", "negative": "-{}"},
    **dict.fromkeys(("positive", "alias", "broadcast_to", "copy"), "{}"),
    **{"reciprocal": "1 / {}", "square": "{0} * {0}", "power": "np.power({}, {})"},
    **{"greater": "{} > {}", "greater_equal": "{} >= {}", "less": "{} < {}", "less_equal": "{} <= {}"},
    **{"equal": "{} == {}", "not_equal": "{} != {}"},
    **dict.fromkeys(("logical_and", "bitwise_and"), "{} & {}"),
    **dict.fromkeys(("logical_or", "bitwise_or"), "{} | {}"),
    "clip": "minimum(maximum({}, {}), {})",
    **dict.fromkeys(("logical_not", "invert"), "not {}"),
}
_POWERS = {2: "square", 0.5: "sqrt"}  # as NumPy does: a root of -inf is NaN, and no pow's inf
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
CHEAP = ("add", "subtract", "multiply", "divide", "negative", "positive", "alias", "square", "broadcast_to")


def is_elementwise(value: Value) -> bool:
    """Tell whether each element of a value is computed of one element of each operand."""
    if value.kind == SUM:
        return True
    own = value.attributes and value.op.name != "broadcast_to"
    return value.kind == CALL and value.op.name in _EXPRESSIONS and not own


def is_number(value: Value) -> bool:
    """Tell whether a value is one number that is known before."""
    return value.kind == CONSTANT and value.loop is None and value.shape == ()


def is_plain_number(value: Value) -> bool:
    """Tell whether a value is a Python number, which takes the dtype of what it is computed with."""
    return is_number(value) and not hasattr(value.data, "dtype")


def expression(value: Value, operands: list[str]) -> str:
    """Return the source that computes one element of a value; what is true or false is a number where it is added."""
    if value.kind == SUM:
        return " + ".join(operands)
    name = value.op.name
    if value.dtype != bool:
        first = 1 if name == "where" else 0  # its condition
        for k, read in enumerate(value.reads[first:], first):
            if read.source.dtype == bool:
                operands[k] = f"number({operands[k]})"
    exponent = value.reads[1].source if name == "power" else None
    if exponent is not None and is_number(exponent) and float(exponent.data) in _POWERS:
        name, operands = _POWERS[float(exponent.data)], operands[:1]
    form = _EXPRESSIONS[name]
    return form.format(", ".join(operands)) if form.count("{") == 1 < len(operands) else form.format(*operands)
