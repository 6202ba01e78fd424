"""Programs of statistics, as people write them: losses, likelihoods, mixtures, projections."""

import numpy as np
import pytest

from tests.foreign.program import Programs

programs = Programs()
rng = np.random.default_rng(3)


def normal(*shape):
    return rng.normal(size=shape) / 2


X, Y = rng.normal(size=(6, 2)), rng.normal(size=6)
LABELS = np.array([0, 2, 1, 1, 0, 2])


# -- softmax in five spellings, and what is made of it -----------------------------------------------------------------


@programs.right(normal(4))
def softmax_plain(z):
    return (np.exp(z) / np.sum(np.exp(z)))[1] ** 2


@programs.right(normal(4))
def softmax_shifted(z):
    e = np.exp(z - np.max(z))
    return (e / e.sum())[1] ** 2


@programs.right(normal(4))
def softmax_from_its_logarithm(z):
    return np.exp(2 * (z - np.log(np.sum(np.exp(z))))[1])


@programs.right(normal(4))
def softmax_of_a_list_comprehension(z):
    e = [np.exp(v) for v in z]
    return (e[1] / sum(e)) ** 2


@programs.right(normal(2, 4))
def softmax_of_a_batch_with_augmented_assignment(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    e /= e.sum(axis=1, keepdims=True)
    return (e[:, 1] ** 2).sum()


@programs.refused(
    normal(4), says="scipy.special.softmax takes no Tensor: write tg.softmax(x, axis), with axis=None for"
)
def softmax_of_scipy(z):
    import scipy.special

    return scipy.special.softmax(z)[1] ** 2


@programs.right(normal(6, 3))
def cross_entropy_by_advanced_indexing(logits):
    log_p = logits - np.log(np.exp(logits).sum(axis=1))[:, None]
    return -log_p[range(6), LABELS].mean()


@programs.right(normal(6, 3))
def cross_entropy_by_one_hot_rows(logits):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return -np.sum(np.eye(3)[LABELS] * np.log(np.clip(p, 1e-12, 1.0))) / len(LABELS)


# -- regression -------------------------------------------------------------------------------------------------------


@programs.right(normal(2), np.array(0.1))
def logistic_regression(w, b):
    z = X @ w + b
    y = (Y > 0).astype(float)
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


@programs.right(normal(2, 3), normal(3), normal(3), np.array(0.2))
def two_layer_network_in_a_list_of_layers(W1, b1, W2, b2):
    activation = X
    for W, b, f in [(W1, b1, lambda v: np.maximum(v, 0.1 * v)), (W2, b2, lambda v: v)]:
        activation = f(np.dot(activation, W) + b)
    return ((activation - Y) ** 2).mean() + 0.01 * sum((W**2).sum() for W in (W1, W2))


@programs.right(normal(2), np.array([0.3]))
def ridge_with_a_learned_penalty(w0, log_penalty):
    penalty = np.exp(log_penalty[0])
    w = np.linalg.solve(X.T @ X + penalty * np.eye(2), X.T @ Y + penalty * w0)
    return np.sum((X @ w - Y) ** 2)


@programs.right(normal(2), np.array(1.3))
def huber_loss_by_where(w, delta):
    r = Y - X @ w
    return np.where(abs(r) <= delta, 0.5 * r**2, delta * (abs(r) - 0.5 * delta)).sum()


@programs.right(normal(2), np.array(1.3))
def huber_loss_by_branches(w, delta):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        r = y - np.dot(w, x)
        total += 0.5 * r * r if -delta <= r <= delta else delta * (abs(r) - 0.5 * delta)
    return total


@programs.fooled(normal(2), says="@", reason="X.dot(t) of an array X says t.numpy(), where X @ t or np.dot is meant")
def poisson_regression_by_a_method_of_the_data(w):
    rate = np.exp(X.dot(w))
    counts = np.arange(6)
    return np.sum(rate - counts * np.log(rate))


@programs.right(normal(2))
def median_absolute_deviation(w):
    r = Y - X @ w
    return np.median(np.abs(r - np.median(r)))


# -- Gaussian processes, mixtures, projections -------------------------------------------------------------------------


@programs.right(np.array([0.2, -0.3, -1.0]))
def gaussian_process_marginal_likelihood(theta):
    length, amplitude, noise = np.exp(theta)
    squares = np.sum((X[:, None, :] - X[None, :, :]) ** 2, -1)
    K = amplitude**2 * np.exp(-0.5 * squares / length**2) + (noise**2 + 1e-6) * np.eye(6)
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, Y))
    return 0.5 * Y @ alpha + np.sum(np.log(np.diag(L))) + 3 * np.log(2 * np.pi)


