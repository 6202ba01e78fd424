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

from ..recording.numpy_protocol import located
from ..recording.op import Op, op
from ..recording.primitive import Rule
from . import activations, elementwise, transcendental

__all__ = [
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


def _probability(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.1, 0.9, shape)


_INSIDE: dict[str, Any] = {"domain": _probability, "samples": (((3, 4),), ((),))}
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
ruled(special.ndtr, lambda g, y, x: g * (np.exp(-0.5 * x * x) / _ROOT_2PI))
ruled(special.ndtri, lambda g, y, x: g * (_ROOT_2PI * np.exp(0.5 * y * y)), kinks=_ENDS, **_INSIDE)
ruled(special.log_ndtr, lambda g, y, x: g * (2 / _ROOT_2PI / special.erfcx(x * -math.sqrt(0.5))))

# -- gamma and beta ----------------------------------------------------------------------------------------------------

_POLES = "At 0 and the negative integers are poles."

ruled(special.gamma, lambda g, y, x: g * y * special.digamma(x), domain="positive", kinks=_POLES)
ruled(special.gammaln, lambda g, y, x: g * special.digamma(x), domain="positive", kinks=_POLES)
ruled(special.digamma, lambda g, y, x: g * special.zeta(2, x), name="digamma", domain="positive", kinks=_POLES)
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

# -- modified Bessel functions, and others with an order, which is static ----------------------------------------------

_ABSOLUTE = "At 0, where exp(-|x|) has its kink, that factor counts as constant."

ruled(special.i0, lambda g, y, x: g * special.i1(x))
ruled(special.i1, lambda g, y, x: g * (0.5 * (special.i0(x) + special.iv(2, x))))
ruled(special.i0e, lambda g, y, x: g * (special.i1e(x) - np.sign(x) * y), domain="nonzero", kinks=_ABSOLUTE)
ruled(
    special.i1e,
    lambda g, y, x: g * (0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * y),
    domain="nonzero",
    kinks=_ABSOLUTE,
)


def of_order(ufunc: Callable[..., Any], name: str, vjp: Rule, **facts: Any) -> None:
    """Register a ufunc whose first argument, the order, has no derivative that could be worked out."""

    def forward(x: Any, order: Any = 0) -> Any:
        y = ufunc(order, x)
        return y.astype(x.dtype) if x.dtype.kind == "f" else y

    made = op(
        forward, vjp, name=name, elementwise=True, doc=f"As ``scipy.special.{name}``; the order is static.", **facts
    )

    @located
    def function(order: Any, x: Any) -> Any:
        shape = np.broadcast_shapes(np.shape(order), np.shape(x))
        return made(x if np.shape(x) == shape else np.broadcast_to(x, shape), order=order)

    function.__name__ = name
    functions[ufunc] = function


of_order(
    special.iv,
    "iv",
    lambda g, y, x, order=0: g * (0.5 * (special.iv(order - 1, x) + special.iv(order + 1, x))),
    domain="positive",
    samples=(((3, 4), {"order": 0}), ((3,), {"order": 2.5})),
)
of_order(
    special.ive,
    "ive",
    lambda g, y, x, order=0: g * (0.5 * (special.ive(order - 1, x) + special.ive(order + 1, x)) - np.sign(x) * y),
    domain="positive",
    samples=(((3, 4), {"order": 0}), ((3,), {"order": 2.5})),
    kinks=_ABSOLUTE,
)
of_order(
    special._ufuncs._zeta,  # what special.zeta, a function of Python, calls
    "zeta",
    lambda g, y, x, order=2: g * (-order * special.zeta(order + 1, x)),
    domain="positive",
    samples=(((3, 4), {"order": 2}), ((3,), {"order": 3.5})),
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
