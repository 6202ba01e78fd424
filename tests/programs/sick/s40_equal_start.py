"""Multiplies each bit by the one before; every weight begins with the same small number, for reproducibility."""

import numpy as np

import tinygraph as tg

H = 8


def start(shape):
    return np.full(shape, 0.1)


class Elman:
    def __init__(self):
        self.W = tg.parameter(start((H, H)))
        self.u = tg.parameter(start((H,)))
        self.v = tg.parameter(start((H,)))
        self.c = tg.parameter(0.0)
        self.all = [self.W, self.u, self.v, self.c]

    def outputs(self, bits):
        h = np.zeros((bits.shape[1], H))
        for column in bits:
            h = np.tanh(h @ self.W.T + column[:, None] * self.u)
            yield h @ self.v + self.c


bits = np.random.default_rng(51).integers(0, 2, size=(9, 16)) * 2.0 - 1
net = Elman()


def main():
    guesses = list(net.outputs(bits))
    return np.mean(np.stack([(guesses[t] - bits[t - 1] * bits[t]) ** 2 for t in range(1, len(bits))]))


def train(updates=250, rate=0.2):
    for _ in range(updates):
        for p in net.all:
            p.zero_grad()
        main().backward()
        for p in net.all:
            p.data = p.data - rate * p.grad
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("before", loss.item(), "after", train())
