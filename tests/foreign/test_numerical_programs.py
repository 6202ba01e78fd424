"""Programs of numerical analysis, as people write them: integrators, solvers, transforms, stencils."""

import numpy as np
import pytest

from tests.foreign.program import Programs

programs = Programs()
rng = np.random.default_rng(2)


def normal(*shape):
    return rng.normal(size=shape) / 2


def positive_definite(n):
    A = rng.normal(size=(n, n))
    return A @ A.T + n * np.eye(n)


# -- integrators ------------------------------------------------------------------------------------------------------


@programs.refused(np.array([0.7, 1.3]), says="table.at[i].set")
def euler_into_a_preallocated_array(p):
    k, y0 = p
    y = np.zeros(20)
    y[0] = y0
    for i in range(19):
        y[i + 1] = y[i] - 0.05 * k * y[i]
    return y[-1] ** 2


@programs.right(np.array([0.7, 1.3]))
def euler_into_a_list(p):
    y = [p[1]]
    for _ in range(19):
        y.append(y[-1] - 0.05 * p[0] * y[-1])
    return y[-1] ** 2


@programs.right(np.array([1.5, 0.8, 0.3, 1.1]), np.array([1.0, 0.5]))
def lotka_volterra_by_runge_kutta(p, state):
    a, b, c, d = p

    def f(s):
        prey, predator = s
        return np.stack([a * prey - b * prey * predator, c * prey * predator - d * predator])

    h = 0.1
    for _ in range(10):
        k1 = f(state)
        k2 = f(state + h / 2 * k1)
        k3 = f(state + h / 2 * k2)
        k4 = f(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(state**2)


@programs.refused(np.array([1.5, 0.8]), says="np.stack")
def derivatives_in_np_array(p):
    x, v = np.array([1.0, 0.0])
    for _ in range(5):
        dx, dv = np.array([v, -p[0] * x - p[1] * v])
        x, v = x + 0.1 * dx, v + 0.1 * dv
    return x * v


@programs.right(np.array([1.2]), np.array([0.4, -0.1]))
def symplectic_leapfrog_of_a_pendulum(w, start):
    q, v = start[0], start[1]
    for _ in range(25):
        v = v - 0.05 * w[0] ** 2 * np.sin(q)
        q = q + 0.1 * v
        v = v - 0.05 * w[0] ** 2 * np.sin(q)
    return 0.5 * v**2 + q**2


@programs.right(normal(2, 2), normal(2))
def neural_ode_by_euler(W, z):
    trajectory = [z]
    for t in np.arange(0, 1, 0.1):
        z = z + 0.1 * np.tanh(W @ z + np.cos(t))
        trajectory.append(z)
    return np.mean(np.array([1.0, 2.0]) * np.stack(trajectory) ** 2)


@programs.right(np.array([0.4]), np.exp(-(np.linspace(-2, 2, 9) ** 2)))
def heat_equation_by_slices(alpha, u):
    for _ in range(6):
        inner = u[1:-1] + alpha[0] * (u[2:] - 2 * u[1:-1] + u[:-2])
        u = np.concatenate([u[:1], inner, u[-1:]])
    return np.sum(u**2)


@programs.refused(np.array([0.4]), np.exp(-(np.linspace(-2, 2, 9) ** 2)), says="not written in place")
def heat_equation_in_place(alpha, u):
    u = u.copy()
    for _ in range(6):
        u[1:-1] = u[1:-1] + alpha[0] * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


@programs.right(np.array([0.6]), normal(4, 4))
def laplacian_by_roll(c, u):
    for _ in range(3):
        u = u + c[0] * (sum(np.roll(u, s, axis) for s in (1, -1) for axis in (0, 1)) - 4 * u) * 0.1
    return np.abs(u).sum()


@programs.right(np.array([0.02, 1.1]))
def logistic_map_in_a_while_loop(p):
    x, steps = p[0], 0
    while x < 0.9 and steps < 100:
        x = x + 0.1 * p[1] * x * (1 - x)
        steps += 1
    return x * steps


# -- roots and fixed points --------------------------------------------------------------------------------------------


@programs.right(np.array([2.0]))
def square_root_by_newton_until_it_converges(a):
    x = a[0]
    while abs(x * x - a[0]) > 1e-13:
        x = 0.5 * (x + a[0] / x)
    return x


@programs.right(np.array([0.3, 1.2]))
def fixed_point_with_a_for_else(p):
    x = 0.0
    for _ in range(60):
        new = p[0] * np.cos(x) + p[1] * 0.1
        if abs(new - x) < 1e-15:
            break
        x = new
    else:
        raise RuntimeError("no convergence")
    return new**2


@programs.right(positive_definite(4), normal(4))
def conjugate_gradients(A, b):
    x = np.zeros(4)
    r = b - A @ x
    p, rs = r, r @ r
    for _ in range(4):
        Ap = A @ p
        step = rs / (p @ Ap)
        x = x + step * p
        r = r - step * Ap
        new = r @ r
        p = r + (new / rs) * p
        rs = new
    return np.sum(np.sin(x))


@programs.right(positive_definite(3))
def largest_eigenvalue_by_power_iteration(A):
    v = np.ones(3)
    for _ in range(80):
        v = A @ v
        v = v / np.linalg.norm(v)
    return v @ A @ v


@programs.right(normal(3, 3) + np.eye(3))
def gram_schmidt_in_a_list(A):
    basis = []
    for v in A.T:
        for q in basis:
            v = v - (q @ v) * q
        basis.append(v / np.sqrt(v @ v))
    return np.sum(np.column_stack(basis) * np.arange(9.0).reshape(3, 3))


@programs.refused(positive_definite(3), says="table.at[i].set")
def cholesky_cell_by_cell(A):
    L = np.zeros((3, 3))
    for i in range(3):
        for j in range(i + 1):
            s = sum(L[i, k] * L[j, k] for k in range(j))
            L[i, j] = np.sqrt(A[i, i] - s) if i == j else (A[i, j] - s) / L[j, j]
    return np.log(np.diag(L)).sum()


@programs.right(positive_definite(3))
def determinant_by_elimination_on_lists(A):
    rows = [list(row) for row in A]
    det = 1.0
    for i in range(3):
        pivot = max(range(i, 3), key=lambda r: abs(rows[r][i]))
        if pivot != i:
            rows[i], rows[pivot] = rows[pivot], rows[i]
            det = -det
        det = det * rows[i][i]
        for r in range(i + 1, 3):
            factor = rows[r][i] / rows[i][i]
            rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i], strict=True)]
    return det


