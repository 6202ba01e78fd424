"""A ReLU recurrence (identity start, Le et al. 2015) that adds up a stream of numbers."""

import numpy as np

import tinygraph as tg


class IRNN:
    def __init__(self, n_in, n_hid, rng):
        self.W = tg.parameter(np.eye(n_hid))
        self.U = tg.parameter(rng.normal(0, 0.3, (n_hid, n_in)))
        self.b = tg.parameter(np.full(n_hid, -4.0))
        self.V = tg.parameter(rng.normal(0, 0.3, (1, n_hid)))
        self.c = tg.parameter(np.zeros(1))

    def parameters(self):
        return [self.W, self.U, self.b, self.V, self.c]

    def forward(self, xs):
        h = tg.tensor(np.zeros((xs.shape[1], self.W.shape[0])))
        for x in xs:
            h = tg.relu(h @ self.W.T + x @ self.U.T + self.b)
        return h @ self.V.T + self.c


gen = np.random.default_rng(11)
xs = gen.uniform(0, 1, (10, 20, 2))
ys = (xs[:, :, :1] * xs[:, :, 1:]).sum(axis=0)
net = IRNN(2, 10, gen)


def main():
    return np.mean(np.square(net.forward(xs) - ys))


def train(epochs=60, lr=0.002):
    history = []
    for _ in range(epochs):
        for p in net.parameters():
            p.zero_grad()
        loss = main()
        loss.backward()
        history.append(loss.item())
        for p in net.parameters():
            p.data = p.data - lr * p.grad
    return history


if __name__ == "__main__":
    losses = train()
    print(losses[0], "->", losses[-1])
