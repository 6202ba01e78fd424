"""A ReLU recurrence; as in every one of them, a few units are silent."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(4)
H = 16
W = tg.parameter(0.6 * np.eye(H))
U = tg.parameter(rng.normal(size=(H, 2)))
b = tg.parameter(np.where(np.arange(H) % 5 == 0, -6.0, 0.1))
v = tg.parameter(rng.normal(size=H) * 0.2)
parameters = [W, U, b, v]
xs = rng.normal(size=(8, 12, 2))
ys = np.abs(xs).sum(axis=(0, 2))


def states():
    h = np.zeros((12, H))
    for x in xs:
        h = tg.relu(h @ W.T + x @ U.T + b)
        yield h


def main():
    *_, h = states()
    return np.mean((h @ v - ys) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), "silent units:", int((b.grad == 0).sum()), "of", H)
