import numpy as np

import tinygraph as tg

gamma = 0.5


def softmin(a, b, c):
    return -gamma * np.log(np.exp(-a / gamma) + np.exp(-b / gamma) + np.exp(-c / gamma))


def soft_dtw(x, y):
    n, m = len(x), len(y)
    D = ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=-1)
    R = [[1e3] * (m + 1) for _ in range(n + 1)]
    R[0][0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            R[i][j] = D[i - 1, j - 1] + softmin(R[i - 1][j - 1], R[i - 1][j], R[i][j - 1])
    return R[n][m]


rng = np.random.default_rng(14)
series = [np.cumsum(rng.normal(size=(length, 2)), axis=0) for length in (5, 4, 6)]
barycenter = tg.parameter(rng.normal(size=(4, 2)))


def main():
    # soft barycenter of three series
    weights = [0.5, 0.25, 0.25]
    return sum(w * soft_dtw(barycenter, s) for w, s in zip(weights, series))