@programs.refused(np.array([0.2, -0.3]), says="table.at[i].set")
def gaussian_process_covariance_cell_by_cell(theta):
    K = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            K[i, j] = np.exp(theta[0]) * np.exp(-((i - j) ** 2) * np.exp(theta[1]))
            if i == j:
                K[i, j] += 0.1
    return 0.5 * np.log(np.linalg.det(K)) + theta[0]


@programs.right(np.array([0.3, -0.2]), np.array([0.1, 0.4]), normal(2, 2))
def mixture_of_gaussians_evidence(logits, log_sigma, mu):
    log_weights = logits - np.logaddexp(logits[0], logits[1])
    parts = []
    for k in range(2):
        z = (X - mu[k]) / np.exp(log_sigma[k])
        parts.append(log_weights[k] - 0.5 * (z**2).sum(1) - 2 * log_sigma[k] - np.log(2 * np.pi))
    return -np.logaddexp(*parts).sum()


@programs.right(normal(2, 2))
def expectation_maximization_unrolled(mu):
    for _ in range(3):
        distances = ((X[:, None] - mu) ** 2).sum(-1)
        r = np.exp(-distances)
        r = r / r.sum(1, keepdims=True)
        mu = (r.T @ X) / r.sum(0)[:, None]
    return np.sum(mu**2)


@programs.right(normal(3, 2))
def k_means_with_soft_assignment(centres):
    squares = np.sum(X**2, 1)[:, None] - 2 * X @ centres.T + np.sum(centres**2, 1)
    weights = np.exp(-3 * squares) / np.exp(-3 * squares).sum(1, keepdims=True)
    return np.einsum("nk,nk", weights, squares)


@programs.right(normal(3, 2))
def k_means_with_hard_assignment(centres):
    squares = ((X[:, None] - centres) ** 2).sum(-1)
    nearest = squares.argmin(1)
    return sum(squares[n, k] for n, k in enumerate(nearest))


@programs.right(normal(5, 3))
def variance_explained_by_the_first_component(data):
    centred = data - data.mean(0)
    s = np.linalg.svd(centred, compute_uv=False)
    return s[0] ** 2 / np.sum(s**2)


@programs.right(normal(5, 3))
def reconstruction_by_principal_components(data):
    centred = data - data.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    top = vectors[:, -2:]
    return np.linalg.norm(centred - centred @ top @ top.T) + np.corrcoef(data.T)[0, 1]


@programs.right(normal(4, 2), normal(4, 2))
def procrustes_by_svd(A, B):
    U, _, Vt = np.linalg.svd(A.T @ B)
    return np.sum((A @ (U @ Vt) - B) ** 2)


@programs.right(normal(5), normal(5))
def wasserstein_by_sorting(a, b):
    return np.mean((np.sort(a) - np.sort(b)) ** 2)


@programs.right(normal(3, 4))
def sinkhorn_distance(cost):
    K = np.exp(-cost / 0.5)
    u = np.ones(3) / 3
    for _ in range(10):
        v = (np.ones(4) / 4) / (K.T @ u)
        u = (np.ones(3) / 3) / (K @ v)
    return np.sum(u[:, None] * K * v * cost)


@pytest.mark.parametrize("case", programs.cases)
def test_program(case):
    case()
