"""SciPy's special functions; imported when the first of them meets a Tensor, since the engine needs NumPy only.

>>> import numpy as np, tinygraph as tg
>>> from scipy import special
>>> x = tg.parameter([0.5, 2.0])
>>> special.gammaln(x).sum().backward()
>>> np.allclose(x.grad, special.digamma([0.5, 2.0]))
True
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ..recording.op import Op, op
from ..recording.primitive import Rule
from . import activations, elementwise, transcendental

__all__ = [
    "multigammaln",
    "polygamma",
]

functions: dict[Callable[..., Any], Callable[..., Any]] = {  # SciPy's ufunc → what records it
    special.cbrt: elementwise.cbrt,
    special.erf: activations.erf,
    special.exp2: transcendental.exp2,
    special.expm1: transcendental.expm1,
    special.log1p: transcendental.log1p,
}


def ruled(ufunc: Callable[..., Any], vjp: Rule | tuple[Rule | None, ...], name: str = "", **facts: Any) -> Op:
    """Register a ufunc of SciPy's as an op, with the dtypes that NumPy's functions have: float16 and float32 stay."""

    def forward(*xs: Any) -> Any:
        return ufunc(*xs).astype(np.result_type(np.float16, *xs), copy=False)

    name = name or ufunc.__name__
    functions[ufunc] = made = op(
        forward, vjp, name=name, elementwise=True, doc=f"As ``scipy.special.{name}``.", **facts
    )
    return made


def probability(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw numbers between 0 and 1, away from both."""
    return rng.uniform(0.1, 0.9, shape)


_INSIDE: dict[str, Any] = {"domain": probability, "samples": (((3, 4),), ((),))}
_ENDS = "At the ends of the domain the derivative is infinite, as in torch."
_ROOT_PI, _ROOT_2PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)

# -- logistic ----------------------------------------------------------------------------------------------------------

ruled(special.expit, lambda g, y, x: g * y * special.expit(-x))
ruled(special.log_expit, lambda g, y, x: g * special.expit(-x))
ruled(special.logit, lambda g, y, x: g / (x * (1 - x)), kinks=_ENDS, **_INSIDE)

# -- normal distribution -----------------------------------------------------------------------------------------------

ruled(special.erfc, lambda g, y, x: -g * (2 / _ROOT_PI * np.exp(-x * x)))
ruled(special.erfcx, lambda g, y, x: g * (2 * x * y - 2 / _ROOT_PI))
ruled(special.erfinv, lambda g, y, x: g * (_ROOT_PI / 2 * np.exp(y * y)), domain="unit", kinks=_ENDS)
ruled(special.erfcinv, lambda g, y, x: -g * (_ROOT_PI / 2 * np.exp(y * y)), kinks=_ENDS, **_INSIDE)
ruled(special.dawsn, lambda g, y, x: g * (1 - 2 * x * y))
ruled(special.ndtr, lambda g, y, x: g * (np.exp(-0.5 * x * x) / _ROOT_2PI))
ruled(special.ndtri, lambda g, y, x: g * (_ROOT_2PI * np.exp(0.5 * y * y)), kinks=_ENDS, **_INSIDE)
ruled(special.log_ndtr, lambda g, y, x: g * (2 / _ROOT_2PI / special.erfcx(x * -math.sqrt(0.5))))

# -- exponential integrals ---------------------------------------------------------------------------------------------

_AT_ZERO = "At 0 is a pole."

ruled(special.exp1, lambda g, y, x: -g * np.exp(-x) / x, domain="positive", kinks=_AT_ZERO)
ruled(special.expi, lambda g, y, x: g * np.exp(x) / x, domain="positive", kinks=_AT_ZERO)

# -- gamma and beta ----------------------------------------------------------------------------------------------------

_POLES = "At 0 and the negative integers are poles."

ruled(special.gamma, lambda g, y, x: g * y * special.digamma(x), domain="positive", kinks=_POLES)
ruled(special.gammaln, lambda g, y, x: g * special.digamma(x), domain="positive", kinks=_POLES)
ruled(special.digamma, lambda g, y, x: g * special.zeta(2, x), name="digamma", domain="positive", kinks=_POLES)


def rgamma_slope(x: Any) -> Any:
    """Return the derivative of 1 / gamma; up to 0, where digamma has poles, by reflection."""
    right, left = np.where(x > 0, x, 1), np.where(x > 0, 0, x)
    wave = np.cos(math.pi * left) - special.digamma(1 - left) * np.sin(math.pi * left) / math.pi
    return np.where(x > 0, -special.digamma(right) * special.rgamma(right), special.gamma(1 - left) * wave)


