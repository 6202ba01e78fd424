"""SciPy's functions with static parameters: values, and derivatives by Cauchy's integral, by densities, by torch."""

import numpy as np
import pytest
from scipy import special, stats

import tinygraph as tg
from tinygraph.testing import check_gradients

P = np.array([0.05, 0.3, 1.0, 2.5, 30.0])
U = np.array([0.01, 0.2, 0.5, 0.8, 0.99])
T = np.array([-40.0, -1.5, 0.0, 0.7, 3.0])

WITHOUT_ORDER = {  # the ufunc → the same of a complex argument
    "j0": lambda z: special.jv(0, z),
    "j1": lambda z: special.jv(1, z),
    "y0": lambda z: special.yv(0, z),
    "y1": lambda z: special.yv(1, z),
    "k0": lambda z: special.kv(0, z),
    "k1": lambda z: special.kv(1, z),
    **{name: getattr(special, name) for name in ("dawsn", "exp1", "expi")},
}
OF_AN_ORDER = {name: getattr(special, name) for name in ("jv", "yv", "kv", "iv")} | {
    "yn": special.yv,
    "kn": special.kv,
    "jn": special.jv,
}


def compare(function, x, slope, rtol=1e-11):
    p = tg.parameter(x)
    y = function(p)
    np.testing.assert_allclose(y.data, function(x), rtol=1e-14)
    y.sum().backward()
    np.testing.assert_allclose(p.grad, slope, rtol=rtol, atol=1e-300)


def by_cauchys_integral(function, x):
    """Return the derivative by values on a circle around x, which leaves out 0."""
    radius, turns = np.minimum(x / 4, 1.0), np.exp(2j * np.pi * np.arange(40) / 40)[:, None]
    return (function(x + radius * turns) / turns).mean(axis=0).real / radius


@pytest.mark.parametrize("name", WITHOUT_ORDER)
def test_functions_without_parameters(name):
    compare(getattr(special, name), P, by_cauchys_integral(WITHOUT_ORDER[name], P), rtol=1e-9)


@pytest.mark.parametrize("name", OF_AN_ORDER)
@pytest.mark.parametrize("order", [0, 1, 3, -2, 2.5])
def test_bessel_functions_of_an_order(name, order):
    if order == 2.5 and name in ("yn", "kn"):
        pytest.skip("of whole orders only")
    slope = by_cauchys_integral(lambda z: OF_AN_ORDER[name](order, z), P)
    compare(lambda x: getattr(special, name)(order, x), P, slope, rtol=1e-9)


def test_bessel_functions_solve_their_equation():
    x = 2.3
    for f in (special.j0, special.y0, lambda x: special.jv(0, x), lambda x: special.yn(0, x)):
        first, second = tg.grad(f)(x), tg.grad(tg.grad(f))(x)
        assert x * x * second + x * first + x * x * f(x) == pytest.approx(0.0, abs=1e-13)


@pytest.mark.parametrize("a", [0.3, 1, 2.5, 80.0])
def test_incomplete_gamma_functions_have_the_density_as_slope(a):
    compare(lambda x: special.gammainc(a, x), P, stats.gamma.pdf(P, a))
    compare(lambda x: special.gammaincc(a, x), P, -stats.gamma.pdf(P, a))


def test_incomplete_gamma_functions_at_0():
    assert [tg.grad(lambda x, a=a: special.gammainc(a, x))(0.0) for a in (0.5, 1, 2)] == [np.inf, 1.0, 0.0]


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 1), (2.5, 7.0), (30.0, 3)])
def test_the_incomplete_beta_function_has_the_density_as_slope(a, b):
    compare(lambda x: special.betainc(a, b, x), U, stats.beta.pdf(U, a, b))


@pytest.mark.parametrize("df", [1, 2.5, 30, 1e6])
def test_students_distribution_has_the_density_as_slope(df):
    compare(lambda t: special.stdtr(df, t), T, stats.t.pdf(T, df), rtol=1e-10)


def test_students_density_of_many_degrees_of_freedom_is_the_normal_one():
    for df in (1e12, 1e16):
        gradient = tg.grad(lambda t: np.sum(special.stdtr(df, t)))(T[1:])
        np.testing.assert_allclose(gradient, np.exp(-(T[1:] ** 2) / 2) / np.sqrt(2 * np.pi), rtol=1e-10)


def test_torch_agrees():
    torch = pytest.importorskip("torch")
    for name in ("gammainc", "gammaincc"):
        x, a = torch.tensor(P, requires_grad=True), np.array([2.5])
        getattr(torch.special, name)(torch.tensor(a), x).sum().backward()
        compare(lambda x, name=name, a=a: getattr(special, name)(a, x), P, x.grad.numpy(), rtol=1e-9)


def test_parameters_broadcast():
    a, b = np.array([[0.5], [2.0]]), np.array([1.0, 3.0, 2.0])
    x = np.array([0.2, 0.5, 0.9])
    compare(lambda x: special.betainc(a, b, x), x, stats.beta.pdf(x, a, b).sum(axis=0))
    assert special.jv(np.array([0.0, 1.0]), tg.parameter(0.5)).shape == (2,)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_dtypes_stay(dtype):
    for function in (lambda x: special.betainc(2.5, 1.0, x), lambda x: special.jv(np.ones(5), x), special.y0):
        p = tg.parameter(U.astype(dtype))
        y = function(p)
        y.sum().backward()
        assert (y.dtype, p.grad.dtype) == (dtype, dtype)


def test_a_likelihood_of_censored_data():
    """Times of survival with a gamma distribution of known shape, some of them only known to be later than observed."""
    times, ended = np.array([0.5, 2.0, 3.5, 1.2]), np.array([True, True, False, False])

    def loss(log_rate):
        z = np.exp(log_rate) * times
        density = special.xlogy(1.5, z) - z - special.gammaln(2.5) + log_rate
        return -np.sum(np.where(ended, density, np.log(special.gammaincc(2.5, z))))

    check_gradients(loss, np.array(-0.3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: special.jv(p, 1.0), r"jv: order= is static"),
        (lambda p: special.gammainc(p, 1.0), r"gammainc: a= is static"),
        (lambda p: special.betainc(1.0, p, 0.5), r"betainc: b= is static"),
        (lambda p: special.stdtr(p, 0.5), r"stdtr: df= is static"),
        (lambda p: special.jv(0, p, out=np.zeros(5)), r"jv: the argument out= is not supported on a Tensor"),
    ],
)
def test_what_is_refused_is_named(call, message):
    with pytest.raises(TypeError, match=message) as caught:
        call(tg.parameter(P))
    assert "test_parametric.py" in str(caught.value)
