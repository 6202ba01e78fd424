"""Sum of a sequence of small numbers, GRU written with a dict of parameters."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(0)
D, H, T, B = 2, 12, 8, 32


def make(name, *shape):
    return tg.parameter(rng.normal(size=shape) / np.sqrt(shape[-1]), name=name)


P = {
    "Wz": make("Wz", H, D + H),
    "Wr": make("Wr", H, D + H),
    "Wn": make("Wn", H, D + H),
    "bz": tg.parameter(np.zeros(H), name="bz"),
    "br": tg.parameter(np.zeros(H), name="br"),
    "bn": tg.parameter(np.zeros(H), name="bn"),
    "Wo": make("Wo", 1, H),
    "bo": tg.parameter(np.zeros(1), name="bo"),
}
m = {k: np.zeros(p.shape) for k, p in P.items()}
s = {k: np.zeros(p.shape) for k, p in P.items()}


def gru(x, h):
    xh = np.concatenate([x, h], axis=1)
    z = tg.sigmoid(xh @ P["Wz"].T + P["bz"])
    r = tg.sigmoid(xh @ P["Wr"].T + P["br"])
    n = np.tanh(np.concatenate([x, r * h], axis=1) @ P["Wn"].T + P["bn"])
    return (1 - z) * n + z * h


def predict(xs):
    h = tg.tensor(np.zeros((xs.shape[0], H)))
    for t in range(xs.shape[1]):
        h = gru(xs[:, t], h)
    return h @ P["Wo"].T + P["bo"]


def batch():
    xs = rng.normal(size=(B, T, D)) * 0.5
    target = xs[:, :, 0].sum(axis=1)
    return xs, target


for step in range(1, 251):
    xs, y = batch()
    out = predict(xs)
    error = out[:, 0] - y
    loss = (error**2).mean()
    for p in P.values():
        p.zero_grad()
    loss.backward()
    for k, p in P.items():
        m[k] = 0.9 * m[k] + 0.1 * p.grad
        s[k] = 0.999 * s[k] + 0.001 * p.grad**2
        p.data = p.data - 0.01 * (m[k] / (1 - 0.9**step)) / (np.sqrt(s[k] / (1 - 0.999**step)) + 1e-8)
    if step % 50 == 0:
        print(f"{step:4d}  loss {float(loss):.4f}   variance of the target {y.var():.4f}")
