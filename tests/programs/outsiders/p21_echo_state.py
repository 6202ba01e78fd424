"""Leaky echo state network on the Mackey-Glass series; leak and spectral radius are tuned too."""

import numpy as np

import tinygraph as tg

n_res = 5
washout = 2


def mackey_glass(n, beta=0.2, gamma=0.1, tau=5):
    x = [1.2] * (tau + 1)
    for _ in range(n):
        x.append(x[-1] + beta * x[-1 - tau] / (1 + x[-1 - tau] ** 10) - gamma * x[-1])
    return np.array(x[-n:])


rng = np.random.default_rng(21)
W_in = rng.uniform(-0.5, 0.5, (n_res, 2))
W_res = rng.uniform(-0.5, 0.5, (n_res, n_res))
W_res /= np.abs(np.linalg.eigvals(W_res)).max()  # unit spectral radius

rho = tg.parameter(np.array(0.9))
leak_logit = tg.parameter(np.array(0.0))
W_out = tg.parameter(rng.normal(0, 0.1, n_res + 2))


def reservoir(inputs):
    """Generate the extended states [1; u; x]."""
    alpha = tg.sigmoid(leak_logit)
    x = np.zeros(n_res)
    for u in inputs:
        v = np.array([1.0, u])
        x = (1 - alpha) * x + alpha * np.tanh(W_in @ v + rho * (W_res @ x))
        yield np.concatenate([v, x])


def main():
    series = mackey_glass(9)
    states = np.stack(list(reservoir(series[:-1])))
    predicted = states[washout:] @ W_out
    target = series[1 + washout :]
    ridge = 1e-4 * np.sum(W_out**2)
    return np.mean((predicted - target) ** 2) + ridge
