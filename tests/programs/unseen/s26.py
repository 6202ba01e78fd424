"""Which of the two halves of a recording was louder?  Recordings come as (recording, time, channel)."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(106)
B, T, D, H = 32, 16, 2, 14


def recordings(n):
    louder = rng.integers(0, 2, size=n)
    volume = np.full((n, T), 0.5)
    half = np.arange(T) >= T // 2
    volume[half[None, :] == louder[:, None].astype(bool)] = 1.5
    envelope = volume * (1 + 0.2 * rng.normal(size=(n, T)))
    return np.stack([envelope - 1.0, rng.normal(size=(n, T)) * 0.2], axis=2), louder


def time_first(x):
    n, t, d = x.shape
    return x.reshape(t, n, d)


def cell(x, state, weights):
    U, W, b = weights
    return np.tanh(np.einsum("bd,hd->bh", x, U) + np.einsum("bk,hk->bh", state, W) + b)


weights = (
    tg.parameter(rng.normal(size=(H, D)) * 0.4, name="U"),
    tg.parameter(np.linalg.qr(rng.normal(size=(H, H)))[0] * 0.9, name="W"),
    tg.parameter(np.zeros(H), name="b"),
)
v = tg.parameter(rng.normal(size=H) * 0.2, name="v")
params = [*weights, v]
momentum = [np.zeros(p.shape) for p in params]
tail = []
for step in range(301):
    x, y = recordings(B)
    h = tg.tensor(np.zeros((B, H)))
    for xt in time_first(x):
        h = cell(xt, h, weights)
    z = np.einsum("bh,h->b", h, v)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    for p in params:
        p.zero_grad()
    loss.backward()
    norm = np.sqrt(sum(np.sum(p.grad**2) for p in params))
    for i, p in enumerate(params):
        momentum[i] = 0.9 * momentum[i] - 0.05 * p.grad / max(1.0, norm)
        p.data = p.data + momentum[i]
    tail.append(float(loss))
    if step % 60 == 0:
        print(f"{step:3d} loss {np.mean(tail[-30:]):.3f} accuracy {np.mean((z.numpy() > 0) == y):.2f}")
