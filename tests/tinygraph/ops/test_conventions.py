"""What is decided where there is no derivative: kinks, ties, zeros. torch is the peer unless a test says otherwise."""

import numpy as np
import pytest

import tinygraph as tg

torch = pytest.importorskip("torch")


def both(ours, theirs, *points):
    """Return our gradients and torch's of the sum of a function of some arrays."""
    parameters = [tg.parameter(np.asarray(p, dtype=float)) for p in points]
    peers = [torch.tensor(np.asarray(p, dtype=float), requires_grad=True) for p in points]
    with np.errstate(all="ignore"):
        np.sum(ours(*parameters)).backward()
    theirs(*peers).sum().backward()
    return [np.zeros(g.shape) if g.grad is None else g.grad for g in parameters], [p.grad.numpy() for p in peers]


@pytest.mark.parametrize(
    ("ours", "theirs", "points"),
    [
        (np.abs, torch.abs, [[-1.0, 0.0, 2.0]]),
        (np.sign, torch.sign, [[-1.0, 0.0, 2.0]]),
        (np.sqrt, torch.sqrt, [[0.0, 4.0]]),
        (np.floor, torch.floor, [[0.0, 1.5]]),
        (np.round, torch.round, [[0.5, 1.5]]),
        (np.log, torch.log, [[0.0, 2.0]]),
        (np.arctan2, torch.atan2, [[0.0, 1.0], [0.0, -1.0]]),
        (np.power, torch.pow, [[0.0, 0.0, 2.0, 0.0], [0.0, 2.0, 0.0, 1.0]]),
        (lambda x: x**0, lambda x: x**0, [[0.0, 2.0]]),
        (lambda x: x**1, lambda x: x**1, [[0.0, 2.0]]),
        (lambda x: 0.0**x, lambda x: 0.0**x, [[0.0, 2.0]]),
        (np.copysign, torch.copysign, [[0.0, -1.0], [1.0, 2.0]]),
        (np.maximum, torch.maximum, [[1.0, 2.0, 3.0], [1.0, 5.0, 0.0]]),
        (np.minimum, torch.minimum, [[1.0, 2.0, 3.0], [1.0, 5.0, 0.0]]),
        (np.fmax, torch.fmax, [[1.0, np.nan], [0.0, 2.0]]),
        (lambda x: np.max(x, axis=1), lambda x: torch.amax(x, 1), [[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]]),
        (np.min, torch.amin, [[[1.0, 3.0, 1.0], [2.0, 1.0, 2.0]]]),
        (lambda x: np.clip(x, 0, 1), lambda x: torch.clamp(x, 0, 1), [[-1.0, 0.0, 0.5, 1.0, 2.0]]),
        (np.clip, torch.clamp, [[-1.0, 0.5, 2.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
        (np.linalg.norm, torch.linalg.norm, [[0.0, 0.0]]),
        (lambda x: np.linalg.norm(x, axis=1), lambda x: torch.linalg.norm(x, dim=1), [[[0.0, 0.0], [3.0, 4.0]]]),
        (lambda x: np.linalg.norm(x, 1), lambda x: torch.linalg.norm(x, 1), [[0.0, -2.0]]),
        (lambda x: np.linalg.norm(x, np.inf), lambda x: torch.linalg.norm(x, np.inf), [[2.0, -2.0, 1.0]]),
        (np.std, lambda x: torch.std(x, correction=0), [[2.0, 2.0, 2.0]]),
        (np.var, lambda x: torch.var(x, correction=0), [[2.0, 2.0, 2.0]]),
        (np.prod, torch.prod, [[0.0, 2.0, 3.0]]),
        (np.prod, torch.prod, [[0.0, 2.0, 0.0]]),
        (np.cumprod, lambda x: torch.cumprod(x, 0), [[2.0, 0.0, 3.0, 0.0, 5.0]]),
        (np.sort, lambda x: torch.sort(x, stable=True).values * torch.tensor([1.0, 1.0, 1.0]), [[2.0, 1.0, 2.0]]),
        (np.sinc, torch.sinc, [[0.0, 1.0, 0.3]]),
        (np.nan_to_num, torch.nan_to_num, [[np.nan, np.inf, 1.0]]),
        (tg.relu, torch.relu, [[-1.0, 0.0, 1.0]]),
        (tg.elu, torch.nn.functional.elu, [[-1.0, 0.0, 1.0]]),
        (tg.leaky_relu, torch.nn.functional.leaky_relu, [[-1.0, 0.0, 1.0]]),
        (tg.gelu, torch.nn.functional.gelu, [[-1.0, 0.0, 1.0]]),
        (tg.silu, torch.nn.functional.silu, [[-1.0, 0.0, 800.0]]),
        (tg.softplus, torch.nn.functional.softplus, [[-800.0, 0.0, 800.0]]),
        (tg.softsign, torch.nn.functional.softsign, [[-1.0, 0.0, 1.0]]),
        (tg.sigmoid, torch.sigmoid, [[-800.0, 0.0, 800.0]]),
        (tg.erf, torch.erf, [[-1.0, 0.0, 6.0]]),
        (tg.logsumexp, lambda x: torch.logsumexp(x, 0), [[-np.inf, 800.0, 800.0]]),
        (tg.softmax, lambda x: torch.softmax(x, -1) ** 2, [[1.0, 2.0, 800.0]]),
    ],
)
def test_gradient_is_torchs(ours, theirs, points):
    if ours is tg.softmax:
        ours = lambda x: tg.softmax(x) ** 2
    given, expected = both(ours, theirs, *points)
    for mine, peers in zip(given, expected, strict=True):
        np.testing.assert_allclose(mine, peers, rtol=1e-12, atol=1e-14)


def test_determinant_of_singular_matrices_has_its_cofactors_as_gradient():
    """torch gives 0 here; the derivative exists, and is that of the polynomial."""
    gradient = tg.grad(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    np.testing.assert_allclose(gradient, [[4, -2], [-2, 1]], rtol=1e-12)
    np.testing.assert_allclose(tg.grad(np.linalg.det)(np.diag([1.0, 2.0, 0.0])), np.diag([0, 0, 2.0]), atol=1e-15)


def test_slope_of_sinc_loses_no_digits_near_zero():
    assert tg.grad(np.sinc)(1e-9) == pytest.approx(-(np.pi**2) / 3 * 1e-9, rel=1e-12)


def test_cbrt_at_zero_is_infinite():
    with np.errstate(divide="ignore"):
        assert tg.grad(np.cbrt)(0.0) == np.inf


def test_hypot_at_the_origin_gives_the_subgradient_zero():
    assert tg.grad(np.hypot, argnums=(0, 1))(0.0, 0.0) == (0.0, 0.0)


def test_second_derivative_of_sinc_at_zero():
    assert tg.grad(tg.grad(np.sinc))(0.0) == pytest.approx(-(np.pi**2) / 3)
    fourth = tg.grad(tg.grad(tg.grad(tg.grad(np.sinc))))
    assert fourth(0.0) == pytest.approx(np.pi**4 / 5)
    assert fourth(0.4999999) == pytest.approx(float(fourth(0.5000001)), rel=1e-5)  # the series meets the quotient


def test_norm_neither_overflows_nor_vanishes():
    assert tg.grad(np.linalg.norm)(np.array([3e200, 4e200])) == pytest.approx([0.6, 0.8])
    assert tg.grad(np.linalg.norm)(np.array([3e-200, 4e-200])) == pytest.approx([0.6, 0.8])


def test_second_order_through_zeros_of_a_product():
    hessian = tg.hessian(np.prod)(np.array([0.0, 2.0, 0.0]))
    np.testing.assert_array_equal(hessian, [[0, 0, 2], [0, 0, 0], [2, 0, 0]])


@pytest.mark.parametrize("axis", [0, 1])
def test_second_order_through_zeros_of_running_products(axis):
    x = np.array([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]])
    ours = tg.hessian(lambda x: np.sum(np.cumprod(x, axis=axis)))(x)
    peer = torch.autograd.functional.hessian(lambda x: torch.cumprod(x, axis).sum(), torch.tensor(x))
    np.testing.assert_allclose(ours, peer.numpy())


def test_equal_elements_keep_their_order_when_sorted():
    x, weights = np.array([2.0, 1.0, 2.0, 1.0]), np.array([1.0, 10.0, 100.0, 1000.0])
    gradient = tg.grad(lambda x: np.sum(np.sort(x) * weights))(x)
    np.testing.assert_array_equal(gradient, [100.0, 1.0, 1000.0, 10.0])


def test_gradients_of_symmetric_decompositions_lie_in_the_triangle_that_is_read():
    a = np.array([[4.0, 1.0], [1.0, 3.0]])
    for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda a: np.linalg.eigh(a).eigenvectors):
        gradient = tg.grad(lambda a: np.sum(f(a)))(a)
        peer = tg.grad(lambda a: np.sum(f((a + a.T) / 2)))(a)  # as in torch and JAX
        np.testing.assert_allclose(peer, peer.T, atol=1e-15)
        np.testing.assert_allclose(gradient, 2 * np.tril(peer) - np.diag(np.diag(peer)), atol=1e-15)


def test_where_stops_a_nan_on_the_side_not_taken():
    x = tg.parameter([0.0, 4.0])
    safe = np.where(x.data > 0, x, 1.0)
    np.sum(np.where(x > 0, np.sqrt(safe), 0.0)).backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])


