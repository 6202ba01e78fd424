"""A GRU which at every step attends with several heads to all its earlier states."""

import numpy as np

import tinygraph as tg


class MultiHeadAttention:
    def __init__(self, dim, num_heads, head_dim, rng):
        self.heads = []
        for _ in range(num_heads):
            q, k, v = (tg.parameter(rng.normal(0, dim**-0.5, (dim, head_dim))) for _ in range(3))
            self.heads.append((q, k, v))
        self.Wo = tg.parameter(rng.normal(0, dim**-0.5, (num_heads * head_dim, dim)))
        self.scale = head_dim**-0.5

    def __call__(self, query, memory):
        out = []
        for Wq, Wk, Wv in self.heads:
            q, K, V = query @ Wq, memory @ Wk, memory @ Wv
            a = tg.softmax(np.einsum("d,sd->s", q, K) * self.scale)
            out.append(np.einsum("s,sd->d", a, V))
        return np.concatenate(out) @ self.Wo


class HistoryGRU:
    def __init__(self, n_in, n_hid, rng):
        self.W = tg.parameter(rng.normal(0, 0.4, (n_in + n_hid, 2 * n_hid)))
        self.b = tg.parameter(np.zeros(2 * n_hid))
        self.Wn = tg.parameter(rng.normal(0, 0.4, (n_in + n_hid, n_hid)))
        self.h0 = tg.parameter(np.zeros(n_hid))
        self.attention = MultiHeadAttention(n_hid, num_heads=2, head_dim=2, rng=rng)
        self.w = tg.parameter(rng.normal(0, 0.4, n_hid))
        self.n_hid = n_hid

    def cell(self, x, h):
        zr = tg.sigmoid(np.concatenate([x, h]) @ self.W + self.b)
        z, r = zr[: self.n_hid], zr[self.n_hid :]
        n = np.tanh(np.concatenate([x, r * h]) @ self.Wn)
        return z * n + (1 - z) * h

    def forward(self, xs):
        states = [self.h0]
        for x in xs:
            h = self.cell(x, states[-1])
            h = h + self.attention(h, np.stack(states))
            states.append(h)
        return np.stack(states[1:]) @ self.w


def main():
    rng = np.random.default_rng(23)
    xs = rng.normal(size=(5, 2))
    ys = np.array([xs[max(t - 2, 0), 0] for t in range(5)])  # recall
    net = HistoryGRU(2, 4, rng)
    return np.square(net.forward(xs) - ys).sum()
