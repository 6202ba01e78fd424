"""ufunc.reduce, accumulate, reduceat and outer: NumPy's values, gradients by torch and by a complex step."""

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.testing import check_gradients

torch = pytest.importorskip("torch")

X = np.random.default_rng(3).permutation(np.linspace(-1.3, 1.6, 12)).reshape(3, 4)  # distinct
P = np.abs(X) + 0.3
MASK = np.array([[True, False, True, True], [True, True, True, False], [False, True, True, True]])
HOLES = np.where(X > 1, np.nan, X)

SAME_VALUE = {
    "add.reduce": (X, lambda x: np.add.reduce(x)),
    "add.reduce, positional": (X, lambda x: np.add.reduce(x, (0, 1), np.float64, None, True)),
    "add.reduce, masked": (X, lambda x: np.add.reduce(x, axis=1, initial=2.5, where=MASK)),
    "multiply.reduce": (X, lambda x: np.multiply.reduce(x, axis=-1, where=MASK)),
    "maximum.reduce": (X, lambda x: np.maximum.reduce(x, axis=1, keepdims=True)),
    "minimum.reduce": (X, lambda x: np.minimum.reduce(x, axis=None, initial=0.2)),
    "logaddexp.reduce": (X, lambda x: np.logaddexp.reduce(x, axis=-1)),
    "logaddexp.reduce, masked": (X, lambda x: np.logaddexp.reduce(x, axis=1, initial=0.3, where=MASK)),
    "logaddexp2.reduce": (X, lambda x: np.logaddexp2.reduce(x, initial=-0.5)),
    "subtract.reduce": (X, lambda x: np.subtract.reduce(x, axis=1, keepdims=True)),
    "divide.reduce": (P, lambda x: np.divide.reduce(x, axis=0, initial=2.0)),
    "hypot.reduce": (P, lambda x: np.hypot.reduce(x, axis=1)),
    "fmax.reduce": (HOLES, lambda x: np.fmax.reduce(x, axis=1)),
    "add.accumulate": (X, lambda x: np.add.accumulate(x)),
    "multiply.accumulate": (X, lambda x: np.multiply.accumulate(x, axis=1)),
    "maximum.accumulate": (X, lambda x: np.maximum.accumulate(x, axis=1)),
    "minimum.accumulate": (X, lambda x: np.minimum.accumulate(x, axis=-2)),
    "maximum.accumulate, NaN": (HOLES, lambda x: np.maximum.accumulate(x, axis=1)),
    "logaddexp.accumulate": (X, lambda x: np.logaddexp.accumulate(x, axis=1)),
    "subtract.accumulate": (X, lambda x: np.subtract.accumulate(x, 0)),
    "add.reduceat": (X, lambda x: np.add.reduceat(x, [0, 2, 1, 3], axis=1)),
    "maximum.reduceat": (X, lambda x: np.maximum.reduceat(x, [0, 2])),
    "logaddexp.reduceat": (X, lambda x: np.logaddexp.reduceat(x, [1, 1, 3], axis=1)),
    "multiply.outer": (X, lambda x: np.multiply.outer(x, x[0])),
    "subtract.outer": (X, lambda x: np.subtract.outer([1.0, 2.0], x)),
    "maximum.outer": (X, lambda x: np.maximum.outer(x[:, 0], x[0])),
    "divide.outer": (P, lambda x: np.divide.outer(2.0, x)),
}


@pytest.mark.parametrize("name", SAME_VALUE)
def test_value_is_numpys_and_the_derivatives_those_of_an_oracle(name):
    x, f = SAME_VALUE[name]
    y, expected = f(tg.parameter(x)), f(x)
    assert isinstance(y, tg.Tensor)
    assert y.dtype == np.asarray(expected).dtype
    np.testing.assert_allclose(y.data, expected, rtol=1e-13)
    if np.isfinite(x).all():
        check_gradients(f, x)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda x: np.add.reduce(x, axis=1), lambda x: x.sum(1)),
        (lambda x: np.multiply.reduce(x), lambda x: x.prod(0)),
        (lambda x: np.maximum.reduce(x, axis=None), torch.amax),
        (lambda x: np.logaddexp.reduce(x, axis=0), lambda x: torch.logsumexp(x, 0)),
        (lambda x: np.logaddexp.accumulate(x, axis=1), lambda x: torch.logcumsumexp(x, 1)),
        (lambda x: np.maximum.accumulate(x, axis=1), lambda x: torch.cummax(x, 1).values),
        (lambda x: np.minimum.accumulate(x, axis=0), lambda x: torch.cummin(x, 0).values),
        (lambda x: np.add.accumulate(x, axis=1), lambda x: torch.cumsum(x, 1)),
        (lambda x: np.multiply.accumulate(x, axis=0), lambda x: torch.cumprod(x, 0)),
        (lambda x: np.multiply.outer(x[0], x[1]), lambda x: torch.outer(x[0], x[1])),
    ],
)
@pytest.mark.parametrize("x", [X, np.round(2 * X) / 2], ids=["distinct", "with ties"])
def test_gradients_are_torchs_at_ties_too(ours, theirs, x):
    p, q = tg.parameter(x), torch.tensor(x, requires_grad=True)
    y, expected = ours(p), theirs(q)
    weights = np.random.default_rng(1).normal(size=y.shape)
    (y * weights).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_a_hidden_markov_model_in_logarithms():
    """The forward algorithm with np.logaddexp.reduce has the posterior probabilities as gradient."""
    rng = np.random.default_rng(0)
    A, emissions = rng.dirichlet(np.ones(3), 3), rng.uniform(0.1, 1.0, (5, 3))

    def log_likelihood(log_emissions):
        alpha = np.log(np.ones(3) / 3) + log_emissions[0]
        for t in range(1, 5):
            alpha = np.logaddexp.reduce(alpha[:, None] + np.log(A), axis=0) + log_emissions[t]
        return np.logaddexp.reduce(alpha)

    forward, backward = [np.ones(3) / 3 * emissions[0]], [np.ones(3)]
    for t in range(1, 5):
        forward.append(forward[-1] @ A * emissions[t])
        backward.insert(0, A @ (emissions[5 - t] * backward[0]))
    posterior = np.array(forward) * np.array(backward)
    posterior /= posterior.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tg.grad(log_likelihood)(np.log(emissions)), posterior, rtol=1e-12)


