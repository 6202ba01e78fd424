"""GRU over padded sequences of different lengths: the mask comes from the lengths, a finished sequence keeps its state
(np.where), the outputs are averaged over the valid steps only. The parameters are nested tuples."""

import numpy as np


def gru_cell(weights, x, h):
    (Wr, Ur, br), (Wz, Uz, bz), (Wn, Un, bn) = weights
    r = 1 / (1 + np.exp(-(x @ Wr + h @ Ur + br)))
    z = 1 / (1 + np.exp(-(x @ Wz + h @ Uz + bz)))
    n = np.tanh(x @ Wn + r * (h @ Un) + bn)
    return (1 - z) * n + z * h


def loss(params, x, lengths, y):
    weights, (w_out, b_out) = params
    B, T, _ = x.shape
    mask = np.arange(T)[None, :] < lengths[:, None]
    h = np.zeros((B, w_out.shape[0]))
    pooled = np.zeros_like(h)
    for t in range(T):
        m = mask[:, t, None]
        h = np.where(m, gru_cell(weights, x[:, t], h), h)
        pooled = pooled + m * h
    score = (pooled / lengths[:, None]) @ w_out + b_out
    # logistic loss, written stably:  log(1 + e^s) - y s
    return np.mean(np.maximum(score, 0) - y * score + np.log1p(np.exp(-np.abs(score))))


def cases(rng):
    I, H = 3, 4
    gate = lambda: (rng.normal(size=(I, H)), rng.normal(size=(H, H)) / 2, rng.normal(size=H) / 4)
    for B, T in ((4, 6), (4, 6), (4, 6), (4, 6), (2, 10), (6, 3)):
        lengths = rng.integers(1, T + 1, size=B)
        x = rng.normal(size=(B, T, I)) * (np.arange(T)[None, :, None] < lengths[:, None, None])
        yield ((gate(), gate(), gate()), (rng.normal(size=H), np.array(0.1))), x, lengths, rng.integers(0, 2, size=B)
