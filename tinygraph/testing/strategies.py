"""Hypothesis strategies for arrays, shapes, axes, indices and calls of ops; ``pip install hypothesis`` first.

To import them loads Hypothesis's profile "tinygraph", unless another was chosen: see `tinygraph.testing.profile`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..recording.creation import tensor
from ..recording.op import Op, registry
from ..recording.primitive import is_ours
from ..recording.tensor import Tensor
from .domains import REAL, Draw, Shape, as_domain, domain_of, example_calls, takes_any_shapes
from .profile import use as use_profile

use_profile()

_SIDES = (1, 4)

# What a byte stands for: zero, as often as kinks like it, else sixteenths up to 6, which float16 holds exactly: simple
# ones first. An array is one choice of bytes: to shrink hundreds of choices, Hypothesis takes longer than all checks.
# There may be as many bytes for a smaller shape, so that its elements stay when the shape shrinks.
_POSITIVE = np.r_[2:97:2, 1:97:2] / 16
_VALUES = np.r_[np.zeros(64), _POSITIVE, -_POSITIVE]
_BLOCK = 64


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


def arrays(shape: Shape, domain: str | Draw = "real") -> SearchStrategy[np.ndarray]:
    """Float64 arrays of a shape from a domain; "real" ones shrink to few bits and zeros, element by element.

    Parameters
    ----------
    shape : tuple of int
    domain : str or callable
        A name in `tinygraph.testing.domains.DOMAINS`, or a function ``(rng, shape) -> array``.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays((2,)), lambda x: x[1] > 1).tolist()
    [0.0, 1.125]
    """
    drawn_from = as_domain(domain, "arrays")
    if drawn_from is REAL:
        size = int(np.prod(shape))
        return st.binary(min_size=size, max_size=size + -size % _BLOCK).map(
            lambda drawn: _VALUES[list(drawn[:size])].reshape(shape)
        )
    return st.integers(0, 2**32 - 1).map(lambda seed: drawn_from(np.random.default_rng(seed), shape))


def tensors(
    *specs: str,
    dtype: Any = np.float64,
    domain: str | Draw = "real",
    requires_grad: bool = True,
    **sizes: int | tuple[int, int],
) -> SearchStrategy[Any]:
    """Tensors whose shapes are told by named dimensions; a name has one length in all arguments of a test.

    Parameters
    ----------
    *specs : str
        Names or numbers: ``"B T D"``, ``"3 D"``, ``""`` for a number; ``"4H"`` is four times as long as ``"H"``;
        ``"..."`` stands for up to two leading axes. One spec gives Tensors, several give tuples of Tensors.
    dtype : dtype
    domain : str or callable
        A name in `tinygraph.testing.domains.DOMAINS`, or a function ``(rng, shape) -> array``.
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
    as_domain(domain, "tensors")
    drawn = [_tensor(spec, np.dtype(dtype), domain, requires_grad, sizes) for spec in specs]
    return drawn[0] if len(drawn) == 1 else st.tuples(*drawn)


def _tensor(
    spec: str, dtype: np.dtype, domain: str | Draw, requires_grad: bool, sizes: dict[str, Any]
) -> SearchStrategy[Tensor]:
    dims = [_dimension(word, sizes, spec) for word in spec.split()]

    @st.composite
    def tensors(draw: DrawFn) -> Tensor:  # not by .map, whose calls Hypothesis would print
        shape = tuple(n for dim in dims for n in draw(dim))
        return tensor(draw(arrays(shape, domain)).astype(dtype), requires_grad=requires_grad and dtype.kind == "f")

    return tensors()


def _dimension(word: str, sizes: dict, spec: str) -> SearchStrategy[Shape]:
    if word == "...":
        return st.shared(shapes(0, 2, *_SIDES), key="tinygraph dimensions ...")
    if word.isdecimal():
        return st.just((int(word),))
    parts = re.fullmatch(r"(\d*)([^\W\d]\w*)", word)
    if parts is None:
        raise ValueError(f"tensors: expected names and numbers as in 'B T 3 4H', got {word!r} in {spec!r}")
    times, name = int(parts[1] or 1), parts[2]
    least, most = (sizes[name],) * 2 if isinstance(sizes.get(name), int) else sizes.get(name, _SIDES)
    lengths = st.shared(st.integers(least, most), key=f"tinygraph dimension {name} from {least} to {most}")
    return lengths.map(lambda n: (times * n,))


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
    if not takes_any_shapes(op):
        return draw(st.sampled_from(list(example_calls(op, rng))))
    whole = draw(shapes())
    argument_shapes = [draw(_broadcasting(whole)) for _ in op.arguments]
    return tuple(domain_of(op, i)(rng, shape) for i, shape in enumerate(argument_shapes)), {}


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
    return [op for op in chosen if is_ours(op) and any(op.rules)]
