"""Quantiles by every method, pieces, rows, spacings, counting with weights, distinct elements."""

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.testing import check_gradients

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(17)
X = RNG.permutation(np.linspace(-1.3, 1.6, 20)).reshape(4, 5)  # distinct, none 0
HOLES = np.where((X > 1.0) | (X < -1.0), np.nan, X)
V = np.array([0.6, 1.1, 1.7, 2.9])
METHODS = (
    "linear",
    "lower",
    "higher",
    "midpoint",
    "nearest",
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "median_unbiased",
    "normal_unbiased",
)


def same(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(getattr(ours, "data", ours), theirs, rtol=rtol, atol=1e-14)
    assert np.shape(ours) == np.shape(theirs)


# -- quantiles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("q", [0.0, 0.37, 0.5, 1.0, [0.05, 0.5, 0.93], [[0.2], [0.8]]], ids=str)
def test_quantiles_by_every_method_are_numpys(method, q):
    for f, x in ((np.quantile, X), (np.nanquantile, HOLES)):
        for arguments in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}):
            same(f(tg.parameter(x), q, method=method, **arguments), f(x, q, method=method, **arguments))
    same(np.percentile(tg.parameter(X), np.multiply(q, 100), method=method), np.quantile(X, q, method=method))


@pytest.mark.parametrize("method", METHODS)
def test_quantiles_have_the_derivatives_of_an_oracle(method):
    check_gradients(lambda x: np.quantile(x, [0.13, 0.66], axis=1, method=method), X)
    check_gradients(lambda x: np.nanquantile(x, 0.37, axis=0, method=method), X)


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles_have_torchs_gradient(method):
    p, q = tg.parameter(X), torch.tensor(X, requires_grad=True)
    np.quantile(p, 0.37, axis=1, method=method).sum().backward()
    torch.quantile(q, 0.37, dim=1, interpolation=method).sum().backward()
    np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-12, atol=1e-15)
    h, k = tg.parameter(HOLES), torch.tensor(HOLES, requires_grad=True)
    np.nanquantile(h, 0.37, axis=1, method=method).sum().backward()
    torch.nanquantile(k, 0.37, dim=1, interpolation=method).sum().backward()
    np.testing.assert_allclose(h.grad, k.grad.nan_to_num().numpy(), rtol=1e-12, atol=1e-15)


def test_nan_is_left_out_and_receives_nothing():
    for f in (lambda x: np.nanmedian(x), lambda x: np.nanpercentile(x, 30), lambda x: np.nanquantile(x, 0.9)):
        p = tg.parameter(HOLES)
        f(p).backward()
        assert (p.grad[np.isnan(HOLES)] == 0).all()
        assert p.grad.sum() == pytest.approx(1.0)
    same(np.nanmedian(tg.parameter(HOLES), axis=1), np.nanmedian(HOLES, axis=1))
    same(np.nanmedian(tg.parameter(HOLES), axis=(0, 1), keepdims=True), np.nanmedian(HOLES, axis=(0, 1), keepdims=True))


def test_of_nothing_but_nan_the_median_is_nan():
    p = tg.parameter([[np.nan, np.nan], [1.0, np.nan]])
    y = np.nanmedian(p, axis=1)
    same(y, [np.nan, 1.0])
    y.sum().backward()
    np.testing.assert_array_equal(p.grad, [[0.0, 0.0], [1.0, 0.0]])


# -- pieces and rows ----------------------------------------------------------------------------------------------


