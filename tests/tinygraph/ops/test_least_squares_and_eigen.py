"""Least squares, real eigenvalues, triangles that NumPy reads, einsum by lists, cross products along any axes."""

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.testing import check_gradients

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(11)
TALL, WIDE, SQUARE = RNG.normal(size=(6, 3)), RNG.normal(size=(3, 6)), RNG.normal(size=(3, 3)) + 3 * np.eye(3)
REAL = RNG.uniform(-0.3, 0.3, (4, 4)) + np.diag([1.0, 2.0, 3.0, 4.0])  # discs of Gershgorin apart
UNSYMMETRIC = RNG.uniform(-0.5, 0.5, (3, 3)) + np.diag([3.0, 4.0, 6.0])
SPD = UNSYMMETRIC @ UNSYMMETRIC.T


def same(ours, theirs, rtol=1e-12):
    np.testing.assert_allclose(getattr(ours, "data", ours), theirs, rtol=rtol, atol=1e-14)


# -- least squares ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [TALL, WIDE, SQUARE], ids=["tall", "wide", "square"])
@pytest.mark.parametrize("columns", [(), (1,), (2,)])
def test_lstsq_is_numpys_and_its_derivatives_those_of_an_oracle(a, columns):
    b = RNG.normal(size=(len(a), *columns))
    for ours, theirs in zip(np.linalg.lstsq(tg.parameter(a), tg.parameter(b)), np.linalg.lstsq(a, b), strict=True):
        same(ours, theirs)
        assert np.shape(ours) == np.shape(theirs)
    check_gradients(lambda a, b: np.linalg.lstsq(a, b)[:2], a, b)


def test_lstsq_has_torchs_gradient():
    b = RNG.normal(size=(6, 2))
    p, q = tg.parameter(TALL), tg.parameter(b)
    s, t = torch.tensor(TALL, requires_grad=True), torch.tensor(b, requires_grad=True)
    (np.linalg.lstsq(p, q, rcond=None)[0] ** 2).sum().backward()
    (torch.linalg.lstsq(s, t).solution ** 2).sum().backward()
    same(p.grad, s.grad.numpy())
    same(q.grad, t.grad.numpy())


def test_lstsq_of_deficient_rank_has_a_derivative_in_b_only():
    a = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])
    check_gradients(lambda b: np.linalg.lstsq(a, b)[0], np.array([1.0, 0.5, -1.0]))
    x, residuals, rank, _ = np.linalg.lstsq(tg.tensor(a), np.ones(3))
    assert (rank, residuals.shape) == (1, (0,))
    same(x, np.linalg.lstsq(a, np.ones(3))[0])
    with pytest.raises(ValueError, match=r"lstsq: a of shape \(3, 2\) has rank 1: there the solution jumps"):
        np.linalg.lstsq(tg.parameter(a), np.ones(3))
    with pytest.raises(ValueError, match="lstsq: expected a matrix"):
        np.linalg.lstsq(tg.parameter(np.ones(3)), np.ones(3))


def test_lstsq_cuts_off_where_rcond_says():
    a = np.diag([1.0, 1e-3])
    same(np.linalg.lstsq(a, tg.parameter([1.0, 1.0]), rcond=1e-2)[0], [1.0, 0.0])
    check_gradients(lambda b: np.linalg.lstsq(a, b, rcond=1e-2)[0], np.array([1.0, 1.0]))


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 0.5, 1.0, 3.0])])
def test_polyfit(weights):
    x, y = np.array([0.1, 0.5, 1.1, 1.7, 2.4]), RNG.normal(size=5)
    for deg in (0, 1, 3, 4):
        same(np.polyfit(x, tg.parameter(y), deg, w=weights), np.polyfit(x, y, deg, w=weights), rtol=1e-9)
    same(np.polyfit(x, tg.tensor(np.stack([y, 2 * y], 1)), 2), np.polyfit(x, np.stack([y, 2 * y], 1), 2), rtol=1e-10)
    check_gradients(lambda x, y: np.polyfit(x, y, 2, w=weights), x, y, rtol=1e-7)
    if weights is not None:
        check_gradients(lambda w: np.polyfit(x, y, 1, w=w), weights)


def test_the_slope_of_a_line_by_its_closed_form():
    x, y = np.array([0.0, 1.0, 4.0]), np.array([1.0, 3.0, 2.0])
    gradient = tg.grad(lambda y: np.polyfit(x, y, 1)[0])(y)
    centred = x - x.mean()
    same(gradient, centred / (centred @ centred))


# -- eigenvalues --------------------------------------------------------------------------------------------------


def test_eig_of_a_real_spectrum():
    values, vectors = np.linalg.eig(tg.parameter(REAL))
    expected = np.linalg.eig(REAL)
    same(values, expected.eigenvalues)
    same(vectors, expected.eigenvectors)
    same(np.linalg.eigvals(tg.parameter(REAL)), expected.eigenvalues)
    check_gradients(lambda a: list(np.linalg.eig(a)), REAL)
    check_gradients(np.linalg.eigvals, np.stack([REAL, REAL.T + np.eye(4)]), order=1)


