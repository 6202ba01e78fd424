"""Functions that turn a Tensor into an array on their own: refused, with what to write and the user's own line."""

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.special
import scipy.stats

import tinygraph as tg
from tinygraph.testing import check_gradients

A = np.array([[3.0, 0.5], [0.5, 2.0]])
AX = np.array([1.0, 2.0])

ADVICE = [
    (
        lambda a: scipy.special.logsumexp(a),
        r"scipy\.special\.logsumexp takes no Tensor: write tg\.logsumexp\(x, axis\)",
    ),
    (lambda a: scipy.special.softmax(a), r"write tg\.softmax\(x, axis\), with axis=None for all elements"),
    (lambda a: scipy.special.log_softmax(a, axis=0), r"write tg\.log_softmax\(x, axis\)"),
    (lambda a: scipy.special.polygamma(1, a), r"write tinygraph\.ops\.special\.polygamma\(n, x\)"),
    (lambda a: scipy.linalg.solve(a, AX), r"scipy\.linalg\.solve takes no Tensor: write np\.linalg\.solve"),
    (lambda a: scipy.linalg.solve(A, a), r"write np\.linalg\.solve"),
    (lambda a: scipy.linalg.inv(a), r"write np\.linalg\.inv"),
    (lambda a: scipy.linalg.det(a), r"write np\.linalg\.det"),
    (lambda a: scipy.linalg.cholesky(a), r"scipy\.linalg\.cholesky takes no Tensor: write np\.linalg\.cholesky"),
    (lambda a: scipy.linalg.eigh(a), r"write np\.linalg\.eigh"),
    (lambda a: scipy.linalg.expm(a), r"write tg\.expm"),
    (lambda a: scipy.linalg.solve_triangular(a, AX), r"write np\.linalg\.solve\(np\.triu\(a\), b\)"),
    (lambda a: scipy.linalg.block_diag(a, a), r"write np\.block"),
    (lambda a: scipy.linalg.logm(a), r"scipy\.linalg\.logm takes no Tensor: write it with NumPy's functions"),
    (lambda a: scipy.integrate.trapezoid(a), r"write np\.trapezoid"),
    (lambda a: scipy.stats.norm.logpdf(a), r"scipy\.stats\.\S*logpdf takes no Tensor: write it with NumPy's functions"),
    (lambda a: np.sum([a, a]), r"np\.sum takes no list of Tensors: write np\.sum\(np\.stack\(\[…\]\)\)"),
    (lambda a: np.mean([a[0], a[1]]), r"np\.mean takes no list of Tensors: write np\.mean\(np\.stack\(\[…\]\)\)"),
    (lambda a: np.max([a[0, 0], a[0, 1]]), r"np\.max takes no list of Tensors"),
    (
        lambda a: np.add.reduce([a, a]),
        r"of several Tensors np\.stack\(\[t1, t2\]\) makes one; t\.numpy\(\) or t\.detach\(\) if",
    ),
    (lambda a: np.array([a[0, 0], a[0, 1]]), r"of several Tensors np\.stack\(\[t1, t2\]\) makes one; t\.numpy\(\)"),
    (lambda a: np.full((2, 2), a), r"np\.full takes no Tensor: write np\.broadcast_to\(t, shape\)"),
    (
        lambda a: np.vectorize(lambda x: x * x)(a),
        r"np\.vectorize takes no Tensor: write np\.stack\(\[f\(x\) for x in t",
    ),
    (lambda a: np.testing.assert_allclose(a, A), r"np\S*assert_allclose takes no Tensor|numpy\.testing"),
]


@pytest.mark.parametrize(("call", "advice"), ADVICE)
def test_the_message_names_the_function_what_to_write_and_the_users_line(call, advice):
    with pytest.raises(TypeError, match=advice) as caught:
        call(tg.parameter(A))
    assert __file__ in str(caught.value)
    assert "site-packages" not in str(caught.value)


def test_constants_and_programs_that_record_nothing_are_converted():
    np.testing.assert_allclose(scipy.linalg.inv(tg.tensor(A)), np.linalg.inv(A))
    with tg.no_grad():
        np.testing.assert_allclose(scipy.special.logsumexp(tg.parameter(A)), scipy.special.logsumexp(A))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda a: tg.logsumexp(a, 0), lambda a: scipy.special.logsumexp(a, 0)),
        (lambda a: tg.softmax(a, None), scipy.special.softmax),
        (lambda a: tg.log_softmax(a, None), scipy.special.log_softmax),
        (lambda a: tg.softmax(a, 0), lambda a: scipy.special.softmax(a, 0)),
        (lambda a: np.linalg.solve(np.triu(a), AX), lambda a: scipy.linalg.solve_triangular(a, AX)),
        (lambda a: np.linalg.solve(np.tril(a), AX), lambda a: scipy.linalg.solve_triangular(a, AX, lower=True)),
        (tg.expm, scipy.linalg.expm),
    ],
)
def test_what_is_advised_has_scipys_value(ours, theirs):
    np.testing.assert_allclose(ours(tg.parameter(A)).data, theirs(A), rtol=1e-12)
    check_gradients(ours, A)


@pytest.mark.parametrize("size", [0.0, 1e-8, 1.0, 30.0, 300.0])
def test_the_exponential_of_small_and_large_matrices_is_scipys(size):
    a = np.random.default_rng(2).normal(size=(4, 4)) * size
    expected = scipy.linalg.expm(a)
    allowed = 1e-13 * max(1.0, 3 * size)  # the condition of the exponential grows with the norm
    assert np.abs(tg.expm(a) - expected).max() <= allowed * np.abs(expected).max()
    direction = np.random.default_rng(3).normal(size=(4, 4))
    slope = scipy.linalg.expm_frechet(a, direction, compute_expm=False)
    pushed = tg.jvp(tg.expm, (a,), (direction,))[1]
    assert np.abs(pushed - slope).max() <= 10 * allowed * np.abs(slope).max()


def test_the_exponential_solves_a_linear_differential_equation():
    """x' = A x from x(0): the state at time t has the derivative A x(t)."""
    state = lambda t: tg.expm(A * t) @ AX
    np.testing.assert_allclose(tg.jacobian(state)(0.7), A @ state(0.7), rtol=1e-13)


def test_the_exponential_refuses_what_is_not_finite():
    with pytest.raises(ValueError, match=r"expm: .*elements must be finite"):
        tg.expm(tg.parameter([[np.nan, 0.0], [0.0, 1.0]]))
