"""Elementwise ops: arithmetic, powers and roots, rounding, and choosing between values."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements, numpy_functions
from ..recording.op import op
from ..recording.questions import tell_asked
from ..recording.tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "alias",
    "cbrt",
    "ceil",
    "clip",
    "copysign",
    "divide",
    "divmod",
    "fabs",
    "fix",
    "floor",
    "float_power",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "ldexp",
    "maximum",
    "minimum",
    "mod",
    "modf",
    "multiply",
    "nan_to_num",
    "negative",
    "positive",
    "pow",
    "power",
    "reciprocal",
    "remainder",
    "rint",
    "round",
    "sign",
    "sqrt",
    "square",
    "subtract",
    "true_divide",
    "trunc",
    "where",
]

elementwise = partial(op, elementwise=True)

# -- arithmetic --------------------------------------------------------------------------------------------------------

add = elementwise(np.add, vjp=(lambda g, y, a, b: g, lambda g, y, a, b: g))
subtract = elementwise(np.subtract, vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g))
multiply = elementwise(np.multiply, vjp=(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a))
divide = true_divide = elementwise(
    np.divide, vjp=(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b), domain=("real", "nonzero")
)
negative = elementwise(np.negative, vjp=lambda g, y, x: -g)
positive = elementwise(np.positive, vjp=lambda g, y, x: g, numpy=np.conjugate)
alias = elementwise(lambda x: x + 0, vjp=lambda g, y, x: g, name="alias", doc="The same value as a node of its own.")
reciprocal = elementwise(np.reciprocal, vjp=lambda g, y, x: -g * y * y, domain="nonzero")
fmod = elementwise(
    np.fmod,
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g * np.trunc(a / b)),
    samples=((np.array([2.5, -2.5, 0.7]), np.array([1.0, 0.7, -0.4])),),
    kinks="At whole quotients it jumps; the rule is that of the piece NumPy's value is on.",
)
mod = remainder = elementwise(
    np.remainder,
    vjp=(lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor(a / b)),
    samples=((np.array([2.5, -2.5, 0.7]), np.array([1.0, 0.7, -0.4])),),
    kinks="At whole quotients it jumps; the rule is that of the piece NumPy's value is on.",
)
ldexp = elementwise(
    np.ldexp, vjp=(lambda g, y, x, exponent: np.ldexp(g, exponent), None), samples=(((3,), np.array([1, -2, 0])),)
)

# -- powers and roots --------------------------------------------------------------------------------------------------


def less_one(b: Any) -> Any:
    """Return ``b - 1``, but 0 for 0: the derivative of ``a**0`` is then ``0 * a**0``, which is 0 even at a = 0."""
    return b - (b != 0) if type(b) in (int, float) else np.where(b == 0, 0, b - 1)


def no_zero(x: Any) -> Any:
    """Return `x` with 1 in place of 0: what is divided by it is 0 there anyway."""
    return np.where(x == 0, 1, x)


pow = power = elementwise(
    np.power,
    vjp=(lambda g, y, a, b: g * b * a ** less_one(b), lambda g, y, a, b: g * y * np.log(no_zero(a))),
    domain=("positive", "real"),
    kinks="The derivative of a**0 is 0 in both arguments, at a = 0 too, as in torch; that of 0**b in b is 0 for b ≥ 0.",
)
square = elementwise(np.square, vjp=lambda g, y, x: g * (2 * x))
sqrt = elementwise(
    np.sqrt,
    vjp=lambda g, y, x: g / (2 * y),
    domain="positive",
    kinks="At 0 the derivative is infinite, as in torch and JAX.",
)
cbrt = elementwise(
    np.cbrt,
    vjp=lambda g, y, x: g / (3 * y * y),
    domain="nonzero",
    kinks="At 0 the derivative is infinite, as in JAX.",
)
hypot = elementwise(
    np.hypot,
    vjp=(lambda g, y, a, b: g * a / no_zero(y), lambda g, y, a, b: g * b / no_zero(y)),
    domain="nonzero",
    kinks="At the origin both derivatives are 0, a subgradient, as for `norm`.",
)
abs = absolute = fabs = elementwise(
    np.absolute,
    vjp=lambda g, y, x: g * np.sign(x),
    numpy=np.fabs,
    domain="nonzero",
    kinks="At 0 the derivative is 0, as in torch and JAX.",
)
copysign = elementwise(
    np.copysign,
    vjp=(lambda g, y, a, b: g * np.sign(a) * np.copysign(1, b), None),
    domain="nonzero",
    kinks="At a = 0 the derivative is 0, as in torch.",
)

# -- piecewise constant: their derivative is 0 wherever they have one --------------------------------------------------

constant_pieces = partial(
    elementwise,
    vjp=lambda g, y, x: np.zeros_like(x),
    domain="fraction",
    kinks="The derivative is 0, at the jumps too, as in torch and JAX.",
)

sign = constant_pieces(np.sign)
floor = constant_pieces(np.floor)
ceil = constant_pieces(np.ceil)
trunc = fix = constant_pieces(np.trunc, numpy=np.fix)
rint = constant_pieces(np.rint)
round = op(
    np.round,
    vjp=lambda g, y, x, decimals=0: np.zeros_like(x),
    numpy=np.around,
    domain="fraction",
    kinks="The derivative is 0, at the jumps too, as in torch and JAX.",
)
floor_divide = elementwise(
    np.floor_divide,
    vjp=(lambda g, y, a, b: np.zeros_like(y), lambda g, y, a, b: np.zeros_like(y)),
    samples=((np.array([2.5, -2.5, 0.7]), np.array([1.0, 0.7, -0.4])),),
    kinks="The derivative is 0, at the jumps too, as in torch and JAX.",
)
heaviside = elementwise(
    np.heaviside,
    vjp=(lambda g, y, x, at_zero: np.zeros_like(y), lambda g, y, x, at_zero: g * (x == 0)),
    domain=("nonzero", "real"),
    samples=(((3, 4), (4,)), (np.array([0, 1, -1], np.int8), (3,))),
    kinks="The derivative in x is 0, at the jump too, as in torch and JAX.",
)


def divmod(a: Any, b: Any) -> tuple[Any, Any]:
    """As ``np.divmod``: quotient and remainder."""
    return floor_divide(a, b), remainder(a, b)


def modf(x: Any) -> tuple[Any, Any]:
    """As ``np.modf``: fractional and integral part."""
    whole = trunc(x)
    return subtract(x, whole), whole


def float_power(a: Any, b: Any) -> Any:
    """As ``np.float_power``: a power worked out in float64."""
    return power(*[x.astype(np.float64) if hasattr(x, "astype") else np.asarray(x, np.float64) for x in (a, b)])


numpy_functions.update({np.divmod: divmod, np.modf: modf, np.float_power: float_power})

# -- choosing: at a tie the larger and the smaller give each argument half, as in torch and JAX ------------------------


def _share(mine: Any, chosen: Any, other: Any) -> Any:
    return (mine == chosen) / (1.0 + (mine == other))


extremum = partial(
    elementwise,
    vjp=(lambda g, y, a, b: g * _share(a, y, b), lambda g, y, a, b: g * _share(b, y, a)),
    samples=(((3, 4), (4,)), ((), (2, 1))),
    kinks="At a tie each argument receives half, as in torch and JAX.",
)

maximum = extremum(np.maximum)
minimum = extremum(np.minimum)
fmax = extremum(np.fmax)
fmin = extremum(np.fmin)

where = elementwise(
    np.where,
    vjp=(
        None,
        lambda g, y, condition, a, b: np.where(condition, g, 0),
        lambda g, y, condition, a, b: np.where(condition, 0, g),
    ),
    samples=((np.array([True, False, True]), (2, 3), (3,)), (np.array([[True], [False]]), (), (3,))),
    name="where",
)

nan_to_num = op(
    np.nan_to_num,
    vjp=lambda g, y, x, nan=0.0, posinf=None, neginf=None: g * np.isfinite(x),
    kinks="What is replaced receives no gradient, as in torch and JAX.",
)

_clip = elementwise(
    np.clip,
    vjp=(
        lambda g, y, x, low, high: g * ((x >= low) & (x <= high)),
        lambda g, y, x, low, high: g * ((x < low) & (low <= high)),
        lambda g, y, x, low, high: g * ((x > high) | (low > high)),
    ),
    samples=(((3, 4), -0.5, 0.7), ((3, 4), np.full(4, -0.3), np.full(4, 0.3))),
    kinks="At a bound the gradient goes to x, as in torch.",
)


@implements("clip")
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: None = None, *, min: Any = None, max: Any = None) -> Any:
    """As ``np.clip``: `a`, but no less than one bound and no more than the other.

    At a bound the gradient goes to `a`, as in torch. A bound may be a Tensor: it receives what was clipped to it.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.grad(lambda x: tg.clip(x, 0.0, 1.0).sum())(np.array([-0.5, 0.0, 0.5, 1.5]))
    array([0., 1., 1., 0.])
    """
    if out is not None:
        raise TypeError(
            "the argument out= is not supported on a Tensor, which is not written in place; write y = clip(…)"
        )
    low = a_min if a_min is not None else min if min is not None else -np.inf
    high = a_max if a_max is not None else max if max is not None else np.inf
    return _clip(a, low, high)


def plain(x: Any) -> Any:
    """Return the plain array behind a Tensor, and anything else as it is."""
    if not isinstance(x, Tensor):
        return x
    tell_asked(x, "its plain value")
    return x._value
