"""Negative log-likelihood of a Kalman filter (matrix form, with np.linalg) whose noise covariances are L L' with positive
diagonals by exp; missing observations are NaN and enter through np.where, never through a branch."""

import numpy as np


def covariance(log_diag, lower):
    n = log_diag.shape[0]
    L = np.diag(np.exp(log_diag)) + np.tril(lower, -1)
    return L @ L.T + 1e-3 * np.eye(n)


def loss(params, ys):
    A, C, mu0 = params["A"], params["C"], params["mu0"]
    Q, R = covariance(*params["Q"]), covariance(*params["R"])
    n, m = A.shape[0], C.shape[0]
    I = np.eye(n)
    mean, P = mu0, I
    nll = 0.0
    for y in ys:
        seen = ~np.isnan(y)
        y0 = np.where(seen, y, 0.0)
        G = C * seen[:, None]  # rows of missing components are zero
        S = G @ P @ G.T + np.where(np.outer(seen, seen), R, np.eye(m))
        innovation = np.where(seen, y0 - C @ mean, 0.0)
        K = np.linalg.solve(S, G @ P).T
        sign, logdet = np.linalg.slogdet(S)
        nll = nll + 0.5 * (innovation @ np.linalg.solve(S, innovation) + logdet + seen.sum() * np.log(2 * np.pi))
        mean = mean + K @ innovation
        P = (I - K @ G) @ P
        P = (P + P.T) / 2
        mean, P = A @ mean, A @ P @ A.T + Q
    return nll / len(ys)


def cases(rng):
    n, m = 3, 2
    for T in (5, 5, 5, 5, 9):
        ys = rng.normal(size=(T, m))
        ys[rng.random(size=(T, m)) < 0.25] = np.nan
        yield (
            {
                "A": 0.6 * np.linalg.qr(rng.normal(size=(n, n)))[0],
                "C": rng.normal(size=(m, n)),
                "mu0": rng.normal(size=n),
                "Q": (rng.normal(size=n) / 3, rng.normal(size=(n, n)) / 3),
                "R": (rng.normal(size=m) / 3, rng.normal(size=(m, m)) / 3),
            },
            ys,
        )