ruled(special.rgamma, lambda g, y, x: g * rgamma_slope(x))
ruled(special.gammasgn, lambda g, y, x: np.zeros_like(x), domain="positive", kinks=_POLES)
ruled(
    special.beta,
    (
        lambda g, y, a, b: g * y * (special.digamma(a) - special.digamma(a + b)),
        lambda g, y, a, b: g * y * (special.digamma(b) - special.digamma(a + b)),
    ),
    domain="positive",
)
ruled(
    special.betaln,
    (
        lambda g, y, a, b: g * (special.digamma(a) - special.digamma(a + b)),
        lambda g, y, a, b: g * (special.digamma(b) - special.digamma(a + b)),
    ),
    domain="positive",
)

# -- entropies ---------------------------------------------------------------------------------------------------------


def guarded(a: Any, b: Any, edge: float) -> Any:
    """Return `b`, but a number whose logarithm is 0 where `a` is 0 and `b` not beyond the edge of the domain."""
    return np.where((a == 0) & (b <= edge), edge + 1, b)


_ZERO = "Where the first argument is 0 and the logarithm not finite, both derivatives are 0, as the first is in torch."

ruled(
    special.xlogy,
    (lambda g, y, a, b: g * np.log(guarded(a, b, 0)), lambda g, y, a, b: g * a / guarded(a, b, 0)),
    domain=("nonzero", "positive"),
    kinks=_ZERO,
)
ruled(
    special.xlog1py,
    (lambda g, y, a, b: g * np.log1p(guarded(a, b, -1)), lambda g, y, a, b: g * a / (1 + guarded(a, b, -1))),
    domain=("nonzero", "positive"),
    kinks=_ZERO,
)
ruled(special.entr, lambda g, y, x: -g * (np.log(x) + 1), domain="positive", kinks=_ENDS)
ruled(
    special.rel_entr,
    (lambda g, y, a, b: g * (np.log(a / b) + 1), lambda g, y, a, b: -g * a / b),
    domain="positive",
    kinks=_ENDS,
)
ruled(
    special.kl_div,
    (lambda g, y, a, b: g * np.log(a / b), lambda g, y, a, b: g * (1 - a / b)),
    domain="positive",
    kinks=_ENDS,
)

# -- Bessel functions whose order is fixed -----------------------------------------------------------------------------

ABSOLUTE = "At 0, where exp(-|x|) has its kink, that factor counts as constant."

ruled(special.j0, lambda g, y, x: -g * special.j1(x))
ruled(special.j1, lambda g, y, x: g * (0.5 * (special.j0(x) - special.jv(2, x))))
ruled(special.y0, lambda g, y, x: -g * special.y1(x), domain="positive")
ruled(special.y1, lambda g, y, x: g * (0.5 * (special.y0(x) - special.yn(2, x))), domain="positive")
ruled(special.k0, lambda g, y, x: -g * special.k1(x), domain="positive")
ruled(special.k1, lambda g, y, x: g * (-0.5 * (special.k0(x) + special.kn(2, x))), domain="positive")
ruled(special.i0, lambda g, y, x: g * special.i1(x))
ruled(special.i1, lambda g, y, x: g * (0.5 * (special.i0(x) + special.iv(2, x))))
ruled(special.i0e, lambda g, y, x: g * (special.i1e(x) - np.sign(x) * y), domain="nonzero", kinks=ABSOLUTE)
ruled(
    special.i1e,
    lambda g, y, x: g * (0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * y),
    domain="nonzero",
    kinks=ABSOLUTE,
)


def polygamma(n: int, x: Any) -> Any:
    """As ``scipy.special.polygamma``, which turns its arguments into arrays; `n` is static.

    Examples
    --------
    >>> import tinygraph as tg
    >>> float(tg.grad(lambda x: polygamma(1, x))(2.0)) == float(special.polygamma(2, 2.0))
    True
    """
    if n == 0:
        return special.digamma(x)
    return (-1) ** (n + 1) * math.factorial(n) * special.zeta(n + 1, x)


def multigammaln(a: Any, d: int) -> Any:
    """As ``scipy.special.multigammaln``, which turns its arguments into arrays; `d` is static.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> np.allclose(tg.grad(lambda a: multigammaln(a, 2))(3.0), special.digamma([3.0, 2.5]).sum())
    True
    """
    if d != int(d) or d < 1 or np.any(a <= 0.5 * (d - 1)):
        raise ValueError(f"multigammaln: d={d}: expected a positive integer, and a > (d - 1) / 2")
    return sum(special.gammaln(a - 0.5 * j) for j in range(int(d))) + d * (d - 1) / 4 * math.log(math.pi)
