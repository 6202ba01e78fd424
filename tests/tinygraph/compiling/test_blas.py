"""Products in compiled functions."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import numba

from tinygraph.compiling.blas import dot, gemm

SHAPES = [((3, 4), (4, 5)), ((1, 4), (4, 1)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 0), (0, 3)), ((0, 2), (2, 3))]


@numba.njit
def _dot(a, b, out):
    dot(a, b, out)


def _laid_out(x: np.ndarray, order: str) -> np.ndarray:
    """Return an array by rows, by columns, or with gaps."""
    if order == "gaps":
        spread = np.zeros([2 * n for n in x.shape], x.dtype)
        spread[tuple([slice(None, None, 2)] * x.ndim)] = x
        return spread[tuple([slice(None, None, 2)] * x.ndim)]
    return np.array(x, order=order)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaPerformanceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("orders", [("C", "C"), ("F", "C"), ("C", "F"), ("F", "F"), ("gaps", "C")])
def test_products_of_all_layouts(orders, dtype):
    rng = np.random.default_rng(0)
    for shapes in SHAPES:
        a, b = (rng.normal(size=shape).astype(dtype) for shape in shapes)
        expected = np.einsum(f"{'mk'[2 - a.ndim :]},{'kn'[: b.ndim]}->{'m' * (a.ndim - 1)}{'n' * (b.ndim - 1)}", a, b)
        out = np.full(expected.shape, np.nan, dtype)
        _dot(*(_laid_out(x, order) for x, order in zip((a, b), orders, strict=True)), out)
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


def test_numpy_shows_its_blas_here():
    """Products would be right without it, and slower."""
    assert gemm(np.dtype(np.float32)) is not None
    assert gemm(np.dtype(np.float64)) is not None
    assert gemm(np.dtype(np.float16)) is None
