"""SciPy's special functions on Tensors: SciPy's values, derivatives by torch, by closed forms and by a complex step."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import tinygraph as tg
from tinygraph.ops.special import multigammaln, polygamma
from tinygraph.testing import check_gradients

torch = pytest.importorskip("torch")

X = np.array([-2.5, -0.7, 0.3, 1.1, 4.0])
P = np.array([0.05, 0.3, 1.0, 2.5, 30.0])
U = np.array([0.01, 0.2, 0.5, 0.8, 0.99])
Q = P[::-1].copy()

UNARY = {  # SciPy's function → (where, its derivative: torch's function, or a closed form)
    "expit": (X, torch.special.expit),
    "logit": (U, torch.special.logit),
    "log_expit": (X, torch.nn.functional.logsigmoid),
    "erf": (X, torch.special.erf),
    "erfc": (X, torch.special.erfc),
    "erfcx": (X, torch.special.erfcx),
    "erfinv": (2 * U - 1, torch.special.erfinv),
    "erfcinv": (2 * U, lambda x: torch.special.erfinv(1 - x)),
    "gammaln": (P, torch.special.gammaln),
    "gamma": (P[:4], lambda x: torch.exp(torch.special.gammaln(x))),
    "digamma": (P, torch.special.digamma),
    "psi": (P, torch.special.digamma),
    "entr": (P, torch.special.entr),
    "i0": (X, torch.special.i0),
    "i0e": (X, torch.special.i0e),
    "i1": (X, torch.special.i1),
    "i1e": (X, torch.special.i1e),
    "ndtr": (X, torch.special.ndtr),
    "log_ndtr": (X, torch.special.log_ndtr),
    "ndtri": (U, torch.special.ndtri),
    "log1p": (P, torch.special.log1p),
    "expm1": (X, torch.special.expm1),
    "exp2": (X, torch.special.exp2),
    "cbrt": (P, lambda x: x ** (1 / 3)),
    "sinc": (X, torch.special.sinc),
}
BINARY = {
    "xlogy": (X, P, torch.special.xlogy),
    "xlog1py": (X, P, torch.special.xlog1py),
    "beta": (P[:4], Q[:4], lambda a, b: torch.exp(torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b))),
    "betaln": (P, Q, lambda a, b: torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)),
    "rel_entr": (P, Q, lambda a, b: a * (torch.log(a) - torch.log(b))),
    "kl_div": (P, Q, lambda a, b: a * (torch.log(a) - torch.log(b)) - a + b),
}


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_value_is_scipys_and_the_gradient_torchs(name):
    *points, peer = UNARY.get(name) or BINARY[name]
    function = getattr(special, name)
    ours = [tg.parameter(x) for x in points]
    theirs = [torch.tensor(x, requires_grad=True) for x in points]
    y, expected = function(*ours), peer(*theirs)
    np.testing.assert_allclose(y.data, function(*points), rtol=1e-14)
    y.sum().backward()
    expected.sum().backward()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-9)


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_polygamma_is_scipys_and_its_gradient_the_next(n):
    p = tg.parameter(P)
    y = polygamma(n, p)
    np.testing.assert_allclose(y.data, special.polygamma(n, P), rtol=1e-13)
    y.sum().backward()
    np.testing.assert_allclose(p.grad, special.polygamma(n + 1, P), rtol=1e-13)


def test_the_third_derivative_of_gammaln_is_a_polygamma():
    third = tg.grad(tg.grad(tg.grad(special.gammaln)))
    assert third(1.7) == pytest.approx(special.polygamma(2, 1.7), rel=1e-12)
    assert tg.grad(special.gammaln)(-1.5) == pytest.approx(special.digamma(-1.5), rel=1e-13)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_multigammaln_is_scipys_and_its_gradient_a_sum_of_digammas(d):
    a = np.array([[2.5, 3.0], [7.25, 2.01]])
    p = tg.parameter(a)
    y = multigammaln(p, d)
    np.testing.assert_allclose(y.data, special.multigammaln(a, d), rtol=1e-13)
    y.sum().backward()
    np.testing.assert_allclose(p.grad, sum(special.digamma(a - j / 2) for j in range(d)), rtol=1e-13)
    with pytest.raises(ValueError, match=r"multigammaln: d=6: expected a positive integer, and a > \(d - 1\) / 2"):
        multigammaln(p, 6)


@pytest.mark.parametrize("x", [-3.7, -2.0, -0.3, 0.0, 1e-3, 0.4, 3.0, 8.2])
def test_one_over_gamma_is_smooth_everywhere(x):
    turns = np.exp(2j * np.pi * np.arange(40) / 40)
    slope = (special.rgamma(x + turns / 4) / turns).mean().real * 4  # Cauchy's integral
    assert tg.grad(special.rgamma)(x) == pytest.approx(slope, rel=1e-12)


def test_the_sign_of_gamma_has_derivative_0():
    p = tg.parameter([-1.5, -0.5, 2.0])
    y = special.gammasgn(p)
    np.testing.assert_array_equal(y.data, [1.0, -1.0, 1.0])
    y.sum().backward()
    np.testing.assert_array_equal(p.grad, np.zeros(3))


@pytest.mark.parametrize("order", [0, 1, 2.5])
def test_modified_bessel_functions_have_the_slopes_of_scipys_own_formula(order):
    for function, slope in ((special.iv, special.ivp), (special.ive, None)):
        p = tg.parameter(P)
        function(order, p).sum().backward()
        if slope is not None:
            np.testing.assert_allclose(p.grad, slope(order, P), rtol=1e-12)
        else:  # ive(v, x) = iv(v, x) exp(-x)
            expected = (special.ivp(order, P) - special.iv(order, P)) * np.exp(-P)
            np.testing.assert_allclose(p.grad, expected, rtol=1e-11)


def test_orders_broadcast():
    orders, x = np.array([[0.0], [1.0]]), np.array([0.5, 2.0, 3.0])
    p = tg.parameter(x)
    y = special.iv(orders, p)
    np.testing.assert_array_equal(y.data, special.iv(orders, x))
    y.sum().backward()
    np.testing.assert_allclose(p.grad, special.ivp(orders, x).sum(axis=0), rtol=1e-12)


def test_zeta():
    np.testing.assert_allclose(special.zeta(2.5, tg.tensor(P)).data, special.zeta(2.5, P), rtol=1e-15)
    check_gradients(lambda x: special.zeta(3, x), P)


@pytest.mark.parametrize(
    ("function", "x", "slope"),
    [
        (special.expit, -800.0, 0.0),
        (special.expit, 40.0, np.exp(-40.0)),
        (special.log_expit, -800.0, 1.0),
        (special.log_ndtr, -1e6, 1e6),
        (special.log_ndtr, 50.0, 0.0),
        (special.erfcx, 1e6, -1 / np.sqrt(np.pi) / 1e12),
        (special.ndtri, 1e-300, None),
        (special.i0e, 700.0, None),
    ],
)
def test_slopes_far_out_neither_overflow_nor_lose_their_digits(function, x, slope):
    gradient = tg.grad(function)(x)
    if slope is None:  # differences over a small part of x
        h = 1e-6 * x
        slope = (function(x + h) - function(x - h)) / (2 * h)
    assert gradient == pytest.approx(slope, rel=1e-4 if function is special.erfcx else 1e-6, abs=1e-300)


@pytest.mark.parametrize(("function", "edge"), [(special.xlogy, 0.0), (special.xlog1py, -1.0)])
def test_nothing_times_an_infinite_logarithm_has_derivative_0(function, edge):
    for y in (edge, edge - 2.0):
        assert tg.grad(function, argnums=(0, 1))(0.0, y) == (0.0, 0.0)
    assert tg.grad(function, argnums=(0, 1))(0.0, edge + 3.0) == (np.log(3.0), 0.0)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_dtypes_stay(dtype):
    for function in (special.expit, special.gammaln, lambda x: special.xlogy(x, 2.0), lambda x: special.iv(0, x)):
        p = tg.parameter(P[:4].astype(dtype))
        y = function(p)
        assert y.dtype == dtype
        y.sum().backward()
        assert p.grad.dtype == dtype


def test_constants_and_integers():
    assert not special.expit(tg.tensor([1, 2])).requires_grad
    assert special.gammaln(tg.tensor([1, 2])).dtype == np.float64
    check_gradients(lambda x: special.xlogy(np.array([2.0, 0.0]), x), np.array([0.5, 3.0]))
    check_gradients(lambda x: special.beta(x, 2.0), np.array([0.5, 3.0]))


def test_a_loss_of_counts():
    """The negative binomial's likelihood, as it is usually written."""
    counts = np.array([0.0, 3.0, 7.0])

    def loss(log_r, logit_p):
        r, log_q = np.exp(log_r), special.log_expit(-logit_p)
        ways = special.gammaln(counts + r) - special.gammaln(r) - special.gammaln(counts + 1)
        return -np.sum(ways + special.xlogy(counts, special.expit(logit_p)) + r * log_q)

    report = check_gradients(loss, np.array(0.4), np.array(-0.3))
    assert not report.kinks


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: special.pbdv(0, p), r"scipy\.special\.pbdv: not supported on a Tensor"),
        (lambda p: special.zeta(p), r"scipy\.special\.riemann_zeta: not supported on a Tensor"),
        (lambda p: special.iv(p, 1.0), r"iv: order= is static"),
        (lambda p: special.expit(p, out=np.zeros(5)), r"expit: the argument out= is not supported on a Tensor"),
        (lambda p: np.frompyfunc(lambda x: x * x, 1, 1)(p), r"write np\.stack\(\[f\(x\) for x in t\]\)"),
        (lambda p: special.airy(p), r"scipy\.special\.airy: not supported on a Tensor"),
    ],
)
def test_what_is_refused_is_named(call, message):
    with pytest.raises(TypeError, match=message):
        call(tg.parameter(P))


def test_scipy_is_imported_only_when_one_of_its_functions_is_met():
    program = """
import sys
import tinygraph as tg
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)
from scipy import special
assert "tinygraph.ops.special" not in sys.modules
y = special.expit(tg.parameter([0.0]))
assert "tinygraph.ops.special" in sys.modules and y.op == "expit"
"""
    subprocess.run([sys.executable, "-c", program], check=True)