def test_eigenvalues_have_torchs_gradient():
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    gradient = tg.grad(lambda a: np.sum(np.linalg.eigvals(a) * weights))(REAL)
    q = torch.tensor(REAL, requires_grad=True)
    values = torch.linalg.eigvals(q).real
    order = np.argsort(values.detach().numpy())[np.argsort(np.argsort(np.linalg.eigvals(REAL)))]
    (values[torch.tensor(order)] * torch.tensor(weights)).sum().backward()
    same(gradient, q.grad.numpy())


def test_the_trace_and_the_determinant_of_eigenvalues():
    same(tg.grad(lambda a: np.sum(np.linalg.eigvals(a)))(REAL), np.eye(4), rtol=1e-11)
    by_product = tg.grad(lambda a: np.prod(np.linalg.eigvals(a)))(REAL)
    same(by_product, np.linalg.det(REAL) * np.linalg.inv(REAL).T, rtol=1e-11)


@pytest.mark.parametrize("f", [np.linalg.eig, np.linalg.eigvals])
def test_complex_eigenvalues_are_refused(f):
    with pytest.raises(ValueError, match=r"some eigenvalues are complex, and a Tensor is real; np\.linalg\.eigh"):
        f(tg.parameter([[0.0, 1.0], [-1.0, 0.0]]))


# -- which triangle is read ---------------------------------------------------------------------------------------


FROM_A_TRIANGLE = {
    "cholesky": lambda a: np.linalg.cholesky(a),
    "cholesky, upper": lambda a: np.linalg.cholesky(a, upper=True),
    "eigvalsh": lambda a: np.linalg.eigvalsh(a),
    "eigvalsh U": lambda a: np.linalg.eigvalsh(a, UPLO="U"),
    "eigh L": lambda a: np.abs(np.linalg.eigh(a, UPLO="L")[1]),
    "eigh U": lambda a: np.abs(np.linalg.eigh(a, "U").eigenvectors),
}


@pytest.mark.parametrize("name", FROM_A_TRIANGLE)
def test_of_an_unsymmetric_matrix_numpys_triangle_is_read_and_differentiated(name):
    f = FROM_A_TRIANGLE[name]
    same(f(tg.parameter(UNSYMMETRIC)), f(UNSYMMETRIC))
    check_gradients(f, UNSYMMETRIC)
    unread = np.triu(np.ones((3, 3), bool), 1)
    unread = unread.T if "U" in name or "upper" in name else unread
    assert (tg.grad(lambda a: np.sum(f(a)))(UNSYMMETRIC)[unread] == 0).all()


@pytest.mark.parametrize("name", FROM_A_TRIANGLE)
def test_a_symmetric_matrix_is_read_in_the_same_way(name):
    f = FROM_A_TRIANGLE[name]
    same(f(tg.parameter(SPD)), f(SPD))
    check_gradients(f, SPD)
    gradient = tg.grad(lambda a: np.sum(f((a + a.T) / 2)))(SPD)
    same(gradient, gradient.T, rtol=1e-10)


def test_vectors_of_either_triangle_have_numpys_signs():
    for a in (SPD, UNSYMMETRIC, np.random.default_rng(1).normal(size=(5, 5))):
        for uplo in "LUlu":
            same(np.linalg.eigh(tg.parameter(a), uplo)[1], np.linalg.eigh(a, uplo)[1])


def test_reading_a_triangle_takes_one_node():
    for f in (np.linalg.cholesky, np.linalg.eigvalsh, lambda a: np.linalg.eigvalsh(a, "U")):
        assert len(tg.graph(f(tg.parameter(SPD)))) == 2


def test_a_whole_stack_is_read_alike():
    stack = np.stack([SPD, UNSYMMETRIC])
    same(np.linalg.eigvalsh(tg.parameter(stack)), np.linalg.eigvalsh(stack))
    check_gradients(np.linalg.eigvalsh, stack, order=1)


def test_uplo_is_checked():
    with pytest.raises(ValueError, match="UPLO must be 'L' or 'U', got 'X'"):
        np.linalg.eigh(tg.parameter(SPD), UPLO="X")


# -- products -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2]),
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
        lambda a, b: np.einsum(a, [30, 4], b, [4, 51]),
        lambda a, b: np.einsum(a, [..., 1], b, [1, 2], [..., 2]),
        lambda a, b: np.einsum(a, [0, 1], a, [0, 1], []),
        lambda a, b: np.einsum(b[:, :3], [0, 0]),
    ],
)
def test_einsum_by_lists(f):
    a, b = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4))
    same(f(tg.parameter(a), tg.parameter(b)), f(a, b))
    check_gradients(f, a, b, order=1)


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: np.cross(a, b, axisa=0, axisb=1),
        lambda a, b: np.cross(a, b, 0, 1, 0),
        lambda a, b: np.cross(a.T, b, axisc=0),
        lambda a, b: np.cross(a, b.T, axis=0),
        lambda a, b: np.linalg.cross(a.T, b, axis=-1),
    ],
)
def test_cross_along_any_axes(f):
    a, b = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 3))
    same(f(tg.parameter(a), tg.parameter(b)), f(a, b))
    check_gradients(f, a, b)
