"""Every NumPy function that takes a Tensor: its value is NumPy's, its gradient that of NumPy's own function."""

import sys

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.ops.fourier import Complex

tensor_module = sys.modules["tinygraph.recording.numpy_protocol"]  # tg.tensor is the function
fourier_module = sys.modules["tinygraph.ops.fourier"]
RNG = np.random.default_rng(7)
X = RNG.permutation(np.linspace(-0.83, 0.91, 12)).reshape(3, 4)  # distinct, inside (-1, 1), none 0
P = np.abs(X) + 0.2
M = RNG.uniform(-1, 1, (3, 3)) + 3 * np.eye(3)
S = M + M.T
V = RNG.uniform(0.5, 2.0, 5)
HOLES = np.where(X > 0.6, np.nan, X)
C = RNG.normal(size=(3, 4))
INTEGERS = np.array([[2, 0, 1, 1], [0, 0, 2, 2], [1, 1, 1, 0]])

DIFFERENTIABLE = {
    # elementwise
    "add": (X, lambda x: np.add(x, C)),
    "subtract": (X, lambda x: np.subtract(C, x)),
    "multiply": (X, lambda x: np.multiply(x, x)),
    "divide": (P, lambda x: np.divide(C, x)),
    "negative": (X, np.negative),
    "positive": (X, np.positive),
    "conjugate": (X, np.conjugate),
    "reciprocal": (P, np.reciprocal),
    "power": (P, lambda x: np.power(x, C) + np.power(1.5, x)),
    "square": (X, np.square),
    "sqrt": (P, np.sqrt),
    "cbrt": (X, np.cbrt),
    "hypot": (X, lambda x: np.hypot(x, C)),
    "absolute": (X, np.absolute),
    "fabs": (X, np.fabs),
    "copysign": (X, lambda x: np.copysign(x, C)),
    "fmod": (X, lambda x: np.fmod(x, 0.3)),
    "remainder": (X, lambda x: np.remainder(x, -0.3)),
    "divmod": (X, lambda x: np.divmod(x, 0.3)[1]),
    "modf": (X, lambda x: np.modf(3 * x)[0]),
    "floor_divide": (X, lambda x: np.floor_divide(x, 0.3)),
    "ldexp": (X, lambda x: np.ldexp(x, INTEGERS)),
    "sign": (X, np.sign),
    "floor": (X, np.floor),
    "ceil": (X, np.ceil),
    "trunc": (X, np.trunc),
    "fix": (X, np.fix),
    "rint": (X, np.rint),
    "round": (X, lambda x: np.round(x, 1)),
    "around": (X, np.around),
    "heaviside": (X, lambda x: np.heaviside(x, 0.5)),
    "maximum": (X, lambda x: np.maximum(x, C)),
    "minimum": (X, lambda x: np.minimum(x, C)),
    "fmax": (X, lambda x: np.fmax(x, np.where(C > 1, np.nan, C))),
    "fmin": (X, lambda x: np.fmin(x, np.where(C > 1, np.nan, C))),
    "clip": (X, lambda x: np.clip(x, -0.5, 0.5) + np.clip(x, None, 0.2)),
    "where": (X, lambda x: np.where(C > 0, x, 2 * x)),
    "nan_to_num": (HOLES, lambda x: np.nan_to_num(x, nan=2.0)),
    "real": (X, lambda x: np.real(x) * x),
    "real_if_close": (X, lambda x: np.real_if_close(x) * x),
    # exponentials, trigonometric, hyperbolic
    "exp": (X, np.exp),
    "exp2": (X, np.exp2),
    "expm1": (X, np.expm1),
    "log": (P, np.log),
    "log2": (P, np.log2),
    "log10": (P, np.log10),
    "log1p": (P, np.log1p),
    "logaddexp": (X, lambda x: np.logaddexp(x, C)),
    "logaddexp2": (X, lambda x: np.logaddexp2(C, x)),
    "sin": (X, np.sin),
    "cos": (X, np.cos),
    "tan": (X, np.tan),
    "arcsin": (X, np.arcsin),
    "arccos": (X, np.arccos),
    "arctan": (X, np.arctan),
    "arctan2": (X, lambda x: np.arctan2(x, C) + np.arctan2(C, x)),
    "sinc": (X, lambda x: np.sinc(3 * x)),
    "deg2rad": (X, np.deg2rad),
    "radians": (X, np.radians),
    "rad2deg": (X, np.rad2deg),
    "degrees": (X, np.degrees),
    "sinh": (X, np.sinh),
    "cosh": (X, np.cosh),
    "tanh": (X, np.tanh),
    "arcsinh": (X, np.arcsinh),
    "arccosh": (P, lambda x: np.arccosh(1 + x)),
    "arctanh": (X, np.arctanh),
    "unwrap": (X, lambda x: np.unwrap(9 * x)),
    # reductions
    "sum": (X, lambda x: np.sum(x, axis=(0, -1), keepdims=True)),
    "mean": (X, lambda x: np.mean(x, axis=-1)),
    "prod": (X, lambda x: np.prod(x, axis=0)),
    "max": (X, lambda x: np.max(x, axis=1)),
    "amax": (X, np.amax),
    "min": (X, lambda x: np.min(x, axis=0, keepdims=True)),
    "amin": (X, np.amin),
    "ptp": (X, lambda x: np.ptp(x, axis=1)),
    "cumsum": (X, lambda x: np.cumsum(x) * np.cumsum(x)),
    "cumprod": (X, lambda x: np.cumprod(x, axis=1)),
    "cumulative_sum": (X, lambda x: np.cumulative_sum(x, axis=1)),
    "cumulative_prod": (X, lambda x: np.cumulative_prod(x, axis=0)),
    "var": (X, lambda x: np.var(x, axis=0, ddof=1)),
    "std": (X, lambda x: np.std(x, axis=(0, 1), keepdims=True)),
    "average": (X, lambda x: np.average(x, axis=0, weights=[1.0, 2.0, 3.0]) * np.average(x)),
    "median": (X, lambda x: np.median(x, axis=1) * np.median(x)),
    "quantile": (X, lambda x: np.quantile(x, [0.1, 0.77], axis=1, keepdims=True)),
    "percentile": (X, lambda x: np.percentile(x, 30, axis=0)),
    "nansum": (HOLES, lambda x: np.nansum(x, axis=0)),
    "nanprod": (HOLES, lambda x: np.nanprod(x, axis=1)),
    "nanmean": (HOLES, lambda x: np.nanmean(x, axis=1)),
    "nanvar": (HOLES, lambda x: np.nanvar(x, axis=1, ddof=1)),
    "nanstd": (HOLES, lambda x: np.nanstd(x, axis=1)),
    "nanmax": (HOLES, lambda x: np.nanmax(x, axis=1)),
    "nanmin": (HOLES, np.nanmin),
    "nancumsum": (HOLES, lambda x: np.nancumsum(x, axis=1)),
    "nancumprod": (HOLES, lambda x: np.nancumprod(x, axis=1)),
    "cov": (X, lambda x: np.cov(x) + np.cov(x, rowvar=False)[:3, :3] * np.cov(x, bias=True)),
    "corrcoef": (X, np.corrcoef),
    # shapes
    "reshape": (X, lambda x: np.reshape(x, (2, -1)) * np.reshape(x, shape=(2, 6))),
    "ravel": (X, np.ravel),
    "transpose": (X, np.transpose),
    "swapaxes": (X, lambda x: np.swapaxes(x, 0, 1)),
    "moveaxis": (X, lambda x: np.moveaxis(x, 0, -1)),
    "rollaxis": (X, lambda x: np.rollaxis(x[:, None] * x[:, :, None], 2) * 2),
    "matrix_transpose": (X, np.matrix_transpose),
    "linalg.matrix_transpose": (X, np.linalg.matrix_transpose),
    "expand_dims": (X, lambda x: np.expand_dims(x, (0, 2))),
    "squeeze": (X, lambda x: np.squeeze(x[:, None], 1)),
    "broadcast_to": (X, lambda x: np.broadcast_to(x, (2, 3, 4))),
    "broadcast_arrays": (X, lambda x: np.broadcast_arrays(x, C[None])[0] * C),
    "copy": (X, np.copy),
    "astype": (X, lambda x: np.astype(x, np.float64)),
    "flip": (X, lambda x: np.flip(x, 0)),
    "fliplr": (X, np.fliplr),
    "flipud": (X, np.flipud),
    "rot90": (X, lambda x: np.rot90(x, 3)),
    "roll": (X, lambda x: np.roll(x, (1, -2), (0, 1)) + np.roll(x, 5)),
    "tril": (X, lambda x: np.tril(x, -1)),
    "triu": (X, lambda x: np.triu(x, 1)),
    "atleast_1d": (X, lambda x: np.atleast_1d(x[0, 0])),
    "atleast_2d": (X, lambda x: np.atleast_2d(x[0])),
    "atleast_3d": (X, lambda x: np.atleast_3d(x)),
    "meshgrid": (V, lambda v: np.multiply(*np.meshgrid(v, v[:2])) + np.divide(*np.meshgrid(v[:2], v, indexing="ij"))),
    # joining, splitting, ordering
    "concatenate": (X, lambda x: np.concatenate([x, C, 2 * x], axis=1)),
    "stack": (X, lambda x: np.stack([x, 3 * x], axis=-1)),
    "vstack": (X, lambda x: np.vstack([x, x[0]])),
    "hstack": (X, lambda x: np.hstack([x, x * x])),
    "dstack": (X, lambda x: np.dstack([x, C])),
    "column_stack": (X, lambda x: np.column_stack([x, x[:, 0]])),
    "append": (X, lambda x: np.append(x, x[:1], axis=0)),
    "insert": (X, lambda x: np.insert(x, [1, 2], x[:, :2], axis=1) * 2),
    "block": (X, lambda x: np.block([[x, x * x], [x * 2, C]])),
    "split": (X, lambda x: np.split(x, 2, axis=1)[1]),
    "array_split": (X, lambda x: np.array_split(x, 3, axis=1)[0]),
    "hsplit": (X, lambda x: np.hsplit(x, [1, 3])[1]),
    "vsplit": (X, lambda x: np.vsplit(x, 3)[2]),
    "dsplit": (X, lambda x: np.dsplit(x[None], 2)[0]),
    "unstack": (X, lambda x: np.unstack(x, axis=1)[2]),
    "sort": (X, lambda x: np.sort(x, axis=0) * C),
    "partition": (X, lambda x: np.partition(x, 2, axis=1)[:, 2] * 3),
    # indexing
    "take": (X, lambda x: np.take(x, [[0, 3], [1, 0]], axis=1) + np.take(x, 30, mode="wrap")),
    "take_along_axis": (X, lambda x: np.take_along_axis(x, INTEGERS[:, :2], 1)),
    "compress": (X, lambda x: np.compress([True, False, True], x, axis=0)),
    "extract": (X, lambda x: np.extract(C > 0, x)),
    "delete": (X, lambda x: np.delete(x, [0, 2], axis=1)),
    "choose": (X, lambda x: np.choose(INTEGERS, [x, x * x, C])),
    "select": (X, lambda x: np.select([C > 0, C < -1], [x, x * x], 0.5)),
    "tile": (X, lambda x: np.tile(x, (2, 1, 2))),
    "repeat": (X, lambda x: np.repeat(x, [1, 0, 2, 1], axis=1)),
    "resize": (X, lambda x: np.resize(x, (5, 3))),
    "diagonal": (X, lambda x: np.diagonal(x, 1)),
    "linalg.diagonal": (X, lambda x: np.linalg.diagonal(x[None], offset=-1)),
    "diagflat": (V, lambda v: np.diagflat(v, 1)),
    "diag": (V, lambda v: np.diag(np.diag(v) * 2.0, 0) * np.diag(v)),
    "trace": (X, lambda x: np.trace(x, 1)),
    "linalg.trace": (X, lambda x: np.linalg.trace(x[None])),
    "pad": (X, lambda x: np.pad(x, ((1, 2), (0, 1)), mode="symmetric") + np.pad(x, ((1, 2), (0, 1)))),
    # products
    "matmul": (X, lambda x: np.matmul(x, x.T)),
    "dot": (X, lambda x: np.dot(x, C.T) + np.dot(x[0, 0], np.dot(x[0], x[1]))),
    "inner": (X, lambda x: np.inner(x, C)),
    "vdot": (X, lambda x: np.vdot(x, C)),
    "vecdot": (X, lambda x: np.vecdot(x, C)),
    "linalg.vecdot": (X, lambda x: np.linalg.vecdot(x, C, axis=0)),
    "matvec": (X, lambda x: np.matvec(x, C)[0]),
    "vecmat": (X, lambda x: np.vecmat(x[:, :3], C)),
    "outer": (X, lambda x: np.outer(x, C[0])),
    "linalg.outer": (V, lambda v: np.linalg.outer(v, v)),
    "linalg.multi_dot": (X, lambda x: np.linalg.multi_dot([x, C.T, x])),
    "kron": (X, lambda x: np.kron(x, C[0]) + np.kron(C[0], x)),
    "cross": (X, lambda x: np.cross(x[:, :3], C[:, 1:])),
    "linalg.cross": (X, lambda x: np.linalg.cross(C, x, axis=0)),
    "tensordot": (X, lambda x: np.tensordot(x, C, axes=([1, 0], [1, 0])) + np.tensordot(x, x.T, axes=1)),
    "einsum": (X, lambda x: np.einsum("i...,i...", x, C) + np.einsum("ij, kj->ik", x, x)[0, 0]),
    # matrices
    "linalg.inv": (M, np.linalg.inv),
    "linalg.solve": (M, lambda m: np.linalg.solve(m, C) + np.linalg.solve(m, m[0])[:, None]),
    "linalg.det": (M, np.linalg.det),
    "linalg.slogdet": (M, lambda m: np.linalg.slogdet(m).logabsdet),
    "linalg.matrix_power": (M, lambda m: np.linalg.matrix_power(m, 5) + np.linalg.matrix_power(m, -2)),
    "linalg.pinv": (X, np.linalg.pinv),
    "linalg.tensorinv": (M, lambda m: np.linalg.tensorinv(m.reshape(1, 3, 3), ind=2)),
    "linalg.tensorsolve": (M, lambda m: np.linalg.tensorsolve(m.reshape(3, 1, 3), C[:, :1])),
    "linalg.norm": (X, lambda x: np.linalg.norm(x) * np.linalg.norm(x, 3, axis=0) + np.linalg.norm(x, "nuc")),
    "linalg.vector_norm": (X, lambda x: np.linalg.vector_norm(x, axis=1, ord=np.inf)),
    "linalg.matrix_norm": (X, lambda x: np.linalg.matrix_norm(x, ord=1) * np.linalg.matrix_norm(x, ord=-2)),
    "linalg.cond": (M, lambda m: np.linalg.cond(m) * np.linalg.cond(m, 1)),
    "linalg.cholesky": (M, lambda m: np.linalg.cholesky(m @ m.T)),
    "linalg.eigvalsh": (M, lambda m: np.linalg.eigvalsh(m + m.T)),
    "linalg.eigh": (M, lambda m: np.linalg.eigh(m + m.T).eigenvectors),
    "linalg.svd": (X, lambda x: np.linalg.svd(x, full_matrices=False).Vh * np.linalg.svd(x, compute_uv=False)[0]),
    "linalg.svdvals": (X, np.linalg.svdvals),
    "linalg.qr": (X, lambda x: np.linalg.qr(x.T).Q @ np.linalg.qr(x.T, mode="r") * 2 + np.linalg.qr(x.T)[0]),
    # differences, interpolation, convolution
    "diff": (X, lambda x: np.diff(x, 2, axis=1)),
    "ediff1d": (X, np.ediff1d),
    "trapezoid": (X, lambda x: np.trapezoid(x, dx=0.5, axis=0) + np.trapezoid(x.T, [0.0, 1.0, 3.0, 4.0], axis=0)[0]),
    "gradient": (X, lambda x: np.gradient(x, 0.5, axis=1)),
    "vander": (V, lambda v: np.vander(v, 3)),
    "polyval": (V, lambda v: np.polyval(v[:3], v) + np.polyval([2.0, 1.0], v)),
    "linspace": (V, lambda v: np.linspace(v, 2 * v[0], 4, axis=1) + np.linspace(v[1], 3.0, 4, endpoint=False)),
    "interp": (V, lambda v: np.interp(v, [0.0, 0.7, 1.3, 1.8], v[:4])),
    "convolve": (V, lambda v: np.convolve(v, v[:2], "same") + np.convolve(C[0], v, "same")),
    "correlate": (V, lambda v: np.correlate(v, v[:2], "same") + np.correlate(v[:3], v, "same")),
    "lib.stride_tricks.sliding_window_view": (X, lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2))),
    # Fourier transforms, through the absolute value
    "fft.fft": (X, lambda x: np.abs(np.fft.fft(x, 5)) + np.real(np.fft.fft(np.fft.fft(x), 5, norm="ortho"))),
    "fft.ifft": (X, lambda x: np.imag(np.fft.ifft(x, axis=0)) + np.angle(np.fft.ifft(x, norm="forward"))[:, 1:2]),
    "fft.rfft": (X, lambda x: np.abs(np.fft.rfft(x, norm="ortho") * (1 + 2j))),
    "fft.irfft": (X, lambda x: np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(C)) + np.fft.irfft(np.fft.rfft(x), 5)[:, 1:]),
    "fft.fft2": (X, lambda x: np.abs(np.fft.fft2(x))),
    "fft.ifft2": (X, lambda x: np.real(np.fft.ifft2(np.fft.fft2(x) * np.fft.fft2(C)))),
    "fft.fftn": (X, lambda x: np.abs(np.fft.fftn(x, axes=(0,)))),
    "fft.ifftn": (X, lambda x: np.abs(np.fft.ifftn(x))),
    "fft.rfft2": (X, lambda x: np.abs(np.fft.rfft2(x))),
    "fft.rfftn": (X, lambda x: np.abs(np.fft.rfftn(x, (3, 3), (0, 1)) + 1)),
    "fft.irfft2": (X, lambda x: np.fft.irfft2(np.fft.rfft2(x) * 2.0)),
    "fft.irfftn": (X, lambda x: np.fft.irfftn(np.fft.rfftn(x, axes=(0, 1)), axes=(0, 1))),
    "fft.fftshift": (X, lambda x: np.abs(np.fft.fftshift(np.fft.fft(x[:, :3])))),
    "fft.ifftshift": (X, lambda x: np.fft.ifftshift(x)),
}

