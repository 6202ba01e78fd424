"""Where ops are smooth, and example calls there: what tests of an op try it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recording.op import Op

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], np.ndarray]

FACTS = ("domain", "samples", "kinks", "doc", "form")
"""What `tg.op` may be told about an op beside its functions."""


@dataclass(frozen=True)
class Domain:
    """A set of arrays on which an op is smooth; called with ``(rng, shape)``, it draws one.

    Attributes
    ----------
    draw : callable
        A function ``(rng, shape) -> array``.
    contains : callable or None
        Tells whether an array lies well inside; None where only drawing makes one.
    guard : tuple of (str, float or None)
        Ops that bring any array into it, in order, each with its constant operand if it has one.

    Examples
    --------
    >>> DOMAINS["positive"](np.random.default_rng(0), (2,)).round(2)
    array([1.46, 0.9 ])
    >>> DOMAINS["positive"].contains(np.array([1.0, 0.0]))
    False
    """

    draw: Draw
    contains: Callable[[np.ndarray], bool] | None = None
    guard: tuple[tuple[str, float | None], ...] = ()

    def __call__(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        """Draw an array."""
        drawn = np.asarray(self.draw(rng, shape))
        if drawn.shape != shape or drawn.dtype.kind != "f":
            raise ValueError(
                f"domain: expected floats of shape {shape}, {self.draw!r} gave {drawn.dtype} {drawn.shape}"
            )
        return drawn


def _nonzero(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def _distinct(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    size = int(np.prod(shape))
    return rng.permutation(np.linspace(-2.0, 2.0, size + 2)[1:-1] + 0.01).reshape(shape)


def _apart(x: np.ndarray) -> bool:
    gaps = np.diff(np.sort(x.ravel()))
    return bool((gaps > 1e-2).all() and (np.abs(x) > 1e-2).all())


def _invertible(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(-1.0, 1.0, shape) + shape[-1] * np.eye(shape[-1])


def _spd(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    a = rng.uniform(-1.0, 1.0, shape)
    return a @ np.swapaxes(a, -1, -2) + np.diag(1.0 + np.arange(shape[-1]))


REAL = Domain(lambda rng, shape: np.asarray(rng.normal(size=shape)), lambda x: True)

DOMAINS: dict[str, Domain] = {
    "real": REAL,
    "positive": Domain(
        lambda rng, shape: rng.uniform(0.5, 2.0, shape),
        lambda x: bool((x > 0.1).all()),
        (("square", None), ("add", 0.5)),
    ),
    "nonzero": Domain(_nonzero, lambda x: bool((np.abs(x) > 1e-2).all()), (("square", None), ("add", 0.5))),
    "unit": Domain(
        lambda rng, shape: rng.uniform(-0.9, 0.9, shape),
        lambda x: bool((np.abs(x) < 0.95).all()),
        (("tanh", None), ("multiply", 0.9)),
    ),
    "above one": Domain(
        lambda rng, shape: rng.uniform(1.1, 3.0, shape),
        lambda x: bool((x > 1.05).all()),
        (("square", None), ("add", 1.5)),
    ),
    "distinct": Domain(_distinct, _apart),  # no two elements equal, none 0: away from ties
    "fraction": Domain(  # not near integers and halves
        lambda rng, shape: rng.integers(-3, 3, shape) + rng.uniform(0.1, 0.4, shape),
        lambda x: bool((np.abs(x % 0.5 - 0.25) < 0.2).all()),
    ),
    "invertible": Domain(_invertible),
    "spd": Domain(_spd),  # symmetric, positive definite, eigenvalues apart
}
"""The domains that have names."""


def as_domain(stated: str | Draw, whose: str = "domain") -> Domain:
    """Return the domain of a name, or that of a function ``(rng, shape) -> array``.

    Raises
    ------
    ValueError
        If there is no domain of that name; `whose` begins the message.
    TypeError
        If it is neither a name nor a function.

    Examples
    --------
    >>> as_domain("positve", "tg.op(log)")
    Traceback (most recent call last):
        ...
    ValueError: tg.op(log): there is no domain 'positve'; expected one of 'real', 'positive', 'nonzero', 'unit', 'above
    one', 'distinct', 'fraction', 'invertible', 'spd', or a function (rng, shape) -> array
    """
    if isinstance(stated, Domain):
        return stated
    if isinstance(stated, str) and stated in DOMAINS:
        return DOMAINS[stated]
    if callable(stated):
        return Domain(stated)
    expected = f"expected one of {', '.join(map(repr, DOMAINS))}, or a function (rng, shape) -> array"
    if isinstance(stated, str):
        raise ValueError(f"{whose}: there is no domain {stated!r}; {expected}")
    raise TypeError(f"{whose}: domain={stated!r} is of type {type(stated).__name__}; {expected}")


def domain_of(op: Op, argument: int) -> Domain:
    """Return the domain of an argument of `op`: where the op is smooth.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> draw = domain_of(tg.log, 0)
    >>> bool((draw(np.random.default_rng(0), (100,)) > 0).all())
    True
    """
    stated = op.facts.get("domain", REAL)
    if isinstance(stated, tuple):
        stated = stated[min(argument, len(stated) - 1)]
    return as_domain(stated, f"tg.op({op})")


def check_facts(op: Op) -> None:
    """Check what `tg.op` was told about an op's domain and samples.

    Raises
    ------
    TypeError, ValueError
        If a fact is misspelt or of the wrong kind. The message says what is expected, with the names of all domains.

    Examples
    --------
    >>> import tinygraph as tg
    >>> check_facts(tg.op(np.cbrt, vjp=lambda g, y, x: g / (3 * y * y), name="root", sample=((3,),)))
    Traceback (most recent call last):
        ...
    TypeError: tg.op(root): unknown argument sample=; what tests know of is domain=, samples=, kinks=, doc=, form=
    """
    whose = f"tg.op({op})"
    for fact in op.facts:
        if fact not in FACTS:
            known = ", ".join(f"{name}=" for name in FACTS)
            raise TypeError(f"{whose}: unknown argument {fact}=; what tests know of is {known}")
    stated = op.facts.get("domain", REAL)
    if isinstance(stated, tuple) and not (stated and (op.variadic or len(stated) <= len(op.arguments))):
        arguments = "any number of" if op.variadic else len(op.arguments)
        raise ValueError(f"{whose}: domain={stated!r} has {len(stated)} parts, the op {arguments} arguments")
    for part in stated if isinstance(stated, tuple) else (stated,):
        as_domain(part, whose)
    _check_samples(op, whose)


def _check_samples(op: Op, whose: str) -> None:
    samples = op.facts.get("samples", ())
    number = "any number of arguments" if op.variadic else f"{len(op.arguments)}: {', '.join(op.arguments)}"
    expected = (
        "expected a tuple of calls, each a tuple of its arguments (a shape stands for an array), then perhaps a dict"
        f" of attributes; {op} takes {number}"
    )
    if not isinstance(samples, tuple | list):
        raise TypeError(f"{whose}: samples={samples!r}; {expected}")
    for sample in samples:
        if not isinstance(sample, tuple | list) or not sample:
            raise TypeError(f"{whose}: sample {sample!r}; {expected}")
        arguments, attributes = _split(sample)
        if not (op.variadic or len(arguments) == len(op.arguments)):
            raise ValueError(f"{whose}: sample {sample!r} has {len(arguments)} arguments; {expected}")
        for name in attributes:
            if name not in op.attributes:
                known = f"one of {', '.join(op.attributes)}" if op.attributes else "none"
                raise ValueError(f"{whose}: sample {sample!r} has the attribute {name}; expected {known}")


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
        arguments, attributes = _split(sample)
        yield tuple(_drawn(op, rng, i, argument) for i, argument in enumerate(arguments)), dict(attributes)


def takes_any_shapes(op: Op) -> bool:
    """Tell whether calls of an op need no samples: it takes arrays of all shapes, that broadcast if it has several.

    Examples
    --------
    >>> import tinygraph as tg
    >>> takes_any_shapes(tg.multiply), takes_any_shapes(tg.sum)
    (True, False)
    """
    unary = not op.variadic and len(op.arguments) == 1 and not op.attributes
    return "samples" not in op.facts and (op.elementwise or unary)


def _split(sample: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a sample, and its attributes."""
    arguments, attributes = (sample[:-1], sample[-1]) if isinstance(sample[-1], dict) else (sample, {})
    return tuple(arguments), attributes


def _drawn(op: Op, rng: np.random.Generator, i: int, argument: Any) -> Any:
    is_shape = isinstance(argument, tuple) and all(isinstance(n, int) for n in argument)
    return domain_of(op, i)(rng, argument) if is_shape else argument


def _default_samples(op: Op) -> tuple[tuple[Any, ...], ...]:
    number = 2 if op.variadic else len(op.arguments)
    if op.elementwise and number > 1:
        pairs = ((3, 4), (4,)), ((), (2, 1)), ((2,), (2,))
        return tuple(tuple(pair[i % 2] for i in range(number)) for pair in pairs)
    if op.elementwise:
        return ((3, 4),), ((),)
    return (((3, 4),) * number,)
