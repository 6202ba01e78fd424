"""Where ops are smooth, and example calls there: what tests of an op try it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..recording.op import Op

Domain = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def _nonzero(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    return rng.permutation(np.linspace(-2.0, 2.0, size + 2)[1:-1] + 0.01).reshape(shape)


def _invertible(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(-1.0, 1.0, shape) + shape[-1] * np.eye(shape[-1])


def _spd(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    a = rng.uniform(-1.0, 1.0, shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag(1.0 + np.arange(shape[-1]))


DOMAINS: dict[str, Domain] = {
    "real": lambda rng, shape: rng.normal(size=shape),
    "positive": lambda rng, shape: rng.uniform(0.5, 2.0, shape),
    "nonzero": _nonzero,
    "unit": lambda rng, shape: rng.uniform(-0.9, 0.9, shape),
    "above one": lambda rng, shape: rng.uniform(1.1, 3.0, shape),
    "distinct": _distinct,  # no two elements equal, none 0: away from ties
    "fraction": lambda rng, shape: rng.integers(-3, 3, shape) + rng.uniform(0.1, 0.4, shape),  # not near ½ or integers
    "invertible": _invertible,
    "spd": _spd,  # symmetric, positive definite, eigenvalues apart
}
"""Named domains: functions ``(rng, shape) -> array``."""


def domain_of(op: Op, argument: int) -> Domain:
    """Return the function that draws an argument of `op` from where the op is smooth.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> draw = domain_of(tg.log, 0)
    >>> bool((draw(np.random.default_rng(0), (100,)) > 0).all())
    True
    """
    stated = op.facts.get("domain", "real")
    if isinstance(stated, tuple):
        stated = stated[min(argument, len(stated) - 1)]
    return DOMAINS[stated] if isinstance(stated, str) else stated


def example_calls(op: Op, rng: np.random.Generator) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield example calls of `op` as (arrays, attributes): its samples, drawn from its domain.

    Parameters
    ----------
    op : Op
    rng : numpy.random.Generator

    Yields
    ------
    arrays : tuple
        One an argument; those of an op of a sequence are to be passed as one sequence.
    attributes : dict

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> for arrays, attributes in example_calls(tg.sum, np.random.default_rng(0)):
    ...     print(arrays[0].shape, attributes)
    (3, 4) {}
    (3, 4) {'axis': 0}
    (2, 3, 4) {'axis': (0, -1), 'keepdims': True}
    """
    for sample in op.facts.get("samples") or _default_samples(op):
        *given, last = sample
        attributes = last if isinstance(last, dict) else {}
        arguments = given if isinstance(last, dict) else sample
        yield tuple(_drawn(op, rng, i, argument) for i, argument in enumerate(arguments)), dict(attributes)


def _drawn(op: Op, rng: np.random.Generator, i: int, argument: Any) -> Any:
    is_shape = isinstance(argument, tuple) and all(isinstance(n, int) for n in argument)
    return np.asarray(domain_of(op, i)(rng, argument)) if is_shape else argument


def _default_samples(op: Op) -> tuple[tuple[Any, ...], ...]:
    number = 2 if op.variadic else len(op.arguments)
    if op.elementwise and number > 1:
        pairs = ((3, 4), (4,)), ((), (2, 1)), ((2,), (2,))
        return tuple(tuple(pair[i % 2] for i in range(number)) for pair in pairs)
    if op.elementwise:
        return ((3, 4),), ((),)
    return (((3, 4),) * number,)