def test_std_without_degrees_of_freedom_is_nan():
    x = tg.parameter([1.0])
    with pytest.warns(RuntimeWarning):
        np.std(x, ddof=1).backward()
    assert np.isnan(x.grad).all()


def test_logsumexp_of_nothing_but_minus_infinity_has_gradient_zero():
    x = tg.parameter([-np.inf, -np.inf])
    y = tg.logsumexp(x)
    y.backward()
    assert y.item() == -np.inf
    np.testing.assert_array_equal(x.grad, [0.0, 0.0])


@pytest.mark.parametrize("matrix", [[[1.0, 2.0], [2.0, 4.0]], np.diag([1.0, 2.0, 0.0]), np.zeros((2, 2)), [[0.0]]])
def test_the_second_order_of_singular_determinants_is_that_of_the_polynomial(matrix):
    matrix = np.array(matrix)
    n = len(matrix)

    def polynomial(x):
        if len(x) == 1:
            return x[0, 0]
        rest = [np.array([k for k in range(len(x)) if k != j]) for j in range(len(x))]
        return sum((-1.0) ** j * x[0, j] * polynomial(x[1:][:, rest[j]]) for j in range(len(x)))

    assert np.linalg.det(matrix) == 0
    expected = tg.hessian(polynomial)(matrix)
    np.testing.assert_allclose(tg.hessian(np.linalg.det)(matrix), expected, atol=1e-12)
    assert expected.shape == (n, n, n, n)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_sigmoid_keeps_its_small_values(dtype):
    x = np.linspace(-10 if dtype == np.float16 else -80, 40, 241).astype(dtype)
    exact = 1 / (1 + np.exp(-x.astype(np.longdouble)))
    value = tg.sigmoid(x)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, exact, rtol=8 * np.finfo(dtype).eps)
    slope = tg.grad(lambda x: tg.sigmoid(x).sum())(x[x <= 0])
    np.testing.assert_allclose(slope, (exact * (1 - exact))[x <= 0], rtol=16 * np.finfo(dtype).eps)
