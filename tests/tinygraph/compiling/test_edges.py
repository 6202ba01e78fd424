"""Numbers at the edges, and of several dtypes, are in loops that numba compiles what they are eagerly."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.backends import needs_numba

pytestmark = pytest.mark.slow


def relative(a, b):
    return float(np.max(np.abs(a - b), initial=0) / max(1e-30, np.max(np.abs(b), initial=0)))


@needs_numba
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_logarithms_of_saturated_probabilities_are_finite(dtype, bound):
    def loss(xs, W):
        h, total = np.zeros(3, xs.dtype), 0.0
        for x in xs:
            h = tg.sigmoid(W @ h + x)
            total = total - np.sum(np.log(h))
        return total

    rng = np.random.default_rng(0)
    xs, W = rng.normal(size=(4, 3)).astype(dtype), rng.normal(size=(3, 3)).astype(dtype)
    eager = tg.value_and_grad(loss, (0, 1))
    compiled = tg.compile(eager, backend="numba")
    for large in (1, 130, 1000, np.finfo(dtype).max):
        xs[1, 1] = -large
        (value, gradients), (expected, theirs) = compiled(xs, W), eager(xs, W)
        assert relative(value, expected) < bound and max(map(relative, gradients, theirs)) < bound
    assert "compiled by numba: 4 of 4 loops" in compiled.report()


@needs_numba
def test_roots_are_those_of_numpy():
    def loss(xs, w):
        h = np.zeros(3)
        for x in xs:
            h = (x + h * w) ** 0.5 + (h - x) ** 2
        return np.sum(h)

    rng = np.random.default_rng(0)
    xs, w = rng.uniform(1, 2, size=(4, 3)), rng.uniform(1, 2, size=3)
    eager = tg.value_and_grad(loss, (0, 1))
    compiled = tg.compile(eager, backend="numba")
    for number in (1, 0, -1, np.inf, -np.inf):
        xs[1, 1] = number
        with np.errstate(all="ignore"):
            (value, gradients), (expected, theirs) = compiled(xs, w), eager(xs, w)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        for a, b in zip(gradients, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10)
    assert "compiled by numba: 2 of 2 loops" in compiled.report()


@needs_numba
def test_a_sum_of_products_of_other_dtypes_is_numpys():
    def loss(xs, w, u):
        h = np.zeros((xs.shape[1], len(w)))
        for x in xs:
            h = np.tanh(h @ w + x @ u)
        return np.sum(h)

    rng = np.random.default_rng(0)
    xs, w, u = rng.normal(size=(4, 3, 5)), rng.normal(size=(6, 6)), rng.normal(size=(5, 6))
    eager = tg.value_and_grad(loss, (0, 1, 2))
    compiled = tg.compile(eager, backend="numba")
    for dtype in (np.float32, np.float64):
        arrays = xs.astype(dtype), w.astype(dtype), u
        compiled(*arrays)
        (value, gradients), (expected, theirs) = compiled(*arrays), eager(*arrays)
        assert relative(value, expected) < 1e-12 and max(map(relative, gradients, theirs)) < 1e-5
    assert "since with numba" not in compiled.report()


@needs_numba
def test_minus_zero_is_another_constant():
    def of(zero):
        def loss(xs, w):
            h = np.zeros(3)
            for x in xs:
                h = np.tanh(h + np.arctan2(zero, x * h)) * w
            return np.sum(h)

        return tg.value_and_grad(loss, (0, 1))

    xs, w = np.random.default_rng(0).normal(size=(5, 3)), np.array([0.3, -0.2, 0.5])
    for eager in (of(0.0), of(-0.0)):
        compiled = tg.compile(eager, backend="numba")
        for sign in (1, -1):
            np.testing.assert_allclose(compiled(sign * xs, w)[1][1], eager(sign * xs, w)[1][1], rtol=1e-12)
        assert "compiled by numba: 2 of 2 loops" in compiled.report() and "since with" not in compiled.report()
