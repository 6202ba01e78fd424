"""A deep recurrent network: three layers, each reading the one below in the same time step."""

import numpy as np

import tinygraph as tg


class Layer:
    def __init__(self, size, rng):
        self.W = tg.parameter(rng.normal(size=(size, size)) * 0.4)
        self.U = tg.parameter(rng.normal(size=(size, size)) * 0.4)
        self.b = tg.parameter(np.zeros(size))

    def __call__(self, h, x):
        return np.tanh(self.W @ h + self.U @ x + self.b)


class Deep:
    def __init__(self, size=4, depth=3, seed=0):
        rng = np.random.default_rng(seed)
        self.layers = [Layer(size, rng)] * depth
        self.v = tg.parameter(rng.normal(size=size))

    def __call__(self, xs):
        hs = [np.zeros(4) for _ in self.layers]
        for x in xs:
            below = x
            for i, layer in enumerate(self.layers):
                hs[i] = below = layer(hs[i], below)
        return self.v @ hs[-1]


net = Deep()
xs = np.random.default_rng(5).normal(size=(5, 4))


def main():
    return (net(xs) - 1.0) ** 2


if __name__ == "__main__":
    loss = main()
    print(loss.item())
    loss.backward()
    print("weights:", sum(p.size for layer in net.layers for p in (layer.W, layer.U, layer.b)))
