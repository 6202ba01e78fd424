"""A deep tower over the final state: 24 residual blocks after a short recurrence."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(80)
H, T, B, DEPTH = 10, 5, 32, 24


def block(name):
    A = tg.parameter(rng.normal(size=(H, H)) * 0.2, name=f"A{name}")
    C = tg.parameter(rng.normal(size=(H, H)) * 0.1, name=f"C{name}")

    def apply(x):
        x = np.tanh(x @ A) @ C
        skip = x
        return x + skip

    return apply, [A, C]


U = tg.parameter(rng.normal(size=(1, H)) * 0.5, name="U")
W = tg.parameter(rng.normal(size=(H, H)) * 0.2, name="W")
v = tg.parameter(rng.normal(size=H) * 0.3, name="v")
tower, params = [], [U, W, v]
for k in range(DEPTH):
    f, own = block(k)
    tower.append(f)
    params += own


def model(x):
    h = tg.tensor(np.zeros((B, H)))
    for t in range(T):
        h = np.tanh(x[:, t : t + 1] @ U + h @ W)
    for f in tower:
        h = f(h)
    return h @ v


for step in range(201):
    x = rng.normal(size=(B, T))
    y = x[:, -1] - 0.5 * x[:, -2]
    loss = np.mean((model(x) - y) ** 2)
    for p in params:
        p.zero_grad()
    loss.backward()
    norm = float(np.sqrt(sum(np.sum(p.grad**2) for p in params)))
    for p in params:
        p.data = p.data - 0.03 * p.grad / max(1.0, norm)
    if step % 40 == 0:
        print(f"{step:4d} loss {float(loss):.4f}  |gradient of U| {np.linalg.norm(U.grad):.2e}")