PIECES = {
    "two and the rest": lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [np.sin, np.exp, 0.25]),
    "the last that holds": lambda x: np.piecewise(x, [x < 1.0, x < 0.0], [np.sin, np.exp]),
    "no rest": lambda x: np.piecewise(x, [x > 0.5], [np.square]),
    "one condition": lambda x: np.piecewise(x[1], x[1] > 0.5, [np.square, lambda v: -v]),
    "further arguments": lambda x: np.piecewise(x, [x > 0.5], [lambda v, a, b: a * v + b, 1.0], 3.0, b=2.0),
    "a function of all elements": lambda x: np.piecewise(x, [x > 0.5], [lambda v: v * np.sum(v), np.max]),
    "nothing in a piece": lambda x: np.piecewise(x, [x > 50.0], [np.log, np.square]),
    "a single row": lambda x: np.piecewise(x[0], [x[0] > 0.5, x[0] <= 0.5], [np.square, np.cos]),
    "a number": lambda x: np.piecewise(x[0, 0], [x[0, 0] > 50.0, x[0, 0] <= 50.0], [np.square, np.cos]),
    "conditions as an array": lambda x: np.piecewise(x, np.stack([X > 0.5, X < -0.5]), [np.square, np.cos]),
    "rows": lambda x: np.apply_along_axis(lambda row: np.sort(row)[:2] * row[0], 1, x),
    "columns to numbers": lambda x: np.apply_along_axis(lambda column: np.sum(np.square(column)), 0, x),
    "rows to matrices": lambda x: np.apply_along_axis(lambda row: np.multiply.outer(row, row[:2]), -1, x),
    "further arguments of rows": lambda x: np.apply_along_axis(lambda row, a, b=1.0: a * row + b, 0, x, 2.0, b=3.0),
    "middle axis": lambda x: np.apply_along_axis(np.cumsum, 1, np.reshape(x, (2, 5, 2))),
    "over axes": lambda x: np.apply_over_axes(np.sum, np.reshape(x, (2, 5, 2)), [0, 2]),
    "over an axis": lambda x: np.apply_over_axes(np.max, x, -1),
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_and_rows_are_numpys_and_their_derivatives_those_of_an_oracle(name):
    f = PIECES[name]
    y = f(tg.parameter(X))
    assert isinstance(y, tg.Tensor)
    same(y, f(X))
    check_gradients(f, X)


def test_a_piece_may_be_a_tensor():
    p = tg.parameter(2.0)
    y = np.piecewise(tg.tensor(X), [X > 0.5], [p, 0.0])
    y.sum().backward()
    assert p.grad == (X > 0.5).sum()


