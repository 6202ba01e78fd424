"""Loops that are not ``for`` statements: reduce, map, comprehensions, generators, recursion, decorators."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce, wraps

import numpy as np

import tinygraph as tg

from .building import SIZE, Cell, data, exact, run, weights


@exact
def reduced(T):
    cell = Cell()
    return reduce(cell, data(T), np.zeros(SIZE)).sum()


@exact
def reduced_lambda(T):
    W, U = weights(2)
    return reduce(lambda h, x: np.tanh(W @ h + U @ x), data(T), np.zeros(SIZE)).sum()


@exact
def mapped(T):
    (V,) = weights(1)
    hs = run(Cell(), data(T))
    return sum(map(lambda h: (V @ h).sum(), hs))  # noqa: C417


@exact
def comprehension(T):
    cell, h = Cell(), np.zeros(SIZE)
    hs = [h := cell(h, x) for x in data(T)]
    return sum([(h * h).sum() for h in hs])


def states(cell, xs) -> Iterator[tg.Tensor]:
    h = np.zeros(SIZE)
    for x in xs:
        h = cell(h, x)
        yield h


@exact
def generator(T):
    (V,) = weights(1)
    loss = 0.0
    for h in states(Cell(), data(T)):
        loss = loss + (V @ h).sum()
    return loss


@exact
def generator_made_a_list(T):
    return sum(h.sum() for h in list(states(Cell(), data(T))))


@exact
def recursion(T):
    (W,) = weights(1)

    def after(h, t):
        return h if t == 0 else after(np.tanh(W @ h), t - 1)

    return after(np.ones(SIZE), T).sum()


@exact
def recursion_on_the_way_back(T):
    W, U = weights(2)

    def state(t):
        return np.ones(SIZE) if t == 0 else np.tanh(W @ state(t - 1) + U @ data(T)[t - 1])

    return state(T).sum()


def traced(f):
    @wraps(f)
    def wrapper(*args):
        return f(*args)

    return wrapper


@exact
def decorated(T):
    @traced
    def cell(h, x):
        return np.tanh(linear(W, h) + linear(U, x))

    @traced
    def linear(A, v):
        return A @ v

    W, U = weights(2)
    h = np.zeros(SIZE)
    for x in data(T):
        h = cell(h, x)
    return h.sum()
