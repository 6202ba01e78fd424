"""Hypothesis strategies for arrays, shapes, axes, indices and calls of ops; ``pip install hypothesis`` first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..recording.creation import tensor
from ..recording.op import Op, registry
from ..recording.tensor import Tensor
from .domains import DOMAINS, domain_of, example_calls

Shape = tuple[int, ...]
_SIDES = (1, 4)


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> SearchStrategy[Shape]:
    """Shapes; they shrink towards few and short axes.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(), lambda shape: np.prod(shape) > 4)
    (2, 3)
    """
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


def axes_of(shape: Shape, *, several: bool = True, none: bool = True) -> SearchStrategy[int | Shape | None]:
    """Ways to say ``axis=`` for an array of `shape`: an integer, negative or not; a tuple of them; None.

    Parameters
    ----------
    shape : tuple of int
    several : bool
        Whether tuples are wanted.
    none : bool
        Whether None is.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(axes_of((2, 3)), lambda axis: isinstance(axis, tuple) and len(axis) == 2)
    (0, 1)
    """
    n = len(shape)
    ways: list[SearchStrategy[Any]] = [st.none()] if none else []
    if n:
        ways.append(st.integers(-n, n - 1))
        if several:
            signed = st.permutations(range(n)).flatmap(
                lambda order: st.tuples(*(st.sampled_from((i, i - n)) for i in order))
            )
            ways.append(st.tuples(signed, st.integers(1, n)).map(lambda pair: pair[0][: pair[1]]))
    if not ways:
        raise ValueError("axes_of: an array without axes has no axis but None, and none=False excludes it")
    return st.one_of(ways)


@st.composite
def indices_of(draw: DrawFn, shape: Shape) -> Any:
    """Indices of every kind that NumPy has, for an array of `shape`.

    Integers, slices with steps of either sign, an ellipsis, None, integer arrays (with repeats), boolean masks.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(index=indices_of((3, 2)))
    ... def test_reading(index):
    ...     assert np.zeros((3, 2))[index].size <= 24
    >>> test_reading()
    """
    kinds = ["basic", "basic", "arrays", "mask"] if shape else ["basic"]
    kind = draw(st.sampled_from(kinds))
    if kind == "mask":
        size = int(np.prod(shape))
        return np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool).reshape(shape)
    indexed = draw(st.integers(0, len(shape)))
    parts = [draw(_basic(n)) for n in shape[:indexed]]
    if kind == "arrays" and parts:
        length = draw(st.integers(1, 4))
        for i in draw(st.sets(st.integers(0, indexed - 1), min_size=1)):
            n = shape[i]
            parts[i] = np.array(draw(st.lists(st.integers(-n, n - 1), min_size=length, max_size=length)))
    elif draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.append(Ellipsis)
    return tuple(parts)


def _basic(n: int) -> SearchStrategy[Any]:
    ends = st.one_of(st.none(), st.integers(-n, n))
    slices = st.builds(slice, ends, ends, st.sampled_from((None, 2, -1, -2)))
    return st.one_of(slices.filter(lambda part: len(range(*part.indices(n)))), st.integers(-n, n - 1))


def arrays(shape: Shape, domain: str = "real") -> SearchStrategy[np.ndarray]:
    """Float64 arrays of a shape from a domain; "real" ones shrink to few bits and zeros, element by element.

    Parameters
    ----------
    shape : tuple of int
    domain : str
        A name in `tinygraph.testing.domains.DOMAINS`.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays((2,)), lambda x: x[1] > 1).tolist()
    [0.0, 1.125]
    """
    if domain == "real":  # eighths up to 4, which float16 holds exactly: many ties and zeros, as kinks like them
        elements = st.integers(-32, 32).map(lambda n: n / 8)
        size = int(np.prod(shape))
        return st.lists(elements, min_size=size, max_size=size).map(
            lambda values: np.array(values, float).reshape(shape)
        )
    return st.integers(0, 2**32 - 1).map(lambda seed: np.asarray(DOMAINS[domain](np.random.default_rng(seed), shape)))


def tensors(
    *specs: str,
    dtype: Any = np.float64,
    domain: str = "real",
    requires_grad: bool = True,
    **sizes: int | tuple[int, int],
) -> SearchStrategy[Any]:
    """Tensors whose shapes are told by named dimensions; a name has one length in all arguments of a test.

    Parameters
    ----------
    *specs : str
        Names or numbers: ``"B T D"``, ``"3 D"``, ``""`` for a number; ``"..."`` stands for up to two leading axes.
        One spec gives Tensors, several give tuples of Tensors.
    dtype : dtype
    domain : str
        A name in `tinygraph.testing.domains.DOMAINS`.
    requires_grad : bool
    **sizes : int or (int, int)
        The length of a dimension, or its bounds; 1 to 4 by default. Say the same in all arguments of a test.

    Raises
    ------
    ValueError
        If a spec is not made of names and numbers.

    Examples
    --------
    A property of all matrices and vectors that fit:

    >>> import tinygraph as tg
    >>> from hypothesis import given
    >>> @given(W=tensors("H I", I=(1, 6)), x=tensors("B I", I=(1, 6)))
    ... def test_linear(W, x):
    ...     assert tg.linear(x, W).shape == (x.shape[0], W.shape[0])
    >>> test_linear()
    """
    drawn = [_tensor(spec, np.dtype(dtype), domain, requires_grad, sizes) for spec in specs]
    return drawn[0] if len(drawn) == 1 else st.tuples(*drawn)


def _tensor(spec: str, dtype: np.dtype, domain: str, requires_grad: bool, sizes: dict) -> SearchStrategy[Tensor]:
    dims = [_dimension(word, sizes, spec) for word in spec.split()]
    return (
        st.tuples(*dims)
        .map(lambda parts: tuple(n for part in parts for n in part))
        .flatmap(lambda shape: arrays(shape, domain))
        .map(lambda x: tensor(x.astype(dtype), requires_grad=requires_grad and dtype.kind == "f"))
    )


def _dimension(word: str, sizes: dict, spec: str) -> SearchStrategy[Shape]:
    if word == "...":
        return st.shared(shapes(0, 2, *_SIDES), key="tinygraph dimensions ...")
    if word.isdecimal():
        return st.just((int(word),))
    if not re.fullmatch(r"[^\W\d]\w*", word):
        raise ValueError(f"tensors: expected names and numbers as in 'B T 3', got {word!r} in {spec!r}")
    least, most = (sizes[word],) * 2 if isinstance(sizes.get(word), int) else sizes.get(word, _SIDES)
    lengths = st.integers(least, most).map(lambda n: (n,))
    return st.shared(lengths, key=f"tinygraph dimension {word} from {least} to {most}")


@st.composite
def calls(draw: DrawFn, op: Op) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Calls of an op, as (arrays, attributes), each argument from its domain.

    An elementwise op is given any shapes that broadcast; other ops their samples, with new values.

    Examples
    --------
    >>> import tinygraph as tg
    >>> from hypothesis import find
    >>> (x,), attributes = find(calls(tg.exp), lambda call: True)
    >>> x.shape
    ()
    """
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    if "samples" in op.facts or not (op.elementwise or _is_unary(op)):
        return draw(st.sampled_from(list(example_calls(op, rng))))
    whole = draw(shapes())
    given = [draw(_broadcasting(whole)) for _ in op.arguments]
    return tuple(np.asarray(domain_of(op, i)(rng, shape)) for i, shape in enumerate(given)), {}


def _is_unary(op: Op) -> bool:
    return not op.variadic and len(op.arguments) == 1 and not op.attributes


@st.composite
def _broadcasting(draw: DrawFn, whole: Shape) -> Shape:
    """A shape that broadcasts to `whole`: leading axes dropped, others of length 1."""
    dropped = draw(st.integers(0, len(whole)))
    return tuple(draw(st.sampled_from((n, 1))) for n in whole[dropped:])


def ops(names: Iterable[str] | None = None) -> list[Op]:
    """Return the differentiable ops that tinygraph brings, or those of some names, in all their forms.

    Examples
    --------
    >>> [op.name for op in ops(["tanh", "exp"])]
    ['tanh', 'exp']
    """
    chosen = [op for name in (names if names is not None else registry) for op in registry[name]]
    return [
        op for op in chosen if any((rule.__module__ or "").startswith("tinygraph.ops") for rule in op.rules if rule)
    ]
