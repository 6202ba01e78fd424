"""float16 ends at 65504: means and spreads of more elements than that, forward and backward."""

import numpy as np
import pytest

import tinygraph as tg

N = 70_000
X = np.resize(np.array([1.0, 3.0, 0.5, 2.5], np.float16), N)


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.mean, lambda x: np.full(N, 1 / N)),
        (np.var, lambda x: 2 * (x - x.mean()) / N),
        (np.std, lambda x: (x - x.mean()) / (N * x.std())),
        (lambda x: np.var(x, ddof=1), lambda x: 2 * (x - x.mean()) / (N - 1)),
        (lambda x: np.mean(x, where=X > 0), lambda x: np.full(N, 1 / N)),
        (lambda x: np.var(x, where=X > 0), lambda x: 2 * (x - x.mean()) / N),
        (np.nanmean, lambda x: np.full(N, 1 / N)),
        (lambda x: np.mean(x.reshape(2, -1), axis=1)[0] * 2, lambda x: np.where(np.arange(N) < N // 2, 4 / N, 0)),
    ],
)
def test_more_elements_than_float16_counts(f, slope):
    p = tg.parameter(X)
    y = f(p)
    assert y.dtype == np.float16
    assert y.item() == pytest.approx(float(f(X.astype(np.float64))), rel=1e-3)
    (1000 * y).backward()  # so that the gradient is no subnormal number
    assert p.grad.dtype == np.float16
    np.testing.assert_allclose(p.grad, 1000 * slope(X.astype(np.float64)), rtol=4e-3, atol=2e-7)
    assert (p.grad != 0).any()


def test_the_second_order_does_not_overflow_either():
    p = tg.parameter(X)
    hvp = tg.hvp(lambda x: 1000 * np.var(x), (p,), (np.ones(N, np.float16) * np.resize([1, -1], N).astype(np.float16),))
    assert np.isfinite(np.asarray(getattr(hvp, "data", hvp))).all()
