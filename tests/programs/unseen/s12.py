"""Predict the next value of a noisy sine with an Elman network; weights of the recurrence and readout in two groups."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(31)
H, T, B, RATE = 12, 15, 24, 0.02


def init(name, *shape, scale):
    return tg.parameter(rng.normal(size=shape) * scale, name=name)


recurrent = {
    "U": init("U", 1, H, scale=0.5),
    "W": init("W", H, H, scale=0.2),
    "b": init("b", H, scale=0.0),
}
readout = {"v": init("v", H, 1, scale=0.3), "c": init("c", 1, scale=0.0)}
everything = {**recurrent, **readout}


def waves():
    phase = rng.uniform(0, 2 * np.pi, size=B)
    speed = rng.uniform(0.3, 0.6, size=B)
    wave = np.sin(phase + np.arange(T + 1)[:, None] * speed)[..., None]
    return wave[:-1] + 0.05 * rng.normal(size=(T, B, 1)), wave[1:]


def loss_of(x, y):
    h = tg.tensor(np.zeros((B, H)))
    total = 0.0
    for xt, yt in zip(x, y):
        h = np.tanh(xt @ recurrent["U"] + h @ recurrent["W"] + recurrent["b"])
        total = total + np.mean((h @ readout["v"] + readout["c"] - yt) ** 2)
    return total / T


def update(group):
    for p in group.values():
        p.data = p.data - RATE * p.grad


history = []
for step in range(400):
    for p in readout.values():
        p.zero_grad()
    loss = loss_of(*waves())
    loss.backward()
    update(recurrent)
    update(readout)
    history.append(float(loss))
    if step % 50 == 49:
        print(f"{step + 1:4d} loss {np.mean(history[-10:]):.4f} |W| {np.abs(recurrent['W'].data).mean():.3f}")
