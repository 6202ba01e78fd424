"""Remember two bits to the end and say whether they differ."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(8)
H, B, T, K = 16, 32, 12, 12

theta = {
    "U": tg.parameter(rng.normal(size=(2, H)) * 0.6, name="U"),
    "W": tg.parameter(0.9 * np.eye(H) + rng.normal(size=(H, H)) * 0.1, name="W"),
    "b": tg.parameter(np.zeros(H), name="b"),
    "v": tg.parameter(rng.normal(size=H) * 0.2, name="v"),
}


def task():
    one, two = rng.integers(0, 2, size=(2, B))
    x = np.zeros((T, B, 2))
    x[0, :, 0] = 2.0 * one - 1
    x[3, :, 1] = 2.0 * two - 1
    return x, one ^ two


def run(x, differ):
    h = tg.tensor(np.zeros((B, H)))
    for t in range(T):
        h = np.tanh(x[t] @ theta["U"] + h @ theta["W"] + theta["b"])
        if (t + 1) % K == 0:
            h = h.detach()
    z = h @ theta["v"]
    return np.mean(np.logaddexp(0, z) - differ * z), z


losses = []
for step in range(601):
    loss, z = run(*task())
    for p in theta.values():
        p.zero_grad()
    loss.backward()
    size = np.sqrt(sum(float(np.sum(p.grad**2)) for p in theta.values() if p.grad is not None))
    for p in theta.values():
        if p.grad is not None:
            p.data = p.data - 0.3 * p.grad * min(1.0, 1.0 / (size + 1e-12))
    losses.append(float(loss))
    if step % 100 == 0:
        print(f"{step:4d}  loss {np.mean(losses[-40:]):.4f}  gradient norm {size:.4f}")
