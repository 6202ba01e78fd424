"""SciPy's functions with parameters beside their argument: orders, degrees of freedom. The parameters are static.

>>> import tinygraph as tg
>>> from scipy import special
>>> float(tg.grad(lambda x: special.gammainc(1, x))(0.0))  # 1 - exp(-x)
1.0
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ..recording.numpy_protocol import located
from ..recording.op import op
from ..recording.primitive import Rule
from .special import ABSOLUTE, functions, probability

__all__: list[str] = []  # they are reached through the ufuncs themselves


def parametric(ufunc: Callable[..., Any], vjp: Rule, name: str = "", **facts: Any) -> None:
    """Register a ufunc whose last argument alone has a derivative that can be worked out; the rule names the others."""

    def forward(x: Any, **parameters: Any) -> Any:
        y = ufunc(*{**primitive.defaults, **parameters}.values(), x)
        return y.astype(x.dtype) if x.dtype.kind == "f" else y

    name = name or ufunc.__name__
    text = f"As ``scipy.special.{name}``; only its last argument is differentiated, the others are static."
    primitive = op(forward, vjp, name=name, elementwise=True, doc=text, **facts)

    def function(*args: Any, **unsupported: Any) -> Any:
        if unsupported:
            raise TypeError(f"{name}: the argument {next(iter(unsupported))}= is not supported on a Tensor")
        *parameters, x = args
        shape = np.broadcast_shapes(*map(np.shape, args))
        attributes = dict(zip(primitive.defaults, parameters, strict=True))
        return primitive(x if np.shape(x) == shape else np.broadcast_to(x, shape), **attributes)

    function.__name__ = name
    functions[ufunc] = located(function)


# -- Bessel functions --------------------------------------------------------------------------------------------------

_ORDERS: dict[str, Any] = {"domain": "positive", "samples": (((3, 4), {"order": 0}), ((3,), {"order": 2.5}))}
_WHOLE: dict[str, Any] = {"domain": "positive", "samples": (((3, 4), {"order": 0}), ((3,), {"order": 2}))}

parametric(
    special.jv, lambda g, y, x, order=0: g * (0.5 * (special.jv(order - 1, x) - special.jv(order + 1, x))), **_ORDERS
)
parametric(
    special.yv, lambda g, y, x, order=0: g * (0.5 * (special.yv(order - 1, x) - special.yv(order + 1, x))), **_ORDERS
)
parametric(
    special.yn, lambda g, y, x, order=0: g * (0.5 * (special.yn(order - 1, x) - special.yn(order + 1, x))), **_WHOLE
)
parametric(
    special.kv, lambda g, y, x, order=0: g * (-0.5 * (special.kv(order - 1, x) + special.kv(order + 1, x))), **_ORDERS
)
parametric(
    special.kn, lambda g, y, x, order=0: g * (-0.5 * (special.kv(order - 1, x) + special.kv(order + 1, x))), **_WHOLE
)
parametric(
    special.iv, lambda g, y, x, order=0: g * (0.5 * (special.iv(order - 1, x) + special.iv(order + 1, x))), **_ORDERS
)
parametric(
    special.ive,
    lambda g, y, x, order=0: g * (0.5 * (special.ive(order - 1, x) + special.ive(order + 1, x)) - np.sign(x) * y),
    kinks=ABSOLUTE,
    **_ORDERS,
)

# -- distribution functions, whose derivatives are densities -----------------------------------------------------------


def gamma_density(a: Any, x: Any) -> Any:
    """Return the density of the gamma distribution with shape `a`."""
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a)).astype(x.dtype)


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """Return the density of the beta distribution."""
    log = special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b)
    return np.exp(log).astype(x.dtype)


def student_density(df: Any, t: Any) -> Any:
    """Return the density of Student's distribution; `poch` does without differences of large logarithms."""
    height = special.poch(0.5 * df, 0.5) / np.sqrt(math.pi * df)
    return (height * np.exp(-0.5 * (df + 1) * np.log1p(t * t / df))).astype(t.dtype)


_SHAPE = (((3, 4), {"a": 2.5}), ((3,), {"a": 1}))

parametric(special.gammainc, lambda g, y, x, a=1: g * gamma_density(a, x), domain="positive", samples=_SHAPE)
parametric(special.gammaincc, lambda g, y, x, a=1: -g * gamma_density(a, x), domain="positive", samples=_SHAPE)
parametric(
    special.betainc,
    lambda g, y, x, a=1, b=1: g * beta_density(a, b, x),
    domain=probability,
    samples=(((3, 4), {"a": 2.5, "b": 1.5}), ((3,), {"a": 1, "b": 3})),
)
parametric(
    special.stdtr,
    lambda g, y, x, df=1: g * student_density(df, x),
    samples=(((3, 4), {"df": 1}), ((3,), {"df": 4.5})),
)

# -- zeta --------------------------------------------------------------------------------------------------------------

parametric(
    special._ufuncs._zeta,  # what special.zeta, a function of Python, calls
    lambda g, y, x, order=2: g * (-order * special.zeta(order + 1, x)),
    name="zeta",
    domain="positive",
    samples=(((3, 4), {"order": 2}), ((3,), {"order": 3.5})),
)