def test_logaddexp_reduce_of_impossible_states():
    x = tg.parameter([-np.inf, 0.0, 1.0])
    y = np.logaddexp.reduce(x)
    y.backward()
    assert y.item() == np.logaddexp(0.0, 1.0)
    np.testing.assert_allclose(x.grad, [0.0, *(np.exp([0.0, 1.0]) / (1 + np.e))])


def test_of_equal_running_maxima_the_latest_receives_the_gradient():
    gradient = tg.grad(lambda x: np.sum(np.maximum.accumulate(x)))(np.array([2.0, 1.0, 2.0, 0.0]))
    np.testing.assert_array_equal(gradient, [2.0, 0.0, 2.0, 0.0])


def test_dtype_is_taken_before_the_reduction():
    x = tg.parameter(np.array([1.0, 2.0, 4.0], np.float32))
    for method in (np.add.reduce, np.add.accumulate, np.subtract.reduce):
        y = method(x, dtype=np.float64)
        assert y.dtype == np.float64
        x.grad = None
        np.sum(y).backward()
        assert x.grad.dtype == np.float32
    assert np.add.reduceat(x, [0, 1], dtype=np.float64).dtype == np.float64
    assert np.add.outer(x, [1.0], dtype=np.float64).dtype == np.float64


def test_comparisons_and_logic_give_plain_answers():
    p = tg.parameter(X)
    for f in (lambda x: np.logical_and.reduce(x), lambda x: np.less.outer(x, x), lambda x: np.equal.outer(x[0], X[0])):
        assert type(f(p)) is np.ndarray
        np.testing.assert_array_equal(f(p), f(X))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: np.add.at(np.zeros((3, 4)), 0, p), r"np\.add\.at: .* write a\.at\[indices\]\.add\(t\)"),
        (lambda p: np.add.at(p, 0, 1.0), r"np\.add\.at: .* or np\.bincount\(indices, weights=t\)"),
        (lambda p: np.maximum.at(p, 0, 1.0), r"np\.maximum\.at: .* write np\.where\(mask, np\.maximum\(a, …\), a\)"),
        (lambda p: np.add.reduce(p, out=np.zeros(4)), r"np\.add\.reduce: the argument out= is not supported"),
        (lambda p: np.subtract.reduce(p, axis=(0, 1)), r"np\.subtract\.reduce: on a Tensor it goes along one axis"),
        (lambda p: np.subtract.reduce(p, where=MASK), r"np\.subtract\.reduce: where= is not supported on a Tensor"),
        (lambda p: np.subtract.reduce(p, axis=2), r"np\.subtract\.reduce: axis 2 is out of bounds"),
        (lambda p: np.maximum.reduce(p, where=MASK), "max: with where= it takes initial= too"),
        (lambda p: np.gcd.reduce(p), r"np\.gcd\.reduce: not supported on a Tensor"),
        (lambda p: np.matmul.outer(p, p), "not allowed in ufunc with non-trivial signature"),
    ],
)
def test_what_is_refused_says_what_to_write(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(tg.parameter(X))


def test_the_advice_for_add_at_adds_where_numpy_would():
    t, indices, a = tg.parameter([1.0, 2.0, 4.0]), np.array([0, 2, 0]), np.array([10.0, 20.0, 30.0])
    y = tg.tensor(a).at[indices].add(t)
    np.add.at(a, indices, t.numpy())
    np.testing.assert_array_equal(y.data, a)
    np.sum(y * [1.0, 10.0, 100.0]).backward()
    np.testing.assert_array_equal(t.grad, [1.0, 100.0, 1.0])