NUMPY_UPCASTS = {"quantile", "cov", "corrcoef", "vander"}  # to float64, whatever it is given; here float32 stays

PLAIN = {
    "equal": lambda x: np.equal(x, C),
    "not_equal": lambda x: np.not_equal(C, x),
    "less": lambda x: np.less(x, C),
    "less_equal": lambda x: np.less_equal(x, C),
    "greater": lambda x: np.greater(x, C),
    "greater_equal": lambda x: np.greater_equal(x, C),
    "isclose": lambda x: np.isclose(x, C, atol=0.1),
    "allclose": lambda x: np.allclose(x, C),
    "array_equal": lambda x: np.array_equal(x, X),
    "array_equiv": lambda x: np.array_equiv(x, X),
    "isnan": np.isnan,
    "isfinite": np.isfinite,
    "isinf": np.isinf,
    "isposinf": np.isposinf,
    "isneginf": np.isneginf,
    "signbit": np.signbit,
    "iscomplex": np.iscomplex,
    "isreal": np.isreal,
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
    "angle": np.angle,
    "imag": np.imag,
    "isin": lambda x: np.isin(x, [X[0, 0]]),
    "logical_and": lambda x: np.logical_and(x, C),
    "logical_or": lambda x: np.logical_or(x, C),
    "logical_xor": lambda x: np.logical_xor(x, C),
    "logical_not": np.logical_not,
    "all": lambda x: np.all(x, axis=0),
    "any": lambda x: np.any(x, axis=0),
    "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": np.argmin,
    "nanargmax": np.nanargmax,
    "nanargmin": np.nanargmin,
    "argsort": np.argsort,
    "argpartition": lambda x: np.argpartition(x, 1),
    "lexsort": lambda x: np.lexsort((x[0], x[1])),
    "argwhere": np.argwhere,
    "nonzero": np.nonzero,
    "flatnonzero": np.flatnonzero,
    "count_nonzero": np.count_nonzero,
    "searchsorted": lambda x: np.searchsorted([0.0, 0.5], x),
    "digitize": lambda x: np.digitize(x, [0.0, 0.5]),
    "bincount": lambda x: np.bincount([0, 1, 1, 0], x[0]),
    "histogram": lambda x: np.histogram(x, 4),
    "histogram_bin_edges": lambda x: np.histogram_bin_edges(x, 4),
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "zeros_like": np.zeros_like,
    "ones_like": np.ones_like,
    "empty_like": lambda x: np.empty_like(x).shape,
    "full_like": lambda x: np.full_like(x, 3),
    "result_type": lambda x: np.result_type(x, np.float32),
    "can_cast": lambda x: np.can_cast(x, np.float32),
    "common_type": np.common_type,
    "min_scalar_type": lambda x: np.min_scalar_type(x),
    "shares_memory": lambda x: np.shares_memory(x, C),
    "may_share_memory": lambda x: np.may_share_memory(x, C),
    "tril_indices_from": np.tril_indices_from,
    "triu_indices_from": np.triu_indices_from,
    "diag_indices_from": lambda x: np.diag_indices_from(x[:, :3]),
    "array2string": np.array2string,
    "array_repr": np.array_repr,
    "array_str": np.array_str,
    "linalg.matrix_rank": np.linalg.matrix_rank,
}


