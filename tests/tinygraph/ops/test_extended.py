"""dtype=, where= and initial=: NumPy's values and dtypes, derivatives by an oracle, and what stays refused."""

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.testing import check_gradients

RNG = np.random.default_rng(5)
X = RNG.permutation(np.linspace(-1.3, 1.6, 12)).reshape(3, 4)  # distinct
MASK = np.array([[True, False, True, True], [True, True, True, False], [False, True, True, True]])
HOLES = np.where(X > 1, np.nan, X)
REDUCTIONS = (np.sum, np.prod, np.mean, np.var, np.std)

CALLS = {
    **{f"{f.__name__}, where": lambda x, f=f: f(x, where=MASK) for f in REDUCTIONS},
    **{f"{f.__name__}, where, axis": lambda x, f=f: f(x, axis=1, keepdims=True, where=MASK) for f in REDUCTIONS},
    **{f"{f.__name__}, column mask": lambda x, f=f: f(x, axis=0, where=MASK[:, 1:2]) for f in REDUCTIONS},
    **{f"{f.__name__}, integers as mask": lambda x, f=f: f(x, where=[1, 0, 1, 1]) for f in REDUCTIONS},
    "sum, initial": lambda x: np.sum(x, axis=1, initial=2.5),
    "prod, initial": lambda x: np.prod(x, axis=0, initial=2.5, where=MASK),
    "sum, all by position": lambda x: x.sum(1, None, None, True, 2.0, MASK),
    "max, initial": lambda x: np.max(x, axis=1, initial=0.21),
    "min, initial, where": lambda x: np.min(x, axis=0, initial=-0.21, where=MASK),
    "max, by position": lambda x: x.max(1, None, True, 0.21, MASK),
    "var, ddof, where": lambda x: np.var(x, 1, None, None, 1, True, where=MASK),
    "std, ddof, where": lambda x: np.std(x, axis=0, ddof=1, where=MASK),
    "var, correction": lambda x: np.var(x, correction=1),
    "cumulative_sum, include_initial": lambda x: tg.cumulative_sum(x, axis=1, include_initial=True),
    "cumulative_prod, include_initial": lambda x: tg.cumulative_prod(x, axis=0, include_initial=True),
}


@pytest.mark.parametrize("name", CALLS)
def test_value_is_numpys_and_the_derivatives_those_of_an_oracle(name):
    f = CALLS[name]
    y, expected = f(tg.parameter(X)), f(X)
    assert isinstance(y, tg.Tensor)
    np.testing.assert_allclose(y.data, expected, rtol=1e-13)
    assert y.shape == np.shape(expected)
    check_gradients(f, X)


@pytest.mark.parametrize("f", REDUCTIONS)
def test_what_is_masked_receives_nothing_even_where_it_is_nan(f):
    p = tg.parameter(HOLES)
    f(p, where=~np.isnan(HOLES)).backward()
    assert (p.grad[np.isnan(HOLES)] == 0).all()
    known = HOLES[~np.isnan(HOLES)]
    np.testing.assert_allclose(p.grad[~np.isnan(HOLES)], tg.grad(f)(known), rtol=1e-12)


@pytest.mark.parametrize("given", ["float16", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("f", [np.sum, np.prod, np.mean, np.var, np.std])
@pytest.mark.parametrize("arguments", [{"where": MASK}, {"dtype": np.float32}, {"dtype": np.float64, "where": MASK}])
def test_dtypes_are_numpys(f, given, arguments):
    x = np.round(2 * X).astype(given)
    p = tg.parameter(x) if x.dtype.kind == "f" else tg.tensor(x)
    y, expected = f(p, **arguments), f(x, **arguments)
    assert y.dtype == expected.dtype
    np.testing.assert_allclose(y.data, expected, rtol=2e-3 if given == "float16" else 1e-6)
    if p.requires_grad:
        y.backward()
        assert p.grad.dtype == given


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x, 0, np.float64),
        lambda x: x.mean(1, np.float64),
        lambda x: np.cumsum(x, dtype=np.float64),
        lambda x: np.cumprod(x, 1, np.float64),
        lambda x: (
            np.cumulative_sum(x, axis=0, dtype=np.float64)
            if hasattr(np, "cumulative_sum")
            else np.cumsum(x, 0, np.float64)
        ),
        lambda x: np.add(x, 1, dtype=np.float64),
        lambda x: np.exp(x, dtype=np.float64),
        lambda x: np.hypot(x, x, dtype=np.float64),
        lambda x: np.concatenate([x, x[:1]], dtype=np.float64),
        lambda x: np.concatenate([x, x], None, dtype=np.float64),
        lambda x: np.stack([x, x], 1, dtype=np.float64),
        lambda x: np.vstack([x, x], dtype=np.float64),
        lambda x: np.hstack([x, x], dtype=np.float64, casting="safe"),
    ],
)
def test_a_wider_dtype_is_taken_before_the_op_and_left_behind_by_the_gradient(f):
    x = X.astype(np.float32)
    p = tg.parameter(x)
    y = f(p)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y.data, f(x))
    np.sum(y).backward()
    assert p.grad.dtype == np.float32
    np.testing.assert_allclose(p.grad, tg.grad(lambda x: np.sum(f(x)))(X), rtol=1e-6)


