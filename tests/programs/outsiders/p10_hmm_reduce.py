from functools import reduce

import numpy as np

import tinygraph as tg


def logsumexp(a, axis=None, keepdims=False):
    m = a.max(axis=axis, keepdims=True)
    s = np.log(np.exp(a - m).sum(axis=axis, keepdims=True)) + m
    return s if keepdims else np.squeeze(s, axis=axis)


def log_normalize(a, axis):
    return a - logsumexp(a, axis=axis, keepdims=True)


rng = np.random.default_rng(10)
K, M = 3, 4
pi_ = tg.parameter(rng.normal(size=K))
Gamma = tg.parameter(rng.normal(size=(K, K)))
Phi = tg.parameter(rng.normal(size=(K, M)))


def log_likelihood(obs):
    log_pi = log_normalize(pi_, 0)
    log_A = log_normalize(Gamma, 1)
    log_B = log_normalize(Phi, 1)

    def forward(alpha, o):
        return logsumexp(alpha[:, None] + log_A, axis=0) + log_B[:, o]

    alpha_T = reduce(forward, obs[1:], log_pi + log_B[:, obs[0]])
    return logsumexp(alpha_T, axis=0)


def main():
    observations = [0, 1, 1, 3, 2, 0, 3]
    return -log_likelihood(observations)
