"""DEPENDS ON VALUES: a deep-equilibrium cell. For each input a while loop iterates the state until it moves less than a
tolerance (early break), so the number of steps depends on parameters and data; the sequence ends at the first EOS."""

import numpy as np

EOS, TOL, MAX_ITER = 0, 1e-2, 40


def settle(W, drive, z):
    """z = tanh(W z + drive), by damped iteration"""
    it = 0
    while True:
        new = 0.3 * z + 0.7 * np.tanh(W @ z + drive)
        moved = np.max(np.abs(new - z))
        z, it = new, it + 1
        if moved < TOL or it >= MAX_ITER:
            break
    return z, it


def loss(params, tokens, y):
    W, E, v = params
    z = np.zeros(W.shape[0])
    energy, steps = 0.0, 0
    for k in tokens:
        if k == EOS:
            break
        z, it = settle(W, E[k] + 0.5 * z, z)
        energy = energy + np.sum(z**2)
        steps += it
    return (v @ z - y) ** 2 + energy / (1 + steps)


def cases(rng):
    n, V = 3, 6
    for T, scale in ((5, 0.3), (5, 0.9), (5, 0.5), (5, 0.1), (5, 0.7), (8, 0.5)):
        tokens = rng.integers(1, V, size=T)
        if rng.random() < 0.6:
            tokens[rng.integers(1, T)] = EOS
        W = rng.normal(size=(n, n))
        yield (scale * W / np.linalg.norm(W, 2), rng.normal(size=(V, n)), rng.normal(size=n)), tokens, rng.normal()
