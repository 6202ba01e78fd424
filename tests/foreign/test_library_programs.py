"""Programs that hand Tensors to the containers and helpers of NumPy, SciPy and pandas."""

import io

import numpy as np
import pytest

from tests.foreign.program import Programs
from tinygraph import Tensor

programs = Programs()
pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
x = np.array([0.5, 1.2, -0.7])

# -- containers of NumPy -----------------------------------------------------------------------------------------------


@programs.right(x)
def arrays_of_objects(x):
    a = np.empty(3, dtype=object)
    for i in range(3):
        a[i] = x[i] * x[i]
    return a.sum() + (a * 2).sum()


@programs.refused(x, says="np.stack")
def np_array_of_elements(x):
    return np.sum(np.array([x[0], x[1] * x[2]]) * 2)


@programs.refused(x, says="np.stack")
def np_array_of_nested_lists(x):
    R = np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), np.cos(x[0])]])
    return (R @ np.array([x[1], x[2]]))[0]


@programs.refused(x, says="np.stack")
def np_mean_of_a_list(x):
    return np.mean([x[0], x[1], x[2] ** 2])


@programs.refused(x, says="np.stack")
def np_sort_of_a_list(x):
    return np.sort([x[0], x[1], x[2]])[0]


@programs.right(x)
def stacking_and_joining_lists(x):
    rows = (
        np.vstack([x, [v * v for v in x]])
        if isinstance(x, np.ndarray)
        else np.vstack([x, np.stack([v * v for v in x])])
    )
    columns = np.column_stack([x, x[::-1]])
    blocks = np.block([[x[0], x[1]], [x[1], x[2]]])
    return rows[1].sum() + columns[0] @ columns[1] + blocks.sum() + np.hstack([x, 3.0, x * x])[-1]


@programs.refused(x, says="np.AxisConcatenator.__getitem__ takes no list of Tensors: write np.concatenate([…]) for ")
def np_r_and_c(x):
    return np.sum(np.r_[x, 1.0] ** 2) + np.sum(np.c_[x, x])


@programs.refused(x, says="np.full takes no Tensor: write np.broadcast_to(t, shape)")
def np_full_of_an_element(x):
    return np.sum(np.full(3, x[0])) + x[1]


@programs.right(x)
def np_full_like_of_an_element(x):
    return np.sum(np.full_like(x, x[0])) + x[1]


@programs.refused(x, says="np.stack")
def np_fromiter(x):
    return np.sum(np.fromiter((v * v for v in x), dtype=float)) + x[0]


@programs.refused(x, says="np.stack")
def np_vectorize(x):
    return np.sum(np.vectorize(lambda v: v * v)(x)) + x[0]


@programs.right(x)
def np_apply_along_axis(x):
    return np.sum(np.apply_along_axis(lambda row: row * row, 0, x))


@programs.right(x)
def np_piecewise(x):
    return np.sum(np.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v * v]))


@programs.right(x)
def np_where_and_select(x):
    return np.sum(np.where(x < 0, -x, x**2)) + np.sum(np.select([x < 0, x < 1], [x, x**3], 0.0))


@programs.right(x)
def methods_of_ufuncs(x):
    return np.add.reduce(x * x) + np.multiply.outer(x, x).sum()


@programs.right(x)
def np_histogram_with_weights(x):
    return np.histogram([0.1, 0.2, 0.3], bins=2, weights=x)[0][1] + x[0]


@programs.right(x)
def np_bincount_with_weights(x):
    return np.bincount([0, 1, 1], weights=x)[1] + x[0]


@programs.refused(x, says="table.at[i].set")
def structured_arrays(x):
    record = np.zeros(1, dtype=[("mass", float), ("charge", float)])
    record["mass"][0] = x[0]
    return record["mass"][0] * x[1]


@programs.refused(x, says="write np.where(mask, value, t)")
def masked_array_times_a_tensor(x):
    return (np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1]) * x).sum() + x[0]


@programs.refused(x, says="write np.where(mask, value, t)")
def functions_of_masked_arrays(x):
    return np.ma.exp(x).sum() + x[0]


@programs.refused(x, says="write np.where(mask, value, t)")
def a_masked_array_that_is_added_to(x):
    m = np.ma.ones(3)
    m += x
    return m.sum() * x[0]


@programs.refused(x, says="write np.where(mask, value, t)")
def values_among_masked_ones(x):
    m = np.ma.ones(3)
    m[1:] = x[1:]
    return np.ma.maximum(m, 0.0).sum() * x[0]


@programs.refused(x, says="write np.asarray(m) and @")
def a_matrix_on_the_left(x):
    return (np.matrix(np.eye(3)) * x[:, None]).sum() + x[0]


@programs.refused(x, says="write np.asarray(m) and @")
def a_matrix_on_the_right(x):
    return (x[None, :] * np.matrix(np.eye(3))).sum() + x[0]


@programs.refused(x, says="write np.asarray(m) and @")
def a_matrix_among_the_arguments(x):
    return np.sum(np.matmul(np.matrix(np.eye(3)), x)) + np.dot(np.matrix(np.ones(3)), x)[0, 0]


