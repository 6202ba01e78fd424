"""What ops accept, and how they refuse the rest: methods, operators, unsupported arguments, complex values."""

import inspect

import numpy as np
import pytest

import tinygraph as tg

X = np.random.default_rng(0).permutation(12).reshape(3, 4) + 0.5


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("sum", (0,), {}),
        ("mean", (), {"axis": 1, "keepdims": True}),
        ("prod", (1,), {}),
        ("max", (), {"axis": (0, 1)}),
        ("min", (0,), {}),
        ("var", (), {"ddof": 1}),
        ("std", (1,), {}),
        ("cumsum", (0,), {}),
        ("cumprod", (), {}),
        ("reshape", (4, 3), {}),
        ("reshape", ((2, -1),), {}),
        ("ravel", (), {}),
        ("flatten", (), {}),
        ("transpose", (), {}),
        ("transpose", (1, 0), {}),
        ("transpose", ((0, 1),), {}),
        ("swapaxes", (0, 1), {}),
        ("squeeze", (), {}),
        ("clip", (2.0, 9.0), {}),
        ("round", (1,), {}),
        ("dot", (X.T,), {}),
        ("trace", (1,), {}),
        ("diagonal", (1,), {}),
        ("take", ([0, 5],), {}),
        ("repeat", (2,), {"axis": 0}),
        ("compress", ([True, False, True],), {"axis": 0}),
        ("copy", (), {}),
        ("astype", ("float32",), {}),
        ("any", (), {}),
        ("all", (1,), {}),
        ("argmax", (1,), {}),
        ("argmin", (), {}),
        ("argsort", (0,), {}),
        ("nonzero", (), {}),
    ],
)
def test_methods_are_ndarrays(name, args, kwargs):
    expected = getattr(X, name)(*args, **kwargs)
    result = getattr(tg.parameter(X), name)(*args, **kwargs)
    np.testing.assert_allclose(result.data if isinstance(result, tg.Tensor) else result, expected)
    assert np.asarray(getattr(result, "data", result)).dtype == np.asarray(expected).dtype


def test_operators_are_ndarrays():
    p = tg.parameter(X)
    for y, expected in [
        (+p, +X),
        (-p, -X),
        (abs(-p), X),
        (p % 3, X % 3),
        (7 % p, 7 % X),
        (p // 2, X // 2),
        (7 // p, 7 // X),
        (divmod(p, 3)[1], divmod(X, 3)[1]),
        (divmod(7, p)[0], divmod(7, X)[0]),
        (round(p), np.round(X)),
        (p**2, X**2),
        (2**p, 2**X),
        (p @ p.T, X @ X.T),
        (X @ p.mT, X @ X.T),
        (X - p, X - X),
        ([1, 2, 3, 4] * p, [1, 2, 3, 4] * X),
        (np.float32(2) / p, np.float32(2) / X),
        (p.real, X),
    ]:
        assert isinstance(y, tg.Tensor)
        np.testing.assert_allclose(y.data, expected)
    for y, expected in [(p == X, X == X), (p < 3, X < 3), (p != "a", X != "a")]:
        np.testing.assert_array_equal(y, expected)
        assert type(y) is type(expected)


@pytest.mark.parametrize("name", ["sort", "partition", "fill", "put", "resize"])
def test_methods_that_write_in_place_say_what_to_use_instead(name):
    with pytest.raises(TypeError, match=rf"{name}: a Tensor is not written in place; .*(np|tg)\."):
        getattr(tg.parameter(X), name)(1)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda p: np.sum(p, out=np.zeros(())), "sum: the argument out="),
        (lambda p: np.tanh(p, out=np.zeros((3, 4))), "tanh: the argument out="),
        (lambda p: np.add(p, 1.0, where=X > 3), "add: the argument where="),
        (lambda p: np.reshape(p, (4, 3), order="A"), "reshape: order='A' depends on"),
        (lambda p: np.reshape(p, (4, 3), "A"), "reshape: order='A' depends on"),
        (lambda p: np.ravel(p, "K"), "ravel: order='K' depends on"),
        (lambda p: np.var(p, mean=1.0), "var: the argument mean="),
        (lambda p: np.pad(p, 1, mode="median"), "pad: .*mode='median' is not supported"),
        (lambda p: np.quantile(p, 0.3, method="nonsense"), "quantile: 'nonsense' is not a valid method"),
        (lambda p: np.linalg.qr(p, mode="complete"), "qr: mode='complete'"),
        (lambda p: np.linalg.svd(p), "svd: .*full_matrices=False"),
        (lambda p: np.union1d(p, p), r"np\.union1d is not supported on a Tensor"),
        (lambda p: np.frexp(p), r"frexp is not supported on a Tensor"),
        (lambda p: np.sum(p, axis=tg.parameter(1.0)), "sum: axis= is static"),
        (lambda p: tg.tanh(p, p), "tanh"),
        (lambda p: np.exp("a" * p if False else tg.tanh("a")), "tanh: expected numbers"),
    ],
)
def test_unsupported_arguments_are_named(call, name):
    with pytest.raises((TypeError, ValueError, NotImplementedError, RuntimeError), match=name):
        call(tg.parameter(X))


