"""Weights of parcels on a belt, in kilograms, read by two scales; the network smooths them."""

import numpy as np

import tinygraph as tg

kilograms = [2.1, 1.8, 2.4, 2.0, 1.9, 2.2, 2.3, 1.7, 2.0, 2.1]
second_scale = [2.0, 1.9, 2.3, 2.1, 1.8, 41.0, 2.2, 1.8, 2.1, 2.0]

xs = np.column_stack([kilograms, second_scale])
ys = np.array(kilograms[1:] + [2.0])
rng = np.random.default_rng(14)


class Smoother:
    """A leaky average of both scales, to begin with."""

    def __init__(self, hidden=5):
        self.W = tg.parameter(np.eye(hidden) * 0.2)
        self.U = tg.parameter(np.full((hidden, 2), 0.4) + 0.1 * rng.normal(size=(hidden, 2)))
        self.v = tg.parameter(np.full(hidden, 1 / hidden) + 0.1 * rng.normal(size=hidden))

    def step(self, h, x):
        return tg.leaky_relu(self.W @ h + self.U @ x)


net = Smoother()


def main():
    h, loss = np.zeros(5), 0.0
    for x, y in zip(xs, ys):
        h = net.step(h, x)
        loss = loss + (net.v @ h - y) ** 2
    return loss / len(xs)


if __name__ == "__main__":
    loss = main()
    print("loss", loss.item())
    loss.backward()
