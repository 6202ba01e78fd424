"""How compiled functions are compared with the functions themselves."""

import warnings

import numpy as np

import tinygraph as tg


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