@pytest.mark.parametrize(
    "call",
    [
        lambda p: np.add(p, np.ones(5)),
        lambda p: p + np.ones(5),
        lambda p: np.matmul(p, p),
        lambda p: p @ p,
        lambda p: np.reshape(p, (5, 5)),
        lambda p: np.concatenate([p, np.ones((2, 3))]),
        lambda p: np.where(X > 3, p, np.ones(5)),
        lambda p: np.sum(p, axis=5),
        lambda p: np.linalg.solve(p[:, :3], np.ones(5)),
        lambda p: np.equal(p, np.ones(5)),
    ],
)
def test_shapes_that_do_not_fit_are_named_with_the_users_line(call):
    with pytest.raises((ValueError, np.exceptions.AxisError)) as caught:
        call(tg.parameter(X))
    assert "shape" in str(caught.value)
    assert __file__ in str(caught.value)
    assert inspect.getsource(call).split("lambda p: ")[1].strip().rstrip(",").rstrip() in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: np.take(p, 30),
        lambda p: np.split(p, 5),
        lambda p: np.quantile(p, 0.5, method="nonsense"),
        lambda p: np.linalg.qr(p, mode="complete"),
        lambda p: np.einsum("ijk->", p),
        lambda p: np.cross(p, p),
        lambda p: np.fft.fft(p, norm="none"),
        lambda p: np.median(p, axis=3),
        lambda p: np.linalg.cholesky(-p[:, :3]),
    ],
)
def test_functions_made_of_ops_name_themselves_and_the_users_line(call):
    with pytest.raises((ValueError, TypeError, IndexError, NotImplementedError)) as caught:
        call(tg.parameter(X))
    name = inspect.getsource(call).split("(")[0].split(".")[-1].split()[-1]
    assert name in str(caught.value)
    assert inspect.getsource(call).split("lambda p: ")[1].strip().rstrip(",") in str(caught.value)


# -- a Tensor is real ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda p: tg.parameter(X * 1j),
        lambda p: tg.tensor(X * 1j),
        lambda p: p * 1j,
        lambda p: p * np.complex64(1j),
        lambda p: 1j * p,
        lambda p: p + X * 1j,
        lambda p: np.multiply(p, X * 1j),
        lambda p: p @ (X.T * 1j),
        lambda p: (X.T * 1j) @ p,
        lambda p: tg.linear(p, X * 1j),
        lambda p: np.concatenate([p, X * 1j]),
        lambda p: np.where(X > 0, p, 1j),
        lambda p: p.astype(complex),
        lambda p: np.einsum("ij,ij->", p, X * 1j),
        lambda p: tg.grad(lambda z: np.sum(z))(X * 1j),
    ],
)
def test_complex_values_are_refused_where_a_gradient_would_be_wrong(make):
    with pytest.raises(TypeError, match=r"complex128|complex"):
        make(tg.parameter(X))