def numpy_function(name):
    found = np
    for part in name.split("."):
        found = getattr(found, part)
    return found


def value(y):
    return y.numpy() if isinstance(y, tg.Tensor | Complex) else y


def slope(f, x, direction, h=2e-3):
    """Central differences of NumPy's own function, extrapolated twice."""
    with np.errstate(all="ignore"):
        d = [(f(x + h / k * direction) - f(x - h / k * direction)) / (2 * h / k) for k in (1, 2, 4)]
    first = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
    return (16 * first[1] - first[0]) / 15


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_value_and_gradient_are_those_of_numpys_own_function(name):
    x, f = DIFFERENTIABLE[name]
    expected = f(x)
    y = f(tg.parameter(x))
    np.testing.assert_allclose(value(y), expected, rtol=1e-12, atol=1e-13)
    rng = np.random.default_rng(1)
    weights, direction = rng.normal(size=np.shape(expected)), rng.normal(size=x.shape)
    gradient = tg.grad(lambda x: np.sum(f(x) * weights))(x)
    known = np.isfinite(x)
    by_rule = np.sum((gradient * direction)[known])
    by_differences = slope(lambda x: np.sum(f(x) * weights), x, direction)
    assert by_rule == pytest.approx(by_differences, rel=2e-7, abs=1e-8)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_dtype_is_numpys_and_that_of_gradients_the_inputs(name):
    x, f = DIFFERENTIABLE[name]
    p = tg.parameter(x.astype(np.float32))
    with np.errstate(all="ignore"):
        y, expected = f(p), f(p.numpy())
        assert value(y).dtype == (np.float32 if name in NUMPY_UPCASTS else expected.dtype)
        np.sum(y).backward()
    assert p.grad.dtype == np.float32


