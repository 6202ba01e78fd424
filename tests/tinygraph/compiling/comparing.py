"""How compiled functions are compared with the functions themselves."""

import warnings

import numpy as np

import tinygraph as tg
from tinygraph.backward.pytree import flatten

X = np.array([0.5, -0.25, 2.0])


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(plain(a), plain(b), rtol=1e-12)


def plain(x):
    return x.data if isinstance(x, tg.Tensor) else x


def refused(function, *arguments):
    """Return why a function is not compiled; it gives what it gives eagerly all the same."""
    compiled = tg.compile(function)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for _ in range(3):
            compiled(*arguments)
    assert len(warned) == 1
    return str(warned[0].message)


def assert_follows(program):
    """Compare calls of a function with those of its compiled form, which has a program of its own."""
    function, calls = program()
    own, own_calls = program()
    eager, compiled = tg.value_and_grad(function), tg.compile(tg.value_and_grad(own))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for arguments, own_arguments in zip(calls, own_calls, strict=True):
            assert_same(flatten(compiled(*own_arguments())), flatten(eager(*arguments())))


def changing(set_to, *numbers):
    """Return calls before each of which something is set to another number."""

    def call(number):
        set_to(number)
        return (X,)

    return [lambda number=number: call(number) for number in numbers or (1.0, 1.0, 1.0, 2.0, 3.0)]