def test_functions_of_plain_arrays_stay_numpys_own():
    z = X * (1 + 1e-20j)  # a complex step goes through
    for f in (tg.tanh, tg.sum, lambda z: tg.matmul(z, z.T), lambda z: tg.linear(z, z), tg.sigmoid, tg.multiply):
        y = f(z, z) if f is tg.multiply else f(z)
        assert not isinstance(y, tg.Tensor)
        assert y.dtype == complex


# -- conventions of calls -----------------------------------------------------------------------------------------


def test_arguments_by_numpys_own_names():
    p = tg.parameter(X)
    assert np.sum(a=p, axis=0).shape == (4,)
    assert tg.reshape(p, shape=(4, 3)).shape == tg.reshape(p, newshape=(4, 3)).shape == (4, 3)
    assert np.reshape(p, (4, 3), "C").shape == (4, 3)
    assert np.sum(p, 0, None, None, True).shape == (1, 4)
    assert np.concatenate((p, p), axis=1, casting="same_kind").shape == (3, 8)
    assert np.round(p, decimals=1).shape == (3, 4)
    assert np.squeeze(p, axis=()).shape == (3, 4)


def test_static_arguments_are_the_graphs_own():
    p, shift, repeats = tg.parameter(X), [1, 1], np.array([1, 2, 0, 1])
    y = np.sum(np.roll(p, shift, (0, 1)) * X) + np.sum(np.repeat(p, repeats, axis=1))
    shift[:], repeats[:] = [0, 0], 0
    y.backward()
    np.testing.assert_array_equal(p.grad, np.roll(X, (-1, -1), (0, 1)) + np.array([1, 2, 0, 1]))


def test_integer_powers_and_numbers_keep_float32():
    p = tg.parameter(np.float32(3.0))
    for y in (p**2, 2**p, p * 2, 1 / p, np.maximum(p, 0), np.where(True, p, 0), np.clip(p, 0, 10), np.hypot(p, 4)):
        assert y.dtype == np.float32
        p.grad = None
        y.backward()
        assert p.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(), (1,), (0,), (0, 3)])
def test_empty_arrays_and_arrays_without_axes(shape):
    x = np.full(shape, 0.5)
    twice = lambda x: np.concatenate([np.ravel(x)] * 2)
    for f in (np.tanh, np.sum, np.cumsum, np.sort, np.ravel, np.square, twice):
        if shape == () and f is np.sort:
            continue
        p = tg.parameter(x)
        y = f(p)
        np.testing.assert_array_equal(y.data, f(x))
        np.sum(y).backward()
        assert p.grad.shape == shape


def test_einsum_forms():
    a, b = np.random.default_rng(1).normal(size=(2, 3, 3))
    for subscripts, operands in [
        ("ij,jk", (a, b)),
        ("ji,jk->ki", (a, b)),
        ("ii", (a,)),
        ("i i -> i", (a,)),
        ("...j,...j->...", (a, b)),
        ("ij...,jk...->ik...", (a, b)),
        ("ij,ij,ij->j", (a, a, b)),
        ("i,j->ij", (a[0], b[0])),
        ("ii,jj->", (a, b)),
        ("ij,jk,kl->il", (a, b, a)),
        ("ij,ij->ij", (a[:1], b)),
        ("iij->j", (np.stack([a, b, a]),)),
    ]:
        expected = np.einsum(subscripts, *operands)
        parameters = [tg.parameter(x) for x in operands]
        y = np.einsum(subscripts, *parameters)
        np.testing.assert_allclose(y.data, expected, rtol=1e-12)
        weights = np.random.default_rng(2).normal(size=expected.shape)
        np.sum(y * weights).backward()
        for i, p in enumerate(parameters):
            basis = np.eye(p.size).reshape(p.size, *p.shape)
            rows = [np.sum(np.einsum(subscripts, *operands[:i], e, *operands[i + 1 :]) * weights) for e in basis]
            np.testing.assert_allclose(p.grad.ravel(), rows, rtol=1e-10, atol=1e-12)


def test_einsum_refuses_what_does_not_fit():
    p = tg.parameter(X)
    with pytest.raises(ValueError, match="1 terms .* but 2 operands"):
        np.einsum("ij", p, p)
    with pytest.raises(ValueError, match="gives 3 axes to an operand of shape"):
        np.einsum("ijk->", p)
