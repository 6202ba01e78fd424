"""Recurrent regression with LeCun's scaled tanh, 1.7159 tanh(2x/3), as an op of its own."""

import numpy as np
import tinygraph as tg

A, S = 1.7159, 2.0 / 3.0
squash = tg.op(
    lambda x: A * np.tanh(S * x),
    vjp=lambda g, y, x: g * A * S * (1 - (y / A) ** 2),
    name="squash",
)

rng = np.random.default_rng(17)
H, T, B = 12, 6, 64
U = tg.parameter(rng.normal(size=(2, H)) * 0.5, name="U")
W = tg.parameter(rng.normal(size=(H, H)) * 0.25, name="W")
b = tg.parameter(np.zeros(H), name="b")
v = tg.parameter(rng.normal(size=H) * 0.2, name="v")
params = (U, W, b, v)


def network(x):
    h = tg.tensor(np.zeros((B, H)))
    for t in range(T):
        h = squash(x[t] @ U + h @ W + b)
    return h @ v


def problem():
    x = rng.normal(size=(T, B, 2))
    return x, 2.5 * np.sin(x[-1, :, 0] + x[-2, :, 1])


shown = []
for step in range(801):
    x, y = problem()
    loss = np.mean((network(x) - y) ** 2)
    for p in params:
        p.zero_grad()
    loss.backward()
    norm = np.sqrt(sum(np.sum(p.grad**2) for p in params))
    for p in params:
        p.data = p.data - 0.05 * p.grad / max(1.0, norm)
    shown.append(float(loss))
    if step % 160 == 0:
        print(f"{step:3d} {np.mean(shown[-40:]):.4f}")
