"""An Elman network with inverted dropout on its hidden state; the mask lives in one buffer."""

import numpy as np

import tinygraph as tg

N, T, D, H = 8, 6, 3, 10


class Dropout:
    def __init__(self, shape, keep):
        self.mask, self.keep = np.ones(shape), keep
        self.op = tg.op(
            lambda x, mask: x * mask,
            vjp=(lambda g, y, x, mask: g * self.mask, None),
            name="dropout",
        )

    def __call__(self, x, rng):
        self.mask[...] = rng.random(self.mask.shape) < self.keep
        self.mask /= self.keep
        return self.op(x, self.mask)


class Net:
    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.W = tg.parameter(rng.normal(size=(H, H)) / np.sqrt(H))
        self.U = tg.parameter(rng.normal(size=(H, D)) / np.sqrt(D))
        self.V = tg.parameter(rng.normal(size=(1, H)) / np.sqrt(H))
        self.drop = Dropout((N, H), keep=0.6)

    def __call__(self, xs, rng):
        h = np.zeros((N, H))
        for x in xs:
            h = np.tanh(h @ self.W.T + x @ self.U.T)
            h = self.drop(h, rng)
        return h @ self.V.T


data = np.random.default_rng(1)
xs, ys = data.normal(size=(T, N, D)), data.normal(size=(N, 1))
net = Net()


def main():
    return np.mean((net(xs, np.random.default_rng(2)) - ys) ** 2)


if __name__ == "__main__":
    loss = main()
    print("loss", loss.item())
    loss.backward()
