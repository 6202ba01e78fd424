"""Elementwise ops: arithmetic, exponentials, hyperbolic functions, comparisons of size."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..op import op

__all__ = [
    "absolute",
    "add",
    "alias",
    "cos",
    "divide",
    "exp",
    "log",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "power",
    "relu",
    "sigmoid",
    "sin",
    "sqrt",
    "square",
    "subtract",
    "tanh",
    "where",
]

elementwise = partial(op, elementwise=True)

# -- arithmetic -----------------------------------------------------------------------------------------------------------

add = elementwise(np.add, vjp=(lambda g, y, a, b: g, lambda g, y, a, b: g))
subtract = elementwise(np.subtract, vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g))
multiply = elementwise(np.multiply, vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a))
divide = elementwise(np.divide, vjp=(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b))
negative = op(np.negative, vjp=lambda g, y, x: -g)
power = elementwise(
    np.power,
    vjp=(lambda g, y, a, b: g * b * a ** (b - 1), lambda g, y, a, b: g * y * np.log(a)),
)
square = op(np.square, vjp=lambda g, y, x: g * (2 * x))
sqrt = op(np.sqrt, vjp=lambda g, y, x: g / (2 * y))
absolute = op(np.absolute, vjp=lambda g, y, x: g * np.sign(x))


def _copied(x: Any) -> Any:
    return x + 0


alias = op(_copied, vjp=lambda g, y, x: g, name="alias")

# -- exponentials, logistic and hyperbolic --------------------------------------------------------------------------------

exp = op(np.exp, vjp=lambda g, y, x: g * y)
log = op(np.log, vjp=lambda g, y, x: g / x)
tanh = op(np.tanh, vjp=lambda g, y, x: g * (1 - y * y))
sin = op(np.sin, vjp=lambda g, y, x: g * np.cos(x))
cos = op(np.cos, vjp=lambda g, y, x: -g * np.sin(x))


def _sigmoid(x: Any) -> Any:
    return np.tanh(x * 0.5) * 0.5 + 0.5  # the logistic function, and it overflows nowhere


sigmoid = op(_sigmoid, vjp=lambda g, y, x: g * (y * (1 - y)), name="sigmoid")


def _relu(x: Any) -> Any:
    return np.maximum(x, 0)


relu = op(_relu, vjp=lambda g, y, x: g * (x > 0), name="relu")

# -- the larger and the smaller: at a tie each argument receives half, as in JAX ------------------------------------------

maximum = elementwise(
    np.maximum,
    vjp=(lambda g, y, a, b: g * _share(a, y, b), lambda g, y, a, b: g * _share(b, y, a)),
)
minimum = elementwise(
    np.minimum,
    vjp=(lambda g, y, a, b: g * _share(a, y, b), lambda g, y, a, b: g * _share(b, y, a)),
)


def _share(mine: Any, chosen: Any, other: Any) -> Any:
    return (mine == chosen) / (1.0 + (mine == other))


where = elementwise(
    np.where,
    vjp=(None, lambda g, y, condition, a, b: g * condition, lambda g, y, condition, a, b: g * ~condition),
    name="where",
)