@programs.right(normal(3, 3))
def determinant_by_recursion_on_minors(A):
    def det(M):
        if M.shape == (1, 1):
            return M[0, 0]
        keep = np.arange(len(M))
        return sum((-1) ** j * M[0, j] * det(M[1:][:, keep != j]) for j in range(len(M)))

    return det(A)


@programs.right(np.array([1.3, 0.7]))
def thomas_algorithm_on_lists(p):
    n = 5
    lower, diagonal, upper = [-p[0]] * n, [2.5 + p[1]] * n, [-p[0]] * n
    b = [float(i + 1) for i in range(n)]
    for i in range(1, n):
        m = lower[i] / diagonal[i - 1]
        diagonal[i] = diagonal[i] - m * upper[i - 1]
        b[i] = b[i] - m * b[i - 1]
    x = [b[-1] / diagonal[-1]]
    for i in range(n - 2, -1, -1):
        x.insert(0, (b[i] - upper[i] * x[0]) / diagonal[i])
    return sum(v * v for v in x)


# -- quadrature, polynomials, interpolation ----------------------------------------------------------------------------


@programs.right(np.array([0.5, 2.0]))
def simpson_with_weights(p):
    x = np.linspace(p[0], p[1], 11)
    weights = np.ones(11)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    return (p[1] - p[0]) / 30 * np.sum(weights * np.exp(-x) * np.sin(x))


@programs.right(np.array([1.0, -2.0, 0.5, 3.0]), np.array([0.7]))
def horner_by_reduce(coefficients, x):
    from functools import reduce

    return reduce(lambda value, c: value * x[0] + c, coefficients)


@programs.right(np.array([1.0, -2.0, 0.5, 3.0]))
def chebyshev_by_clenshaw(c):
    b1 = b2 = 0.0
    for a in c[:0:-1]:
        b1, b2 = a + 2 * 0.3 * b1 - b2, b1
    return c[0] + 0.3 * b1 - b2


