"""The first symbol decides: a plain tanh network has to remember it over forty steps of noise."""

import numpy as np

import tinygraph as tg

T, H = 40, 8


def orthogonal(n, rng):
    q, r = np.linalg.qr(rng.normal(size=(n, n)))
    return q * np.sign(np.diag(r))


def make(rng):
    W = tg.parameter(0.45 * orthogonal(H, rng))
    U = tg.parameter(rng.normal(size=(H, 2)) * 0.1)
    E = tg.parameter(rng.normal(size=(2, H)) * 0.5)
    V = tg.parameter(rng.normal(size=H) * 0.3)
    return W, U, E, V


rng = np.random.default_rng(9)
W, U, E, V = make(rng)
first = rng.integers(0, 2, size=16)
noise = 0.1 * rng.normal(size=(T - 1, 16, 2))


def main():
    h = E[first]
    for x in noise:
        h = np.tanh(h @ W.T + x @ U.T)
    margin = (2 * first - 1) * (h @ V)
    return np.mean(tg.softplus(-margin))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item(), "gradient of the embedding", np.abs(E.grad).max())
