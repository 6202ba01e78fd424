"""Products in compiled functions."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("scipy")

import numba

from tinygraph.compiling.llvm import blas
from tinygraph.compiling.llvm.blas import gemm


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaPerformanceWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shown", [True, False], ids=["BLAS", "np.dot"])
def test_products_of_all_rows(shown, dtype, monkeypatch):
    if not shown:
        monkeypatch.setattr(blas, "gemm", lambda number: None)
    space = {**blas.of_rows(), "numba": numba}
    exec(SOURCE, space)
    rng = np.random.default_rng(0)
    for lead, k, n in (((5,), 4, 3), ((2, 3), 1, 4), ((1,), 6, 1)):
        a, b, c = (rng.normal(size=shape).astype(dtype) for shape in ((*lead, k), (k, n), (*lead, n)))
        out = np.full((*lead, n), np.nan, dtype)
        space["rows"](a, b, out)
        np.testing.assert_allclose(out, np.einsum("...k,kn->...n", a, b), rtol=1e-5, atol=1e-6)
        space["turned"](a, np.ascontiguousarray(b.T), out)
        np.testing.assert_allclose(out, np.einsum("...k,kn->...n", a, b), rtol=1e-5, atol=1e-6)
        space["added"](a, b, out)
        np.testing.assert_allclose(out, 2 * np.einsum("...k,kn->...n", a, b), rtol=1e-5, atol=1e-6)
        outer = np.full((k, n), np.nan, dtype)
        space["sums"](a, c, outer)
        np.testing.assert_allclose(
            outer, np.einsum("ik,in->kn", a.reshape(-1, k), c.reshape(-1, n)), rtol=1e-5, atol=1e-6
        )


def test_products_are_of_equal_dtypes():
    space = {**blas.of_rows(), "numba": numba}
    exec(SOURCE, space)
    single, double = np.ones((2, 2), np.float32), np.ones((2, 2))
    for name in ("rows", "sums"):
        with pytest.raises(numba.TypingError, match="a product of float32 and float64 as float64"):
            space[name](single, double, double)


SOURCE = """
@numba.njit
def rows(a, b, out):
    dot_rows(a, b, out)

@numba.njit
def turned(a, b, out):
    dot_rows(a, b.T, out)

@numba.njit
def added(a, b, out):
    add_rows(a, b, out)

@numba.njit
def sums(a, b, out):
    dot_of_rows(a, b, out)
"""


def test_numpy_shows_its_blas_here():
    """Products would be right without it, and slower."""
    assert gemm(np.dtype(np.float32)) is not None
    assert gemm(np.dtype(np.float64)) is not None
    assert gemm(np.dtype(np.float16)) is None
