"""Initial values of weights. Each function takes the shape, a tuple, and an explicit source of randomness.

What it returns is an array, of which `tinygraph.parameter` makes a weight: ``tg.parameter(glorot((5, 3), rng))``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

import tinygraph as tg

Rng = np.random.Generator | int | None
Initializer = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]


def generator(rng: Rng) -> np.random.Generator:
    """Return `rng` itself, or the generator seeded with it; None draws a fresh seed."""
    if rng is not None and not isinstance(rng, (np.random.Generator, int, np.integer)):
        raise TypeError(f"rng should be a numpy.random.Generator or an integer seed, not {rng!r}")
    return np.random.default_rng(rng)


def zeros(shape: tuple[int, ...], rng: Rng = None) -> np.ndarray:
    """Return zeros; `rng` is taken so that all initialisers are called alike."""
    return np.zeros(_tuple(shape, "zeros"))


def uniform(shape: tuple[int, ...], rng: Rng = None, bound: float | None = None) -> np.ndarray:
    """Return U(−bound, bound), with bound 1/√fan_in when not given.

    Examples
    --------
    >>> bool(abs(uniform((50, 4), rng=0)).max() <= 0.5)
    True
    """
    shape = _tuple(shape, "uniform")
    bound = shape[-1] ** -0.5 if bound is None else bound
    return generator(rng).uniform(-bound, bound, shape)


def ones(shape: tuple[int, ...], rng: Rng = None) -> np.ndarray:
    """Return ones; `rng` is taken so that all initialisers are called alike."""
    return np.ones(_tuple(shape, "ones"))


def normal(shape: tuple[int, ...], rng: Rng = None, deviation: float = 1.0) -> np.ndarray:
    """Return N(0, deviation²).

    Examples
    --------
    >>> normal((2, 3), rng=0).shape
    (2, 3)
    """
    return generator(rng).normal(0.0, deviation, _tuple(shape, "normal"))


def glorot(shape: tuple[int, ...], rng: Rng = None, gain: float = 1.0) -> np.ndarray:
    """Return U(−a, a) with a = gain·√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16).

    It is an array: a cell's weight is a parameter made of it.

    Examples
    --------
    >>> bool(abs(glorot((20, 10), rng=0)).max() <= (6 / 30) ** 0.5)
    True
    >>> tg.parameter(glorot((5, 3), rng=0)).shape
    (5, 3)
    """
    rows, columns = _matrix(shape, "glorot")
    return uniform(shape, rng, gain * (6 / (rows + columns)) ** 0.5)


def orthogonal(shape: tuple[int, ...], rng: Rng = None, gain: float = 1.0) -> np.ndarray:
    """Return gain·Q, Q uniformly distributed with orthonormal columns, or rows where these are fewer.

    Q of the QR decomposition of a Gaussian matrix, with R's diagonal made positive
    (Mezzadri 2007), is uniform in that sense. It is an array: a cell's weight is ``tg.parameter(orthogonal(…))``.

    Examples
    --------
    >>> Q = orthogonal((3, 3), rng=0)
    >>> bool(np.allclose(Q @ Q.T, np.eye(3)))
    True
    """
    rows, columns = _matrix(shape, "orthogonal")
    gaussian = generator(rng).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(gaussian)
    q = q * np.copysign(1.0, np.diag(r))
    return gain * (q if rows >= columns else q.T)


def identity(shape: tuple[int, ...], rng: Rng = None, gain: float = 1.0) -> np.ndarray:
    """Return gain·I: with ReLU units, the recurrent matrix of Le, Jaitly and Hinton (2015).

    Examples
    --------
    >>> identity((2, 2), gain=0.5)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    return gain * np.eye(*_matrix(shape, "identity"))


def stacked(initializer: Initializer, blocks: int) -> Initializer:
    """Return an initialiser that draws each of `blocks` row blocks (the gates of a cell) by itself."""

    def initialize(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        block = (shape[0] // blocks, *shape[1:])
        return np.concatenate([initializer(block, rng) for _ in range(blocks)])

    return initialize


def drawing(rng: Rng, dtype: DTypeLike) -> Callable[..., tg.Tensor]:
    """Return a function from an initialiser and the lengths of the axes to a new parameter.

    Examples
    --------
    >>> draw = drawing(rng=0, dtype="float32")
    >>> draw(glorot, 5, 3).shape, draw(zeros, 5).dtype
    ((5, 3), dtype('float32'))
    """
    rng = generator(rng)

    def draw(initializer: Initializer, *shape: int) -> tg.Tensor:
        return tg.parameter(initializer(shape, rng).astype(dtype))

    return draw


def _tuple(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    """Return a shape; raise TypeError where it is a number, as in ``glorot(5, 3)``: the second would be the seed."""
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{name} takes the shape as a tuple, and then the rng, as {name}((5, 3), rng), not {shape!r}")
    return tuple(shape)


def _matrix(shape: tuple[int, ...], name: str) -> tuple[int, int]:
    shape = _tuple(shape, name)
    if len(shape) != 2:
        raise ValueError(f"{name} makes matrices, not arrays of shape {shape}")
    return shape[0], shape[1]
