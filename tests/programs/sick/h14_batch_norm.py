"""Batch normalisation of a recurrence: there the mean over the batch is the point."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(14)
N, T, H = 16, 4, 5
W, U = tg.parameter(rng.normal(size=(H, H)) * 0.4), tg.parameter(rng.normal(size=(2, H)))
gamma, beta = tg.parameter(np.full(H, 0.5)), tg.parameter(np.zeros(H))
v = tg.parameter(rng.normal(size=H) * 0.4)
parameters = [W, U, gamma, beta, v]
xs = rng.normal(size=(T, N, 2))
ys = xs.sum(axis=(0, 2)) / 2


def batch_norm(a):
    mean, variance = np.mean(a, axis=0), np.var(a, axis=0)
    return gamma * (a - mean) / np.sqrt(variance + 1e-5)


def main():
    h = np.zeros((N, H))
    for x in xs:
        h = np.tanh(batch_norm(h @ W) + batch_norm(x @ U) + beta)
    return np.mean((h @ v - ys) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())