@programs.right(normal(4))
def lagrange_interpolation(y):
    nodes, at = [0.0, 1.0, 2.5, 3.0], 1.7
    total = 0
    for i, xi in enumerate(nodes):
        term = y[i]
        for j, xj in enumerate(nodes):
            if i != j:
                term *= (at - xj) / (xi - xj)
        total += term
    return total


@programs.right(normal(4), np.array([0.1, 0.9, 2.2, 3.0]))
def divided_differences_in_place_of_a_list(y, x):
    c = list(y)
    for order in range(1, 4):
        for i in range(3, order - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (x[i] - x[i - order])
    return sum(ci * (k + 1) for k, ci in enumerate(c))


@programs.right(normal(3, 2))
def de_casteljau(control):
    points = list(control)
    while len(points) > 1:
        points = [0.6 * a + 0.4 * b for a, b in zip(points, points[1:])]
    return np.hypot(*points[0])


@programs.right(normal(5))
def least_squares_line_by_normal_equations(y):
    X = np.vander(np.linspace(0, 1, 5), 2)
    beta = np.linalg.inv(X.T @ X) @ X.T @ y
    residual = y - X @ beta
    return residual @ residual + beta[0]


# -- transforms and stencils -------------------------------------------------------------------------------------------


@programs.right(normal(8))
def haar_wavelet_until_one_is_left(x):
    coefficients = []
    while len(x) > 1:
        coefficients.append((x[0::2] - x[1::2]) / np.sqrt(2))
        x = (x[0::2] + x[1::2]) / np.sqrt(2)
    details = np.concatenate(coefficients)
    return np.sum(np.sign(details) * np.maximum(np.abs(details) - 0.1, 0)) + x[0] ** 2


@programs.right(normal(8))
def low_pass_by_rfft(x):
    spectrum = np.fft.rfft(x)
    power = np.abs(spectrum) ** 2
    return power[:3].sum() / power.sum()


@programs.right(normal(6))
def discrete_fourier_sums_by_matrices(x):
    angles = -2 * np.pi * np.outer(np.arange(6), np.arange(6)) / 6
    real, imag = np.cos(angles) @ x, np.sin(angles) @ x
    return np.sum(np.log1p(real**2 + imag**2))


@programs.refused(normal(6), says="real")
def discrete_fourier_sums_by_complex_exponentials(x):
    F = np.exp(-2j * np.pi * np.outer(np.arange(6), np.arange(6)) / 6)
    return np.sum(np.abs(F @ x))


@programs.right(normal(6, 6), normal(3, 3))
def convolution_by_windows(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    return np.sum(np.tanh(np.einsum("ijkl,kl->ij", windows, kernel)))


@programs.refused(normal(6), normal(3), says="np.as_strided takes no Tensor: write it with NumPy's functions")
def convolution_by_as_strided(x, kernel):
    windows = np.lib.stride_tricks.as_strided(x, (4, 3), (8, 8))
    return np.sum(np.tanh(windows @ kernel))


@programs.right(normal(7), normal(3))
def convolution_by_two_loops(x, kernel):
    y = [sum(kernel[j] * x[i + j] for j in range(3)) for i in range(5)]
    return sum(np.tanh(v) ** 2 for v in y)


@programs.refused(normal(7), normal(3), says="table.at[i].set")
def convolution_by_two_loops_into_a_table(x, kernel):
    y = np.zeros(5)
    for i in range(5):
        for j in range(3):
            y[i] += kernel[j] * x[i + j]
    return np.sum(np.tanh(y) ** 2) + x[0]


@programs.right(normal(4, 4))
def max_pooling_by_reshape(x):
    return (x.reshape(2, 2, 2, 2).max(axis=(1, 3)) ** 2).sum()


@programs.right(normal(5, 5))
def sobel_by_slices(image):
    gx = image[:-2, 2:] + 2 * image[1:-1, 2:] + image[2:, 2:] - image[:-2, :-2] - 2 * image[1:-1, :-2] - image[2:, :-2]
    gy = np.gradient(image)[0][1:-1, 1:-1]
    return np.sqrt(gx**2 + gy**2 + 1e-3).mean()


@programs.right(normal(4), normal(4))
def summed_area_and_running_mean(x, y):
    total = np.cumsum(x * y)
    return np.sum((total[2:] - total[:-2]) ** 2) + np.diff(x, n=2).sum()


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