@programs.refused(x, says="np.stack")
def mean_and_variance_of_an_array_of_objects(x):
    a = np.empty(3, dtype=object)
    for i in range(3):
        a[i] = x[i] * x[i]
    return a.mean() + np.var(a)


@programs.right(x)
def functions_of_an_array_of_objects(x):
    a, b = x * x, np.cos(x)
    if isinstance(x, Tensor):
        a, b = np.empty(3, dtype=object), np.empty(3, dtype=object)
        for i in range(3):
            a[i], b[i] = x[i] * x[i], np.cos(x[i])
    return np.sum(np.exp(a) * np.sqrt(a) + np.log(1 + a)) + np.sum(np.hypot(a, 2.0) - np.arctan2(b, a))


@programs.refused(x, says="scipy.sparse._spbase.__matmul__ takes no Tensor: write it with NumPy's functions")
def a_sparse_matrix_times_a_tensor(x):
    from scipy.sparse import csr_matrix

    return np.sum((csr_matrix(np.diag([1.0, 2.0, 3.0])) @ x) ** 2)


@programs.refused(x, says="scipy.sparse._lil_base.__setitem__ takes no Tensor: write it with NumPy's functions")
def a_sparse_matrix_filled_cell_by_cell(x):
    from scipy.sparse import lil_matrix

    S = lil_matrix((3, 3))
    for i in range(3):
        S[i, i] = x[i] ** 2
    return S.sum() + x[0]


@programs.fooled(x, reason="refused in nditer's words")
def np_nditer(x):
    return sum(float(v) for v in np.nditer(x)) * x[0]


@programs.right(x)
def the_attribute_flat(x):
    return sum(v * v for v in x.flat)


@programs.right(x)
def indices_by_ndindex_and_enumerate(x):
    return sum(x[i] ** 2 for i in np.ndindex(3)) + sum(k * v for k, v in enumerate(x)) + x[np.digitize(0.3, [0.0, 1.0])]


@programs.refused(x, says="a Tensor is saved with its graph by tg.trace(t).save(path), and without write np.save(pa")
def through_a_file(x):
    buffer = io.BytesIO()
    np.save(buffer, x)
    buffer.seek(0)
    return np.load(buffer).sum() + x[0]


@programs.refused(x, says="np.poly1d.__init__ takes no Tensor: write it with NumPy's functions")
def np_poly1d(x):
    return np.poly1d([x[0], x[1]])(2.0) + x[2]


# -- SciPy -------------------------------------------------------------------------------------------------------------


@programs.refused(x, says="scipy.integrate.quad takes no Tensor: write it with NumPy's functions")
def scipy_quad_of_a_parameter(x):
    from scipy.integrate import quad

    return quad(lambda s: x[0] * s**2, 0, 1)[0] + x[1]


@programs.refused(x, says="scipy.integrate.quad takes no Tensor: write it with NumPy's functions")
def scipy_quad_to_a_parameter(x):
    from scipy.integrate import quad

    return quad(lambda s: s**2, 0, x[1])[0] + x[0]


@programs.refused(x, says="scipy.optimize.brentq takes no Tensor: write it with NumPy's functions")
def scipy_brentq(x):
    from scipy.optimize import brentq

    return brentq(lambda s: s**3 - x[1], 0, 5) + x[0]


@programs.right(x)
def scipy_newton_is_written_in_python(x):
    from scipy.optimize import newton

    return newton(lambda s: s**2 - x[1], 1.0, fprime=lambda s: 2 * s) + x[0]


@programs.refused(x, says="scipy.integrate.odeint takes no Tensor: write it with NumPy's functions")
def scipy_odeint(x):
    from scipy.integrate import odeint

    return odeint(lambda y, t: -x[0] * y, 1.0, [0, 1.0])[-1, 0] + x[1]


@programs.refused(x, says="scipy.linalg.solve takes no Tensor: write np.linalg.solve")
def scipy_linalg_solve(x):
    from scipy.linalg import solve

    return solve(np.diag([1.0, 2.0, 3.0]), x).sum()


@programs.refused(x, says="scipy.stats.rv_continuous.logpdf takes no Tensor: write it with NumPy's functions")
def scipy_stats_logpdf(x):
    from scipy.stats import norm

    return norm.logpdf(x).sum()


@programs.right(x)
def scipy_special_expit(x):
    from scipy.special import expit

    return expit(x).sum()


@programs.refused(x, says="scipy.interpolate.CubicSpline.__init__ takes no Tensor: write it with NumPy's functions")
def scipy_cubic_spline(x):
    from scipy.interpolate import CubicSpline

    return CubicSpline([0.0, 1.0, 2.0], x)(0.5) + x[0]


# -- pandas ------------------------------------------------------------------------------------------------------------


@programs.right(x)
def a_series_of_tensors(x):
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([x[0], x[1], x[2]], dtype=object)
    return series.sum() * 2 + series.apply(lambda v: v * v).sum()


@programs.refused(x, says="plain array")
def a_series_times_a_tensor(x):
    pandas = pytest.importorskip("pandas")
    return (pandas.Series([1.0, 2.0, 3.0]) * x).sum()


@programs.refused(x, says="plain")
def a_series_that_is_written(x):
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, 2.0, 3.0])
    series.loc[0] = x[0] * x[1]
    return series.sum() + x[0]


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
