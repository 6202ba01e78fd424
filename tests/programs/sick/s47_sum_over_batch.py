"""Same learning rate, bigger batch: it worked with four sequences."""

import numpy as np

import tinygraph as tg

BATCH, T, H, RATE = 64, 8, 6, 0.05
rng = np.random.RandomState(67)

W = tg.parameter(rng.randn(H, H) * 0.3)
u = tg.parameter(rng.randn(H))
v = tg.parameter(rng.randn(H) * 0.3)

phase = rng.rand(BATCH, 1) * 6
waves = np.sin(0.6 * np.arange(T + 1) + phase)


def squared_errors():
    h = np.zeros((BATCH, H))
    for t in range(T):
        h = np.tanh(h @ W.T + waves[:, t : t + 1] * u)
        yield (h @ v - waves[:, t + 1]) ** 2


def main():
    errors = np.stack(list(squared_errors()))
    return np.sum(errors) / T


def train(updates=60):
    for _ in range(updates):
        for p in (W, u, v):
            p.zero_grad()
        main().backward()
        for p in (W, u, v):
            p.data = p.data - RATE * p.grad
    with tg.no_grad():
        return float(np.mean(np.stack(list(squared_errors())).data))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item(), "after", train())