def test_copies_take_what_says_nothing_about_values():
    p = tg.parameter(X)
    assert p.astype(np.float64, copy=False) is p
    assert p.astype(np.float64).op == "astype"
    assert p.astype("f4", casting="same_kind").dtype == np.float32
    assert np.copy(p, order="C").shape == p.copy("F").shape == p.reshape(3, 4, order="C").shape == (3, 4)
    with pytest.raises(TypeError, match="astype: cannot cast from float64 to int64 by the rule 'safe'"):
        p.astype(int, casting="safe")


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.reshape(x, (2, -1), order="F"),
        lambda x: np.reshape(x, (4, 3), "F"),
        lambda x: np.reshape(x, -1, "F"),
        lambda x: x.reshape(2, 6, order="F"),
        lambda x: np.ravel(x, "F"),
        lambda x: x.flatten("F"),
        lambda x: np.ravel(x.T, order="C"),
    ],
)
def test_elements_are_read_down_the_columns(f):
    np.testing.assert_array_equal(f(tg.parameter(X)).data, f(X))
    check_gradients(f, X)


def test_an_initial_tensor_receives_its_gradient():
    x, start = np.array([0.5, 2.0]), tg.parameter(3.0)
    (np.sum(x, initial=0.0) + np.sum(tg.tensor(x), initial=start) * np.prod(tg.tensor(x), initial=start)).backward()
    assert start.grad == pytest.approx(1.0 * 3.0 + (2.5 + 3.0) * 1.0)  # (s + 2.5) s
    top = tg.parameter(1.0)
    np.max(tg.tensor(x), initial=top).backward()
    assert top.grad == 0.0


def test_an_initial_extremum_that_ties_shares_the_gradient_with_the_elements():
    p = tg.parameter([1.0, 2.0, 2.0])
    np.max(p, initial=2.0).backward()
    np.testing.assert_array_equal(p.grad, [0.0, 0.25, 0.25])
    check_gradients(lambda x: np.max(x, initial=2.0), np.array([1.0, 2.0, 2.0]), order=1, subgradients=True)


def test_integers_are_no_gradient():
    p = tg.parameter(X)
    for y, expected in (
        (np.sum(p, dtype=int), np.sum(X, dtype=int)),
        (np.mean(p, dtype=int), np.mean(X, dtype=int)),
        (np.add(p, p, dtype=int, casting="unsafe"), np.add(X, X, dtype=int, casting="unsafe")),
    ):
        assert y.dtype == int
        assert not y.requires_grad
        np.testing.assert_array_equal(y.data, expected)


def test_the_mean_of_nothing_is_nan():
    p = tg.parameter(X)
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.mean(p, where=False).item())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: np.sum(p, out=np.zeros(())), "sum: the argument out= is not supported on a Tensor"),
        (lambda p: p.mean(0, None, np.zeros(4)), "mean: the argument out= is not supported on a Tensor"),
        (lambda p: np.tanh(p, out=np.zeros((3, 4))), r"tanh: the argument out= is not .* write y = tanh\(…\)"),
        (lambda p: np.zeros((3, 4)).__iadd__(p), r"add: the argument out= .* or y = y \+ t for y \+= t"),
        (lambda p: np.add(p, 1.0, where=MASK), r"add: the argument where= .* np\.where\(condition, add\(…\), other\)"),
        (lambda p: np.add(p, 1.0, order="F"), "add: the argument order= is not supported"),
        (lambda p: np.add(p, 1.0, signature="dd->d"), "add: the argument signature= is not supported"),
        (lambda p: np.add(p, p, dtype=int), r"add: cannot cast from float64 to int64 by the rule 'same_kind'"),
        (lambda p: np.stack([p, p], dtype=int), r"stack: cannot cast .* say astype\('int64'\)"),
        (lambda p: np.concatenate([p, p], out=np.zeros((6, 4))), "concatenate: the argument out="),
        (lambda p: np.max(p, where=MASK), "max: with where= it takes initial= too"),
        (lambda p: np.sum(p, where=MASK[None]), r"sum: where= of shape \(1, 3, 4\) does not fit an array of shape \(3"),
        (lambda p: np.var(p, mean=1.0), "var: the argument mean= is not supported"),
        (lambda p: np.std(p, dtype=int), "std: dtype=int64 is not supported"),
        (lambda p: p.sum(0, None, None, False, 0, True, 1), "sum.* takes from 1 to 7 positional arguments"),
    ],
)
def test_what_is_refused_is_named_with_the_users_line(call, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call(tg.parameter(X))
    assert __file__ in str(caught.value)
