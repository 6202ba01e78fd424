from functools import cache

import numpy as np

import tinygraph as tg


def main():
    rng = np.random.default_rng(25)
    x = rng.normal(size=(5, 2))
    y = np.cumsum(rng.normal(size=(4, 1)), axis=0)

    U = tg.parameter(rng.normal(0, 0.4, (3, 3)))
    V = tg.parameter(rng.normal(0, 0.4, (3, 3)))
    W = tg.parameter(rng.normal(0, 0.4, (3, 2)))
    c = tg.parameter(rng.normal(0, 0.4, (1, 3)))
    h_start = tg.parameter(np.zeros(3))
    beta = 2.0

    @cache
    def h(t):
        if t < 0:
            return h_start
        return np.tanh(U @ h(t - 1) + V @ h(t - 3) + W @ x[t])

    @cache
    def cost(i, j):
        return np.sum((c @ h(i) - y[j]) ** 2)

    @cache
    def r(i, j):
        if i == 0 and j == 0:
            return cost(0, 0)
        before = []
        if i > 0:
            before.append(r(i - 1, j))
        if j > 0:
            before.append(r(i, j - 1))
        if i > 0 and j > 0:
            before.append(r(i - 1, j - 1))
        return cost(i, j) - np.log(sum(np.exp(-beta * b) for b in before)) / beta

    return r(len(x) - 1, len(y) - 1)