def test_rows_that_give_plain_answers():
    y = np.apply_along_axis(lambda row: np.argmax(row), 1, tg.parameter(X))
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, np.argmax(X, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: np.piecewise(p, [p > 0, p > 1], [1.0]), "piecewise: 2 conditions, but 1 functions"),
        (lambda p: np.apply_along_axis(np.sum, 2, p), "apply_along_axis: axis 2 is out of bounds"),
        (lambda p: np.apply_along_axis(np.sum, 0, p[:, :0]), "apply_along_axis: no vectors along axis 0"),
        (lambda p: np.apply_over_axes(lambda a, axis: np.sum(a), p, 0), "apply_over_axes: the function gave 0 axes"),
        (lambda p: np.geomspace(p[0, 0], -p[0, 0]), "geomspace: start and stop must have one sign"),
        (lambda p: np.bincount([0, 1], weights=p[0]), r"bincount: x has shape \(2,\), weights \(5,\)"),
        (lambda p: np.histogram(X[0], weights=p), r"histogram: a has shape \(5,\), weights \(4, 5\)"),
        (lambda p: np.interp(p, [0.0, 1.0], [0.0, 1.0], period=1.0), "interp.*unexpected keyword argument 'period'"),
        (lambda p: np.copyto(np.zeros((4, 5)), p), r"np\.copyto: .* write np\.where\(mask, t, a\)"),
        (lambda p: np.put(np.zeros(5), [0], p[0, 0]), r"np\.put: .* write a\.at\[indices\]\.set\(t\)"),
        (lambda p: np.full((4, 5), p, dtype=float), r"np\.copyto: .* np\.broadcast_to\(t, shape\) for np\.full"),
        (lambda p: np.full_like(X, p), r"np\.copyto: .* np\.broadcast_to\(t, shape\) for np\.full"),
        (lambda p: np.save("x.npy", p), r"np\.save: .* write np\.save\(path, t\.numpy\(\)\)"),
    ],
)
def test_what_is_refused_is_named(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(tg.parameter(X))


# -- spacings -----------------------------------------------------------------------------------------------------


SPACED = {
    "linspace": lambda v: np.linspace(v, 3.0, 4, axis=1),
    "linspace, by position": lambda v: np.linspace(v[0], v, 4, False, False, None, 1),
    "logspace": lambda v: np.logspace(v, 0.5, 4),
    "logspace of a base": lambda v: np.logspace(0.5, v[1], 4, False, v[0]),
    "logspace of bases": lambda v: np.logspace(0.5, 1.5, 3, base=v),
    "geomspace": lambda v: np.geomspace(v, 3.0, 4, axis=-1),
    "geomspace of small numbers": lambda v: np.geomspace(v / 10, 0.3, 3),
    "geomspace below 0": lambda v: np.geomspace(-v[0], -v[3], 4, endpoint=False),
    "float_power": lambda v: np.float_power(v, 1.5) + np.float_power(2, v),
    "i0": lambda v: np.i0(3 * v) * np.i0(-v),
    "interp beyond the ends": lambda v: np.interp(np.array([0.0, 0.7, 2.0, 9.0]), v, v[::-1]),
    "interp with left and right": lambda v: np.interp(2 * v - 1, v, v[::-1], left=v[0], right=-1.0),
}


@pytest.mark.parametrize("name", SPACED)
def test_spacings_are_numpys_and_their_derivatives_those_of_an_oracle(name):
    f = SPACED[name]
    same(f(tg.parameter(V)), f(V))
    check_gradients(f, V)


def test_linspace_with_its_step_and_dtype():
    y, step = np.linspace(0.0, tg.parameter(2.0), 5, retstep=True)
    expected, h = np.linspace(0.0, 2.0, 5, retstep=True)
    same(y, expected)
    same(step, h)
    step.backward()
    y = np.linspace(0.0, tg.parameter(7.9), 4, dtype=int)
    same(y, np.linspace(0.0, 7.9, 4, dtype=int))
    assert y.dtype == int and not y.requires_grad
    assert np.geomspace(tg.parameter(np.float32(1.0)), 8, 4, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("x", [0.0, 0.3, -5.0, 30.0, 600.0])
def test_the_slope_of_i0_is_torchs(x):
    q = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    torch.special.i0(q).backward()
    assert tg.grad(np.i0)(x) == pytest.approx(q.grad.item(), rel=1e-13, abs=1e-15)


def test_beyond_its_points_an_interpolation_does_not_depend_on_where_they_are():
    gradient = tg.grad(lambda xp: np.sum(np.interp(np.array([-1.0, 9.0]), xp, np.array([1.0, 2.0]))))(
        np.array([0.0, 1])
    )
    np.testing.assert_array_equal(gradient, [0.0, 0.0])


DIFFERENCES = {
    "diff with ends": lambda x: np.diff(x, prepend=0.5, append=x[:, :1]),
    "diff, down the columns": lambda x: np.diff(x, 2, 0, x[:1], 1.0),
    "gradient at coordinates": lambda x: np.gradient(x, V, axis=0),
    "gradient at coordinates, parabolas at the ends": lambda x: np.gradient(x, V, axis=0, edge_order=2),
    "gradient, parabolas at the ends": lambda x: np.gradient(x, 0.5, axis=1, edge_order=2),
    "gradient along both axes": lambda x: np.gradient(x, V, 0.5)[0] + np.gradient(x, 2.0)[1],
    "trapezoid at coordinates of each": lambda x: np.trapezoid(x, np.cumsum(np.abs(X) + 1, axis=0), axis=0),
    "trapezoid in squares": lambda x: np.trapezoid(x[:2, :2], np.array([[0.0, 1.0], [2.0, 5.0]]), axis=0),
    "trace in a dtype": lambda x: np.trace(x, 1, dtype=np.float64),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences_are_numpys_and_their_derivatives_those_of_an_oracle(name):
    f = DIFFERENCES[name]
    same(f(tg.parameter(X)), f(X))
    check_gradients(f, X)


@pytest.mark.parametrize("f", [np.diff, np.trapezoid, np.gradient, np.median, np.cumsum, np.flip])
def test_an_axis_that_is_not_there_is_named(f):
    with pytest.raises((ValueError, IndexError), match=r"(?s)(axis|index).*test_more_functions"):
        f(tg.parameter(X), axis=5)


def test_coordinates_receive_gradients_too():
    check_gradients(lambda v: np.gradient(np.sin(v), v, edge_order=2) + np.trapezoid(np.cos(v), v), V)


def test_interpolation_between_equal_points():
    xp, fp, x = np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 3.0, 4.0]), np.array([0.5, 0.9, 1.0, 1.5, 3.0])
    same(np.interp(x, xp, tg.parameter(fp)), np.interp(x, xp, fp))
    for wrong in ([0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 2.0], [1.0]):
        with pytest.raises(ValueError, match="interp: xp must be two points at least, and increase"):
            np.interp(x, wrong, tg.parameter(np.ones(len(wrong))))


# -- counting -----------------------------------------------------------------------------------------------------


COUNTS = {
    "bincount": lambda w: np.bincount([1, 4, 1, 0], weights=w),
    "bincount, by position": lambda w: np.bincount(np.array([1, 4, 1, 0]), w, 8),
    "histogram": lambda w: np.histogram([0.1, 0.5, 0.9, 1.0], 3, weights=w)[0],
    "histogram in a range": lambda w: np.histogram([0.1, 0.5, 0.9, 7.0], 4, (0.0, 1.0), weights=w)[0],
    "histogram by edges": lambda w: np.histogram([[0.1, 0.5], [0.9, 7.0]], [0.1, 0.5, 7.0], weights=w.reshape(2, 2))[0],
    "density": lambda w: np.histogram([0.1, 0.5, 0.9, 1.0], [0.0, 0.6, 0.7, 2.0], density=True, weights=w)[0],
    "full_like": lambda w: np.full_like(w, w[1]) * np.full_like(w, w[0], shape=(3, 4)),
    "unique": lambda w: np.unique(np.concatenate([w, w[::-1]])) * w,
    "unique rows": lambda w: np.unique(np.stack([w, w[::-1], w]), axis=0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_numpys_and_their_derivatives_those_of_an_oracle(name):
    f = COUNTS[name]
    w = np.array([0.5, 2.0, -1.0, 3.0])
    y = f(tg.parameter(w))
    same(y, f(w))
    assert y.dtype == f(w).dtype
    check_gradients(f, w)


@pytest.mark.parametrize("bins", [7, np.linspace(-1, 1, 12)], ids=["7", "edges"])
def test_histograms_of_random_data_fall_into_numpys_bins(bins):
    data, w = RNG.normal(size=1000), RNG.uniform(size=1000)
    for ours, theirs in zip(
        np.histogram(data, bins, weights=tg.parameter(w)), np.histogram(data, bins, weights=w), strict=True
    ):
        same(ours, theirs)


def test_without_weights_that_are_tensors_counts_are_plain():
    assert type(np.bincount(tg.tensor([0, 1, 1]))) is np.ndarray
    counts, edges = np.histogram(tg.tensor(X), 4)
    assert type(counts) is type(edges) is type(np.histogram(tg.parameter(X), 4)[0]) is np.ndarray
    assert type(np.full_like(tg.parameter(X), 3)) is np.ndarray


EDGES = {
    "edges": lambda x: np.histogram_bin_edges(x, 3),
    "edges by a rule": lambda x: np.histogram_bin_edges(x, "auto"),
    "edges of a histogram": lambda x: np.histogram(x, 4)[1],
    "density between edges": lambda x: np.histogram(x, 3, density=True)[0],
    "edges that are given": lambda x: np.histogram([0.1, 0.4], np.sort(np.ravel(x)))[1],
    "density between edges that are given": lambda x: np.histogram([0.1, 0.4], np.sort(np.ravel(x)), density=True)[0],
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_of_bins_receive_gradients(name):
    x = np.array([[0.3, -1.2], [2.0, 0.7]])
    same(EDGES[name](tg.parameter(x)), EDGES[name](x))
    check_gradients(EDGES[name], x, order=1)


def test_edges_of_equal_elements_lie_around_them_and_those_in_a_range_are_plain():
    same(np.histogram_bin_edges(tg.parameter([2.0, 2.0]), 2), [1.5, 2.0, 2.5])
    assert type(np.histogram_bin_edges(tg.parameter([1.0, 2.0]), 2, (0, 3))) is np.ndarray
    with pytest.raises(TypeError, match="range= is static"):
        np.histogram([1.0, 2.0], 2, (tg.parameter(0.0), 3.0), weights=tg.parameter([1.0, 2.0]))


def test_unique_gives_all_that_numpys_does():
    x = np.array([2.0, 1.0, 2.0, np.nan, np.nan])
    for ours, theirs in zip(np.unique(tg.parameter(x), True, True, True), np.unique(x, True, True, True), strict=True):
        np.testing.assert_array_equal(getattr(ours, "data", ours), theirs)
    assert np.unique(tg.parameter(x), equal_nan=False).shape == (4,)
    p = tg.parameter(x[:3])
    (np.unique(p) * [1.0, 10.0]).sum().backward()
    np.testing.assert_array_equal(p.grad, [10.0, 1.0, 0.0])  # of equal ones the first
