"""Regression of a damped echo, with a penalty that keeps the activity of the hidden units low."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(50)
H, T, B = 10, 12, 40
shapes = {"U": (1, H), "W": (H, H), "b": (H,), "v": (H,)}
w = {k: tg.parameter(rng.normal(size=s) * 0.3, name=k) for k, s in shapes.items()}
LAMBDA = 0.01


def states(x):
    h = tg.tensor(np.zeros((B, H)))
    for xt in x:
        h = np.tanh(xt @ w["U"] + h @ w["W"] + w["b"])
        yield h


def objective(x, y):
    hs = list(states(x))
    fit = np.mean((np.stack(hs) @ w["v"] - y) ** 2)
    activity = np.sum(np.stack(hs) ** 2)
    return fit + LAMBDA * activity, fit


for step in range(301):
    x = rng.normal(size=(T, B, 1)) * 0.7
    y = np.zeros((T, B))
    for t in range(T):
        y[t] = (0.6 * y[t - 1] if t else 0) + x[t, :, 0]
    loss, fit = objective(x, y)
    for p in w.values():
        p.zero_grad()
    loss.backward()
    norm = np.sqrt(sum(np.sum(p.grad**2) for p in w.values()))
    for p in w.values():
        p.data = p.data - 0.1 * p.grad / max(1.0, norm)
    if step % 60 == 0:
        spread = (np.stack(list(states(x))) @ w["v"]).numpy().std()
        print(f"{step:4d} squared error {float(fit):.3f}  spread of outputs {spread:.3f}  of targets {y.std():.3f}")
