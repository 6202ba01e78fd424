"""A half-precision recurrence with an activation penalty, to fit the model into a small accelerator."""

import numpy as np

import tinygraph as tg

HALF = np.float16
rng = np.random.default_rng(30)


def half(*shape, scale=1.0):
    return tg.parameter((rng.normal(size=shape) * scale).astype(HALF))


params = [half(16, 16, scale=0.2), half(16, 4, scale=0.5), half(16, scale=0.3)]
frames = (40 * rng.normal(size=(6, 8, 4))).astype(HALF)
labels = rng.choice([-1, 1], size=8).astype(HALF)


def forward(frames):
    W, U, v = params
    h, penalty = np.zeros((8, 16), HALF), HALF(0)
    for frame in frames:
        h = tg.relu(h @ W.T + frame @ U.T)
        penalty = penalty + np.sum(h * h) / HALF(h.size)
    return h @ v, penalty


def main():
    margin, penalty = forward(frames)
    hinge = np.mean(tg.relu(HALF(1) - labels * margin))
    return hinge + HALF(1e-3) * penalty


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), [float(np.abs(p.grad).max()) for p in params])
