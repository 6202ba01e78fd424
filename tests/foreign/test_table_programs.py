"""Programs that fill tables cell by cell, written as the error says: ``table = table.at[i].set(t)``."""

import numpy as np
import pytest

from tests.foreign.program import Programs
from tests.foreign.tables import plus, put, table

programs = Programs()
rng = np.random.default_rng(7)


def normal(*shape):
    return rng.normal(size=shape) / 2


@programs.right(np.array([0.7, 1.3]))
def euler(p):
    y = put(table(np.zeros(20), p), 0, p[1])
    for i in range(19):
        y = put(y, i + 1, y[i] - 0.05 * p[0] * y[i])
    return y[-1] ** 2 + y[::4].sum()


@programs.right(normal(3, 3), normal(3))
def hidden_states_in_rows(W, h0):
    H = put(table(np.zeros((6, 3)), W), 0, h0)
    for t in range(5):
        H = put(H, t + 1, np.tanh(W @ H[t]))
    return np.sum(H**2) + H[2:4].mean()


@programs.right(np.eye(4) * 3 + np.ones((4, 4)))
def cholesky_in_a_lower_triangle(A):
    L = table(np.zeros((4, 4)), A)
    for i in range(4):
        for j in range(i + 1):
            s = sum(L[i, k] * L[j, k] for k in range(j))
            L = put(L, (i, j), np.sqrt(A[i, i] - s) if i == j else (A[i, j] - s) / L[j, j])
    return np.log(np.diag(L)).sum() + L[-1, 0] * L[2, 1]


@programs.right(normal(4), normal(5))
def soft_dtw_with_a_border_of_infinities(x, y):
    R = put(table(np.full((5, 6), np.inf), x), (0, 0), 0.0)
    for i in range(1, 5):
        for j in range(1, 6):
            before = [R[i - 1, j], R[i, j - 1], R[i - 1, j - 1]]
            finite = np.stack([b for b in before if b < np.inf])
            smallest = np.min(finite)
            soft = smallest - np.log(np.sum(np.exp(smallest - finite)))
            R = put(R, (i, j), (x[i - 1] - y[j - 1]) ** 2 + soft)
    return R[-1, -1]


@programs.right(normal(5, 3))
def ctc_forward(scores):
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    labels = [0, 1, 0, 2, 0]
    alpha = table(np.zeros((5, 5)), scores)
    alpha = put(put(alpha, (0, 0), p[0, 0]), (0, 1), p[0, 1])
    for t in range(1, 5):
        for s in range(5):
            before = alpha[t - 1, s] + (alpha[t - 1, s - 1] if s else 0.0)
            if s > 1 and labels[s] and labels[s] != labels[s - 2]:
                before = before + alpha[t - 1, s - 2]
            alpha = put(alpha, (t, s), before * p[t, labels[s]])
    return -np.log(alpha[4, 4] + alpha[4, 3])


@programs.right(np.array([0.3, -0.2]), normal(4))
def covariance_in_both_triangles(theta, y):
    K = table(0.1 * np.eye(4), theta)
    for i in range(4):
        for j in range(i + 1):
            value = np.exp(theta[0]) * np.exp(-((i - j) ** 2) * np.exp(theta[1]))
            K = plus(K, (i, j), value)
            if i != j:
                K = put(K, (j, i), value)
    return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * np.linalg.slogdet(K)[1]


@programs.right(normal(7), normal(3))
def convolution_that_adds_up(x, kernel):
    y = table(np.zeros(5), x)
    for i in range(5):
        for j in range(3):
            y = plus(y, i, kernel[j] * x[i + j])
    return np.sum(np.tanh(y) ** 2)


@programs.right(np.array([0.4]), np.exp(-(np.linspace(-2, 2, 9) ** 2)))
def heat_equation_in_place(alpha, u):
    for _ in range(6):
        u = plus(u, slice(1, -1), alpha[0] * (u[2:] - 2 * u[1:-1] + u[:-2]))
    return np.sum(u**2)


@programs.right(normal(6), normal(6))
def histogram_of_weights_at_repeated_bins(x, weights):
    bins = np.array([0, 2, 1, 2, 0, 2])
    counts = plus(table(np.zeros(3), x), bins, weights * x)
    return np.sum(counts**3)


@programs.right(normal(3, 3))
def elimination_row_by_row(A):
    A = A + 3 * np.eye(3)
    for i in range(3):
        for r in range(i + 1, 3):
            A = put(A, r, A[r] - A[r, i] / A[i, i] * A[i])
    return np.prod(np.diag(A))


@programs.right(normal(4, 4))
def a_mask_and_a_diagonal(A):
    A = put(A, A < -0.2, 0.0)
    A = put(A, np.diag_indices(4), np.sum(A, axis=1))
    return np.linalg.norm(A @ A)


@programs.right(normal(3))
def an_undo_that_goes_on_from_an_older_version(x):
    empty = table(np.zeros(3), x)
    first = put(empty, 0, x[0] * x[1])
    tried = put(put(first, 1, x[1] ** 2), 0, 7.0)
    second = put(first, 2, x[2] * first[0])
    return np.sum(tried * np.arange(3.0)) + np.sum(second**2) + np.sum(first) + empty.sum()


@programs.right(normal(4))
def insertion_sort(x):
    y = x * 1.0
    for i in range(1, 4):
        j = i
        while j and y[j - 1] > y[j]:
            y = put(y, [j - 1, j], np.stack([y[j], y[j - 1]]))
            j -= 1
    return np.sum(y * np.arange(4.0)) ** 2


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