@pytest.mark.parametrize("name", PLAIN)
def test_functions_without_gradient_give_numpys_plain_answer(name):
    given, expected = PLAIN[name](tg.parameter(X)), PLAIN[name](X)
    assert type(given) is type(expected)
    np.testing.assert_equal(given, expected)


def test_every_supported_numpy_function_is_in_these_tables(monkeypatch):
    named = {numpy_function(name) for name in {**DIFFERENTIABLE, **PLAIN} if hasattr(np, name) or "." in name}
    missing = set(tensor_module.numpy_functions) - named
    assert not missing, sorted(function.__name__ for function in missing)


@pytest.mark.parametrize("name", [*DIFFERENTIABLE, *PLAIN])
def test_each_entry_reaches_the_function_it_is_named_after(name, monkeypatch):
    reached = set()

    class Spy(dict):
        def get(self, function, default=None):
            reached.add(function)
            return super().get(function, default)

    monkeypatch.setattr(tensor_module, "numpy_functions", Spy(tensor_module.numpy_functions))
    monkeypatch.setattr(fourier_module, "numpy_functions", tensor_module.numpy_functions)
    x, f = DIFFERENTIABLE.get(name) or (X, PLAIN[name])
    with np.errstate(all="ignore"):
        f(tg.parameter(x))
    assert numpy_function(name) in reached


def test_more_functions_are_covered_than_autograd_has_rules():
    differentiable = {numpy_function(name) for name in DIFFERENTIABLE}
    assert len(differentiable) >= 180
    assert len(tensor_module.numpy_functions) >= 240
